//! A build on a terminal: one block of lines that is drawn again and again in its place.

use super::{
    colors::{Colors, Paint},
    size::amount,
    trace::{Nanos, Part, Step, Trace},
};
use crate::tty::Size;

/// What a step's last lines are indented by.
pub const INDENT: usize = 10;
/// How many of them are shown when nothing else is said.
const LOG_LINES: usize = 6;
const BEGINNING: &str = " => ";

/// The block and how much of it stands on the terminal.
#[derive(Debug)]
pub struct Block {
    /// Which builder works: at the right end of the first line.
    builder: String,
    colors: Colors,
    log_lines: usize,
    drawn: Option<usize>,
}

/// One line of the block.
struct Line<'a> {
    name: String,
    status: String,
    took: Nanos,
    completed: bool,
    paint: Paint,
    step: Option<&'a Step>,
}

impl Block {
    /// Nothing is drawn yet. `log_lines`: `BUILDKIT_TTY_LOG_LINES`.
    #[must_use]
    pub fn new(builder: &str, colors: Colors, log_lines: Option<usize>) -> Self {
        Self {
            builder: builder.into(),
            colors,
            log_lines: log_lines.unwrap_or(LOG_LINES),
            drawn: None,
        }
    }

    /// What draws the block as it is now over the one before. At the `end` nothing is left out.
    pub fn draw(&mut self, trace: &Trace, size: Size, now: Nanos, end: bool) -> Vec<u8> {
        let (columns, rows) = (usize::from(size.cols), usize::from(size.rows));
        let lines = self.lines(trace, columns, rows, now, end);
        let mut out = String::new();
        if let Some(drawn) = self.drawn {
            out.push_str(&format!("\x1b[{drawn}A"));
        }
        // Hidden while it jumps; what is left of a longer block is erased.
        out.push_str("\r\x1b[?25l");
        for line in &lines {
            out.push_str(line);
            out.push_str("\x1b[K\n");
        }
        out.push_str("\x1b[J\x1b[?25h");
        self.drawn = Some(lines.len());
        out.into_bytes()
    }

    fn lines(
        &self,
        trace: &Trace,
        columns: usize,
        rows: usize,
        now: Nanos,
        end: bool,
    ) -> Vec<String> {
        let steps = trace.begun().iter().filter_map(|at| trace.step(*at));
        let mut jobs: Vec<Line<'_>> = steps.flat_map(|step| jobs(step, now)).collect();
        let shown = if end {
            Vec::new()
        } else {
            self.screens(&jobs, rows)
        };
        if !end {
            let logs: usize = shown.iter().map(|(_, lines)| lines.len()).sum();
            jobs = fit(jobs, rows.saturating_sub(2 + logs));
        }
        let mut lines = vec![self.header(trace, columns, now, end)];
        for job in &jobs {
            let Some(line) = self.line(job, columns) else {
                continue;
            };
            lines.push(line);
            let own = |(step, _): &&(&Step, Vec<String>)| {
                job.step.is_some_and(|own| std::ptr::eq(own, *step))
            };
            for text in shown.iter().find(own).into_iter().flat_map(|(_, l)| l) {
                let text = cut(text, columns.saturating_sub(INDENT));
                lines.push(self.colors.paint(Paint::Faint, &format!(" => => # {text}")));
            }
        }
        lines
    }

