//! `docker images --tree`: an image a block, its names below each other. Images of a sandbox have one platform each,
//! so nothing branches off.

use super::images::Image;
use crate::{
    error::CliError,
    text::{quote::short_id, size},
    tty::{self, Output},
};

/// Between columns.
const GAP: usize = 3;
/// The width of the first column below which others are left out.
const NARROW: usize = 12;
/// Titles after the first, and how wide their columns are.
const COLUMNS: [(&str, usize); 4] = [
    ("ID", 12),
    ("DISK USAGE", 10),
    ("CONTENT SIZE", 12),
    ("EXTRA", 5),
];
/// How wide it is where there is no terminal.
const WIDTH: usize = 80;

const WARNING: &str =
    "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";

/// Refuses the flags that do not go with `--tree`.
///
/// # Errors
/// Docker's words.
pub fn check(flags: &[(&str, bool)]) -> Result<(), CliError> {
    match flags.iter().find(|(_, on)| *on) {
        Some((flag, _)) => Err(CliError::failed(format!(
            "--{flag} is not yet supported with --tree"
        ))),
        None => Ok(()),
    }
}

/// Prints the images; those without a name only with `all`.
///
/// # Errors
/// When our own output fails.
pub fn print(images: &[Image], all: bool) -> Result<(), CliError> {
    let colours = Output::Stdout.is_terminal();
    let width = if colours { tty::columns() } else { WIDTH };
    tty::print(&tree(images, all, width, colours))
}

fn tree(images: &[Image], all: bool, width: usize, colours: bool) -> String {
    let paint = |codes: &str, text: &str| match colours {
        true => format!("{codes}{text}\x1b[0m"),
        false => text.to_owned(),
    };
    let shown: Vec<&Image> = images
        .iter()
        .filter(|image| all || !image.tags().is_empty())
        .collect();
    let (first, columns) = layout(&shown, width);
    let mut out = format!(
        "{}\n{}\n\n",
        paint("\x1b[93m", WARNING),
        legend(width, colours)
    );
    out.push_str(&heading(first, columns));
    for image in shown {
        // The longest first, as Docker's client has it.
        let mut tags = image.tags().to_vec();
        tags.sort_by_key(|tag| std::cmp::Reverse(tag.len()));
        let (last, before) = match tags.split_last() {
            Some((last, before)) => (last.as_str(), before),
            None => ("<untagged>", &[][..]),
        };
        for name in before {
            let name = if colours {
                cut(name, width)
            } else {
                name.clone()
            };
            out.push_str(&format!("{}\n", paint("\x1b[34m\x1b[1m", &name)));
        }
        let style = if tags.is_empty() {
            "\x1b[39m\x1b[2m"
        } else {
            "\x1b[34m\x1b[1m"
        };
        let name = cut(last, first);
        out.push_str(&paint(style, &name));
        pad(&mut out, first - name.chars().count());
        for ((title, wide), cell) in columns.iter().zip(cells(image)) {
            pad(&mut out, GAP);
            let space = wide - cell.chars().count().min(*wide);
            // Sizes stand at the right.
            let (before, after) = match *title {
                "ID" | "EXTRA" => (0, space),
                _ => (space, 0),
            };
            pad(&mut out, before);
            match cell.as_str() {
                "" => {}
                cell => out.push_str(&paint("\x1b[39m", cell)),
            }
            pad(&mut out, after);
        }
        out.push('\n');
    }
    out
}

fn cells(image: &Image) -> [String; 4] {
    [
        short_id(image.id()).to_owned(),
        size::short(image.size()),
        // What a containerd's store would hold beside the unpacked files.
        size::short(0),
        if image.is_used() { "U" } else { "" }.to_owned(),
    ]
}

/// The first column's width, and the columns for which there is room beside it.
fn layout(images: &[&Image], width: usize) -> (usize, &'static [(&'static str, usize)]) {
    let mut first = width;
    let mut fitting = 0;
    for (_, wide) in &COLUMNS {
        match first.checked_sub(wide + GAP) {
            Some(left) if left >= NARROW => (first, fitting) = (left, fitting + 1),
            _ => break,
        }
    }
    let names = images.iter().flat_map(|image| image.tags());
    let widest = names.map(|name| name.chars().count()).max();
    // The title is one of them, and so is what stands for no name.
    let nameless = images.iter().any(|image| image.tags().is_empty());
    let least = if nameless { "<untagged>" } else { "IMAGE" }.len();
    (
        first.min(widest.unwrap_or(0).max(least)),
        &COLUMNS[..fitting],
    )
}

fn heading(first: usize, columns: &[(&str, usize)]) -> String {
    let title = |text: &str| format!("\x1b[39m\x1b[1m{text}\x1b[0m");
    let mut out = title("IMAGE");
    let mut wide = first - "IMAGE".len();
    for (text, next) in columns {
        pad(&mut out, wide + GAP);
        out.push_str(&title(text));
        wide = next - text.len();
    }
    out.push('\n');
    out
}

/// What the marks mean, at the right.
fn legend(width: usize, colours: bool) -> String {
    let (text, long) = match colours {
        true => (
            "\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m \x1b[38;5;0m\x1b[48;5;14m U \x1b[0m In Use ",
            21,
        ),
        false => ("Info ->  U In Use ", 18),
    };
    let mut out = String::new();
    pad(&mut out, width.saturating_sub(long));
    out + text
}

fn pad(out: &mut String, spaces: usize) {
    out.extend(std::iter::repeat_n(' ', spaces));
}

/// At most `width` letters; the last one says that there are more.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Vec<Image> {
        serde_json::from_str(
            r#"[
                {"Id":"sha256:0123456789abcdef","RepoTags":["aa:1","busybox:latest"],"Created":0,"Size":1980000},
                {"Id":"sha256:ffff456789abcdef","RepoTags":[],"Created":0,"Size":734}
            ]"#,
        )
        .unwrap()
    }

    #[test]
    fn names_stand_below_each_other_and_sizes_at_the_right() {
        let text = tree(&images(), true, 80, false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].len(), 80);
        assert_eq!(lines[4], "busybox:latest");
        assert_eq!(
            lines[5],
            "aa:1             0123456789ab       1.98MB             0B        "
        );
        assert_eq!(
            lines[6],
            "<untagged>       ffff456789ab         734B             0B        "
        );
        assert_eq!(tree(&images(), false, 80, false).lines().count(), 6);
    }

    #[test]
    fn columns_that_leave_no_room_for_names_are_left_out() {
        let text = tree(&images(), false, 60, true);
        assert!(!text.contains("EXTRA") && text.contains("CONTENT SIZE"));
        assert_eq!(cut("localhost:5000/app", 12), "localhost:5…");
    }
}
