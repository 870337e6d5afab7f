//! The build itself: contexts, then the request, then what the engine says of it.

use drydock_api::{
    build::{BuildMessage, BuildRequest, DockerfileText},
    client::{Body, ClientError},
};
use http::Method;

use super::{
    Asked, Definition, Line, Place, Results, call, fetch,
    own::{Slot, Told},
    place, upload,
};
use crate::{docker::Docker, error::CliError, progress::Messages};

const BUILD: &str = "/drydock/v1/build";
const LOAD: &str = "[internal] load .dockerignore";
/// What BuildKit counts for a file that is not there.
const EMPTY: u64 = 2;

/// Does all of it; what comes back is told by the caller, once the display has ended.
///
/// # Errors
/// When files cannot be read, or the engine cannot be spoken to.
pub async fn all(
    line: Line,
    asked: Asked,
    place: Place,
    definition: Definition,
) -> Result<Results, CliError> {
    let mut request = asked.request;
    request.dockerfile = dockerfile(&line, &definition).await?;
    match place {
        Place::Directory(root) => {
            let text = request.dockerfile.text.clone().unwrap_or_default();
            let (ignore, rules) = ignored(&line, &root, &definition).await?;
            request.ignore = ignore;
            if !request.check {
                // It is sent in any case, since a base image may have triggers.
                let name = call::needs_context(&text).then_some("[internal] load build context");
                request.context = Some(upload::directory(&line, &root, rules, name).await?);
            }
        }
        Place::Archive(head) => request.context = Some(upload::archive(&line, head).await?),
        Place::Empty => {}
    }
    if !request.check {
        for context in &asked.contexts {
            let (_, rules) = place::ignore(&context.root, &Definition::Text(Vec::new()))
                .map_err(CliError::failed)?;
            let name = format!("[context {}] load from client", context.name);
            let id = upload::directory(&line, &context.root, rules, Some(&name)).await?;
            request
                .contexts
                .insert(context.name.clone(), format!("context:{id}"));
        }
    }
    let ended = build(&line, &request).await?;
    if let Results::Done(outcome) = &ended {
        fetch::all(&line, &asked.exports, &outcome.outputs).await?;
    }
    Ok(ended)
}

/// Reads the Dockerfile, as the first step of the display.
async fn dockerfile(line: &Line, definition: &Definition) -> Result<DockerfileText, CliError> {
    let shown = definition.shown().to_owned();
    let read = definition.read();
    if !matches!(read, Ok(None)) {
        let step = format!("[internal] load build definition from {shown}");
        let (bytes, error) = match &read {
            Ok(text) => (text.as_ref().map_or(0, String::len) as u64, ""),
            Err(why) => (EMPTY, why.as_str()),
        };
        line.step(Slot::Now, &step, "transferring dockerfile:", bytes, error)
            .await;
    }
    let text = read.map_err(|why| CliError::failed(format!("failed to solve: {why}")))?;
    Ok(DockerfileText { name: shown, text })
}

async fn ignored(
    line: &Line,
    root: &std::path::Path,
    definition: &Definition,
) -> Result<(Option<String>, drydock_dockerfile::DockerIgnore), CliError> {
    let read = place::ignore(root, definition);
    let (bytes, error) = match &read {
        Ok((text, _)) => (text.as_ref().map_or(EMPTY, |text| text.len() as u64), ""),
        Err(why) => (EMPTY, why.as_str()),
    };
    line.step(Slot::Ignore, LOAD, "transferring context:", bytes, error)
        .await;
    read.map_err(|why| CliError::failed(format!("failed to solve: {why}")))
}

/// Asks for the build and passes on what is told of it.
async fn build(line: &Line, request: &BuildRequest) -> Result<Results, CliError> {
    let docker = &line.docker;
    let body = Body::json(request).map_err(|error| docker.fail(error.into()))?;
    let response = docker
        .try_request(Method::POST, BUILD, body)
        .await
        .map_err(|error| refused(docker, error))?;
    let mut messages = Messages::<BuildMessage>::new(response);
    while let Some(message) = messages.next().await? {
        match message {
            BuildMessage::Status(status) => {
                // Without a display the build is given up anyway.
                let _ = line.tell.send(Told::Engine(status)).await;
            }
            BuildMessage::Result(outcome) => return Ok(Results::Done(outcome)),
            BuildMessage::Error(failure) => return Ok(Results::Failed(failure)),
        }
    }
    Err(CliError::failed(
        "failed to solve: the engine broke the build off without a reason",
    ))
}

/// The engine's refusal, in its own words.
fn refused(docker: &Docker, error: ClientError) -> CliError {
    match error {
        ClientError::Api { message, .. } => CliError::failed(format!("failed to solve: {message}")),
        other => docker.fail(other),
    }
}
