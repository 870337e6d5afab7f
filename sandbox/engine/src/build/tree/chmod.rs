//! `--chmod`: an octal mode, or changes as chmod(1) writes them.

/// What becomes of permission bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chmod {
    /// These, whatever they were.
    Exact(u32),
    /// These changes, one after the other.
    Changes(Vec<Change>),
}

/// `go-w`: one operator of one clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// The bits it may touch.
    who: u32,
    operator: Operator,
    bits: Bits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Remove,
    Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bits {
    fixed: u32,
    /// `X`: execution, for directories and what somebody may execute already.
    search: bool,
    /// `u`, `g` and `o`: shifts of the permissions that are copied.
    copied: [Option<u32>; 3],
}

/// Neither octal nor changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid chmod parameter: '{0}'. it should be octal string and between 0 and 07777, or symbolic like u=rwX,go=rX"
)]
pub(crate) struct ChmodError(String);

const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
const STICKY: u32 = 0o1000;
const EXECUTE: u32 = 0o111;

impl Chmod {
    /// Reads the flag's value.
    ///
    /// # Errors
    /// See [`ChmodError`].
    pub(crate) fn parse(text: &str) -> Result<Self, ChmodError> {
        let wrong = || ChmodError(text.into());
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let mode = u32::from_str_radix(text, 8).map_err(|_| wrong())?;
            return (mode <= 0o7777)
                .then_some(Self::Exact(mode))
                .ok_or_else(wrong);
        }
        let mut changes = Vec::new();
        for clause in text.split(',') {
            read_clause(clause, &mut changes).ok_or_else(wrong)?;
        }
        Ok(Self::Changes(changes))
    }

    /// The bits after it.
    pub(crate) fn apply(&self, mode: u32, is_dir: bool) -> u32 {
        match self {
            Self::Exact(mode) => *mode,
            Self::Changes(changes) => changes
                .iter()
                .fold(mode & 0o7777, |now, change| change.apply(now, mode, is_dir)),
        }
    }
}

/// `[ugoa]*([-+=][rwxXstugo]*)+`
fn read_clause(clause: &str, changes: &mut Vec<Change>) -> Option<()> {
    let split = clause.find(['+', '-', '='])?;
    let (who, mut rest) = clause.split_at(split);
    let who = match who {
        // With a umask of 0, as BuildKit's.
        "" => 0o7777,
        who => who.chars().try_fold(0, |bits, c| {
            Some(
                bits | match c {
                    'u' => SET_USER | 0o700,
                    'g' => SET_GROUP | 0o070,
                    'o' => 0o007,
                    'a' => 0o7777,
                    _ => return None,
                },
            )
        })?,
    };
    while let Some(sign) = rest.chars().next() {
        let operator = match sign {
            '+' => Operator::Add,
            '-' => Operator::Remove,
            '=' => Operator::Set,
            _ => return None,
        };
        let end = rest[1..]
            .find(['+', '-', '='])
            .map_or(rest.len(), |at| at + 1);
        let bits = read_bits(&rest[1..end])?;
        changes.push(Change {
            who,
            operator,
            bits,
        });
        rest = &rest[end..];
    }
    Some(())
}

fn read_bits(text: &str) -> Option<Bits> {
    let mut bits = Bits::default();
    for c in text.chars() {
        match c {
            'r' => bits.fixed |= 0o444,
            'w' => bits.fixed |= 0o222,
            'x' => bits.fixed |= EXECUTE,
            's' => bits.fixed |= SET_USER | SET_GROUP,
            't' => bits.fixed |= STICKY,
            'X' => bits.search = true,
            'u' => bits.copied[0] = Some(6),
            'g' => bits.copied[1] = Some(3),
            'o' => bits.copied[2] = Some(0),
            _ => return None,
        }
    }
    Some(bits)
}

impl Change {
    /// `X` looks at the mode that there was before all changes.
    fn apply(&self, now: u32, before: u32, is_dir: bool) -> u32 {
        let mut bits = self.bits.fixed;
        if self.bits.search && (is_dir || before & EXECUTE != 0) {
            bits |= EXECUTE;
        }
        for shift in self.bits.copied.into_iter().flatten() {
            let copied = now >> shift & 0o7;
            bits |= copied << 6 | copied << 3 | copied;
        }
        let bits = bits & self.who;
        match self.operator {
            Operator::Add => now | bits,
            Operator::Remove => now & !bits,
            Operator::Set => now & !self.who | bits,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(text: &str, mode: u32) -> u32 {
        Chmod::parse(text).unwrap().apply(mode, false)
    }

    #[test]
    fn symbolic_modes_are_those_of_chmod() {
        for (text, before, after) in [
            ("755", 0o600, 0o755),
            ("4711", 0o600, 0o4711),
            ("a+x", 0o644, 0o755),
            ("+x", 0o644, 0o755),
            ("go-w", 0o666, 0o644),
            ("u=rwX,go=rX", 0o600, 0o644),
            ("u=rwX,go=rX", 0o700, 0o755),
            ("go=", 0o4777, 0o4700),
            ("u=,g=", 0o6777, 0o007),
            ("go=u-w", 0o640, 0o644),
            ("g=u", 0o740, 0o770),
            ("u+s,g+s", 0o755, 0o6755),
            ("o+s", 0o755, 0o755),
            ("+t", 0o777, 0o1777),
            ("a-s", 0o6755, 0o755),
            ("ug+w-x", 0o755, 0o665),
        ] {
            assert_eq!(file(text, before), after, "{text} on {before:o}");
        }
        let tree = Chmod::parse("u=rwX,go=rX").unwrap();
        assert_eq!(tree.apply(0o700, true), 0o755);
        assert_eq!(tree.apply(0o600, true), 0o755);
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in [
            "", "888", "10000", "u", "u=rwq", "z+x", "u+x,", "7x", "+x755",
        ] {
            assert!(Chmod::parse(text).is_err(), "{text}");
        }
    }
}
