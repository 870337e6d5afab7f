//! Lines of a Dockerfile with their numbers, those at fault marked.

use drydock_api::build::{Lines, SourceFile};

/// The lines at fault and a few around them; nothing when there are no such lines.
#[must_use]
pub fn excerpt(source: &SourceFile, lines: Lines) -> String {
    let text: Vec<&str> = source.text.split('\n').collect();
    let (first, last) = (lines.first, lines.last.max(lines.first).min(text.len()));
    if first == 0 || first > text.len() {
        return String::new();
    }
    let (from, to) = around(first, last, text.len());
    let rule = "--------------------\n";
    let mut out = format!("{}:{first}\n{rule}", source.name);
    for number in from..=to {
        let mark = if (first..=last).contains(&number) {
            ">>>"
        } else {
            "   "
        };
        let line = text[number - 1].trim_end_matches('\r');
        out.push_str(&format!(" {number:3} | {mark} {line}\n"));
    }
    out.push_str(rule);
    out
}

/// Four lines more about a single line, two about several: one before and one behind by turns, as far as there are any.
fn around(first: usize, last: usize, count: usize) -> (usize, usize) {
    let (mut from, mut to) = (first, last);
    let wanted = if first == last { 4 } else { 2 };
    let mut added = 0;
    while added < wanted {
        if from > 1 {
            from -= 1;
            added += 1;
        }
        if to < count {
            to += 1;
            added += 1;
        }
        added += 1;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, first: usize, last: usize) -> String {
        let source = SourceFile {
            name: "Dockerfile".into(),
            text: text.into(),
        };
        excerpt(&source, Lines { first, last })
    }

    #[test]
    fn the_line_at_fault_is_marked_among_its_neighbours() {
        assert_eq!(
            of("FROM busybox\nWORKDIR /a\nRUN false\nCMD x\nUSER y\n", 3, 3),
            "Dockerfile:3\n--------------------\n   1 |     FROM busybox\n   2 |     WORKDIR /a\n   3 | >>> RUN false\n   4 |     CMD x\n   5 |     USER y\n--------------------\n"
        );
    }

    #[test]
    fn lines_that_are_not_there_show_nothing() {
        assert_eq!(of("FROM a", 0, 0), "");
        assert_eq!(of("FROM a", 9, 9), "");
        assert!(of("FROM a", 1, 9).contains("   1 | >>> FROM a\n"));
    }
}
