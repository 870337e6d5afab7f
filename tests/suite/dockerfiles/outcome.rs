//! What a build said: which steps were in the cache, or why it was refused.

use crate::harness::process::Finished;

/// What goes before the reason, by the age and kind of client and daemon.
const PREFIXES: &[&str] = &[
    "ERROR: ",
    "Error response from daemon: ",
    "failed to build: ",
    "failed to solve with frontend dockerfile.v0: ",
    "failed to solve: ",
    "failed to create LLB definition: ",
    "rpc error: code = Unknown desc = ",
];

/// The lines of a refusal: the reason, and with `place` where in the Dockerfile it is.
pub fn refusal(finished: &Finished, place: bool) -> Vec<String> {
    let mut lines = vec![format!("exit {}", finished.code)];
    let said = finished.stderr.lines();
    // The classic builder takes back the colour of a command's output.
    let said = said.map(|line| line.trim_start_matches("\u{1b}[0m").trim_end());
    let said: Vec<&str> = said.collect();
    if place && let Some(at) = said.iter().find(|line| is_place(line)) {
        lines.push(format!("at {at}"));
    }
    let starts = |line: &&&str| PREFIXES.iter().any(|prefix| line.starts_with(prefix));
    let reason = said.iter().rev().find(starts);
    let reason = reason.or_else(|| said.iter().rev().find(|line| !line.is_empty()));
    let reason = bare(reason.copied().unwrap_or_default());
    lines.push(format!("error {}", without_ids(reason)));
    lines
}

/// `Dockerfile:3` or `Dockerfile:3-5`, a line for itself.
fn is_place(line: &str) -> bool {
    let digits = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    line.rsplit_once(':')
        .is_some_and(|(name, lines)| digits(lines) && !name.contains(' '))
}

fn bare(mut reason: &str) -> &str {
    while let Some(rest) = PREFIXES
        .iter()
        .find_map(|prefix| reason.strip_prefix(prefix))
    {
        reason = rest;
    }
    reason
}

/// The snapshot that a file was looked for in has a made-up name.
fn without_ids(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once("checksum of ref ") else {
        return reason.to_owned();
    };
    let after = rest.split_once(": ").map_or("", |(_, after)| after);
    format!("{before}checksum of ref: {after}")
}

/// A step of a build, as its progress shows it.
struct Shown {
    /// What BuildKit counts it by, in all lines about it.
    vertex: String,
    /// `2` of `[2/3]`.
    place: u32,
    text: String,
    cached: bool,
}

/// `cached RUN make` and `ran RUN test`, in the order of the Dockerfile.
pub fn steps(finished: &Finished) -> Vec<String> {
    let mut steps: Vec<Shown> = Vec::new();
    for line in finished.stdout.lines().chain(finished.stderr.lines()) {
        if let Some((vertex, text)) = vertex(line) {
            match steps.iter_mut().find(|step| step.vertex == vertex) {
                Some(step) => step.cached |= text == "CACHED",
                None => steps.extend(begun(vertex, text)),
            }
        } else if let Some(step) = classic(line) {
            steps.push(step);
        } else if line.trim() == "---> Using cache"
            && let Some(step) = steps.last_mut()
        {
            step.cached = true;
        }
    }
    steps.retain(|step| !step.text.starts_with("FROM "));
    steps.sort_by_key(|step| step.place);
    let told = |step: Shown| {
        format!(
            "{} {}",
            if step.cached { "cached" } else { "ran" },
            step.text
        )
    };
    steps.into_iter().map(told).collect()
}

/// `#7 [2/3] RUN make`: the progress of BuildKit.
fn vertex(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('#')?.split_once(' ')
}

/// Of `[2/3] RUN make`, and `[stage-0 2/3] RUN make` as older ones say.
fn begun(vertex: &str, text: &str) -> Option<Shown> {
    let (name, text) = text.strip_prefix('[')?.split_once("] ")?;
    Some(Shown {
        vertex: vertex.to_owned(),
        place: place(name.rsplit(' ').next()?)?,
        text: text.to_owned(),
        cached: false,
    })
}

/// `Step 2/3 : RUN make`: the progress of the classic builder.
fn classic(line: &str) -> Option<Shown> {
    let (number, text) = line.strip_prefix("Step ")?.split_once(" : ")?;
    Some(Shown {
        vertex: String::new(),
        place: place(number)?,
        text: text.to_owned(),
        cached: false,
    })
}

fn place(fraction: &str) -> Option<u32> {
    fraction.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
fn said(code: i32, text: &str) -> Finished {
    Finished {
        code,
        stdout: String::new(),
        stderr: text.to_owned(),
    }
}

#[test]
fn refusal_is_the_reason_without_what_each_client_puts_before_it() {
    let old = "#2 DONE 0.0s\nfailed to solve with frontend dockerfile.v0: failed to create LLB definition: no x\n";
    assert_eq!(refusal(&said(1, old), true), ["exit 1", "error no x"]);
    let new = "Dockerfile:2\n----\n   1 | FROM x:1\n----\nERROR: failed to build: failed to solve: no x\n\nView it\n";
    assert_eq!(
        refusal(&said(1, new), true),
        ["exit 1", "at Dockerfile:2", "error no x"]
    );
    assert_eq!(refusal(&said(1, new), false), ["exit 1", "error no x"]);
}

#[test]
fn steps_are_told_alike_by_both_builders() {
    let new = "#1 [internal] load\n#1 DONE\n#4 [stage-0 1/2] FROM a\n#4 CACHED\n#5 [stage-0 2/2] RUN b\n#5 CACHED\n#6 [x 2/2] RUN c\n#6 0.1 d\n#6 DONE\n";
    assert_eq!(steps(&said(0, new)), ["cached RUN b", "ran RUN c"]);
    let old = "Step 1/3 : FROM a\n ---> 1\nStep 2/3 : RUN b\n ---> Using cache\n ---> 2\nStep 3/3 : RUN c\n ---> Running in 4\n";
    assert_eq!(steps(&said(0, old)), ["cached RUN b", "ran RUN c"]);
}
