//! The displays, golden: recorded messages and what they look like.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_api::build::SolveStatus;

use super::{
    colors::Colors,
    plain::Plain,
    trace::{Nanos, Trace, nanos},
    tty::Block,
};
use crate::tty::Size;

const WINDOW: Size = Size { cols: 60, rows: 24 };

fn at(seconds: f64) -> String {
    format!("2026-11-28T20:00:{seconds:012.9}Z")
}

fn moment(seconds: f64) -> Nanos {
    nanos(&at(seconds)).unwrap()
}

fn status(json: &str) -> SolveStatus {
    serde_json::from_str(json).unwrap()
}

/// `end`: when it ended, with more members before it.
fn vertex(digest: &str, name: &str, start: f64, end: Option<f64>, more: &str) -> SolveStatus {
    let end = end.map_or_else(String::new, |end| format!(",\"completed\":\"{}\"", at(end)));
    status(&format!(
        r#"{{"vertexes":[{{"digest":"{digest}","name":"{name}","started":"{}"{end}{more}}}]}}"#,
        at(start)
    ))
}

fn part(digest: &str, id: &str, current: u64, start: f64, end: Option<f64>) -> SolveStatus {
    let done = end.map_or_else(String::new, |end| format!(",\"completed\":\"{}\"", at(end)));
    let told = at(end.unwrap_or(start));
    status(&format!(
        r#"{{"statuses":[{{"vertex":"{digest}","id":"{id}","current":{current},"timestamp":"{told}","started":"{}"{done}}}]}}"#,
        at(start)
    ))
}

fn log(digest: &str, text: &str, time: f64) -> SolveStatus {
    status(&format!(
        r#"{{"logs":[{{"vertex":"{digest}","stream":1,"data":"{}","timestamp":"{}"}}]}}"#,
        STANDARD.encode(text),
        at(time)
    ))
}

/// A build of three steps, the last of which fails.
fn failing() -> Vec<SolveStatus> {
    let definition = "[internal] load build definition from Dockerfile";
    vec![
        vertex("a", definition, 1.0, None, ""),
        part("a", "transferring dockerfile:", 64, 1.0, Some(1.0)),
        vertex("a", definition, 1.0, Some(1.01), ""),
        vertex(
            "b",
            "[1/3] FROM docker.io/library/busybox:latest",
            1.02,
            Some(1.02),
            ",\"cached\":true",
        ),
        vertex("c", "[2/3] COPY . .", 1.03, Some(1.2), ""),
        vertex("d", "[3/3] RUN make", 1.2, None, ""),
        log("d", "cc main.c\nmain.c:1: no", 1.3),
        log("d", " good\n", 1.32),
        vertex(
            "d",
            "[3/3] RUN make",
            1.2,
            Some(3.5),
            ",\"error\":\"exit code: 2\"",
        ),
    ]
}

fn plain(statuses: &[SolveStatus], each: bool) -> String {
    let mut trace = Trace::new(10, None);
    let mut plain = Plain::new("building with \"default\" instance using docker driver");
    let mut out = Vec::new();
    for status in statuses {
        trace.update(status);
        if each {
            out.extend(plain.print(&mut trace, moment(4.0)));
        }
    }
    out.extend(plain.print(&mut trace, moment(4.0)));
    out.extend(trace.failures());
    String::from_utf8(out).unwrap()
}

#[test]
fn plain_lines_are_the_same_however_often_they_are_printed() {
    let expected = "#0 building with \"default\" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 64B done
#1 DONE 0.0s

#2 [1/3] FROM docker.io/library/busybox:latest
#2 CACHED

#3 [2/3] COPY . .
#3 DONE 0.2s

#4 [3/3] RUN make
#4 0.100 cc main.c
#4 0.100 main.c:1: no good
#4 ERROR: exit code: 2
------
 > [3/3] RUN make:
0.100 cc main.c
0.100 main.c:1: no good
------
";
    assert_eq!(plain(&failing(), true), expected);
    assert_eq!(plain(&failing(), false), expected);
}

#[test]
fn two_steps_at_once_take_turns() {
    let mut trace = Trace::new(10, None);
    let mut plain = Plain::new("");
    let mut shown = |status: SolveStatus, time: f64| {
        trace.update(&status);
        String::from_utf8(plain.print(&mut trace, moment(time))).unwrap()
    };
    assert_eq!(shown(vertex("a", "A", 1.0, None, ""), 1.0), "#1 A\n");
    assert_eq!(shown(vertex("b", "B", 1.0, None, ""), 1.1), "");
    assert_eq!(shown(log("b", "b1\n", 2.0), 2.0), "");
    assert_eq!(shown(log("a", "a1", 2.5), 2.5), "#1 1.500 a1");
    assert_eq!(
        shown(log("b", "b2\n", 7.0), 7.0),
        "\n#1 ...\n\n#2 B\n#2 1.000 b1\n#2 6.000 b2\n"
    );
    assert_eq!(
        shown(vertex("a", "A", 1.0, Some(8.0), ""), 8.0),
        "#2 ...\n\n#1 A\n#1 DONE 7.0s\n\n#2 B\n"
    );
    assert_eq!(
        shown(
            vertex(
                "b",
                "B",
                1.0,
                Some(9.0),
                ",\"error\":\"x: context canceled\""
            ),
            9.0
        ),
        "#2 CANCELED\n"
    );
}

