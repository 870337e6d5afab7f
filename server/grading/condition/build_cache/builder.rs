//! The two builders of a sandbox: that of its own `docker` command, and the classic one of other clients.

use drydock_api::{
    build::{BuildMessage, BuildRequest, ContextAnswer, DockerfileText},
    client::{Body, Client, ClientError},
};
use http::Method;
use hyper::{Response, body::Incoming};
use serde::de::DeserializeOwned;

use super::{
    context::Context,
    steps::{self, Step},
};
use crate::grading::{
    GraderError,
    evidence::{garbled, read_up_to},
    wire,
};

/// As much of a build's answer as is read.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Who built an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// That of the sandbox's own `docker` command.
    Own,
    /// `POST /build`.
    Classic,
}

/// A build's end.
pub enum Built {
    /// How each step went.
    Image(Vec<Step>),
    /// The engine's words.
    Failed(String),
}

impl Builder {
    /// Builds `context` as `tag`. No label of the grader's: it would change the image's id.
    pub async fn build(
        self,
        client: &Client,
        tag: &str,
        context: &Context,
    ) -> Result<Built, GraderError> {
        let tar = context.tar().map_err(|error| garbled(tag, &error))?;
        match self {
            Self::Own => own(client, tag, tar).await,
            Self::Classic => classic(client, tag, tar).await,
        }
    }
}

/// What a request is answered with; a refusal is the other kind of answer.
async fn ask(
    client: &Client,
    method: Method,
    path: &str,
    body: Body,
) -> Result<Result<Response<Incoming>, String>, GraderError> {
    match client.request(method, path, body).await {
        Ok(response) => Ok(Ok(response)),
        Err(ClientError::Api { message, .. }) => Ok(Err(message)),
        Err(error) => Err(error.into()),
    }
}

/// The JSON values of an answer.
async fn values<T: DeserializeOwned>(
    path: &str,
    response: Response<Incoming>,
) -> Result<Vec<T>, GraderError> {
    let bytes = read_up_to(response, ANSWER_LIMIT).await?;
    let values = serde_json::Deserializer::from_slice(&bytes).into_iter::<T>();
    let values: Result<Vec<T>, _> = values.collect();
    values.map_err(|error| garbled(path, &error))
}

async fn own(client: &Client, tag: &str, tar: Vec<u8>) -> Result<Built, GraderError> {
    let path = "/drydock/v1/build/contexts/new";
    let sent = ask(
        client,
        Method::PUT,
        path,
        Body::bytes(tar, "application/x-tar"),
    )
    .await?;
    let context = match sent {
        Ok(response) => values::<ContextAnswer>(path, response).await?.pop(),
        Err(words) => return Ok(Built::Failed(words)),
    };
    let request = BuildRequest {
        context: context.map(|context| context.id),
        dockerfile: DockerfileText {
            name: "Dockerfile".into(),
            text: None,
        },
        tags: vec![tag.into()],
        ..BuildRequest::default()
    };
    let path = "/drydock/v1/build";
    let body = serde_json::to_vec(&request).map_err(|error| garbled(path, &error))?;
    let answer = ask(
        client,
        Method::POST,
        path,
        Body::bytes(body, "application/json"),
    )
    .await?;
    let messages = match answer {
        Ok(response) => values::<BuildMessage>(path, response).await?,
        Err(words) => return Ok(Built::Failed(words)),
    };
    match messages.into_iter().next_back() {
        Some(BuildMessage::Result(outcome)) => Ok(Built::Image(steps::of_reports(&outcome.steps))),
        Some(BuildMessage::Error(failure)) => Ok(Built::Failed(failure.message)),
        _ => Ok(Built::Failed("the build broke off".into())),
    }
}

async fn classic(client: &Client, tag: &str, tar: Vec<u8>) -> Result<Built, GraderError> {
    let path = format!("/build?t={tag}&rm=1&forcerm=1");
    let answer = ask(
        client,
        Method::POST,
        &path,
        Body::bytes(tar, "application/x-tar"),
    )
    .await?;
    let messages = match answer {
        Ok(response) => values::<wire::BuildMessage>(&path, response).await?,
        Err(words) => return Ok(Built::Failed(words)),
    };
    let mut printed = String::new();
    for message in messages {
        if let Some(error) = message.error {
            return Ok(Built::Failed(error));
        }
        printed.push_str(message.stream.as_deref().unwrap_or_default());
    }
    Ok(Built::Image(steps::parse(&printed)))
}
