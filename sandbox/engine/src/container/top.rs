//! `docker top`: the processes of a container, read from `/proc`, with the columns of `ps`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{Engine, error::EngineError, exec::Target, process::parse_visible_pid};

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Top {
    pub processes: Vec<Vec<String>>,
    pub titles: Vec<&'static str>,
}

/// Clock ticks of a second: `USER_HZ`, a constant of the kernel's interface.
const TICKS: u64 = 100;

/// One process as `/proc` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    pid: i32,
    parent: i32,
    /// On the workstation.
    visible: i32,
    uid: u32,
    state: char,
    ticks: u64,
    /// Ticks after boot.
    started: u64,
    tty: String,
    vsz_kib: u64,
    rss_kib: u64,
    name: String,
    command: String,
}

/// The processes of a running container. Blocks.
pub(crate) fn top(engine: &Engine, target: &Target, args: &str) -> Result<Top, EngineError> {
    let columns = columns(args)?;
    let mut roots = BTreeSet::new();
    match target {
        Target::Workstation => {
            roots.insert(engine.workstation.pid());
        }
        Target::Container(container) => {
            let process = container.state().process;
            let process =
                process.ok_or_else(|| EngineError::NotRunning(container.id.to_string()))?;
            roots.insert(process.pid());
            roots.extend(engine.execs.pids_of(&container.id));
        }
    }
    let rows = read_all();
    let boot = boot_time();
    let visible: BTreeMap<i32, i32> = rows.iter().map(|row| (row.pid, row.visible)).collect();
    let own = descendants(&rows, roots);
    let line = |row: &Row| {
        columns
            .iter()
            .map(|column| cell(column, row, &visible, boot))
            .collect()
    };
    Ok(Top {
        processes: rows
            .iter()
            .filter(|row| own.contains(&row.pid))
            .map(line)
            .collect(),
        titles: columns,
    })
}

/// A container's first process adopts its orphans, so all of its processes descend from the roots.
fn descendants(rows: &[Row], roots: BTreeSet<i32>) -> BTreeSet<i32> {
    let mut found = roots;
    loop {
        let before = found.len();
        for row in rows {
            if found.contains(&row.parent) {
                found.insert(row.pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

const FULL: [&str; 8] = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];
const USER: [&str; 11] = [
    "USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND",
];
const SHORT: [&str; 4] = ["PID", "TTY", "TIME", "CMD"];

/// The columns that the arguments of `ps` ask for.
fn columns(args: &str) -> Result<Vec<&'static str>, EngineError> {
    let words: Vec<&str> = args.split_ascii_whitespace().collect();
    let wrong = |what: &str| EngineError::Invalid(format!("ps: error: {what}"));
    let mut chosen: Option<Vec<&'static str>> = None;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let list = match word.strip_prefix("-o").or_else(|| word.strip_prefix("o")) {
            Some("") => words.next(),
            rest => rest,
        };
        if let Some(list) = list {
            let columns = chosen.get_or_insert_default();
            for name in list.split(',') {
                columns.push(column(name).ok_or_else(|| {
                    wrong(&format!("unknown user-defined format specifier {name:?}"))
                })?);
            }
            continue;
        }
        let letters = word.trim_start_matches('-');
        match (word.starts_with('-'), letters) {
            (_, letters) if letters.bytes().any(|b| !b.is_ascii_alphabetic()) => {
                return Err(wrong("unsupported option"));
            }
            (true, letters) if letters.contains('f') => chosen = Some(FULL.into()),
            (false, letters) if letters.contains('u') => chosen = Some(USER.into()),
            _ => {}
        }
    }
    let default = if args.trim().is_empty() {
        FULL.into()
    } else {
        SHORT.into()
    };
    let columns = chosen.unwrap_or(default);
    if !columns.contains(&"PID") {
        return Err(EngineError::Invalid(
            "Couldn't find PID field in ps output".into(),
        ));
    }
    Ok(columns)
}

fn column(name: &str) -> Option<&'static str> {
    Some(match name {
        "pid" => "PID",
        "ppid" => "PPID",
        "user" | "euser" => "USER",
        "uid" | "euid" => "UID",
        "comm" | "ucmd" => "COMMAND",
        "cmd" => "CMD",
        "args" | "command" => "COMMAND",
        "time" | "cputime" => "TIME",
        "tty" | "tt" | "tname" => "TTY",
        "stat" | "state" | "s" => "STAT",
        "vsz" => "VSZ",
        "rss" => "RSS",
        "stime" | "start" => "STIME",
        "pcpu" | "%cpu" => "%CPU",
        "pmem" | "%mem" => "%MEM",
        "c" => "C",
        _ => return None,
    })
}

