//! The steps that made an image, from the engine's records.

use serde::Deserialize;

use super::image::no_image;
use crate::grading::{Finding, GraderError, Verdict, evidence::Evidence, wire};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &["missing", "order"];

/// `history = { image = "app", order = ["COPY", "RUN", "COPY"] }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct History {
    /// The image.
    pub image: String,
    /// Instructions that occur in this order; others may stand between them.
    pub order: Vec<String>,
}

impl History {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let Some(steps) = evidence.history(&self.image).await? else {
            return Ok(no_image("missing", &self.image));
        };
        Ok(self.judge(&steps))
    }

    /// Judges the steps, oldest first.
    #[must_use]
    pub fn judge(&self, steps: &[wire::HistoryEntry]) -> Verdict {
        let found: Vec<_> = steps
            .iter()
            .map(|step| instruction(&step.created_by))
            .collect();
        let mut left = found.iter();
        let in_order = self
            .order
            .iter()
            .all(|wanted| left.any(|step| step.eq_ignore_ascii_case(wanted)));
        if in_order {
            return Verdict::Pass;
        }
        Finding::wrong(
            "order",
            format!("The steps of {} are not in that order.", self.image),
        )
        .compared(self.order.join(", "), found.join(", "))
        .into()
    }
}

/// The instruction that a history entry came from.
#[must_use]
pub fn instruction(created_by: &str) -> &str {
    let mut text = created_by.trim_start();
    // Build arguments stand before the command: `|1 VERSION=2 /bin/sh -c make`.
    if text.starts_with('|') {
        return "RUN";
    }
    if let Some(rest) = text.strip_prefix("/bin/sh -c ") {
        match rest.trim_start().strip_prefix("#(nop)") {
            Some(rest) => text = rest.trim_start(),
            None => return "RUN",
        }
    }
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_record_names_its_instruction() {
        for (record, expected) in [
            (r#"/bin/sh -c #(nop)  CMD ["sh"]"#, "CMD"),
            ("/bin/sh -c #(nop) COPY file:1234 in /app/ ", "COPY"),
            ("/bin/sh -c apk add curl", "RUN"),
            ("|1 VERSION=2 /bin/sh -c make", "RUN"),
            ("WORKDIR /app", "WORKDIR"),
            ("RUN /bin/sh -c make # buildkit", "RUN"),
            ("", ""),
        ] {
            assert_eq!(instruction(record), expected, "{record}");
        }
    }

    #[test]
    fn order_allows_steps_between() {
        let steps = |records: &[&str]| -> Vec<_> {
            records
                .iter()
                .map(|&record| wire::HistoryEntry {
                    created_by: record.into(),
                    ..wire::HistoryEntry::default()
                })
                .collect()
        };
        let check = History {
            image: "app".into(),
            order: ["COPY", "RUN", "COPY"].map(String::from).into(),
        };
        let good = steps(&["ADD x", "COPY a", "WORKDIR /", "/bin/sh -c b", "COPY c"]);
        assert_eq!(check.judge(&good), Verdict::Pass);
        let bad = steps(&["ADD x", "COPY a", "COPY c", "/bin/sh -c b"]);
        assert!(
            matches!(check.judge(&bad), Verdict::Unmet(finding) if finding.condition == "order")
        );
    }
}