    /// The last lines of running steps, as far as there is room: first of those that print most.
    fn screens<'a>(&self, jobs: &[Line<'a>], rows: usize) -> Vec<(&'a Step, Vec<String>)> {
        let running = jobs.iter().filter(|job| !job.completed).count();
        let mut free = rows.saturating_sub(2 + running);
        let mut steps: Vec<&Step> = jobs
            .iter()
            .filter(|job| !job.completed)
            .filter_map(|job| job.step)
            .collect();
        let bytes = |step: &Step| step.screen.as_ref().map_or(0, super::screen::Screen::bytes);
        steps.retain(|step| bytes(step) > 0);
        steps.sort_by_key(|step| std::cmp::Reverse(bytes(step)));
        let mut shown = Vec::new();
        for step in steps {
            if free <= self.log_lines + 3 {
                break;
            }
            let lines = step.screen.as_ref().map(|s| s.last(self.log_lines));
            shown.push((step, lines.unwrap_or_default()));
            free -= self.log_lines + 3;
        }
        shown
    }

    fn header(&self, trace: &Trace, columns: usize, now: Nanos, end: bool) -> String {
        let (ended, all) = trace.counts();
        let took = now.saturating_sub(trace.began().unwrap_or(now));
        let finished = if end && ended > 0 && ended == all {
            "FINISHED"
        } else {
            ""
        };
        let left = format!(
            "[+] Building {:.1}s ({ended}/{all}) {finished}",
            seconds(took)
        );
        cut(
            &align(&left, &self.builder, columns.saturating_sub(1)),
            columns.saturating_sub(1),
        )
    }

    /// A line with its time at the right end; none when the window is too narrow.
    fn line(&self, job: &Line<'_>, columns: usize) -> Option<String> {
        let took = if job.took < 50_000_000 { 0 } else { job.took };
        let timer = format!(" {:3.1}s", seconds(took));
        let mut room = columns.checked_sub(BEGINNING.len() + timer.len() + 2)?;
        let mut status = String::new();
        if !job.status.is_empty() && room > 20 + job.status.len() {
            status = format!(" {}", job.status);
            room -= status.len();
        }
        if room < 12 {
            return None;
        }
        let left = format!("{BEGINNING}{}{status}", cut(&job.name, room));
        let line = align(&left, &timer, columns.saturating_sub(1));
        Some(if job.completed {
            self.colors.paint(job.paint, &line)
        } else {
            line
        })
    }
}

/// A step and its parts.
fn jobs(step: &Step, now: Nanos) -> Vec<Line<'_>> {
    let Some(started) = step.started else {
        return Vec::new();
    };
    let (mark, paint) = if step.is_canceled() {
        ("CANCELED ", Paint::Cancel)
    } else if step.has_failed() {
        ("ERROR ", Paint::Error)
    } else if step.cached {
        ("CACHED ", Paint::Run)
    } else {
        ("", Paint::Run)
    };
    let took = step.completed.unwrap_or(now).saturating_sub(started);
    let mut jobs = vec![Line {
        name: format!("{mark}{}", step.name),
        status: String::new(),
        took,
        completed: step.completed.is_some(),
        paint,
        step: Some(step),
    }];
    jobs.extend(step.parts.iter().filter_map(|part| line_of(part, now)));
    jobs.extend(step.warnings.iter().map(|short| Line {
        name: format!("WARN: {short}"),
        status: String::new(),
        took,
        completed: true,
        paint: Paint::Warning,
        step: None,
    }));
    jobs
}

fn line_of(part: &Part, now: Nanos) -> Option<Line<'static>> {
    Some(Line {
        name: format!("=> {}", part.id),
        status: match (part.current, part.total) {
            (0, 0) => String::new(),
            (current, 0) => amount(current),
            (current, total) => format!("{} / {}", amount(current), amount(total)),
        },
        took: part.completed.unwrap_or(now).saturating_sub(part.started?),
        completed: part.completed.is_some(),
        paint: Paint::Run,
        step: None,
    })
}

/// The last lines that there is room for; one that still runs takes the place of one that ended.
fn fit(jobs: Vec<Line<'_>>, room: usize) -> Vec<Line<'_>> {
    let over = jobs.len().saturating_sub(room);
    if over == 0 {
        return jobs;
    }
    let (hidden, mut shown): (Vec<_>, Vec<_>) =
        jobs.into_iter().enumerate().partition(|(at, _)| *at < over);
    let mut running: Vec<Line<'_>> = hidden
        .into_iter()
        .map(|(_, job)| job)
        .filter(|job| !job.completed)
        .collect();
    let mut places = running.len();
    shown.retain(|(_, job)| {
        let gives_way = job.completed && places > 0;
        places -= usize::from(gives_way);
        !gives_way
    });
    running.drain(..places.min(running.len()));
    running.extend(shown.into_iter().map(|(_, job)| job));
    running
}

/// `left` and `right` with as much room between them as makes `width` columns.
fn align(left: &str, right: &str, width: usize) -> String {
    let room = width.saturating_sub(right.chars().count() + 1);
    format!("{left:<room$} {right}")
}

fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

/// Exact below three months.
#[allow(clippy::cast_precision_loss)]
fn seconds(nanos: Nanos) -> f64 {
    nanos.max(0) as f64 / 1e9
}
