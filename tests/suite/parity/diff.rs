//! The shortest way from one text to another, line by line.

/// A line that only one side has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The reference has it.
    Missing(String),
    /// The sandbox has it.
    Surplus(String),
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(line) => write!(f, "- {line}"),
            Self::Surplus(line) => write!(f, "+ {line}"),
        }
    }
}

/// So many lines of each side are compared; what is longer is cut, and the cut shows as a line.
const MOST_LINES: usize = 2000;

/// The lines by which `found` differs from `expected`, in their order.
pub fn diff(expected: &[String], found: &[String]) -> Vec<Change> {
    let (expected, found) = (bounded(expected), bounded(found));
    let (rows, columns) = (expected.len(), found.len());
    // `common[i][j]`: how many lines the rests from i and j have in common.
    let mut common = vec![vec![0_u32; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            common[i][j] = if expected[i] == found[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    while i < rows || j < columns {
        if i < rows && j < columns && expected[i] == found[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1]) {
            changes.push(Change::Missing(expected[i].clone()));
            i += 1;
        } else {
            changes.push(Change::Surplus(found[j].clone()));
            j += 1;
        }
    }
    changes
}

fn bounded(lines: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = lines.iter().take(MOST_LINES).cloned().collect();
    if lines.len() > MOST_LINES {
        kept.push(format!("… {} lines in all", lines.len()));
    }
    kept
}

#[cfg(test)]
fn lines(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn only_the_lines_that_differ_are_told() {
    let shown = |expected: &str, found: &str| {
        let changes = diff(&lines(expected), &lines(found));
        changes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(shown("a b c", "a b c"), "");
    assert_eq!(shown("a b c", "a x c"), "- b + x");
    assert_eq!(shown("a b c", "b c d"), "- a + d");
    assert_eq!(shown("", "a"), "+ a");
    assert_eq!(shown("a a b", "a b"), "- a");
}

#[test]
fn endless_output_is_cut() {
    let long = vec!["x".to_owned(); MOST_LINES + 5];
    let longer = vec!["x".to_owned(); MOST_LINES + 6];
    assert_eq!(diff(&long, &longer).len(), 2);
}
