//! `publish=` and `expose=`: a port or a range of them, with a protocol. Pure.

use crate::error::EngineError;

/// The ports that one filter value means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ports {
    first: u16,
    last: u16,
    protocol: String,
}

impl Ports {
    /// Reads `80`, `80/udp`, `80-90/tcp`, or says in Docker's words what is wrong with it.
    pub(super) fn parse(key: &str, text: &str) -> Result<Self, EngineError> {
        if text.contains(':') {
            return Err(EngineError::Invalid(format!(
                "filter for '{key}' should not contain ':': {text}"
            )));
        }
        let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let wrong = |why: String| {
            EngineError::Invalid(format!("error while looking up for {key} {text}: {why}"))
        };
        if range.is_empty() {
            return Err(wrong("empty string specified for ports.".into()));
        }
        let number = |digits: &str| {
            digits.parse::<u16>().map_err(|_| {
                wrong(format!(
                    "strconv.ParseUint: parsing {digits:?}: invalid syntax"
                ))
            })
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(range)?, number(range)?),
        };
        if last < first {
            return Err(wrong(format!(
                "Invalid range specified for the Port: {range}"
            )));
        }
        Ok(Self {
            first,
            last,
            protocol: protocol.to_ascii_lowercase(),
        })
    }

    /// Whether `80/tcp` is one of them.
    pub(super) fn contain(&self, port: &str) -> bool {
        let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        let within = |number: u16| (self.first..=self.last).contains(&number);
        protocol == self.protocol && number.parse().is_ok_and(within)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_or_ranges_with_a_protocol() {
        let read = |text: &str| Ports::parse("expose", text);
        assert!(read("80").unwrap().contain("80/tcp"));
        assert!(!read("80").unwrap().contain("80/udp"));
        assert!(read("70-85/udp").unwrap().contain("80/udp"));
        assert_eq!(
            read("x").unwrap_err().to_string(),
            "error while looking up for expose x: strconv.ParseUint: parsing \"x\": invalid syntax"
        );
        assert!(read("").is_err() && read("9-8").is_err() && read("1:2").is_err());
    }
}
