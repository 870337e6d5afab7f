//! A Dockerfile on the workstation, read by the builder's own parser.

use serde::Deserialize;

use super::workstation_file::first_file;
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::{Evidence, garbled},
};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &["missing", "unreadable", "lacks", "has", "order"];

/// `dockerfile = { path = "/root/app/Dockerfile", has = ["WORKDIR"] }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dockerfile {
    /// Where it stands.
    pub path: String,
    /// Instructions that its last stage must have.
    #[serde(default)]
    pub has: Vec<String>,
    /// Instructions that its last stage must not have.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Instructions in this order in its last stage; others may stand between them.
    #[serde(default)]
    pub order: Vec<String>,
}

impl Dockerfile {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let text = match evidence.workstation_tar(&self.path).await? {
            Some(tar) => first_file(&tar).map_err(|error| garbled(&self.path, &error))?,
            None => None,
        };
        Ok(self.judge(text.as_deref()))
    }

    /// Judges the file's text.
    #[must_use]
    pub fn judge(&self, text: Option<&str>) -> Verdict {
        let Some(text) = text else {
            let message = format!("There is no file {} yet.", self.path);
            return Finding::absent("missing", message).into();
        };
        let parsed = match drydock_dockerfile::Dockerfile::parse(text, &self.path) {
            Ok(parsed) => parsed,
            Err(error) => {
                return Finding::wrong("unreadable", format!("{} cannot be built.", self.path))
                    .compared("a Dockerfile without mistakes", error.to_string())
                    .into();
            }
        };
        let found: Vec<&str> = parsed
            .stages
            .last()
            .map(|stage| {
                stage
                    .steps
                    .iter()
                    .map(|step| step.instruction.name())
                    .collect()
            })
            .unwrap_or_default();
        let is = |name: &str, wanted: &str| name.eq_ignore_ascii_case(wanted);
        let there = |wanted: &&String| found.iter().any(|name| is(name, wanted));
        if let Some(missing) = self.has.iter().find(|wanted| !there(wanted)) {
            return Finding::wrong("lacks", format!("{} has no {missing}.", self.path))
                .compared(missing.clone(), found.join(", "))
                .into();
        }
        if let Some(unwanted) = self.lacks.iter().find(there) {
            return Finding::wrong("has", format!("{} has a {unwanted}.", self.path))
                .compared(format!("no {unwanted}"), found.join(", "))
                .into();
        }
        let mut left = found.iter();
        if self
            .order
            .iter()
            .all(|wanted| left.any(|name| is(name, wanted)))
        {
            return Verdict::Pass;
        }
        Finding::wrong(
            "order",
            format!("The steps of {} are not in that order.", self.path),
        )
        .compared(self.order.join(", "), found.join(", "))
        .into()
    }
}
