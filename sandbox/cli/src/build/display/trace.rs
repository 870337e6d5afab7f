//! What is known of a build so far: its steps, their parts, and what they printed. Pure: the time is told.

use std::collections::{BTreeSet, HashMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use drydock_api::build::{SolveStatus, Status, Vertex, Warning};
use jiff::Timestamp;

use super::{log::Log, screen::Screen};

/// Nanoseconds since 1970.
pub type Nanos = i64;

/// More steps than this are not followed.
const MAX_STEPS: usize = 20_000;
/// What BuildKit's errors end with when a step was given up because the build was.
const CANCELED: &str = "context canceled";

/// A build as its messages tell it.
#[derive(Debug)]
pub struct Trace {
    steps: Vec<Step>,
    places: HashMap<String, usize>,
    /// The steps that began, in that order.
    begun: Vec<usize>,
    /// The steps that have something new.
    changed: BTreeSet<usize>,
    began: Option<Nanos>,
    ended: usize,
    /// How many lines of a step are kept for its failure.
    keep: usize,
    /// How wide the screens of running steps are; without it there are none.
    columns: Option<usize>,
}

/// A step.
#[derive(Debug)]
pub struct Step {
    /// One line.
    pub name: String,
    /// When it began.
    pub started: Option<Nanos>,
    /// When it ended.
    pub completed: Option<Nanos>,
    /// How many had ended when its end was told.
    pub rank: usize,
    /// It was there already.
    pub cached: bool,
    /// Why it failed, or nothing.
    pub error: String,
    /// What it transfers or exports.
    pub parts: Vec<Part>,
    /// What it printed.
    pub log: Log,
    /// The last lines, on a terminal.
    pub screen: Option<Screen>,
    /// Short words of its warnings.
    pub warnings: Vec<String>,
}

/// A part of a step.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// `transferring context:`.
    pub id: String,
    /// Bytes so far.
    pub current: u64,
    /// Bytes in all, or zero.
    pub total: u64,
    /// When it was told.
    pub told: Nanos,
    /// When it began.
    pub started: Option<Nanos>,
    /// When it ended.
    pub completed: Option<Nanos>,
    /// There is news of it.
    pub fresh: bool,
}

impl Step {
    /// Given up because the build was.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.error.ends_with(CANCELED)
    }

    /// Failed on its own.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        !self.error.is_empty() && !self.is_canceled()
    }
}

impl Trace {
    /// Nothing is known. `keep`: how many lines a failure shows.
    #[must_use]
    pub fn new(keep: usize, columns: Option<usize>) -> Self {
        Self {
            steps: Vec::new(),
            places: HashMap::new(),
            begun: Vec::new(),
            changed: BTreeSet::new(),
            began: None,
            ended: 0,
            keep,
            columns,
        }
    }

    /// When the first step began.
    #[must_use]
    pub fn began(&self) -> Option<Nanos> {
        self.began
    }

    /// A step by its place.
    #[must_use]
    pub fn step(&self, at: usize) -> Option<&Step> {
        self.steps.get(at)
    }

    /// The same, to be changed.
    pub fn step_mut(&mut self, at: usize) -> Option<&mut Step> {
        self.steps.get_mut(at)
    }

    /// The steps that began, in that order.
    #[must_use]
    pub fn begun(&self) -> &[usize] {
        &self.begun
    }

