//! Did the learner do it?
//!
//! - [`condition`]: the closed list of what can be checked; one file per kind below it.
//! - [`evidence`], [`probe`]: reading the sandbox over the server's own door; throw-away containers.
//! - [`random`]: values that differ per learner, so that an answer cannot be copied.
//! - [`outcome`]: the result as the page gets it.
//!
//! A check reads the engine's records, or runs what the learner made, and judges that. It never
//! looks at what the learner typed. It leaves nothing behind, so it may run at any time.

pub mod condition;
pub mod evidence;
pub mod outcome;
pub mod probe;
pub mod random;
pub mod verdict;
pub mod wire;

#[cfg(test)]
mod tests;

use std::time::Duration;

use drydock_api::client::Client;

use crate::lessons::{Exercise, Lesson, model::Check};

pub use condition::Condition;
pub use outcome::{CheckResult, Html, Outcome, Status};
pub use verdict::{Finding, GraderError, Verdict};

/// What is known about the learner who asks.
#[derive(Debug, Clone, Default)]
pub struct GradeContext {
    /// The same for every attempt of one learner at one exercise, and different between learners.
    pub seed: u64,
    /// The message keys of this learner's earlier failed attempts at this exercise.
    /// A second failure of the same kind unlocks the next hint.
    pub earlier: Vec<String>,
}

/// No single check may take longer; a stuck engine is the grader's fault, not the learner's.
const CHECK_TIME: Duration = Duration::from_secs(45);

/// Grades one exercise: its checks in order, up to the first that is unmet.
pub async fn check(
    lesson: &Lesson,
    exercise: &Exercise,
    client: &Client,
    context: &GradeContext,
) -> Outcome {
    let values = random::Values::new(context.seed, &lesson.id, &exercise.id);
    let evidence = evidence::Evidence::new(client, values);
    let mut results = Vec::with_capacity(exercise.checks.len());
    let mut checks = exercise.checks.iter();
    for check in checks.by_ref() {
        let result = one(check, &evidence).await;
        let passed = result.status == Status::Pass;
        results.push(result);
        if !passed {
            break;
        }
    }
    results.extend(checks.map(CheckResult::skipped));
    outcome::of(exercise, results, context)
}

async fn one(check: &Check, evidence: &evidence::Evidence<'_>) -> CheckResult {
    let verdict = tokio::time::timeout(CHECK_TIME, check.condition.evaluate(evidence))
        .await
        .unwrap_or(Err(GraderError::TooSlow(CHECK_TIME)));
    match verdict {
        Ok(verdict) => CheckResult::of(check, verdict),
        Err(error) => {
            tracing::warn!(check = check.id, %error, "a check could not be evaluated");
            CheckResult::not_evaluated(check, &error)
        }
    }
}
