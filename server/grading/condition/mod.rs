//! The closed list of what can be checked; one file per kind.
//!
//! Each kind has the shape that authors write in `exercises.toml`, the list of conditions it can
//! report (the second half of a message key), a pure `judge`, and an `evaluate` that gathers the
//! evidence for it.

mod build_cache;
mod container;
mod container_file;
mod containers;
mod dockerfile;
mod history;
mod image;
mod image_file;
mod layers;
mod run;
mod text;
mod workstation_file;

pub use build_cache::BuildCache;
pub use container::Container;
pub use container_file::ContainerFile;
pub use containers::Containers;
pub use dockerfile::Dockerfile;
pub use history::History;
pub use image::Image;
pub use image_file::ImageFile;
pub use layers::Layers;
pub use run::Run;
pub use text::Text;
pub use workstation_file::WorkstationFile;

use super::{GraderError, Verdict, evidence::Evidence};

/// One thing that can be true of a sandbox.
#[derive(Debug, Clone)]
pub enum Condition {
    /// An image exists and is configured so.
    Image(Image),
    /// An image's layers: how many, shared with whom, how much is wasted.
    Layers(Layers),
    /// A file in an image.
    ImageFile(ImageFile),
    /// The steps that made an image.
    History(History),
    /// What a rebuild after an edit takes from the build cache.
    BuildCache(BuildCache),
    /// A Dockerfile on the workstation, parsed.
    Dockerfile(Dockerfile),
    /// One container, by name.
    Container(Container),
    /// How many containers there are of a kind.
    Containers(Containers),
    /// A file in a running container.
    ContainerFile(ContainerFile),
    /// A file on the workstation.
    WorkstationFile(WorkstationFile),
    /// The learner's image, run by the grader with arguments of its own.
    Run(Run),
}

impl Condition {
    /// The second halves of the message keys this can give.
    #[must_use]
    pub fn conditions(&self) -> &'static [&'static str] {
        match self {
            Self::Image(_) => image::CONDITIONS,
            Self::Layers(_) => layers::CONDITIONS,
            Self::ImageFile(_) => image_file::CONDITIONS,
            Self::History(_) => history::CONDITIONS,
            Self::BuildCache(_) => build_cache::CONDITIONS,
            Self::Dockerfile(_) => dockerfile::CONDITIONS,
            Self::Container(_) => container::CONDITIONS,
            Self::Containers(_) => containers::CONDITIONS,
            Self::ContainerFile(_) => container_file::CONDITIONS,
            Self::WorkstationFile(_) => workstation_file::CONDITIONS,
            Self::Run(_) => run::CONDITIONS,
        }
    }

    /// Gathers the evidence and judges it.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        match self {
            Self::Image(check) => check.evaluate(evidence).await,
            Self::Layers(check) => check.evaluate(evidence).await,
            Self::ImageFile(check) => check.evaluate(evidence).await,
            Self::History(check) => check.evaluate(evidence).await,
            Self::BuildCache(check) => check.evaluate(evidence).await,
            Self::Dockerfile(check) => check.evaluate(evidence).await,
            Self::Container(check) => check.evaluate(evidence).await,
            Self::Containers(check) => check.evaluate(evidence).await,
            Self::ContainerFile(check) => check.evaluate(evidence).await,
            Self::WorkstationFile(check) => check.evaluate(evidence).await,
            Self::Run(check) => check.evaluate(evidence).await,
        }
    }
}
