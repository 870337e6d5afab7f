//! What loads but is wrong: an author's mistakes that would only show when a learner meets them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    highlight,
    load::{Broken, EXERCISE_FILE, LESSON_FILE, Loaded, load_all},
    model::{Check, Exercise, Lesson},
    render::{Notes, lesson_link},
    source::{Source, lesson_name},
};

/// An exercise needs this many mistakes that it recognises.
const WRONG_ANSWERS: usize = 2;

/// Everything wrong with the lessons of a source; `images` are the names that can be provided.
#[must_use]
pub fn lint(source: &Source, images: &[String]) -> Vec<Broken> {
    let (loaded, mut findings) = load_all(source);
    let anchors: BTreeMap<&str, &[String]> = loaded
        .iter()
        .map(|loaded| (loaded.lesson.id.as_str(), loaded.notes.anchors.as_slice()))
        .collect();
    for Loaded { lesson, notes } in &loaded {
        let mut linter = Linter {
            source,
            lesson,
            findings: &mut findings,
        };
        linter.text(notes);
        linter.links(notes, &anchors);
        linter.images(images);
        linter.exercises();
    }
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    findings
}

struct Linter<'a> {
    source: &'a Source,
    lesson: &'a Lesson,
    findings: &'a mut Vec<Broken>,
}

impl Linter<'_> {
    fn tell(&mut self, file: &str, line: Option<usize>, message: impl Into<String>) {
        self.findings.push(Broken {
            folder: self.lesson.folder.clone(),
            file: self.source.name(&self.lesson.folder, file),
            line,
            message: message.into(),
        });
    }

    fn text(&mut self, notes: &Notes) {
        for (line, message) in &notes.mistakes {
            self.tell(LESSON_FILE, Some(*line), message);
        }
        for (line, language) in &notes.languages {
            if !highlight::knows(language) {
                let known = highlight::languages().join(", ");
                let message = match language.as_str() {
                    "" => format!("a code block without a language; known are {known}"),
                    other => format!("code blocks in {other:?} are not known; known are {known}"),
                };
                self.tell(LESSON_FILE, Some(*line), message);
            }
        }
        for (what, text) in [
            ("title", &self.lesson.title),
            ("summary", &self.lesson.summary),
        ] {
            if text.trim().is_empty() {
                self.tell(LESSON_FILE, Some(1), format!("the {what} is empty"));
            }
        }
        if !(1..=60).contains(&self.lesson.minutes) {
            self.tell(
                LESSON_FILE,
                Some(1),
                "a lesson takes between 1 and 60 minutes",
            );
        }
        if self.lesson.exercises.is_empty() {
            self.tell(LESSON_FILE, None, "a lesson needs at least one exercise");
        }
    }

    fn links(&mut self, notes: &Notes, anchors: &BTreeMap<&str, &[String]>) {
        for (line, url) in &notes.links {
            if let Some(problem) = dead(url, notes, anchors) {
                self.tell(
                    LESSON_FILE,
                    Some(*line),
                    format!("dead link {url:?}: {problem}"),
                );
            }
        }
    }

    fn images(&mut self, known: &[String]) {
        for image in &self.lesson.images {
            if !known.iter().any(|name| same_image(name, image)) {
                let known = known.join(", ");
                let message = format!("unknown image {image:?}; images.toml has {known}");
                self.tell(LESSON_FILE, Some(1), message);
            }
        }
    }

    fn exercises(&mut self) {
        for exercise in &self.lesson.exercises {
            let (id, line) = (&exercise.id, Some(exercise.line));
            if exercise.solution.trim().is_empty() {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("exercise {id:?} has no solution"),
                );
            }
            if exercise.wrong.len() < WRONG_ANSWERS {
                let message =
                    format!("exercise {id:?} has fewer than {WRONG_ANSWERS} wrong answers");
                self.tell(EXERCISE_FILE, line, message);
            }
            if exercise.title.trim().is_empty() || exercise.prompt_html.trim().is_empty() {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("exercise {id:?} needs a title and a prompt"),
                );
            }
            if exercise.points == 0 {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("exercise {id:?} is worth nothing"),
                );
            }
            self.checks(exercise);
            self.wrong_answers(exercise);
        }
    }

    fn checks(&mut self, exercise: &Exercise) {
        for check in &exercise.checks {
            let line = Some(check.line);
            if check.title.trim().is_empty() {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("check {:?} needs a title", check.id),
                );
            }
            if check.messages.is_empty() {
                let message = format!("check {:?} has no message of its own", check.id);
                self.tell(EXERCISE_FILE, line, message);
            }
            if check.why.as_deref().is_none_or(|why| why.trim().is_empty()) {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("check {:?} does not say why", check.id),
                );
            }
            if check.hints.is_empty() && exercise.hints.is_empty() {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("check {:?} has no hint", check.id),
                );
            }
        }
    }

    fn wrong_answers(&mut self, exercise: &Exercise) {
        let mut scripts = BTreeSet::new();
        for wrong in &exercise.wrong {
            let line = Some(wrong.line);
            if wrong.script.trim().is_empty() {
                self.tell(
                    EXERCISE_FILE,
                    line,
                    format!("wrong answer {:?} does nothing", wrong.name),
                );
            }
            if !scripts.insert(wrong.script.trim()) {
                let message = format!("wrong answer {:?} repeats another", wrong.name);
                self.tell(EXERCISE_FILE, line, message);
            }
            match key(&exercise.checks, &wrong.expect) {
                Key::Known { has_message: true } => {}
                Key::Known { has_message: false } => {
                    let message = format!(
                        "nothing is said for {:?}; add it to `messages`",
                        wrong.expect
                    );
                    self.tell(EXERCISE_FILE, line, message);
                }
                Key::Unknown(known) => {
                    let message = format!("no check gives the key {:?}; {known}", wrong.expect);
                    self.tell(EXERCISE_FILE, line, message);
                }
            }
        }
    }
}