fn cell(column: &str, row: &Row, visible: &BTreeMap<i32, i32>, boot: u64) -> String {
    let seconds = row.ticks / TICKS;
    let started = boot + row.started / TICKS;
    let clock = || {
        let time = Timestamp::from_second(i64::try_from(started).unwrap_or(0)).unwrap_or_default();
        time.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string()
    };
    match column {
        "UID" | "USER" if row.uid == 0 => "root".into(),
        "UID" | "USER" => row.uid.to_string(),
        "PID" => row.visible.to_string(),
        "PPID" => visible.get(&row.parent).copied().unwrap_or(0).to_string(),
        "STIME" | "START" => clock(),
        "TTY" => row.tty.clone(),
        "TIME" => format!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ),
        "STAT" => row.state.to_string(),
        "VSZ" => row.vsz_kib.to_string(),
        "RSS" => row.rss_kib.to_string(),
        "C" => "0".into(),
        "%CPU" | "%MEM" => "0.0".into(),
        _ => row.command.clone(),
    }
}

fn boot_time() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    stat.lines()
        .find_map(|line| line.strip_prefix("btime "))
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

fn read_all() -> Vec<Row> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let numbers = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut rows: Vec<Row> = numbers.filter_map(read).collect();
    rows.sort_by_key(|row| row.pid);
    rows
}

/// Nothing, when the process has just ended.
fn read(pid: i32) -> Option<Row> {
    let file = |name: &str| fs::read(format!("/proc/{pid}/{name}")).ok();
    let stat = String::from_utf8_lossy(&file("stat")?).into_owned();
    let status = String::from_utf8_lossy(&file("status")?).into_owned();
    parse(pid, &stat, &status, &file("cmdline").unwrap_or_default())
}

fn parse(pid: i32, stat: &str, status: &str, cmdline: &[u8]) -> Option<Row> {
    // The name may hold anything, closing brackets and spaces too.
    let (head, rest) = stat.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    };
    let words: Vec<_> = cmdline
        .split(|b| *b == 0)
        .filter(|w| !w.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    Some(Row {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        visible: parse_visible_pid(status)?,
        uid: u32::try_from(kib("Uid:")).unwrap_or(0),
        state: fields.first()?.chars().next()?,
        ticks: number(11) + number(12),
        started: number(19),
        tty: tty(number(4)),
        vsz_kib: kib("VmSize:"),
        rss_kib: kib("VmRSS:"),
        command: if words.is_empty() {
            format!("[{name}]")
        } else {
            words.join(" ")
        },
        name,
    })
}

/// Pseudo-terminals have the majors 136 to 143.
fn tty(number: u64) -> String {
    let (major, minor) = (
        number >> 8 & 0xfff,
        (number & 0xff) | (number >> 12 & 0xfff00),
    );
    match major {
        136..=143 => format!("pts/{}", minor + ((major - 136) << 8)),
        _ => "?".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b (c) S 7 42 42 34816 42 0 0 0 0 0 150 50 0 0 20 0 1 0 1000 0 0";
        let status = "Uid:\t33\t33\nNSpid:\t42\t9\t1\nVmSize:\t 2048 kB\nVmRSS:\t 512 kB\n";
        let row = parse(42, stat, status, b"sh\0-c\0sleep 1\0").unwrap();
        assert_eq!(
            (row.name.as_str(), row.parent, row.visible, row.uid),
            ("a) b (c", 7, 9, 33)
        );
        assert_eq!(
            (row.tty.as_str(), row.ticks, row.rss_kib),
            ("pts/0", 200, 512)
        );
        assert_eq!(row.command, "sh -c sleep 1");
    }

    #[test]
    fn columns_follow_the_arguments_of_ps() {
        assert_eq!(columns("").unwrap(), FULL);
        assert_eq!(columns("-ef").unwrap(), FULL);
        assert_eq!(columns("aux").unwrap(), USER);
        assert_eq!(columns("-o pid,cmd").unwrap(), ["PID", "CMD"]);
        assert!(
            columns("-o cmd").is_err()
                && columns("-o nonsense").is_err()
                && columns("-x;y").is_err()
        );
    }

    #[test]
    fn only_descendants_are_shown() {
        let row = |pid, parent| Row {
            pid,
            parent,
            ..Row::default()
        };
        let rows = [row(5, 4), row(4, 2), row(2, 1), row(3, 1)];
        assert_eq!(descendants(&rows, [2].into()), [2, 4, 5].into());
    }
}
