//! Processes as `/proc` shows them (proc_pid_stat(5), proc_pid_status(5)).

use std::fs;

use crate::process::parse_visible_pid;

/// One process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    /// The group in the foreground of its terminal.
    pub foreground: i32,
    /// On the workstation.
    pub visible: i32,
    pub uid: u32,
    pub gid: u32,
    pub state: char,
    pub flags: u64,
    pub ticks: u64,
    pub priority: i64,
    pub nice: i64,
    pub threads: u64,
    /// Ticks after boot.
    pub started: u64,
    pub cpu: u64,
    pub tty: String,
    pub vsz_kib: u64,
    pub rss_kib: u64,
    pub name: String,
    pub command: String,
}

/// Unix seconds.
pub(super) fn boot_time() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    stat.lines()
        .find_map(|line| line.strip_prefix("btime "))
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

/// All processes, by their number.
pub(super) fn read_all() -> Vec<Row> {
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
    let signed = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<i64>().ok())
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
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        foreground: fields.get(5)?.parse().ok()?,
        uid: u32::try_from(kib("Uid:")).unwrap_or(0),
        gid: u32::try_from(kib("Gid:")).unwrap_or(0),
        flags: number(6),
        priority: signed(15),
        nice: signed(16),
        threads: number(17),
        cpu: number(36),
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

/// Of the whole machine.
pub(super) fn memory_kib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
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
}
