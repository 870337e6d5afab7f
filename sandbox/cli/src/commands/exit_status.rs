//! Waiting for a container, and what its end means for ours.

use drydock_api::client::{Body, read_all};
use http::Method;
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::{docker::Docker, error::CliError};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WaitAnswer {
    status_code: i64,
    error: Option<WaitError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WaitError {
    message: String,
}

/// Somebody waits for the container.
#[derive(Debug)]
pub struct Waiting(JoinHandle<Result<i32, CliError>>);

/// Begins to wait, and returns when the engine has heard it: a container started after that is not missed.
///
/// # Errors
/// When the engine refuses.
pub async fn wait(docker: &Docker, container: &str, condition: &str) -> Result<Waiting, CliError> {
    let mark = if condition.is_empty() {
        ""
    } else {
        "?condition="
    };
    let path = format!("/containers/{container}/wait{mark}{condition}");
    let response = docker.request(Method::POST, &path, Body::empty()).await?;
    let docker = docker.clone();
    Ok(Waiting(tokio::spawn(async move {
        let bytes = read_all(response)
            .await
            .map_err(|error| docker.fail(error))?;
        let answer: WaitAnswer =
            serde_json::from_slice(&bytes).map_err(|error| docker.fail(error.into()))?;
        match answer.error {
            Some(error) if !error.message.is_empty() => Err(CliError::Failed {
                message: error.message,
                code: 125,
            }),
            _ => Ok(i32::try_from(answer.status_code).unwrap_or(1)),
        }
    })))
}

impl Waiting {
    /// The container's exit code.
    ///
    /// # Errors
    /// When the engine broke off.
    pub async fn status(self) -> Result<i32, CliError> {
        self.0
            .await
            .map_err(|error| CliError::failed(error.to_string()))?
    }
}

/// What `docker run` ends with when a container could not be started, by what the engine says of it.
#[must_use]
pub fn code_of_failed_start(message: &str) -> i32 {
    let says = |words: &str| message.contains(words);
    if says("executable file not found")
        || says("no such file or directory")
        || says("system cannot find the file")
    {
        127
    } else if says("permission denied") || says("is a directory") {
        126
    } else {
        125
    }
}

#[cfg(test)]
mod tests {
    use super::code_of_failed_start;

    #[test]
    fn a_missing_program_is_127_and_a_directory_126() {
        assert_eq!(
            code_of_failed_start("exec: \"nosuch\": executable file not found in $PATH: unknown"),
            127
        );
        assert_eq!(
            code_of_failed_start("exec: \"/x\": stat /x: no such file or directory"),
            127
        );
        assert_eq!(
            code_of_failed_start("exec: \"/etc\": permission denied: unknown"),
            126
        );
        assert_eq!(code_of_failed_start("exec: \"/etc\": is a directory"), 126);
        assert_eq!(
            code_of_failed_start("Cannot mkdir: /etc/passwd is not a directory"),
            125
        );
        assert_eq!(
            code_of_failed_start("Conflict. The container name is already in use"),
            125
        );
    }
}
