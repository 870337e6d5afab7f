//! A file on the workstation.

use std::io::Read;

use serde::Deserialize;

use super::Text;
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::{Evidence, garbled},
};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &["missing", "content"];

/// As much of a file as is ever judged.
const LIMIT: u64 = 256 * 1024;

/// `workstation-file = { path = "/root/answer.txt", content.is = "4" }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WorkstationFile {
    /// An absolute path.
    pub path: String,
    /// What stands in it.
    #[serde(default)]
    pub content: Text,
}

impl WorkstationFile {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let missing = || Finding::absent("missing", format!("There is no file {} yet.", self.path));
        let Some(tar) = evidence.workstation_tar(&self.path).await? else {
            return Ok(missing().into());
        };
        let Some(text) = first_file(&tar).map_err(|error| garbled(&self.path, &error))? else {
            return Ok(missing().into());
        };
        Ok(self
            .content
            .judge(&text, &evidence.values, "content", &self.path)
            .map_or(Verdict::Pass, Verdict::from))
    }
}

/// The text of the first ordinary file in a tar.
pub(super) fn first_file(tar: &[u8]) -> std::io::Result<Option<String>> {
    for entry in tar::Archive::new(tar).entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.take(LIMIT).read_to_end(&mut bytes)?;
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(None)
}
