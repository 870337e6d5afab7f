//! The keys that leave a container without stopping it: ctrl-p ctrl-q unless told otherwise.

/// A sequence of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys {
    keys: Vec<u8>,
    typed: String,
}

impl DetachKeys {
    /// Reads `ctrl-p,ctrl-q` or `a,b`. An empty text means the default, and so does a wrong one here: the engine, which is
    /// told the text, refuses it in its own words.
    #[must_use]
    pub fn typed_as(text: &str) -> Self {
        let keys = text.split(',').map(key).collect::<Option<_>>();
        Self {
            keys: keys.unwrap_or_else(|| vec![16, 17]),
            typed: text.into(),
        }
    }

    /// The text that they were read from, for the engine.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
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
            if byte == self.keys.keys[self.seen] {
                self.seen += 1;
                if self.seen == self.keys.keys.len() {
                    return Typed::Detach(out);
                }
                continue;
            }
            out.extend_from_slice(&self.keys.keys[..self.seen]);
            self.seen = 0;
            if byte == self.keys.keys[0] && self.keys.keys.len() > 1 {
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
        let mut watch = Watch::new(DetachKeys::typed_as(""));
        assert_eq!(watch.see(b"ls\x10"), Typed::Keys(b"ls".to_vec()));
        assert_eq!(watch.see(b"\x11rest"), Typed::Detach(vec![]));
    }

    #[test]
    fn held_back_keys_are_given_out_when_the_sequence_breaks() {
        let mut watch = Watch::new(DetachKeys::typed_as(""));
        assert_eq!(watch.see(b"\x10"), Typed::Keys(vec![]));
        assert_eq!(watch.see(b"x"), Typed::Keys(b"\x10x".to_vec()));
        assert_eq!(watch.see(b"\x10\x10\x11"), Typed::Detach(b"\x10".to_vec()));
    }

    #[test]
    fn sequences_are_read_as_docker_reads_them() {
        assert_eq!(DetachKeys::typed_as("ctrl-a,b").keys, [1, b'b']);
        for default in ["", "ctrl-P", "a,,b"] {
            assert_eq!(DetachKeys::typed_as(default).keys, [16, 17], "{default}");
        }
    }
}
