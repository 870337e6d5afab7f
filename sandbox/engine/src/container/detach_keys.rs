//! `ctrl-p,ctrl-q`: the keys by which a client leaves without ending anything.

use crate::error::EngineError;

/// Finds the keys in what is typed.
#[derive(Debug, Clone)]
pub(crate) struct DetachKeys {
    keys: Vec<u8>,
    matched: usize,
}

impl DetachKeys {
    /// Docker's own default when `text` is empty.
    pub(crate) fn parse(text: &str) -> Result<Self, EngineError> {
        let keys = match text {
            "" => vec![16, 17],
            _ => text
                .split(',')
                .map(key)
                .collect::<Option<_>>()
                .ok_or_else(|| {
                    EngineError::Invalid(format!("Invalid detach keys ({text}) provided"))
                })?,
        };
        Ok(Self { keys, matched: 0 })
    }

    /// What of `typed` goes on to the process, and whether the keys were complete.
    /// Keys that may yet become the sequence are held back.
    pub(crate) fn filter(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(typed.len() + self.matched);
        for &byte in typed {
            if byte != self.keys[self.matched] && self.matched > 0 {
                passed.extend_from_slice(&self.keys[..self.matched]);
                self.matched = 0;
            }
            if byte == self.keys[self.matched] {
                self.matched += 1;
                if self.matched == self.keys.len() {
                    return (passed, true);
                }
            } else {
                passed.push(byte);
            }
        }
        (passed, false)
    }
}

fn key(name: &str) -> Option<u8> {
    if let [byte] = name.as_bytes() {
        return Some(*byte);
    }
    match name.strip_prefix("ctrl-")?.as_bytes() {
        [letter @ b'a'..=b'z'] => Some(letter - b'a' + 1),
        b"@" => Some(0),
        b"[" => Some(27),
        b"\\" => Some(28),
        b"]" => Some(29),
        b"^" => Some(30),
        b"_" => Some(31),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_found_across_reads_and_other_keys_pass() {
        let mut keys = DetachKeys::parse("").unwrap();
        assert_eq!(keys.filter(b"ls\x10"), (b"ls".to_vec(), false));
        assert_eq!(keys.filter(b"x"), (b"\x10x".to_vec(), false));
        assert_eq!(keys.filter(b"\x10\x10\x11"), (b"\x10".to_vec(), true));
    }

    #[test]
    fn keys_are_named_as_docker_names_them() {
        assert!(DetachKeys::parse("ctrl-a,d").unwrap().filter(b"\x01d").1);
        assert!(DetachKeys::parse("ctrl-A").is_err());
        assert!(DetachKeys::parse("strange").is_err());
    }
}
