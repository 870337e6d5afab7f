//! The display's colours: `NO_COLOR` and `BUILDKIT_COLORS`.
//!
//! Source: BuildKit's README, "Color output controls".

/// A colour as the numbers of an SGR sequence; empty means none.
type Color = String;

/// What is shown in which colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colors {
    run: Color,
    cancel: Color,
    warning: Color,
    error: Color,
    faint: Color,
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A step that ended well.
    Run,
    /// One that was given up.
    Cancel,
    /// A warning.
    Warning,
    /// One that failed.
    Error,
    /// What a step prints.
    Faint,
}

const NAMES: [&str; 8] = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
];

impl Colors {
    /// As the environment says.
    #[must_use]
    pub fn of_environment() -> Self {
        Self::of(
            std::env::var("NO_COLOR").ok().as_deref(),
            std::env::var("BUILDKIT_COLORS").ok().as_deref(),
        )
    }

    /// No colour at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            run: String::new(),
            cancel: String::new(),
            warning: String::new(),
            error: String::new(),
            faint: String::new(),
        }
    }

    /// The same of these values of the two variables.
    #[must_use]
    pub fn of(no_color: Option<&str>, own: Option<&str>) -> Self {
        if no_color.is_some_and(|text| !text.is_empty()) {
            return Self::none();
        }
        let mut colors = Self {
            run: "34".into(),
            cancel: "33".into(),
            warning: "33".into(),
            error: "31".into(),
            faint: "2".into(),
        };
        for field in own.unwrap_or_default().split(':') {
            let Some((name, value)) = field.split_once('=') else {
                continue;
            };
            let Some(color) = color(value) else { continue };
            match name.trim().to_ascii_lowercase().as_str() {
                "run" => colors.run = color,
                "cancel" => colors.cancel = color,
                "warning" => colors.warning = color,
                "error" => colors.error = color,
                _ => {}
            }
        }
        colors
    }

    /// `text` in that colour; what moves the cursor stays outside of it.
    #[must_use]
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let color = match paint {
            Paint::Run => &self.run,
            Paint::Cancel => &self.cancel,
            Paint::Warning => &self.warning,
            Paint::Error => &self.error,
            Paint::Faint => &self.faint,
        };
        if color.is_empty() {
            text.to_owned()
        } else {
            format!("\x1b[{color}m{text}\x1b[0m")
        }
    }
}

/// `light-blue`, or three numbers from 0 to 255.
fn color(text: &str) -> Option<Color> {
    let text = text.trim().to_ascii_lowercase();
    if text == "default" {
        return Some("39".into());
    }
    let (light, name) = match text.strip_prefix("light-") {
        Some(name) => (true, name),
        None => (false, text.as_str()),
    };
    if let Some(at) = NAMES.iter().position(|known| *known == name) {
        return Some((at + if light { 90 } else { 30 }).to_string());
    }
    let numbers: Vec<u8> = text
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect::<Option<_>>()?;
    match numbers.as_slice() {
        [r, g, b] => Some(format!("38;2;{r};{g};{b}")),
        _ => None,
    }
}

#[test]
fn colours_are_chosen_by_the_environment() {
    let paint = |no, own| Colors::of(no, own).paint(Paint::Run, "x");
    assert_eq!(paint(None, None), "\x1b[34mx\x1b[0m");
    assert_eq!(paint(Some("1"), Some("run=red")), "x");
    assert_eq!(
        paint(Some(""), Some("run=light-red:error=nosuch")),
        "\x1b[91mx\x1b[0m"
    );
    assert_eq!(paint(None, Some("RUN=1,2,3")), "\x1b[38;2;1;2;3mx\x1b[0m");
}
