//! The templates, as structs: one per page, filled by the handlers, laid out in `templates/`.
//!
//! Text fields are escaped by askama. Fields named `html`, and [`LessonBlock::Html`], are put into
//! the page as they are: whoever fills them has sanitised them.

use askama::Template;

/// `/`: every lesson, with how far this learner got.
#[derive(Debug, Clone, Template)]
#[template(path = "index.html")]
pub struct IndexPage {
    /// In the order in which they are to be read.
    pub lessons: Vec<LessonCard>,
    /// Lessons which could not be loaded.
    pub left_out: Vec<LeftOut>,
}

impl IndexPage {
    /// The lesson to go on with: one that is started, else the first that is not done.
    pub fn resume(&self) -> Option<&LessonCard> {
        self.lessons
            .iter()
            .find(|lesson| lesson.state() == LessonState::Started)
            .or_else(|| {
                self.lessons
                    .iter()
                    .find(|lesson| lesson.state() == LessonState::New)
            })
    }

    /// Exercises done, over all lessons.
    pub fn done(&self) -> usize {
        self.lessons.iter().map(|lesson| lesson.done).sum()
    }

    /// Exercises in all lessons.
    pub fn total(&self) -> usize {
        self.lessons.iter().map(|lesson| lesson.total).sum()
    }

    fn minutes(&self) -> u32 {
        self.lessons
            .iter()
            .map(|lesson| u32::from(lesson.minutes))
            .sum()
    }
}

/// One lesson on the index page.
#[derive(Debug, Clone)]
pub struct LessonCard {
    /// As in `/lessons/ID`.
    pub id: String,
    /// The lesson's title.
    pub title: String,
    /// One or two sentences, plain text.
    pub summary: String,
    /// How long it takes, roughly.
    pub minutes: u16,
    /// Exercises passed.
    pub done: usize,
    /// Exercises in the lesson.
    pub total: usize,
}

impl LessonCard {
    /// How far this learner got with it.
    pub fn state(&self) -> LessonState {
        match self.done {
            0 => LessonState::New,
            done if done < self.total => LessonState::Started,
            _ => LessonState::Done,
        }
    }
}

/// How far a learner got with a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LessonState {
    /// No exercise passed.
    New,
    /// Some exercises passed.
    Started,
    /// All exercises passed.
    Done,
}

impl LessonState {
    /// The word for it in class names.
    pub fn key(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Started => "started",
            Self::Done => "done",
        }
    }

    /// What the card's link says.
    pub fn action(self) -> &'static str {
        match self {
            Self::New => "Start",
            Self::Started => "Continue",
            Self::Done => "Read again",
        }
    }
}

/// A lesson which could not be loaded, for its author to see.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The lesson's folder.
    pub id: String,
    /// What is wrong, with file and line.
    pub reason: String,
}

/// `/lessons/ID`: the lesson beside the terminal.
#[derive(Debug, Clone, Template)]
#[template(path = "lesson.html")]
pub struct LessonPage {
    /// As in `/lessons/ID` and in the API's `"lesson"`.
    pub lesson_id: String,
    /// The lesson's title.
    pub title: String,
    /// One or two sentences, plain text.
    pub summary: String,
    /// How long it takes, roughly.
    pub minutes: u16,
    /// Which lesson this is in the list, from 1.
    pub number: usize,
    /// The headings of the text, in order.
    pub steps: Vec<LessonStep>,
    /// The lesson's text and exercises, in order.
    pub blocks: Vec<LessonBlock>,
    /// The lesson before this one.
    pub previous: Option<LessonLink>,
    /// The lesson after this one.
    pub next: Option<LessonLink>,
}

impl LessonPage {
    fn exercises(&self) -> impl Iterator<Item = &ExerciseView> {
        self.blocks.iter().filter_map(|block| match block {
            LessonBlock::Exercise(exercise) => Some(exercise),
            LessonBlock::Html(_) => None,
        })
    }

    /// Exercises passed.
    pub fn done(&self) -> usize {
        self.exercises()
            .filter(|exercise| exercise.status == ExerciseStatus::Passed)
            .count()
    }

    /// Exercises in the lesson.
    pub fn total(&self) -> usize {
        self.exercises().count()
    }

    fn ordinal(&self, exercise: &ExerciseView) -> usize {
        1 + self
            .exercises()
            .take_while(|other| other.id != exercise.id)
            .count()
    }
}

/// A heading of the lesson, for its table of contents.
#[derive(Debug, Clone)]
pub struct LessonStep {
    /// The heading's `id` attribute.
    pub id: String,
    /// The heading as plain text.
    pub title: String,
}

/// A link to another lesson.
#[derive(Debug, Clone)]
pub struct LessonLink {
    /// As in `/lessons/ID`.
    pub id: String,
    /// The lesson's title.
    pub title: String,
}

/// One piece of a lesson.
#[derive(Debug, Clone)]
pub enum LessonBlock {
    /// Sanitised HTML made from the lesson's Markdown.
    Html(String),
    /// An exercise with its Check button.
    Exercise(ExerciseView),
}

/// An exercise in the lesson's text.
#[derive(Debug, Clone)]
pub struct ExerciseView {
    /// As in `/api/lessons/ID/exercises/EX/check`.
    pub id: String,
    /// The exercise's title.
    pub title: String,
    /// What is asked: sanitised HTML.
    pub prompt_html: String,
    /// What this learner did so far.
    pub status: ExerciseStatus,
    /// Why the solution works, once it is passed: sanitised HTML.
    pub explain_html: Option<String>,
    /// Points earned so far.
    pub points: u32,
    /// Points to earn.
    pub max: u32,
}

/// What a learner did about an exercise so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExerciseStatus {
    /// Never checked.
    Open,
    /// Checked, not passed.
    Tried,
    /// Passed.
    Passed,
}

impl ExerciseStatus {
    /// The word for it in `data-status`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Tried => "tried",
            Self::Passed => "pass",
        }
    }

    /// The word for it on the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "to do",
            Self::Tried => "not passed yet",
            Self::Passed => "passed",
        }
    }
}

/// A page for a request which failed.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// What happened, in a sentence.
    pub message: String,
    /// What the reader can do about it.
    pub next_step: String,
}

#[cfg(test)]
mod tests;
