//! Go's `text/tabwriter`, as Docker uses it: columns end in tabs and are padded with spaces.

/// How wide columns are.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// No column is narrower.
    pub min_width: usize,
    /// Spaces after the widest cell.
    pub padding: usize,
}

/// Docker's lists.
pub const LIST: Columns = Columns {
    min_width: 10,
    padding: 3,
};
/// `docker top`.
pub const TOP: Columns = Columns {
    min_width: 20,
    padding: 3,
};

/// Aligns lines whose cells end in tabs. A column is a run of neighbouring lines that have it.
#[must_use]
pub fn align(text: &str, columns: Columns) -> String {
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let mut out = String::with_capacity(text.len() * 2);
    let mut widths: Vec<usize> = Vec::new();
    for (at, cells) in lines.iter().enumerate() {
        let padded = cells.len() - 1;
        // Columns of the previous line that this line has too keep their widths.
        widths.truncate(padded);
        for column in widths.len()..padded {
            widths.push(width_from(&lines[at..], column, columns));
        }
        for (cell, width) in cells.iter().zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.chars().count()),
            ));
        }
        out.push_str(cells[padded]);
        out.push('\n');
    }
    out
}

/// The width of a column that begins in the first of `lines`.
fn width_from(lines: &[Vec<&str>], column: usize, columns: Columns) -> usize {
    lines
        .iter()
        .take_while(|cells| cells.len() > column + 1)
        .map(|cells| cells[column].chars().count() + columns.padding)
        .fold(columns.min_width, usize::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_ten_at_least() {
        let text = "CONTAINER ID\tIMAGE\tNAMES\n0123456789ab\tbusybox\tbox\n";
        assert_eq!(
            align(text, LIST),
            "CONTAINER ID   IMAGE     NAMES\n0123456789ab   busybox   box\n"
        );
    }

    #[test]
    fn an_empty_last_cell_keeps_the_padding_before_it() {
        assert_eq!(align("A\tB\n1\t\n", LIST), "A         B\n1         \n");
    }

    #[test]
    fn a_shorter_line_ends_the_column() {
        assert_eq!(
            align("a\tb\tc\nx\nlonger than ten\tb\n", LIST),
            "a         b         c\nx\nlonger than ten   b\n"
        );
    }
}