    /// How many steps there are and how many ended.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let ended = self.steps.iter().filter(|step| step.completed.is_some());
        (ended.count(), self.steps.len())
    }

    /// The steps with news.
    #[must_use]
    pub fn changed(&self) -> Vec<usize> {
        self.changed.iter().copied().collect()
    }

    /// The news of a step were shown.
    pub fn seen(&mut self, at: usize) {
        self.changed.remove(&at);
    }

    /// The window's width is another.
    pub fn resize(&mut self, columns: usize) {
        if self.columns.is_some() {
            self.columns = Some(columns);
        }
        for screen in self.steps.iter_mut().filter_map(|s| s.screen.as_mut()) {
            screen.resize(columns);
        }
    }

    /// Takes a message in.
    pub fn update(&mut self, status: &SolveStatus) {
        for vertex in &status.vertexes {
            self.vertex(vertex);
        }
        for part in &status.statuses {
            self.part(part);
        }
        for warning in &status.warnings {
            self.warning(warning);
        }
        for log in &status.logs {
            let Some(&at) = self.places.get(&log.vertex) else {
                continue;
            };
            let bytes = STANDARD.decode(&log.data).unwrap_or_default();
            let step = &mut self.steps[at];
            let since = match (nanos(&log.timestamp), step.started) {
                (Some(now), Some(started)) => now.saturating_sub(started),
                _ => 0,
            };
            step.log.push(&bytes, since);
            if let Some(screen) = &mut step.screen {
                screen.write(&bytes);
            }
            self.changed.insert(at);
        }
    }

    /// Everything that still runs is given up.
    pub fn cancel(&mut self, now: Nanos) {
        for (at, step) in self.steps.iter_mut().enumerate() {
            if step.started.is_some() && step.completed.is_none() {
                step.completed = Some(now);
                step.error = CANCELED.into();
                self.changed.insert(at);
            }
        }
    }

    fn vertex(&mut self, vertex: &Vertex) {
        let Some(at) = self.place(vertex) else { return };
        let step = &mut self.steps[at];
        let started = vertex.started.as_deref().and_then(nanos);
        let was = (
            step.started,
            step.completed,
            step.cached,
            step.error.is_empty(),
        );
        if let Some(started) = started {
            if step.started.is_none() {
                self.begun.push(at);
                self.began.get_or_insert(started);
            }
            step.started = Some(started);
            step.completed = vertex.completed.as_deref().and_then(nanos);
            if was.1.is_none() && step.completed.is_some() {
                step.rank = self.ended;
                self.ended += 1;
            }
            step.cached = vertex.cached;
            step.error.clone_from(&vertex.error);
        }
        let is = (
            step.started,
            step.completed,
            step.cached,
            step.error.is_empty(),
        );
        if was != is {
            self.changed.insert(at);
        }
    }

    fn place(&mut self, vertex: &Vertex) -> Option<usize> {
        if let Some(&at) = self.places.get(&vertex.digest) {
            return Some(at);
        }
        let at = self.steps.len();
        if at >= MAX_STEPS {
            return None;
        }
        self.steps.push(Step {
            name: one_line(&vertex.name),
            started: None,
            completed: None,
            rank: 0,
            cached: false,
            error: String::new(),
            parts: Vec::new(),
            log: Log::new(self.keep, self.columns.is_none()),
            screen: self.columns.map(Screen::new),
            warnings: Vec::new(),
        });
        self.places.insert(vertex.digest.clone(), at);
        Some(at)
    }

    fn part(&mut self, status: &Status) {
        let Some(&at) = self.places.get(&status.vertex) else {
            return;
        };
        let parts = &mut self.steps[at].parts;
        let place = match parts.iter().position(|part| part.id == status.id) {
            Some(place) => place,
            None if parts.len() < MAX_STEPS => {
                parts.push(Part::default());
                parts.len() - 1
            }
            None => return,
        };
        parts[place] = Part {
            id: one_line(&status.id),
            current: status.current,
            total: status.total,
            told: nanos(&status.timestamp).unwrap_or_default(),
            started: status.started.as_deref().and_then(nanos),
            completed: status.completed.as_deref().and_then(nanos),
            fresh: true,
        };
        self.changed.insert(at);
    }

    fn warning(&mut self, warning: &Warning) {
        let Some(&at) = self.places.get(&warning.vertex) else {
            return;
        };
        let short = STANDARD.decode(&warning.short).unwrap_or_default();
        let warnings = &mut self.steps[at].warnings;
        if warnings.len() < MAX_STEPS {
            warnings.push(one_line(&String::from_utf8_lossy(&short)));
        }
    }

    /// The lines of the steps that failed, between rules, as they stand under the display.
    #[must_use]
    pub fn failures(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for step in self.begun.iter().map(|at| &self.steps[*at]) {
            if step.has_failed() {
                out.extend_from_slice(format!("------\n > {}:\n", step.name).as_bytes());
                for line in step.log.recent() {
                    out.extend_from_slice(line);
                    out.push(b'\n');
                }
                out.extend_from_slice(b"------\n");
            }
        }
        out
    }
}

/// A time in RFC 3339.
#[must_use]
pub fn nanos(text: &str) -> Option<Nanos> {
    let time: Timestamp = text.parse().ok()?;
    Nanos::try_from(time.as_nanosecond()).ok()
}

/// Without the characters that would move a terminal's cursor.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
