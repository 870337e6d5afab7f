//! The result as the page gets it.

use serde::Serialize;

use super::{
    GradeContext, GraderError,
    verdict::{Finding, Verdict},
};
use crate::lessons::{Exercise, model::Check};

/// How an exercise, or one of its checks, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is as it should be.
    Pass,
    /// Something is there and wrong.
    Fail,
    /// Something is not there yet.
    NotYet,
    /// It could not be judged; not the learner's fault.
    GraderError,
    /// Not looked at, because an earlier check is unmet.
    Skipped,
}

/// The result of grading one exercise.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The exercise's id.
    pub exercise: String,
    /// How it stands.
    pub status: Status,
    /// Points earned.
    pub points: u32,
    /// Points that could be earned.
    pub max: u32,
    /// One entry per check, in order.
    pub checks: Vec<CheckResult>,
    /// The hint that this attempt unlocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Html>,
    /// The author's solution, once all hints are spent or the exercise is solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solution: Option<String>,
    /// Why the solution works, once it is solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Html>,
}

/// Sanitised HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Html {
    /// The markup.
    pub html: String,
}

/// The result of one check.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// What must be true.
    pub title: String,
    /// How it stands.
    pub status: Status,
    /// `check.condition` when unmet, the check's id otherwise.
    pub key: String,
    /// What to tell the learner; empty when there is nothing to tell.
    pub message: String,
    /// What should have been found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Outcome {
    /// The key of the first unmet check; kept by the store and given back as
    /// [`GradeContext::earlier`].
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.first_unmet().map(|check| check.key.as_str())
    }

    /// The first unmet check: the one message that the learner reads.
    #[must_use]
    pub fn first_unmet(&self) -> Option<&CheckResult> {
        self.checks.iter().find(|check| {
            matches!(
                check.status,
                Status::Fail | Status::NotYet | Status::GraderError
            )
        })
    }
}

impl CheckResult {
    /// The result for a check that was evaluated.
    #[must_use]
    pub fn of(check: &Check, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::bare(check, Status::Pass),
            Verdict::Unmet(finding) => Self::unmet(check, finding),
        }
    }

    /// The result for a check after the first unmet one.
    #[must_use]
    pub fn skipped(check: &Check) -> Self {
        Self::bare(check, Status::Skipped)
    }

    /// The result for a check that could not be evaluated; the cause goes to the log only.
    #[must_use]
    pub fn not_evaluated(check: &Check, error: &GraderError) -> Self {
        let message = match error {
            GraderError::TooSlow(_) => {
                "The sandbox took too long to answer. Nothing is held against you: wait a moment and check again."
            }
            _ => {
                "The grader could not look at your sandbox. Nothing is held against you: check again, or reset the sandbox."
            }
        };
        Self {
            key: format!("{}.grader-error", check.id),
            message: message.into(),
            ..Self::bare(check, Status::GraderError)
        }
    }

    fn unmet(check: &Check, finding: Finding) -> Self {
        let message = check
            .messages
            .get(finding.condition)
            .cloned()
            .unwrap_or(finding.message);
        Self {
            status: if finding.not_yet {
                Status::NotYet
            } else {
                Status::Fail
            },
            key: format!("{}.{}", check.id, finding.condition),
            message,
            expected: finding.expected,
            found: finding.found,
            why: check.why.clone(),
            title: check.title.clone(),
        }
    }

    fn bare(check: &Check, status: Status) -> Self {
        Self {
            title: check.title.clone(),
            status,
            key: check.id.clone(),
            message: String::new(),
            expected: None,
            found: None,
            why: None,
        }
    }
}

/// Puts the results of all checks together.
#[must_use]
pub fn of(exercise: &Exercise, checks: Vec<CheckResult>, context: &GradeContext) -> Outcome {
    let unmet = checks
        .iter()
        .enumerate()
        .find(|(_, check)| check.status != Status::Pass);
    let mut outcome = Outcome {
        exercise: exercise.id.clone(),
        status: unmet.map_or(Status::Pass, |(_, check)| check.status),
        points: 0,
        max: exercise.points,
        hint: None,
        solution: None,
        explain: None,
        checks: Vec::new(),
    };
    match unmet {
        None => {
            outcome.points = exercise.points;
            outcome.solution = Some(exercise.solution.clone());
            outcome.explain = exercise.explain_html.clone().map(|html| Html { html });
        }
        Some((index, result)) if result.status != Status::GraderError => {
            let hints = match exercise.checks.get(index) {
                Some(check) if !check.hints.is_empty() => &check.hints,
                _ => &exercise.hints,
            };
            // The first failure of a kind explains itself; from the second on, each one more
            // unlocks the next hint, and after the last hint the solution.
            let repeats = context
                .earlier
                .iter()
                .filter(|key| **key == result.key)
                .count();
            if let Some(unlocked) = repeats.checked_sub(1) {
                match hints.get(unlocked) {
                    Some(html) => outcome.hint = Some(Html { html: html.clone() }),
                    None => {
                        outcome.hint = hints.last().cloned().map(|html| Html { html });
                        outcome.solution = Some(exercise.solution.clone());
                    }
                }
            }
        }
        Some(_) => {}
    }
    outcome.checks = checks;
    outcome
}
