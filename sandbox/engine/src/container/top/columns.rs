//! The columns of `ps` (ps(1), "STANDARD FORMAT SPECIFIERS"): their titles, and what a process has in each.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::row::Row;

/// Clock ticks of a second: `USER_HZ`, a constant of the kernel's interface.
const TICKS: u64 = 100;
const DAY: i64 = 24 * 60 * 60;

/// What is looked at beside a process itself.
#[derive(Debug)]
pub(super) struct Machine {
    /// Processes by number, as the workstation numbers them.
    pub visible: BTreeMap<i32, i32>,
    /// Unix seconds.
    pub boot: u64,
    pub memory_kib: u64,
    pub now: Timestamp,
}

type Cell = fn(&Row, &Machine) -> String;

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub title: &'static str,
    pub cell: Cell,
}

/// Specifiers, the title that goes with them, and the cells.
const COLUMNS: &[(&[&str], &str, Cell)] = &[
    (&["pid", "tgid"], "PID", |row, _| row.visible.to_string()),
    (&["ppid"], "PPID", |row, at| at.number(row.parent)),
    (&["pgid"], "PGID", |row, at| at.number(row.group)),
    (&["pgrp"], "PGRP", |row, at| at.number(row.group)),
    (&["sid"], "SID", |row, at| at.number(row.session)),
    (&["sess", "session"], "SESS", |row, at| {
        at.number(row.session)
    }),
    (&["tpgid"], "TPGID", |row, at| match row.foreground {
        -1 => "-1".into(),
        group => at.number(group),
    }),
    (&["lwp"], "LWP", |row, _| row.visible.to_string()),
    (&["spid"], "SPID", |row, _| row.visible.to_string()),
    (&["tid"], "TID", |row, _| row.visible.to_string()),
    (&["user", "uname"], "USER", |row, _| owner(row.uid)),
    (&["euser"], "EUSER", |row, _| owner(row.uid)),
    (&["ruser"], "RUSER", |row, _| owner(row.uid)),
    // No specifier of anybody's: the full formats have names below this title.
    (&["uid_name"], "UID", |row, _| owner(row.uid)),
    (&["uid"], "UID", |row, _| row.uid.to_string()),
    (&["euid"], "EUID", |row, _| row.uid.to_string()),
    (&["group"], "GROUP", |row, _| owner(row.gid)),
    (&["egroup"], "EGROUP", |row, _| owner(row.gid)),
    (&["gid"], "GID", |row, _| row.gid.to_string()),
    (&["egid"], "EGID", |row, _| row.gid.to_string()),
    (&["comm", "ucomm"], "COMMAND", |row, _| row.name.clone()),
    (&["ucmd"], "CMD", |row, _| row.name.clone()),
    (&["args", "command"], "COMMAND", |row, _| {
        row.command.clone()
    }),
    (&["cmd"], "CMD", |row, _| row.command.clone()),
    (&["time", "cputime"], "TIME", |row, _| {
        let (hours, minutes, seconds) = parts(row.ticks / TICKS);
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }),
    (&["bsdtime"], "TIME", |row, _| {
        let seconds = row.ticks / TICKS;
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }),
    (&["etime"], "ELAPSED", |row, at| elapsed(at.age(row))),
    (&["etimes"], "ELAPSED", |row, at| at.age(row).to_string()),
    (&["start"], "STARTED", |row, at| {
        at.start(row, "%H:%M:%S", "%b %d")
    }),
    (&["lstart"], "STARTED", |row, at| {
        at.start(row, "%a %b %e %H:%M:%S %Y", "%a %b %e %H:%M:%S %Y")
    }),
    (&["stime"], "STIME", |row, at| {
        at.start(row, "%H:%M", "%b%d")
    }),
    (&["bsdstart"], "START", |row, at| {
        at.start(row, "%H:%M", "%b %d")
    }),
    (&["tty", "tt"], "TT", |row, _| row.tty.clone()),
    (&["tname"], "TTY", |row, _| row.tty.clone()),
    (&["stat"], "STAT", |row, _| stat(row)),
    (&["s", "state"], "S", |row, _| row.state.to_string()),
    (&["vsz", "vsize"], "VSZ", |row, _| row.vsz_kib.to_string()),
    (&["rss", "rssize"], "RSS", |row, _| row.rss_kib.to_string()),
    (&["rsz"], "RSZ", |row, _| row.rss_kib.to_string()),
    (&["sz"], "SZ", |row, _| (row.vsz_kib / 4).to_string()),
    (&["pcpu", "%cpu"], "%CPU", |row, at| {
        tenths(row.ticks * 1000 / TICKS, at.age(row))
    }),
    (&["c"], "C", |row, at| {
        (row.ticks * 100 / TICKS / at.age(row).max(1))
            .min(99)
            .to_string()
    }),
    (&["pmem", "%mem"], "%MEM", |row, at| {
        tenths(row.rss_kib * 1000, at.memory_kib)
    }),
    (&["nice", "ni"], "NI", |row, _| row.nice.to_string()),
    (&["pri"], "PRI", |row, _| (39 - row.priority).to_string()),
    (&["opri"], "PRI", |row, _| (60 + row.priority).to_string()),
    (&["priority"], "PRI", |row, _| row.priority.to_string()),
    (&["nlwp"], "NLWP", |row, _| row.threads.to_string()),
    (&["thcount"], "THCNT", |row, _| row.threads.to_string()),
    (&["psr"], "PSR", |row, _| row.cpu.to_string()),
    (&["f", "flag", "flags"], "F", |row, _| {
        (row.flags >> 6 & 7).to_string()
    }),
    (&["addr"], "ADDR", |_, _| "-".into()),
    // The kernel shows it to nobody without its own rights.
    (&["wchan"], "WCHAN", |_, _| "-".into()),
];

