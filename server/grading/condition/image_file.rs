//! A file in an image, read by a throw-away container.

use std::time::Duration;

use serde::Deserialize;

use super::{Text, image::no_image};
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::Evidence,
    probe::{Probe, Ran},
};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &["image-missing", "missing", "present", "content"];

/// `image-file = { image = "app", path = "/app/run.sh" }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageFile {
    /// The image.
    pub image: String,
    /// An absolute path in it.
    pub path: String,
    /// The file must not be there.
    #[serde(default)]
    pub absent: bool,
    /// What stands in it.
    #[serde(default)]
    pub content: Text,
}

impl ImageFile {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        if evidence.image(&self.image).await?.is_none() {
            return Ok(no_image("image-missing", &self.image));
        }
        let read = Probe {
            image: self.image.clone(),
            entrypoint: Some(vec!["cat".into()]),
            args: vec![self.path.clone()],
            user: Some("0".into()),
            time: Duration::from_secs(10),
            ..Probe::default()
        };
        let content = match read.run(evidence).await? {
            Ran::Exited(output) if output.exit_code == 0 => Some(output.stdout),
            // `cat` names a directory as one: it is there, without content.
            Ran::Exited(output) if output.stderr.to_lowercase().contains("is a directory") => {
                Some(String::new())
            }
            _ => None,
        };
        let (path, image) = (&self.path, &self.image);
        Ok(match content {
            None if self.absent => Verdict::Pass,
            None => Finding::wrong("missing", format!("{image} has no file {path}.")).into(),
            Some(_) if self.absent => {
                Finding::wrong("present", format!("{image} still has the file {path}.")).into()
            }
            Some(content) => self
                .content
                .judge(&content, &evidence.values, "content", path)
                .map_or(Verdict::Pass, Verdict::from),
        })
    }
}
