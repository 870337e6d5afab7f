//! How many containers there are of a kind.

use serde::Deserialize;

use super::{container::StateName, image::no_image};
use crate::grading::{Finding, GraderError, Verdict, evidence::Evidence, wire};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &["image-missing", "too-few", "too-many"];

/// `containers = { image = "busybox", states = ["exited"], at-most = 0 }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Containers {
    /// Only those made from this image.
    pub image: Option<String>,
    /// Only those in one of these states; none named means any.
    #[serde(default)]
    pub states: Vec<StateName>,
    /// The fewest there may be.
    #[serde(default)]
    pub at_least: usize,
    /// The most there may be.
    pub at_most: Option<usize>,
}

impl Containers {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let image_id = match &self.image {
            None => None,
            Some(name) => match evidence.image(name).await? {
                None => return Ok(no_image("image-missing", name)),
                Some(image) => Some(image.id),
            },
        };
        Ok(self.judge(&evidence.containers().await?, image_id.as_deref()))
    }

    /// Judges the learner's containers; `image_id` is what [`Containers::image`] stands for.
    #[must_use]
    pub fn judge(&self, all: &[wire::ContainerSummary], image_id: Option<&str>) -> Verdict {
        let names: Vec<_> = all
            .iter()
            .filter(|container| image_id.is_none_or(|id| container.image_id == id))
            .filter(|container| self.counts(container))
            .map(wire::ContainerSummary::name)
            .collect();
        let found = match names.as_slice() {
            [] => "none".to_owned(),
            some => format!("{}: {}", some.len(), some.join(", ")),
        };
        if names.len() < self.at_least {
            return Finding::absent("too-few", "There are too few such containers.")
                .compared(format!("at least {}", self.at_least), found)
                .into();
        }
        match self.at_most {
            Some(bound) if names.len() > bound => {
                let expected = match bound {
                    0 => "none".to_owned(),
                    bound => format!("at most {bound}"),
                };
                Finding::wrong("too-many", "There are too many such containers.")
                    .compared(expected, found)
                    .into()
            }
            _ => Verdict::Pass,
        }
    }

    fn counts(&self, container: &wire::ContainerSummary) -> bool {
        self.states.is_empty()
            || self
                .states
                .iter()
                .any(|state| container.state == state.as_str())
    }
}
