//! `docker build --explain`: what became of each step, why it ran, and what its layer weighs.
//!
//! - [`reason`]: why a step was not in the cache, in words.
//! - [`advice`]: what would have kept more of them there.

mod advice;
mod reason;

use drydock_api::build::StepReport;

use crate::text::size;

/// The widest column of steps, so that the table fits a window of eighty columns.
const MAX_STEP: usize = 52;
const MIN_STEP: usize = 24;

/// Colours for people; a log has none.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether there are any.
    pub colored: bool,
    /// The window's columns.
    pub columns: usize,
}

impl Style {
    fn paint(self, color: &str, text: &str) -> String {
        if self.colored {
            format!("\x1b[{color}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The whole report: a table, what it adds up to, and an advice if there is one.
#[must_use]
pub fn report(steps: &[StepReport], style: Style) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let widest = steps.iter().map(|step| step.name.chars().count()).max();
    // Two before, two between, and the columns behind.
    let room = style.columns.saturating_sub(34).clamp(MIN_STEP, MAX_STEP);
    let width = widest.unwrap_or(0).clamp(MIN_STEP, room);
    let head = format!("  {:<width$}  CACHE     LAYER      TIME", "STEP");
    let mut out = format!("\n{}\n", style.paint("1", &head));
    for step in steps {
        let (mark, color) = if step.cached {
            ("hit ", "32")
        } else {
            ("MISS", "33")
        };
        let layer = step.size.map_or_else(|| "-".to_owned(), bytes);
        out.push_str(&format!(
            "  {:<width$}  {}  {layer:>8}  {:>8}\n",
            shortened(&step.name, width),
            style.paint(color, mark),
            time(step.millis),
        ));
        for line in reason::lines(step) {
            out.push_str(&format!("    {}\n", style.paint("2", &line)));
        }
    }
    out.push_str(&format!("\n  {}\n", sum(steps)));
    if let Some(advice) = advice::of(steps) {
        out.push('\n');
        for line in advice.lines() {
            let indent = if line.is_empty() { "" } else { "  " };
            out.push_str(&format!("{indent}{line}\n"));
        }
    }
    out
}

fn sum(steps: &[StepReport]) -> String {
    let hits = steps.iter().filter(|step| step.cached).count();
    let ran = steps.len() - hits;
    let millis: u64 = steps.iter().map(|step| step.millis).sum();
    let size: u64 = steps.iter().filter_map(|step| step.size).sum();
    let weigh = format!("their layers weigh {}", bytes(size));
    let steps_of = |count: usize| match count {
        1 => "1 step".to_owned(),
        count => format!("{count} steps"),
    };
    match (hits, ran) {
        (_, 0) => format!("All {} came from the cache; {weigh}.", steps_of(hits)),
        (0, _) => format!("{} ran, in {}; {weigh}.", steps_of(ran), time(millis)),
        _ => format!(
            "{hits} of {} came from the cache, {ran} ran, in {}; {weigh}.",
            steps_of(steps.len()),
            time(millis)
        ),
    }
}

fn bytes(count: u64) -> String {
    size::short(i64::try_from(count).unwrap_or(i64::MAX))
}

/// `12ms`, `3.4s`, `2m05s`.
fn time(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis}ms"),
        1000..60_000 => format!("{}.{}s", millis / 1000, millis % 1000 / 100),
        _ => format!("{}m{:02}s", millis / 60_000, millis / 1000 % 60),
    }
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}

/// The instruction of a step's name: `COPY . .` of `[builder 2/5] COPY . .`.
fn instruction(name: &str) -> &str {
    match name
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        Some((_, instruction)) => instruction,
        None => name,
    }
}

#[cfg(test)]
mod tests;