enum Key {
    Known { has_message: bool },
    Unknown(String),
}

fn key(checks: &[Check], expect: &str) -> Key {
    let (id, condition) = expect.split_once('.').unwrap_or((expect, ""));
    let Some(check) = checks.iter().find(|check| check.id == id) else {
        let ids: Vec<_> = checks.iter().map(|check| check.id.as_str()).collect();
        return Key::Unknown(format!("the checks are {}", ids.join(", ")));
    };
    let known = check.condition.conditions();
    if !known.contains(&condition) {
        return Key::Unknown(format!("{id:?} can give {}", known.join(", ")));
    }
    Key::Known {
        has_message: check.messages.contains_key(condition),
    }
}

/// Why a link leads nowhere. Other sites are not looked at.
fn dead(url: &str, notes: &Notes, anchors: &BTreeMap<&str, &[String]>) -> Option<String> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return None;
    }
    if let Some(anchor) = url.strip_prefix('#') {
        let here = notes.anchors.iter().any(|known| known == anchor);
        return (!here).then(|| "no such heading here".to_owned());
    }
    let Some((folder, anchor)) = lesson_link(url) else {
        return Some("link to `../NN-lesson/lesson.md`, `#heading` or a full address".into());
    };
    let Some(there) = lesson_name(folder).and_then(|(_, slug)| anchors.get(slug)) else {
        return Some("no such lesson".into());
    };
    let anchor = anchor?;
    let found = there.iter().any(|known| known == anchor);
    (!found).then(|| format!("{folder} has no heading {anchor:?}"))
}

/// Whether two references name the same image once `latest` is filled in.
fn same_image(one: &str, other: &str) -> bool {
    let full = |text: &str| {
        text.parse::<drydock_spec::ImageRef>()
            .map(|reference| reference.with_default_tag())
            .ok()
    };
    full(one).is_some() && full(one) == full(other)
}
