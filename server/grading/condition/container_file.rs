//! A file in a running container.

use serde::Deserialize;

use super::Text;
use crate::grading::{Finding, GraderError, Verdict, evidence::Evidence};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &[
    "container-missing",
    "not-running",
    "missing",
    "present",
    "content",
];

/// `container-file = { container = "box", path = "/note.txt", content.contains = "hello" }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContainerFile {
    /// The container's name.
    pub container: String,
    /// An absolute path in it.
    pub path: String,
    /// The file must not be there.
    #[serde(default)]
    pub absent: bool,
    /// What stands in it.
    #[serde(default)]
    pub content: Text,
}

impl ContainerFile {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let (name, path) = (&self.container, &self.path);
        let Some(container) = evidence.container(name).await? else {
            let message = format!("There is no container called {name}.");
            return Ok(Finding::absent("container-missing", message).into());
        };
        if container.state.status != "running" {
            return Ok(Finding::wrong(
                "not-running",
                format!("The container {name} does not run."),
            )
            .compared("running", container.state.status)
            .into());
        }
        let output = evidence.exec(&container.id, &["cat", path]).await?;
        Ok(match (output.exit_code == 0, self.absent) {
            (false, true) => Verdict::Pass,
            (false, false) => {
                Finding::absent("missing", format!("{name} has no file {path}.")).into()
            }
            (true, true) => Finding::wrong("present", format!("{name} has a file {path}.")).into(),
            (true, false) => self
                .content
                .judge(&output.stdout, &evidence.values, "content", path)
                .map_or(Verdict::Pass, Verdict::from),
        })
    }
}
