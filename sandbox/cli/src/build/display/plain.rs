//! A build as lines that never move: for logs, and for people whose terminal cannot redraw.
//!
//! One step has the stage at a time. Its lines are shown as they come; the others wait until it ends, or until they
//! have waited long enough.

use std::collections::HashMap;

use super::{
    size::amount,
    trace::{Nanos, Part, Trace},
};

const SECOND: Nanos = 1_000_000_000;
/// A step keeps the stage this long while others have news.
const STAY: Nanos = 5 * SECOND;
/// News of a transfer come this often at most, unless it moved on by a twentieth.
const PART_AGAIN: Nanos = 5 * SECOND;
/// A step with so many bytes to show waits no longer.
const MAX_WAITING: usize = 1 << 20;

/// What was shown so far.
#[derive(Debug, Default)]
pub struct Plain {
    about: Option<String>,
    numbers: HashMap<usize, usize>,
    current: Option<usize>,
    since: Nanos,
    parts: HashMap<(usize, String), (u64, Nanos)>,
    out: Vec<u8>,
    /// What a step printed last has no end yet.
    in_line: bool,
}

impl Plain {
    /// `about`: the line that stands before all steps.
    #[must_use]
    pub fn new(about: &str) -> Self {
        Self {
            about: Some(about.into()).filter(|about: &String| !about.is_empty()),
            ..Self::default()
        }
    }

    /// The lines for what is new.
    pub fn print(&mut self, trace: &mut Trace, now: Nanos) -> Vec<u8> {
        let changed = trace.changed();
        let rank = |at: &usize| {
            let step = trace.step(*at)?;
            step.completed.map(|_| step.rank)
        };
        let mut done: Vec<(usize, usize)> = changed
            .iter()
            .filter_map(|at| Some((rank(at)?, *at)))
            .collect();
        done.sort_by_key(|(rank, at)| (self.current != Some(*at), *rank));
        let open: Vec<usize> = changed
            .into_iter()
            .filter(|at| done.iter().all(|(_, done)| done != at))
            .collect();
        for (_, at) in done {
            self.step(trace, at, now);
        }
        match self.current {
            Some(current) => {
                if open.contains(&current) {
                    self.step(trace, current, now);
                }
                if let Some(next) = self.overdue(trace, &open, current, now) {
                    self.step(trace, next, now);
                }
            }
            None => {
                if let Some(next) = open.first().copied().or_else(|| running(trace)) {
                    self.step(trace, next, now);
                }
            }
        }
        std::mem::take(&mut self.out)
    }

    /// The step that takes the stage from `current`: of those with news the one with most to show.
    fn overdue(&self, trace: &Trace, open: &[usize], current: usize, now: Nanos) -> Option<usize> {
        let waiting = |at: usize| trace.step(at).map_or(0, |step| step.log.waiting());
        let others = open.iter().copied().filter(|at| *at != current);
        let next = others.max_by_key(|at| (waiting(*at), usize::MAX - at))?;
        (now.saturating_sub(self.since) >= STAY || waiting(next) > MAX_WAITING).then_some(next)
    }

    fn step(&mut self, trace: &mut Trace, at: usize, now: Nanos) {
        let number = self.enter(trace, at, now);
        let Some(step) = trace.step_mut(at) else {
            return;
        };
        for part in &mut step.parts {
            if std::mem::take(&mut part.fresh) {
                self.part(at, number, part);
            }
        }
        for piece in step.log.take() {
            // The rest of a line that another step stood in between begins anew.
            if piece.begins || !self.in_line {
                self.say(&format!("#{number} "));
            }
            self.out.extend_from_slice(&piece.text);
            self.in_line = true;
            if piece.ends {
                self.end_line();
            }
        }
        let end = step.completed.map(|completed| {
            if step.is_canceled() {
                "CANCELED".to_owned()
            } else if !step.error.is_empty() {
                format!("ERROR: {}", step.error)
            } else if step.cached {
                "CACHED".to_owned()
            } else {
                let took = completed.saturating_sub(step.started.unwrap_or(completed));
                format!("DONE {:.1}s", seconds(took))
            }
        });
        if let Some(end) = end {
            self.end_line();
            self.say(&format!("#{number} {end}\n"));
            self.current = None;
        }
        trace.seen(at);
    }

    /// Gives the stage to a step and gives its number.
    fn enter(&mut self, trace: &Trace, at: usize, now: Nanos) -> usize {
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(at).or_insert(next);
        if self.current == Some(at) {
            return number;
        }
        if let Some(old) = self.current.replace(at) {
            let old = self.numbers.get(&old).copied().unwrap_or_default();
            self.end_line();
            self.say(&format!("#{old} ...\n"));
        }
        if let Some(about) = self.about.take() {
            self.say(&format!("#0 {about}\n\n"));
        } else if next > 1 {
            self.say("\n");
        }
        self.since = now;
        let name = trace.step(at).map_or("", |step| step.name.as_str());
        self.say(&format!("#{number} {name}\n"));
        number
    }

    fn part(&mut self, at: usize, number: usize, part: &Part) {
        let last = self
            .parts
            .insert((at, part.id.clone()), (part.current, part.told));
        if let (Some((current, told)), None) = (last, part.completed) {
            let moved = part.current.saturating_sub(current).saturating_mul(20);
            let much = part.total > 0 && moved >= part.total;
            if !much && part.told.saturating_sub(told) < PART_AGAIN {
                self.parts.insert((at, part.id.clone()), (current, told));
                return;
            }
        }
        let bytes = match (part.current, part.total) {
            (0, 0) => String::new(),
            (current, 0) => format!(" {}", amount(current)),
            (current, total) => format!(" {} / {}", amount(current), amount(total)),
        };
        let end = part.completed.unwrap_or(part.told);
        let took = end.saturating_sub(part.started.unwrap_or(end));
        let time = if took > SECOND / 100 {
            format!(" {:.1}s", seconds(took))
        } else {
            String::new()
        };
        let done = if part.completed.is_some() {
            " done"
        } else {
            ""
        };
        self.say(&format!("#{number} {}{bytes}{time}{done}\n", part.id));
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.in_line) {
            self.out.push(b'\n');
        }
    }

    fn say(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// The first step that began and has not ended.
fn running(trace: &Trace) -> Option<usize> {
    let open = |at: &&usize| {
        trace
            .step(**at)
            .is_some_and(|step| step.completed.is_none())
    };
    trace.begun().iter().find(open).copied()
}

/// Exact below three months.
#[allow(clippy::cast_precision_loss)]
fn seconds(nanos: Nanos) -> f64 {
    nanos.max(0) as f64 / 1e9
}
