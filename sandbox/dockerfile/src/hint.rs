//! "Did you mean": the known word that is nearest to an unknown one.

/// Fewer edits than this are a slip.
const SLIP: usize = 3;

/// The option at the fewest edits from `written`, if those are few; the first of several. Letter case counts.
///
/// BuildKit's rule: `util/suggest`.
pub(crate) fn nearest<'a>(
    written: &str,
    options: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut best = None;
    let mut fewest = SLIP;
    for option in options {
        let edits = distance(written, option);
        if edits == 0 {
            return None;
        }
        if edits < fewest {
            (best, fewest) = (Some(option), edits);
        }
    }
    best
}

/// ` (did you mean NAME?)` for the nearest of `options`, or nothing.
#[must_use]
pub fn suggestion<'a>(written: &str, options: impl IntoIterator<Item = &'a str>) -> String {
    question(nearest(written, options)).to_string()
}

/// As [`nearest`], whatever the case; the answer is in the case of `written`, where that has one.
pub(crate) fn nearest_in_case<'a>(
    written: &str,
    options: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let upper = written.to_uppercase();
    let found = nearest(&upper, options)?;
    Some(if written == written.to_lowercase() {
        found.to_lowercase()
    } else if written == upper {
        found.to_owned()
    } else {
        found.to_lowercase()
    })
}

/// Insertions, deletions and replacements between two words; a very long word is looked at in its beginning only.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// ` (did you mean RUN?)`.
pub(crate) fn question(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!(" (did you mean {hint}?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named_and_a_far_one_is_not() {
        let names = ["from", "run", "chown"];
        assert_eq!(nearest("chwon", names), Some("chown"));
        assert_eq!(nearest("rum", names), Some("run"));
        assert_eq!(nearest("run", names), None);
        assert_eq!(nearest("zzzzzz", names), None);
        assert_eq!(nearest(&"x".repeat(100_000), names), None);
    }

    #[test]
    fn a_hint_keeps_the_case_of_what_was_written() {
        assert_eq!(nearest_in_case("rnu", ["RUN"]).as_deref(), Some("run"));
        assert_eq!(nearest_in_case("RNU", ["RUN"]).as_deref(), Some("RUN"));
        assert_eq!(nearest_in_case("Rum", ["RUN"]).as_deref(), Some("run"));
    }
}
