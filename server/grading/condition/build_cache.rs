//! What a rebuild after an edit takes from the build cache.
//!
//! The grader takes a copy of the build context, builds it unchanged, edits one file in the copy and
//! builds again. The learner's files stay as they are; the images made are untagged and removed.

mod context;
mod steps;

use drydock_api::client::{Body, Client, ClientError};
use http::Method;
use serde::Deserialize;

use self::{context::Context, steps::Step};
use super::{image::no_image, text::shown};
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::{Evidence, garbled, read_up_to},
    probe::Cleanup,
    wire,
};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &[
    "image-missing",
    "context-missing",
    "file-missing",
    "build-fails",
    "not-current",
    "redone",
    "stale",
];

/// As much of a build's answer as is read.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// `build-cache = { image = "app", context = "/root/app", edit = "app.sh", keeps = ["RUN"] }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildCache {
    /// The image that the learner built.
    pub image: String,
    /// The directory it was built from, on the workstation.
    pub context: String,
    /// The file that is edited, relative to the context.
    pub edit: String,
    /// Every step of these instructions must come from the cache.
    #[serde(default)]
    pub keeps: Vec<String>,
    /// At least one step of these instructions must be done again.
    #[serde(default)]
    pub redoes: Vec<String>,
}

/// A build's end.
enum Built {
    /// How each step went.
    Image(Vec<Step>),
    /// The engine's words.
    Failed(String),
}

impl BuildCache {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let Some(image) = evidence.image(&self.image).await? else {
            return Ok(no_image("image-missing", &self.image));
        };
        let Some(tar) = evidence.workstation_tar(&self.context).await? else {
            let message = format!("There is no directory {}.", self.context);
            return Ok(Finding::absent("context-missing", message).into());
        };
        let context =
            Context::read(&tar, &self.context).map_err(|error| garbled(&self.context, &error))?;
        // Removes the image too, where it has no other name.
        let tag = format!("drydock-probe-{}", uuid::Uuid::new_v4().simple());
        let cleanup = Cleanup::new(evidence.client(), format!("/images/{tag}?force=1"));
        let verdict = self.rebuild(evidence, &image, context, &tag).await?;
        cleanup.now().await?;
        Ok(verdict)
    }

    async fn rebuild(
        &self,
        evidence: &Evidence<'_>,
        image: &wire::Image,
        mut context: Context,
        tag: &str,
    ) -> Result<Verdict, GraderError> {
        if let Built::Failed(words) = build(evidence.client(), tag, &context).await? {
            return Ok(build_fails(&words));
        }
        let rebuilt = evidence.image(tag).await?;
        if rebuilt.is_none_or(|rebuilt| rebuilt.id != image.id) {
            return Ok(Finding::wrong(
                "not-current",
                format!(
                    "{} is not what {} gives now. Build it again.",
                    self.image, self.context
                ),
            )
            .into());
        }
        if !context.edit(&self.edit) {
            let message = format!("There is no file {} in {}.", self.edit, self.context);
            return Ok(Finding::wrong("file-missing", message).into());
        }
        match build(evidence.client(), tag, &context).await? {
            Built::Failed(words) => Ok(build_fails(&words)),
            Built::Image(steps) => Ok(self.judge(&steps)),
        }
    }

    /// Judges the steps of the build after the edit.
    fn judge(&self, steps: &[Step]) -> Verdict {
        let of = |names: &[String], step: &Step| {
            names
                .iter()
                .any(|name| step.instruction().eq_ignore_ascii_case(name))
        };
        let redone: Vec<_> = steps
            .iter()
            .filter(|step| !step.cached && of(&self.keeps, step))
            .map(|step| step.text.as_str())
            .collect();
        if let Some(first) = redone.first() {
            return Finding::wrong(
                "redone",
                format!("After a change to {}, this step is done again.", self.edit),
            )
            .compared("taken from the cache", shown(first))
            .into();
        }
        let reached = self.redoes.is_empty()
            || steps
                .iter()
                .any(|step| !step.cached && of(&self.redoes, step));
        if reached {
            return Verdict::Pass;
        }
        Finding::wrong(
            "stale",
            format!("A change to {} does not reach the image.", self.edit),
        )
        .compared(
            format!("{} done again", self.redoes.join(" or ")),
            "everything came from the cache",
        )
        .into()
    }
}

fn build_fails(words: &str) -> Verdict {
    Finding::wrong("build-fails", "The build fails.")
        .compared("a build that succeeds", shown(words))
        .into()
}

async fn build(client: &Client, tag: &str, context: &Context) -> Result<Built, GraderError> {
    // No label of the grader's: it would change the image's id.
    let path = format!("/build?t={}&rm=1&forcerm=1", tag);
    let tar = context.tar().map_err(|error| garbled(&path, &error))?;
    let answer = client
        .request(Method::POST, &path, Body::bytes(tar, "application/x-tar"))
        .await;
    let response = match answer {
        Ok(response) => response,
        Err(ClientError::Api { message, .. }) => return Ok(Built::Failed(message)),
        Err(error) => return Err(error.into()),
    };
    let bytes = read_up_to(response, ANSWER_LIMIT).await?;
    let mut printed = String::new();
    for message in serde_json::Deserializer::from_slice(&bytes).into_iter::<wire::BuildMessage>() {
        let message = message.map_err(|error| garbled(&path, &error))?;
        if let Some(error) = message.error {
            return Ok(Built::Failed(error));
        }
        printed.push_str(message.stream.as_deref().unwrap_or_default());
    }
    Ok(Built::Image(steps::parse(&printed)))
}
