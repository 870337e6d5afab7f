//! What a rebuild after an edit takes from the build cache.
//!
//! The grader takes a copy of the build context, builds it unchanged, edits one file in the copy and
//! builds again. The learner's files stay as they are; the images made are untagged and removed.

mod builder;
mod context;
mod steps;

use serde::Deserialize;

use self::{
    builder::{Builder, Built},
    context::Context,
    steps::Step,
};
use super::{image::no_image, text::shown};
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::{Evidence, garbled},
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
        // One tag for each builder; removing it removes the image too, where it has no other name.
        let tags = [(); 2].map(|()| format!("drydock-probe-{}", uuid::Uuid::new_v4().simple()));
        let remove =
            |tag: &String| Cleanup::new(evidence.client(), format!("/images/{tag}?force=1"));
        let cleanups = tags.each_ref().map(remove);
        let verdict = self.rebuild(evidence, &image, context, &tags).await?;
        for cleanup in cleanups {
            cleanup.now().await?;
        }
        Ok(verdict)
    }

    async fn rebuild(
        &self,
        evidence: &Evidence<'_>,
        image: &wire::Image,
        mut context: Context,
        tags: &[String; 2],
    ) -> Result<Verdict, GraderError> {
        let Some(builder) = current(evidence, image, &context, tags).await? else {
            return Ok(Finding::wrong(
                "not-current",
                format!(
                    "{} is not what {} gives now. Build it again.",
                    self.image, self.context
                ),
            )
            .into());
        };
        let (builder, tag) = match builder {
            Ok(found) => found,
            Err(words) => return Ok(build_fails(&words)),
        };
        if !context.edit(&self.edit) {
            let message = format!("There is no file {} in {}.", self.edit, self.context);
            return Ok(Finding::wrong("file-missing", message).into());
        }
        match builder.build(evidence.client(), tag, &context).await? {
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

/// The builder that gives `image` again, from its cache, and the tag it was given; or why the context cannot be built at
/// all.
async fn current<'a>(
    evidence: &Evidence<'_>,
    image: &wire::Image,
    context: &Context,
    tags: &'a [String; 2],
) -> Result<Option<Result<(Builder, &'a str), String>>, GraderError> {
    for (builder, tag) in [Builder::Own, Builder::Classic].into_iter().zip(tags) {
        if let Built::Failed(words) = builder.build(evidence.client(), tag, context).await? {
            return Ok(Some(Err(words)));
        }
        let rebuilt = evidence.image(tag).await?;
        if rebuilt.is_some_and(|rebuilt| rebuilt.id == image.id) {
            return Ok(Some(Ok((builder, tag))));
        }
    }
    Ok(None)
}
