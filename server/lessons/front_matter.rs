//! The TOML between two `+++` lines at the head of `lesson.md`.

use serde::Deserialize;

use super::model::LessonLimits;

/// The line that opens and closes the front matter.
const FENCE: &str = "+++";

/// What the front matter says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontMatter {
    /// The headline.
    pub title: String,
    /// One or two sentences for the index.
    pub summary: String,
    /// How long it takes a beginner.
    pub minutes: u16,
    /// Images present at the start.
    pub images: Vec<String>,
    /// Whether its containers may be `--privileged`.
    #[serde(default)]
    pub privileged: bool,
    /// Whether the workstation has a registry, at `localhost:5000`.
    #[serde(default)]
    pub registry: bool,
    /// Whether it wants a way out to the internet; the operator decides.
    #[serde(default)]
    pub egress: bool,
    /// What the lesson needs beyond the ordinary limits.
    #[serde(default)]
    pub limits: LessonLimits,
}

/// A mistake with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1, when it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    /// A mistake at a line.
    pub fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            message: message.into(),
        }
    }

    /// A mistake of the TOML parser, in a text that begins at line `first` of its file.
    #[must_use]
    pub fn toml(error: &toml::de::Error, text: &str, first: usize) -> Self {
        Self {
            line: error
                .span()
                .map(|span| first + line_of(text, span.start) - 1),
            // The parser's excerpt repeats the line; its first sentence is enough beside it.
            message: error.message().trim().replace('\n', "; "),
        }
    }
}

/// The line, from 1, of a byte offset.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
}

/// The front matter, the body, and the line at which the body begins.
///
/// # Errors
/// When there is none, it does not end, or it is not what a lesson needs.
pub fn split(text: &str) -> Result<(FrontMatter, &str, usize), Mistake> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != FENCE {
        return Err(Mistake::at(
            1,
            "the file must begin with a line `+++` and TOML front matter",
        ));
    }
    let mut end = first.len();
    for line in lines {
        if line.trim_end() == FENCE {
            let matter = &text[first.len()..end];
            let body_start = end + line.len();
            let parsed =
                toml::from_str(matter).map_err(|error| Mistake::toml(&error, matter, 2))?;
            return Ok((parsed, &text[body_start..], line_of(text, body_start)));
        }
        end += line.len();
    }
    Err(Mistake::at(1, "the front matter has no closing `+++` line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "+++\ntitle = \"T\"\nsummary = \"S\"\nminutes = 10\nimages = [\"busybox\"]\n+++\n# Body\n";

    #[test]
    fn front_matter_and_body_come_apart() {
        let (matter, body, line) = split(GOOD).expect("good");
        assert_eq!(matter.title, "T");
        assert_eq!(matter.images, ["busybox"]);
        assert_eq!(matter.limits, LessonLimits::default());
        assert_eq!((body, line), ("# Body\n", 7));
    }

    #[test]
    fn a_mistake_has_its_line_in_the_file() {
        let mistake = split(&GOOD.replace("minutes = 10", "minutes = \"ten\"")).unwrap_err();
        assert_eq!(mistake.line, Some(4), "{mistake:?}");
        let mistake = split(&GOOD.replace("summary", "sumary")).unwrap_err();
        assert_eq!(mistake.line, Some(3), "{mistake:?}");
        assert!(mistake.message.contains("sumary"), "{mistake:?}");
    }

    #[test]
    fn a_missing_field_is_named() {
        let mistake = split(&GOOD.replace("summary = \"S\"\n", "")).unwrap_err();
        assert!(mistake.message.contains("summary"), "{mistake:?}");
    }

    #[test]
    fn a_missing_fence_is_told() {
        assert!(split("# Body").unwrap_err().message.contains("begin"));
        assert!(
            split("+++\ntitle = 1\n")
                .unwrap_err()
                .message
                .contains("closing")
        );
        assert!(split("").unwrap_err().message.contains("begin"));
    }
}
