//! One case of `drydock lesson test`: a fresh sandbox, a script, a verdict.

use std::time::Duration;

use drydock_api::client::{Client, ClientError};
use serde_json::Value;

use crate::{
    grading::{self, GradeContext, GraderError, Outcome, Status, evidence},
    lessons::{Exercise, Lesson},
};

/// No case may take longer.
const CASE_TIME: Duration = Duration::from_secs(180);
/// Any number will do, as long as it is the same at each run.
const SEED: u64 = 2718;

/// What a case expects.
#[derive(Debug, Clone, Copy)]
pub enum Case<'a> {
    /// Nothing was done: must not pass.
    Untouched,
    /// The author's solution: must pass.
    Solution(&'a str),
    /// A known mistake: must give its message.
    Wrong {
        /// What makes the mistake.
        script: &'a str,
        /// The key that it must give.
        expect: &'a str,
    },
}

/// Why a case is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// It took too long.
    #[error("it did not end within {} seconds", CASE_TIME.as_secs())]
    TooSlow,
    /// The sandbox could not be asked.
    #[error("the sandbox could not be asked: {0}")]
    Client(#[from] ClientError),
    /// The sandbox could not be asked.
    #[error(transparent)]
    Grader(#[from] GraderError),
    /// The solution does not even run.
    #[error("the script ended with exit code {code}:\n{output}")]
    Script {
        /// The exit code.
        code: i64,
        /// What it printed.
        output: String,
    },
    /// The exercise passes before anything is done.
    #[error("it passes although nothing was done")]
    PassesUntouched,
    /// The solution is not accepted.
    #[error("the solution does not pass: {0}")]
    SolutionFails(String),
    /// A mistake is accepted.
    #[error("it passes, and should give {0}")]
    MistakePasses(String),
    /// A mistake gives another message.
    #[error("it should give {expect}, and gives {found}")]
    OtherKey {
        /// The key that it should give.
        expect: String,
        /// What it gives.
        found: String,
    },
    /// The check itself broke.
    #[error("the grader broke: {0}")]
    GraderBroke(String),
    /// Checking again gave another result.
    #[error("checked a second time, it is {0:?}")]
    NotRepeatable(Status),
    /// Checking left something behind.
    #[error("the check changed what the learner sees: before {before}, after {after}")]
    SideEffect {
        /// Containers and images before.
        before: String,
        /// Containers and images after.
        after: String,
    },
}

impl Case<'_> {
    /// Plays the case in a fresh sandbox.
    pub async fn play(
        self,
        lesson: &Lesson,
        exercise: &Exercise,
        client: &Client,
    ) -> Result<(), CaseError> {
        tokio::time::timeout(CASE_TIME, self.play_unbounded(lesson, exercise, client))
            .await
            .unwrap_or(Err(CaseError::TooSlow))
    }

    async fn play_unbounded(
        self,
        lesson: &Lesson,
        exercise: &Exercise,
        client: &Client,
    ) -> Result<(), CaseError> {
        let context = GradeContext {
            seed: SEED,
            earlier: Vec::new(),
        };
        match self {
            Self::Untouched => {}
            // Each line of a solution must succeed; a mistake may be one that Docker refuses.
            Self::Solution(script) => run(client, &format!("set -e\n{script}"), true).await?,
            Self::Wrong { script, .. } => run(client, script, false).await?,
        }
        let before = visible(client).await?;
        let outcome = grading::check(lesson, exercise, client, &context).await;
        if outcome.status == Status::GraderError {
            return Err(CaseError::GraderBroke(told(&outcome)));
        }
        self.judge(&outcome)?;
        let again = grading::check(lesson, exercise, client, &context).await;
        if again.status != outcome.status || again.key() != outcome.key() {
            return Err(CaseError::NotRepeatable(again.status));
        }
        let after = visible(client).await?;
        if before != after {
            return Err(CaseError::SideEffect { before, after });
        }
        Ok(())
    }

    fn judge(self, outcome: &Outcome) -> Result<(), CaseError> {
        let passed = outcome.status == Status::Pass;
        match self {
            Self::Untouched if passed => Err(CaseError::PassesUntouched),
            Self::Solution(_) if !passed => Err(CaseError::SolutionFails(told(outcome))),
            Self::Wrong { expect, .. } if passed => Err(CaseError::MistakePasses(expect.into())),
            Self::Wrong { expect, .. } if outcome.key() != Some(expect) => {
                Err(CaseError::OtherKey {
                    expect: expect.into(),
                    found: told(outcome),
                })
            }
            _ => Ok(()),
        }
    }
}

/// The one message that a learner would read, on one line.
fn told(outcome: &Outcome) -> String {
    let Some(check) = outcome.first_unmet() else {
        return "nothing".into();
    };
    let mut told = format!("{}: {}", check.key, check.message);
    if let (Some(expected), Some(found)) = (&check.expected, &check.found) {
        told.push_str(&format!(" (expected {expected}; found {found})"));
    }
    told.replace('\n', " ")
}

async fn run(client: &Client, script: &str, must_succeed: bool) -> Result<(), CaseError> {
    let script = format!("cd /root\n{script}");
    let output = evidence::exec(client, "workstation", &["sh", "-c", &script]).await?;
    if must_succeed && output.exit_code != 0 {
        return Err(CaseError::Script {
            code: output.exit_code,
            output: output.both(),
        });
    }
    Ok(())
}

/// The ids of all containers and the names of all images.
async fn visible(client: &Client) -> Result<String, ClientError> {
    let texts = |list: Value, key: &str| -> Vec<String> {
        let mut texts: Vec<_> = list
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| entry[key].to_string())
            .collect();
        texts.sort();
        texts
    };
    let containers = texts(client.get_json("/containers/json?all=1").await?, "Id");
    let images = texts(client.get_json("/images/json").await?, "RepoTags");
    Ok(format!("{} {}", containers.join(","), images.join(",")))
}
