//! `/auth`, `/distribution`, pulls and pushes; at the control door, errands.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Request},
    response::{IntoResponse as _, Response},
};
use drydock_api::{
    errand::{Done, Errand, News, PROTOCOL},
    models::JsonMessage,
};
use drydock_spec::ImageRef;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Asked;
use crate::{
    Engine,
    error::EngineError,
    http::{body, hijack, hijack::Wish, stream},
    image::ImageError,
    registry::{credentials, hosted, hosted_name, pull, push, refused},
};

type Answer<T> = Result<T, EngineError>;

/// `docker pull`. Without a tag, all of them.
pub(super) async fn pull(
    engine: Engine,
    name: &str,
    tag: &str,
    platform: &str,
    headers: &HeaderMap,
) -> Answer<Response> {
    // Read, so that rubbish is refused; what is pulled is for all sandboxes, so only the operator logs in for it.
    credentials::read(headers)?;
    let text = match tag {
        "" => name.to_owned(),
        digest if digest.contains(':') => format!("{name}@{digest}"),
        tag => format!("{name}:{tag}"),
    };
    let name: ImageRef = text.parse().map_err(ImageError::from)?;
    let platform = Some(platform).filter(|platform| !platform.is_empty());
    let (lines, shown) = pull::queue();
    if name.tag().is_none() && name.digest().is_none() {
        let tags = pull::tags(&engine, &name).await?;
        let platform = platform.map(Into::into);
        tokio::spawn(pull::all(engine, name, tags, platform, lines));
    } else {
        let begun = pull::begin(&engine, name, platform).await?;
        tokio::spawn(async move { begun.run(&lines).await });
    }
    Ok(show(shown))
}

/// `docker push`. Without a tag, all of them.
pub(super) fn push(engine: Engine, name: &str, tag: &str, headers: &HeaderMap) -> Answer<Response> {
    let login = credentials::read(headers)?;
    let name: ImageRef = name.parse().map_err(ImageError::from)?;
    if name.digest().is_some() {
        return Err(EngineError::Invalid(
            "cannot push a digest reference".into(),
        ));
    }
    let repository = name.repository().parse().map_err(ImageError::from)?;
    let tag = match (tag, name.tag()) {
        ("", own) => own.map(Into::into),
        (tag, _) => Some(tag.to_owned()),
    };
    let (lines, shown) = pull::queue();
    let push = push::Push {
        repository,
        tag,
        login,
    };
    tokio::spawn(push::run(engine, push, lines));
    Ok(show(shown))
}

/// The lines as the body of an answer.
fn show(mut lines: mpsc::Receiver<JsonMessage>) -> Response {
    let (sender, response) = stream::growing("application/json");
    tokio::spawn(async move {
        // When the client goes, so does the queue, and with it the work.
        loop {
            let line = tokio::select! {
                line = lines.recv() => line,
                () = sender.closed() => return,
            };
            let Some(line) = line else { return };
            if sender.json(&line).await.is_err() {
                return;
            }
        }
    });
    response
}

/// `GET /distribution/{name}/json`.
pub(crate) async fn distribution(
    State(engine): State<Engine>,
    Path(rest): Path<String>,
    headers: HeaderMap,
) -> Answer<Json<Value>> {
    let name = rest.strip_suffix("/json").ok_or(EngineError::NoSuchPage)?;
    let name: ImageRef = name.parse().map_err(ImageError::from)?;
    let name = name.with_default_tag();
    let login = credentials::read(&headers)?;
    if let (Some(hosted), Some(storage)) = (hosted_name(&engine, &name), &engine.hosted) {
        return hosted::describe(storage, &hosted, &name).map(Json);
    }
    let errand = Errand::Look {
        name: name.to_string(),
        login,
    };
    let asked = engine.errands.ask(errand, None).await;
    let mut asked = asked.map_err(|refusal| refused(&name, refusal))?;
    loop {
        match asked.next().await {
            News::Done(Done::Looked {
                descriptor,
                platforms,
            }) => {
                let platforms: Vec<Value> = platforms
                    .into_iter()
                    .map(|(os, architecture, variant)| {
                        hosted::platform(&os, &architecture, &variant)
                    })
                    .collect();
                return Ok(Json(json!({
                    "Descriptor": {
                        "mediaType": descriptor.media_type,
                        "digest": descriptor.digest,
                        "size": descriptor.size,
                    },
                    "Platforms": platforms,
                })));
            }
            News::Failed(refusal) => return Err(refused(&name, refusal)),
            _ => {}
        }
    }
}

/// `POST /auth`: `docker login`.
pub(crate) async fn auth(State(engine): State<Engine>, body: Body) -> Answer<Json<Value>> {
    let asked: credentials::AuthConfig = body::json(body).await?;
    let registry = asked
        .serveraddress
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let registry = registry.split('/').next().unwrap_or_default().to_owned();
    let succeeded = json!({"IdentityToken": "", "Status": "Login Succeeded"});
    // It lets everybody in, as Docker's own registry does when nothing else is said.
    if engine.hosted.is_some() && hosted::HOSTS.contains(&registry.as_str()) {
        return Ok(Json(succeeded));
    }
    if !asked.identitytoken.is_empty() {
        return Err(EngineError::Unsupported {
            what: "log in with an identity token".into(),
            next: "log in with a name and a password",
        });
    }
    let login = asked.login().unwrap_or(drydock_api::errand::Login {
        username: String::new(),
        password: String::new(),
    });
    let errand = Errand::Login {
        registry: registry.clone(),
        login,
    };
    let refusal = match engine.errands.ask(errand, None).await {
        Ok(mut asked) => loop {
            match asked.next().await {
                News::Done(Done::LoggedIn) => return Ok(Json(succeeded)),
                News::Failed(refusal) => break refusal,
                _ => {}
            }
        },
        Err(refusal) => refusal,
    };
    Err(ImageError::login_refused(&registry, refusal).into())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ErrandsQuery {
    protocol: u32,
}

/// The keeper's connection; see [`drydock_api::errand`].
pub(crate) async fn errands(
    State(engine): State<Engine>,
    Asked(asked): Asked<ErrandsQuery>,
    mut request: Request<Body>,
) -> Answer<Response> {
    if asked.protocol != PROTOCOL {
        return Err(EngineError::Invalid(format!(
            "this engine speaks errands of version {PROTOCOL}"
        )));
    }
    let wish = Wish::take(&mut request);
    if !wish.is_upgrade() {
        return Err(EngineError::Invalid("errands need a raw connection".into()));
    }
    tokio::spawn(async move {
        match wish.connection().await {
            Ok(Some(raw)) => engine.errands.serve(raw).await,
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the keeper's connection"),
        }
    });
    Ok(hijack::switching(hijack::RAW_STREAM))
}

/// What an errand's keeper reads.
pub(crate) async fn errand_blob(
    State(engine): State<Engine>,
    Path((id, digest)): Path<(u64, String)>,
) -> Answer<Response> {
    let packed = engine.errands.packed(id).ok_or(EngineError::NoSuchPage)?;
    push::blob(&engine, &packed, &digest).map(|blob| blob.into_response())
}
