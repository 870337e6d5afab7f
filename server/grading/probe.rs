//! Throw-away containers: the grader runs the learner's image with arguments of its own.
//!
//! They are made over the server's door, which the learner's `docker ps` does not see, carry a label,
//! and are removed when the probe is dropped, however the check ends.

use std::{collections::BTreeMap, time::Duration};

use drydock_api::client::{Client, ClientError};
use http::Method;
use serde::Serialize;

use super::{
    GraderError,
    evidence::{Evidence, Output},
    wire,
};

/// The label on every throw-away container and image.
pub const LABEL: &str = "drydock.probe";

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// The image.
    pub image: String,
    /// The words after the image's name; none leaves the image's own.
    pub args: Vec<String>,
    /// In place of the image's own.
    pub entrypoint: Option<Vec<String>>,
    /// `KEY=VALUE`.
    pub env: Vec<String>,
    /// In place of the image's own.
    pub user: Option<String>,
    /// It is ended after this.
    pub time: Duration,
}

/// How a probe ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It ended by itself.
    Exited(Output),
    /// It was still running when its time was over; what it had printed so far.
    StillRunning(Output),
    /// The engine could not start it, in the engine's words.
    DidNotStart(String),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateBody<'a> {
    image: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    cmd: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<&'a [String]>,
    env: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    attach_stdout: bool,
    attach_stderr: bool,
    labels: BTreeMap<&'a str, &'a str>,
    host_config: CreateHostConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateHostConfig<'a> {
    network_mode: &'a str,
}

impl Probe {
    /// Runs it and removes it.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn run(&self, evidence: &Evidence<'_>) -> Result<Ran, GraderError> {
        let client = evidence.client();
        let id = match self.create(client).await {
            Ok(created) => created.id,
            Err(ClientError::Api { message, .. }) => return Ok(Ran::DidNotStart(message)),
            Err(error) => return Err(error.into()),
        };
        let container = Cleanup::new(client, format!("/containers/{id}?force=1&v=1"));
        let ran = self.start(evidence, &id).await?;
        container.now().await?;
        Ok(ran)
    }

    async fn start(&self, evidence: &Evidence<'_>, id: &str) -> Result<Ran, GraderError> {
        let client = evidence.client();
        match client
            .call(Method::POST, &format!("/containers/{id}/start"))
            .await
        {
            Ok(()) => {}
            Err(ClientError::Api { message, .. }) => return Ok(Ran::DidNotStart(message)),
            Err(error) => return Err(error.into()),
        }
        let path = format!("/containers/{id}/wait");
        let wait = client.post_json::<wire::Waited>(&path, &serde_json::Value::Null);
        let waited = tokio::time::timeout(self.time, wait).await;
        let mut output = evidence.logs(id, false).await?;
        Ok(match waited {
            Err(_elapsed) => Ran::StillRunning(output),
            Ok(waited) => {
                output.exit_code = waited?.status_code;
                Ran::Exited(output)
            }
        })
    }

    async fn create(&self, client: &Client) -> Result<wire::Created, ClientError> {
        let body = CreateBody {
            image: &self.image,
            cmd: &self.args,
            entrypoint: self.entrypoint.as_deref(),
            env: &self.env,
            user: self.user.as_deref(),
            attach_stdout: true,
            attach_stderr: true,
            labels: BTreeMap::from([(LABEL, "1")]),
            host_config: CreateHostConfig {
                network_mode: "none",
            },
        };
        let name = format!("drydock-probe-{}", uuid::Uuid::new_v4().simple());
        client
            .post_json(&format!("/containers/create?name={name}"), &body)
            .await
    }
}

/// Removes something when it is dropped, also when the check is broken off.
pub(super) struct Cleanup {
    client: Client,
    /// What to `DELETE`; `None` once that is done.
    path: Option<String>,
}

impl Cleanup {
    /// `DELETE path` at the end.
    pub fn new(client: &Client, path: String) -> Self {
        Self {
            client: client.clone(),
            path: Some(path),
        }
    }

    /// Removes it now. That there is nothing to remove is as good.
    pub async fn now(mut self) -> Result<(), ClientError> {
        let Some(path) = self.path.take() else {
            return Ok(());
        };
        match self.client.call(Method::DELETE, &path).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let client = self.client.clone();
            // Nobody is left to be told how it went.
            tokio::spawn(async move { client.call(Method::DELETE, &path).await.ok() });
        }
    }
}
