//! Names: which are allowed, and made-up ones, `adjective_surname` as Docker makes them up.

use drydock_spec::ContainerId;

use crate::error::EngineError;

/// Bytes of a container's name at most.
const LONGEST: usize = 128;

const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "balmy", "bold", "brave", "breezy", "bright", "brisk", "calm",
    "candid", "careful", "cheerful", "clever", "cosy", "crisp", "curious", "daring", "deft",
    "eager", "earnest", "fair", "fearless", "fleet", "fond", "frank", "gentle", "glad", "golden",
    "hardy", "hearty", "honest", "humble", "jolly", "keen", "kind", "lively", "loyal", "lucid",
    "merry", "mild", "neat", "nimble", "patient", "placid", "plucky", "polite", "proud", "quick",
    "quiet", "ready", "serene", "sharp", "sincere", "sleek", "steady", "sturdy", "sunny", "swift",
    "tidal", "tidy", "vivid", "warm", "wise",
];

/// People who moved ships, goods, numbers and programs.
const SURNAMES: [&str; 64] = [
    "amundsen",
    "anning",
    "archimedes",
    "babbage",
    "backus",
    "barents",
    "beaufort",
    "bering",
    "booth",
    "brunel",
    "cabot",
    "cerf",
    "codd",
    "cousteau",
    "crowe",
    "dijkstra",
    "drake",
    "earle",
    "engelbart",
    "erikson",
    "euler",
    "fermat",
    "fourier",
    "gama",
    "gauss",
    "gray",
    "haddock",
    "hamming",
    "harrison",
    "hopper",
    "huygens",
    "kahn",
    "karp",
    "kepler",
    "knuth",
    "kovalevskaya",
    "lamarr",
    "lamport",
    "leibniz",
    "liskov",
    "lovelace",
    "magellan",
    "mccarthy",
    "mclean",
    "mercator",
    "moore",
    "nansen",
    "noether",
    "pascal",
    "perlman",
    "polo",
    "postel",
    "ritchie",
    "ross",
    "shackleton",
    "shannon",
    "slocum",
    "tasman",
    "thompson",
    "torvalds",
    "turing",
    "wilkes",
    "wirth",
    "zheng",
];

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, with or without a leading slash.
pub(crate) fn check(name: &str) -> Result<&str, EngineError> {
    let bare = name.strip_prefix('/').unwrap_or(name);
    if bare.len() <= LONGEST && is_name(bare) {
        return Ok(bare);
    }
    Err(EngineError::Invalid(format!(
        "Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
    )))
}

/// The rule that containers and volumes share; how long a name may be is theirs to say.
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() >= 2
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// A name that `is_free`.
pub(crate) fn random(is_free: impl Fn(&str) -> bool) -> String {
    for _ in 0..8 {
        let name = from_digits(ContainerId::random().as_str());
        if is_free(&name) {
            return name;
        }
    }
    // Many containers: a few digits more make it free.
    let id = ContainerId::random();
    format!("{}_{}", from_digits(id.as_str()), &id.as_str()[32..40])
}

fn from_digits(hex: &str) -> String {
    let pick =
        |range: std::ops::Range<usize>| usize::from_str_radix(&hex[range], 16).unwrap_or(0) % 64;
    format!("{}_{}", ADJECTIVES[pick(0..4)], SURNAMES[pick(4..8)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_odd_characters_are_refused() {
        assert!(
            ["web", "/web", "a1", "x_y.z-1"]
                .into_iter()
                .all(|n| check(n).is_ok())
        );
        assert!(
            [
                "a",
                "-a",
                "a b",
                "a\nb",
                "a/b",
                "ü1",
                "",
                "/",
                &"a".repeat(129)
            ]
            .into_iter()
            .all(|n| check(n).is_err())
        );
    }

    #[test]
    fn made_up_names_are_names_and_avoid_those_taken() {
        for word in ADJECTIVES.into_iter().chain(SURNAMES) {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
        }
        assert!(is_name(&random(|_| true)));
        assert!(random(|name| name.matches('_').count() > 1).len() > 10);
    }
}
