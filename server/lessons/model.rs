//! What a lesson is once it is valid.

use std::collections::BTreeMap;

use crate::grading::Condition;

/// One lesson, rendered and ready to be served.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The name in URLs and in the store: the folder's name without its number.
    pub id: String,
    /// The folder's number; lessons are listed in this order.
    pub order: u32,
    /// The folder's name, for messages to authors.
    pub folder: String,
    /// The headline.
    pub title: String,
    /// One or two sentences for the index.
    pub summary: String,
    /// How long it takes a beginner.
    pub minutes: u16,
    /// Images present on the workstation when the lesson starts.
    pub images: Vec<String>,
    /// Whether containers may be `--privileged`, or have any capability, in its sandboxes.
    pub privileged: bool,
    /// Whether the workstation has a registry, at `localhost:5000`.
    pub registry: bool,
    /// Whether it wants a way out to the internet; the operator decides.
    pub egress: bool,
    /// What this lesson needs beyond the ordinary limits of a sandbox.
    pub limits: LessonLimits,
    /// The headings of the text, for a table of contents.
    pub steps: Vec<Step>,
    /// The text, cut where exercises stand in it.
    pub blocks: Vec<Block>,
    /// The exercises, in the order in which the text asks for them.
    pub exercises: Vec<Exercise>,
    /// A tar of what stands in `/root` at the start; `None` when there is nothing.
    pub files: Option<Vec<u8>>,
}

impl Lesson {
    /// The exercise of that name.
    #[must_use]
    pub fn exercise(&self, id: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|exercise| exercise.id == id)
    }

    /// The most points that can be had.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.exercises.iter().map(|exercise| exercise.points).sum()
    }
}

/// Limits that a lesson may raise or lower; `None` leaves the server's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonLimits {
    /// Memory of the learner's processes, in MiB.
    pub memory_mib: Option<u32>,
    /// Disk of the sandbox, in MiB.
    pub disk_mib: Option<u32>,
    /// How long the sandbox lives, in minutes.
    pub lifetime_minutes: Option<u32>,
}

/// A second-level heading of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The heading's `id` attribute.
    pub id: String,
    /// The heading as plain text.
    pub title: String,
}

/// A stretch of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Sanitised HTML.
    Html(String),
    /// The exercise with this index in [`Lesson::exercises`] stands here.
    Exercise(usize),
}

/// One exercise: a task, and how to know that it was done.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// The name in URLs and in the store; unique in its lesson.
    pub id: String,
    /// The headline.
    pub title: String,
    /// The task, as sanitised HTML.
    pub prompt_html: String,
    /// What it is worth.
    pub points: u32,
    /// Evaluated in order; the first that is unmet is what the learner reads.
    pub checks: Vec<Check>,
    /// Hints as sanitised HTML, unlocked one by one, for checks that have none of their own.
    pub hints: Vec<String>,
    /// Why the solution works, as sanitised HTML; shown once it is solved.
    pub explain_html: Option<String>,
    /// A shell script that solves it, run on the workstation.
    pub solution: String,
    /// Mistakes that learners make, and what each must be told.
    pub wrong: Vec<WrongAnswer>,
    /// The line of its table in `exercises.toml`.
    pub line: usize,
}

/// A mistake that must be recognised.
#[derive(Debug, Clone)]
pub struct WrongAnswer {
    /// What the learner got wrong, for the author.
    pub name: String,
    /// A shell script that makes the mistake.
    pub script: String,
    /// The message key that it must give: `check.condition`.
    pub expect: String,
    /// The line of its table in `exercises.toml`.
    pub line: usize,
}

/// One thing that must be true.
#[derive(Debug, Clone)]
pub struct Check {
    /// Unique in its exercise; the first half of a message key.
    pub id: String,
    /// What must be true, as one short line.
    pub title: String,
    /// Why it matters, as plain text.
    pub why: Option<String>,
    /// What the learner is told, by the second half of the message key.
    pub messages: BTreeMap<String, String>,
    /// Hints as sanitised HTML, unlocked one by one.
    pub hints: Vec<String>,
    /// What is looked at.
    pub condition: Condition,
    /// The line of its table in `exercises.toml`.
    pub line: usize,
}
