//! Signals by the names and numbers that `docker kill -s` and `STOPSIGNAL` take.

use crate::error::EngineError;

/// Linux's names on x86-64 and aarch64.
const NAMES: [(&str, i32); 33] = [
    ("ABRT", 6),
    ("ALRM", 14),
    ("BUS", 7),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("FPE", 8),
    ("HUP", 1),
    ("ILL", 4),
    ("INT", 2),
    ("IO", 29),
    ("IOT", 6),
    ("KILL", 9),
    ("PIPE", 13),
    ("POLL", 29),
    ("PROF", 27),
    ("PWR", 30),
    ("QUIT", 3),
    ("SEGV", 11),
    ("STKFLT", 16),
    ("STOP", 19),
    ("SYS", 31),
    ("TERM", 15),
    ("TRAP", 5),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("USR1", 10),
    ("USR2", 12),
    ("VTALRM", 26),
    ("WINCH", 28),
    ("XCPU", 24),
];

/// The first real-time signal that a program may use.
const RTMIN: i32 = 34;
const RTMAX: i32 = 64;

/// `9`, `KILL`, `SIGKILL`, `sigkill`, `RTMIN+3`. Of a number Docker asks nothing but that it is not 0: what cannot be
/// sent it refuses when it is to be sent, see [`is_sendable`].
pub(crate) fn parse(text: &str) -> Result<i32, EngineError> {
    number(text).ok_or_else(|| EngineError::Invalid(format!("Invalid signal: {text}")))
}

/// Whether a program may be sent this signal: the numbers between the two kinds are the C library's.
pub(crate) fn is_sendable(signal: i32) -> bool {
    (1..=31).contains(&signal) || (RTMIN..=RTMAX).contains(&signal)
}

fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (number > 0).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if name == "XFSZ" {
        return Some(25);
    }
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    let number = if let Some(offset) = name.strip_prefix("RTMIN") {
        RTMIN
            + if offset.is_empty() {
                0
            } else {
                offset.strip_prefix('+')?.parse().ok()?
            }
    } else {
        let offset = name.strip_prefix("RTMAX")?;
        RTMAX
            - if offset.is_empty() {
                0
            } else {
                offset.strip_prefix('-')?.parse().ok()?
            }
    };
    (RTMIN..=RTMAX).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{is_sendable, number};

    #[test]
    fn signals_go_by_any_of_their_names() {
        assert_eq!(
            ["9", "KILL", "SIGKILL", "sigkill"].map(number),
            [Some(9); 4]
        );
        assert_eq!(number("SIGRTMIN+3"), Some(37));
        assert_eq!(number("RTMAX-1"), Some(63));
        assert_eq!(["0", "-1", "SIGNAL", "", "RTMIN+31"].map(number), [None; 5]);
        assert_eq!(
            [1, 31, 32, 33, 34, 64, 65].map(is_sendable),
            [true, true, false, false, true, true, false]
        );
    }
}
