//! An instruction as it is written.

use crate::{parse, words};

/// Its name, letter case kept.
pub(super) fn name(text: &str) -> &str {
    parse::name(text).0
}

/// What follows the name and the flags.
pub(super) fn arguments(text: &str) -> &str {
    words::flags(parse::name(text).1).1
}

pub(super) fn is_lower(word: &str) -> bool {
    !word.chars().any(char::is_uppercase)
}

pub(super) fn is_upper(word: &str) -> bool {
    !word.chars().any(char::is_lowercase)
}
