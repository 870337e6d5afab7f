//! Reading a sandbox over the server's own door. Every answer has a bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use drydock_api::{
    client::{Body, Client, ClientError, percent_encode},
    stdcopy::{Decoder, Stream},
};
use http::{Method, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::AsyncReadExt;

use super::{GraderError, probe, random::Values, wire};

/// As much of a program's output as is ever judged.
const OUTPUT_LIMIT: usize = 256 * 1024;
/// The largest archive of workstation files.
const FILES_LIMIT: usize = 32 * 1024 * 1024;

/// What a program printed, and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output; with a terminal, everything.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub exit_code: i64,
}

impl Output {
    /// Both streams together.
    #[must_use]
    pub fn both(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A sandbox, and the values that differ per learner.
#[derive(Debug)]
pub struct Evidence<'a> {
    client: &'a Client,
    /// The values that differ per learner.
    pub values: Values,
}

impl<'a> Evidence<'a> {
    /// Reads the sandbox behind `client`.
    #[must_use]
    pub fn new(client: &'a Client, values: Values) -> Self {
        Self { client, values }
    }

    /// The client itself, for probes.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// An image by name, if it exists.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn image(&self, name: &str) -> Result<Option<wire::Image>, GraderError> {
        found(self.client.get_json(&format!("/images/{name}/json")).await)
    }

    /// The steps that made an image, oldest first.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn history(
        &self,
        name: &str,
    ) -> Result<Option<Vec<wire::HistoryEntry>>, GraderError> {
        let answer: Option<Vec<wire::HistoryEntry>> = found(
            self.client
                .get_json(&format!("/images/{name}/history"))
                .await,
        )?;
        Ok(answer.map(|mut steps| {
            steps.reverse();
            steps
        }))
    }

    /// A container of the learner's by name, if it exists.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn container(&self, name: &str) -> Result<Option<wire::Container>, GraderError> {
        found(
            self.client
                .get_json(&format!("/containers/{name}/json"))
                .await,
        )
    }

    /// Whether a container ends within this time.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn ends_within(&self, id: &str, time: Duration) -> Result<bool, GraderError> {
        let path = format!("/containers/{id}/wait");
        let wait = self
            .client
            .post_json::<wire::Waited>(&path, &serde_json::Value::Null);
        match tokio::time::timeout(time, wait).await {
            Err(_elapsed) => Ok(false),
            Ok(answer) => found(answer).map(|_| true),
        }
    }

    /// All containers of the learner's, stopped ones too.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn containers(&self) -> Result<Vec<wire::ContainerSummary>, GraderError> {
        let mut all: Vec<wire::ContainerSummary> =
            self.client.get_json("/containers/json?all=1").await?;
        all.retain(|container| {
            !container.labels.contains_key(probe::LABEL) && container.name() != "workstation"
        });
        Ok(all)
    }

    /// What a container has printed.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn logs(&self, id: &str, tty: bool) -> Result<Output, GraderError> {
        let response = self
            .client
            .request(
                Method::GET,
                &format!("/containers/{id}/logs?stdout=1&stderr=1&tail=2000"),
                Body::empty(),
            )
            .await?;
        let bytes = read_up_to(response, OUTPUT_LIMIT).await?;
        if tty {
            return Ok(Output {
                stdout: String::from_utf8_lossy(&bytes).into_owned(),
                ..Output::default()
            });
        }
        decode(bytes, "a container's logs")
    }

    /// Runs a program in a running container.
    ///
    /// # Errors
    /// When the sandbox cannot be asked.
    pub async fn exec(&self, container: &str, argv: &[&str]) -> Result<Output, GraderError> {
        exec(self.client, container, argv).await
    }

    /// A tar of a file or directory on the workstation, if it exists.
    ///
    /// # Errors
    /// When the sandbox cannot be asked, or the tar is larger than 32 MiB.
    pub async fn workstation_tar(&self, path: &str) -> Result<Option<Bytes>, GraderError> {
        let request = format!("/drydock/v1/files?path={}", percent_encode(path));
        let response = self
            .client
            .request(Method::GET, &request, Body::empty())
            .await;
        let Some(response) = found(response)? else {
            return Ok(None);
        };
        let bytes = read_up_to(response, FILES_LIMIT + 1).await?;
        if bytes.len() > FILES_LIMIT {
            return Err(GraderError::TooLarge {
                request,
                limit: FILES_LIMIT,
            });
        }
        Ok(Some(bytes.freeze()))
    }
}

/// Runs a program in a running container and reads what it prints.
///
/// # Errors
/// When the sandbox cannot be asked.
pub async fn exec(client: &Client, container: &str, argv: &[&str]) -> Result<Output, GraderError> {
    let create = serde_json::json!({
        "AttachStdout": true, "AttachStderr": true, "Cmd": argv,
    });
    let created: wire::Created = client
        .post_json(&format!("/containers/{container}/exec"), &create)
        .await?;
    let start = serde_json::json!({ "Detach": false, "Tty": false });
    let mut stream = client
        .hijack(
            Method::POST,
            &format!("/exec/{}/start", created.id),
            Some(&start),
        )
        .await?;
    let mut bytes = BytesMut::new();
    // Read to the end even past the limit: the program must not block on a full pipe.
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = stream
            .read(&mut piece)
            .await
            .map_err(|error| garbled("exec", &error))?;
        if read == 0 {
            break;
        }
        let room = OUTPUT_LIMIT.saturating_sub(bytes.len()).min(read);
        bytes.extend_from_slice(&piece[..room]);
    }
    let state: wire::ExecState = client
        .get_json(&format!("/exec/{}/json", created.id))
        .await?;
    let mut output = decode(bytes, "exec")?;
    output.exit_code = state
        .exit_code
        .ok_or_else(|| garbled("exec", &"it ended without an exit code"))?;
    Ok(output)
}

/// Turns "no such thing" into `None`.
fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, GraderError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads at most `limit` bytes of a body and leaves the rest.
pub(super) async fn read_up_to(
    response: Response<Incoming>,
    limit: usize,
) -> Result<BytesMut, GraderError> {
    let mut body = response.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(ClientError::from)?;
        if let Ok(data) = frame.into_data() {
            let room = limit.saturating_sub(bytes.len()).min(data.len());
            bytes.extend_from_slice(&data[..room]);
        }
        if bytes.len() >= limit {
            break;
        }
    }
    Ok(bytes)
}

fn decode(mut bytes: BytesMut, request: &str) -> Result<Output, GraderError> {
    let (mut stdout, mut stderr) = (BytesMut::new(), BytesMut::new());
    let mut decoder = Decoder::default();
    while let Some((stream, piece)) = decoder
        .decode(&mut bytes)
        .map_err(|error| garbled(request, &error))?
    {
        match stream {
            Stream::Stdin | Stream::Stdout => stdout.extend_from_slice(&piece),
            Stream::Stderr | Stream::System => stderr.extend_from_slice(&piece),
        }
    }
    Ok(Output {
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        exit_code: 0,
    })
}

pub(super) fn garbled(request: &str, reason: &dyn std::fmt::Display) -> GraderError {
    GraderError::Garbled {
        request: request.into(),
        reason: reason.to_string(),
    }
}
