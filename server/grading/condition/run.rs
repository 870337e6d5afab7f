//! The learner's image, run by the grader with arguments of its own: the true test of CMD and ENTRYPOINT.

use std::time::Duration;

use serde::Deserialize;

use super::{Text, image::no_image, text::shown};
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::{Evidence, Output},
    probe::{Probe, Ran},
    random::Values,
};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &[
    "image-missing",
    "does-not-start",
    "still-running",
    "exit-code",
    "output",
];

/// `run = { image = "greet", args = ["{word}"], output.is = "Hello, {word}!" }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Run {
    /// The image.
    pub image: String,
    /// The words after its name; none leaves the image's own `CMD`.
    #[serde(default)]
    pub args: Vec<String>,
    /// In place of the image's own.
    pub entrypoint: Option<Vec<String>>,
    /// `KEY=VALUE`.
    #[serde(default)]
    pub env: Vec<String>,
    /// In place of the image's own.
    pub user: Option<String>,
    /// The exit code.
    pub exit_code: Option<i64>,
    /// What it prints, stdout then stderr.
    #[serde(default)]
    pub output: Text,
    /// It should still run when its time is over.
    #[serde(default)]
    pub keeps_running: bool,
    /// How long it may take.
    #[serde(default = "seconds")]
    pub seconds: u64,
}

fn seconds() -> u64 {
    5
}

impl Run {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        if evidence.image(&self.image).await?.is_none() {
            return Ok(no_image("image-missing", &self.image));
        }
        let filled = |words: &[String]| -> Vec<String> {
            words
                .iter()
                .map(|word| evidence.values.fill(word))
                .collect()
        };
        let probe = Probe {
            image: self.image.clone(),
            args: filled(&self.args),
            entrypoint: self.entrypoint.as_deref().map(filled),
            env: filled(&self.env),
            user: self.user.clone(),
            time: Duration::from_secs(self.seconds.min(30)),
        };
        let ran = probe.run(evidence).await?;
        Ok(self.judge(&ran, &evidence.values))
    }

    /// Judges how the probe ended.
    #[must_use]
    pub fn judge(&self, ran: &Ran, values: &Values) -> Verdict {
        let command = self.command(values);
        let output = match ran {
            Ran::DidNotStart(words) => {
                return Finding::wrong("does-not-start", format!("`{command}` does not start."))
                    .compared("a running container", shown(words))
                    .into();
            }
            Ran::StillRunning(output) if self.keeps_running => output,
            Ran::StillRunning(output) => {
                return Finding::wrong("still-running", format!("`{command}` does not end."))
                    .compared(
                        format!("ends within {} seconds", self.seconds),
                        format!("still running; printed: {}", shown(output.both().trim())),
                    )
                    .into();
            }
            Ran::Exited(output) => output,
        };
        self.judge_output(output, &command, values)
    }

    fn judge_output(&self, output: &Output, command: &str, values: &Values) -> Verdict {
        // What it printed says more to a learner than a bare number.
        if let Some(finding) = self.output.judge(
            &output.both(),
            values,
            "output",
            &format!("What `{command}` prints"),
        ) {
            return finding.into();
        }
        match self.exit_code {
            Some(wanted) if wanted != output.exit_code => Finding::wrong(
                "exit-code",
                format!("`{command}` ends with another exit code."),
            )
            .compared(wanted.to_string(), output.exit_code.to_string())
            .into(),
            _ => Verdict::Pass,
        }
    }

    /// The probe as a learner would type it.
    fn command(&self, values: &Values) -> String {
        let mut words = vec!["docker run --rm".to_owned()];
        if let Some([program, ..]) = self.entrypoint.as_deref() {
            words.push(format!("--entrypoint {program}"));
        }
        words.push(self.image.clone());
        words.extend(self.entrypoint.iter().flatten().skip(1).cloned());
        words.extend(self.args.iter().map(|word| values.fill(word)));
        words.join(" ")
    }
}