#[test]
fn a_transfer_is_told_of_when_it_moved_on() {
    let mut trace = Trace::new(10, None);
    let mut plain = Plain::new("");
    let mut shown = |status: SolveStatus| {
        trace.update(&status);
        String::from_utf8(plain.print(&mut trace, moment(9.0))).unwrap()
    };
    shown(vertex("a", "load", 1.0, None, ""));
    assert_eq!(shown(part("a", "context:", 0, 1.0, None)), "#1 context:\n");
    assert_eq!(shown(part("a", "context:", 5000, 1.0, None)), "");
    assert_eq!(
        shown(part("a", "context:", 9_990_000, 1.0, Some(1.5))),
        "#1 context: 9.99MB 0.5s done\n"
    );
}

/// What a terminal shows in the end: rows, without colours.
fn screen(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut rows: Vec<String> = vec![String::new()];
    let (mut row, mut rest) = (0, text.as_str());
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => {
                row += 1;
                if row == rows.len() {
                    rows.push(String::new());
                }
            }
            '\r' => rows[row].clear(),
            '\x1b' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                let number = rest[1..end].parse().unwrap_or(1);
                match &rest[end..=end] {
                    "A" => row -= number,
                    "J" => rows.truncate(row + 1),
                    _ => {}
                }
                if &rest[end..=end] == "A" {
                    rows[row].clear();
                }
                rest = &rest[end + 1..];
            }
            c => {
                // Rows are drawn from their beginning.
                rows[row].push(c);
            }
        }
    }
    rows.iter().fold(String::new(), |mut out, row| {
        let _ = writeln!(out, "{}", row.trim_end());
        out
    })
}

#[test]
fn a_terminal_shows_one_block_and_the_failure_under_it() {
    let mut trace = Trace::new(1000, Some(50));
    let mut block = Block::new("docker:default", Colors::none(), None);
    let statuses = failing();
    for status in &statuses[..8] {
        trace.update(status);
    }
    let running = block.draw(&trace, WINDOW, moment(2.2), false);
    assert_eq!(
        screen(&running),
        "[+] Building 1.2s (3/4)                      docker:default
 => [internal] load build definition from Dockerfile   0.0s
 => => transferring dockerfile: 64B                    0.0s
 => CACHED [1/3] FROM docker.io/library/busybox:lates  0.0s
 => [2/3] COPY . .                                     0.2s
 => [3/3] RUN make                                     1.0s
 => => # cc main.c
 => => # main.c:1: no good

"
    );
    trace.update(&statuses[8]);
    let mut ended = block.draw(&trace, WINDOW, moment(3.5), true);
    assert!(ended.starts_with(b"\x1b[8A\r\x1b[?25l"), "{ended:?}");
    assert!(ended.ends_with(b"\x1b[?25h"));
    ended.drain(..4);
    ended.extend(trace.failures());
    assert_eq!(
        screen(&ended),
        "[+] Building 2.5s (4/4) FINISHED             docker:default
 => [internal] load build definition from Dockerfile   0.0s
 => => transferring dockerfile: 64B                    0.0s
 => CACHED [1/3] FROM docker.io/library/busybox:lates  0.0s
 => [2/3] COPY . .                                     0.2s
 => ERROR [3/3] RUN make                               2.3s
------
 > [3/3] RUN make:
0.100 cc main.c
0.100 main.c:1: no good
------

"
    );
}

#[test]
fn colours_tell_how_a_step_ended() {
    let mut trace = Trace::new(1000, Some(50));
    failing().iter().for_each(|status| trace.update(status));
    trace.update(&vertex("e", "E\\u001b[2J", 3.0, None, ""));
    trace.cancel(moment(3.5));
    let mut block = Block::new("docker:default", Colors::of(None, None), None);
    let text = String::from_utf8(block.draw(&trace, WINDOW, moment(3.5), true)).unwrap();
    assert!(text.contains("\x1b[34m => [2/3] COPY . . "), "{text:?}");
    assert!(
        text.contains("\x1b[31m => ERROR [3/3] RUN make "),
        "{text:?}"
    );
    assert!(text.contains("\x1b[33m => CANCELED E [2J "), "{text:?}");
}

#[test]
fn a_low_window_shows_what_runs_and_a_narrow_one_cuts_names() {
    let mut trace = Trace::new(1000, Some(50));
    trace.update(&vertex(
        "run",
        "RUNS with a very long name that no window holds",
        0.0,
        None,
        "",
    ));
    for n in 0..20 {
        trace.update(&vertex(
            &n.to_string(),
            &format!("step {n}"),
            1.0,
            Some(1.1),
            "",
        ));
    }
    let mut block = Block::new("docker:default", Colors::none(), None);
    let low = Size { cols: 40, rows: 6 };
    let text = screen(&block.draw(&trace, low, moment(2.0), false));
    assert_eq!(
        text,
        "[+] Building 2.0s (20/21)  docker:defau
 => RUNS with a very long name th  2.0s
 => step 17                        0.1s
 => step 18                        0.1s
 => step 19                        0.1s

"
    );
    let tiny = Size { cols: 8, rows: 2 };
    block.draw(&trace, tiny, moment(2.0), false);
}