/// The column that a specifier names.
pub(super) fn named(specifier: &str) -> Option<Column> {
    let found = COLUMNS
        .iter()
        .find(|(names, ..)| names.contains(&specifier));
    found.map(|&(_, title, cell)| Column { title, cell })
}

impl Machine {
    fn number(&self, pid: i32) -> String {
        self.visible.get(&pid).copied().unwrap_or(0).to_string()
    }

    /// Unix seconds.
    fn started(&self, row: &Row) -> i64 {
        i64::try_from(self.boot + row.started / TICKS).unwrap_or(0)
    }

    /// Seconds that a process has lived.
    fn age(&self, row: &Row) -> u64 {
        u64::try_from(self.now.as_second() - self.started(row)).unwrap_or(0)
    }

    /// When a process began: as `today` when that is less than a day ago.
    fn start(&self, row: &Row, today: &str, before: &str) -> String {
        let started = self.started(row);
        let time = Timestamp::from_second(started).unwrap_or_default();
        let time: Zoned = time.to_zoned(TimeZone::UTC);
        let recent = self.now.as_second() - started < DAY;
        time.strftime(if recent { today } else { before })
            .to_string()
    }
}

fn owner(id: u32) -> String {
    match id {
        0 => "root".into(),
        id => id.to_string(),
    }
}

fn parts(seconds: u64) -> (u64, u64, u64) {
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `[[days-]hours:]minutes:seconds`.
fn elapsed(seconds: u64) -> String {
    let (hours, minutes, seconds) = parts(seconds);
    match (hours / 24, hours % 24) {
        (0, 0) => format!("{minutes:02}:{seconds:02}"),
        (0, hours) => format!("{hours:02}:{minutes:02}:{seconds:02}"),
        (days, hours) => format!("{days}-{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

fn tenths(thousandths: u64, of: u64) -> String {
    let tenths = thousandths.checked_div(of).unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The state, and what goes with it (ps(1), "PROCESS STATE CODES").
fn stat(row: &Row) -> String {
    let mut stat = String::from(row.state);
    let more = [
        (row.nice < 0, '<'),
        (row.nice > 0, 'N'),
        (row.session == row.pid, 's'),
        (row.threads > 1, 'l'),
        (row.foreground == row.group, '+'),
    ];
    stat.extend(more.iter().filter(|(is, _)| *is).map(|(_, letter)| letter));
    stat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_ps_does() {
        assert_eq!(elapsed(61), "01:01");
        assert_eq!(elapsed(3600), "01:00:00");
        assert_eq!(elapsed(90_061), "1-01:01:01");
        assert_eq!(
            (tenths(1500, 100), tenths(1, 0)),
            ("1.5".into(), "0.0".into())
        );
    }

    #[test]
    fn a_state_tells_of_sessions_threads_and_the_foreground() {
        let row = Row {
            pid: 5,
            session: 5,
            group: 5,
            foreground: 5,
            threads: 2,
            state: 'S',
            ..Row::default()
        };
        assert_eq!(stat(&row), "Ssl+");
    }
}
