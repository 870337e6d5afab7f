//! The keys that leave a container without stopping it: ctrl-p ctrl-q unless told otherwise.

/// A sequence of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

impl Default for DetachKeys {
    fn default() -> Self {
        Self(vec![16, 17])
    }
}

impl DetachKeys {
    /// Reads `ctrl-p,ctrl-q` or `a,b`; an empty text means the default.
    ///
    /// # Errors
    /// Docker's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(',')
            .map(key)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| format!("invalid detach keys ({text}) provided"))
    }
}

fn key(name: &str) -> Option<u8> {
    match (
        name.as_bytes(),
        name.strip_prefix("ctrl-").map(str::as_bytes),
    ) {
        (&[byte], _) => Some(byte),
        (_, Some(&[byte @ b'a'..=b'z'])) => Some(byte - b'a' + 1),
        (_, Some(b"@")) => Some(0),
        (_, Some(b"[")) => Some(27),
        (_, Some(b"\\")) => Some(28),
        (_, Some(b"]")) => Some(29),
        (_, Some(b"^")) => Some(30),
        (_, Some(b"_")) => Some(31),
        _ => None,
    }
}

/// Watches typed keys for the sequence. Keys of a sequence that is not finished are held back.
#[derive(Debug)]
pub struct Watch {
    keys: DetachKeys,
    seen: usize,
}

/// What typed keys amount to.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// These go to the container.
    Keys(Vec<u8>),
    /// These go to the container, and then the user leaves.
    Detach(Vec<u8>),
}

impl Watch {
    /// Watches for `keys`.
    #[must_use]
    pub fn new(keys: DetachKeys) -> Self {
        Self { keys, seen: 0 }
    }

    /// What `typed` amounts to.
    pub fn see(&mut self, typed: &[u8]) -> Typed {
        let mut out = Vec::with_capacity(typed.len() + self.seen);
        for &byte in typed {
            if byte == self.keys.0[self.seen] {
                self.seen += 1;
                if self.seen == self.keys.0.len() {
                    return Typed::Detach(out);
                }
                continue;
            }
            out.extend_from_slice(&self.keys.0[..self.seen]);
            self.seen = 0;
            if byte == self.keys.0[0] && self.keys.0.len() > 1 {
                self.seen = 1;
            } else {
                out.push(byte);
            }
        }
        Typed::Keys(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_found_across_key_presses() {
        let mut watch = Watch::new(DetachKeys::default());
        assert_eq!(watch.see(b"ls\x10"), Typed::Keys(b"ls".to_vec()));
        assert_eq!(watch.see(b"\x11rest"), Typed::Detach(vec![]));
    }

    #[test]
    fn held_back_keys_are_given_out_when_the_sequence_breaks() {
        let mut watch = Watch::new(DetachKeys::default());
        assert_eq!(watch.see(b"\x10"), Typed::Keys(vec![]));
        assert_eq!(watch.see(b"x"), Typed::Keys(b"\x10x".to_vec()));
        assert_eq!(watch.see(b"\x10\x10\x11"), Typed::Detach(b"\x10".to_vec()));
    }

    #[test]
    fn sequences_are_read_as_docker_reads_them() {
        assert_eq!(DetachKeys::parse("ctrl-a,b"), Ok(DetachKeys(vec![1, b'b'])));
        assert_eq!(DetachKeys::parse(""), Ok(DetachKeys::default()));
        assert!(DetachKeys::parse("ctrl-P").is_err());
        assert!(DetachKeys::parse("a,,b").is_err());
    }
}
