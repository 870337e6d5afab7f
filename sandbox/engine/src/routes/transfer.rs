//! Images in and out: `/images/get`, `/images/load`, `/images/create?fromSrc=…`, `/commit`.

use axum::{
    Extension, Json,
    body::Body,
    extract::{RawQuery, State},
    http::{Request, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, At, find};
use crate::{
    Engine,
    container::life::blocking,
    error::EngineError,
    http::{body, carry, query, stream},
    image::{
        commit::{self, CommitRequest},
        import::{self, ImportRequest},
        load::{self, LoadOptions},
        platform::Platform,
        save as saving,
    },
    wire::RunConfig,
};

type Answer<T> = Result<T, EngineError>;

/// Bytes of a configuration.
const MAX_CONFIG: usize = 4 << 20;

/// `docker save` of any number of images.
pub(crate) async fn get(
    State(engine): State<Engine>,
    RawQuery(query): RawQuery,
) -> Answer<Response> {
    let names = Query::read(query.as_deref()).all("names");
    save(engine, names, query.as_deref()).await
}

/// Images are looked for before the answer begins.
pub(super) async fn save(
    engine: Engine,
    names: Vec<String>,
    query: Option<&str>,
) -> Answer<Response> {
    let platform = Platform::parse(&Query::read(query).one("platform"))?;
    let asked = engine.clone();
    let archive = blocking(move || saving::prepare(&asked, &names, &platform)).await?;
    let permit = carry::permit().await?;
    carry::download(permit, "application/x-tar", move |out| {
        saving::write(&engine, &archive, out)
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct LoadQuery {
    #[serde(deserialize_with = "query::flag")]
    quiet: bool,
    platform: String,
}

/// `docker load`.
pub(crate) async fn load(
    State(engine): State<Engine>,
    Asked(asked): Asked<LoadQuery>,
    body: Body,
) -> Answer<Response> {
    let options = LoadOptions {
        quiet: asked.quiet,
        platform: Platform::parse(&asked.platform)?,
    };
    let permit = carry::permit().await?;
    let (sender, response) = stream::growing("application/json");
    carry::exchange(permit, body, move |archive| {
        load::load(&engine, archive, &options, &sender);
    })?;
    Ok(response)
}

/// `docker import`.
pub(super) async fn import(engine: Engine, query: &str, body: Body) -> Answer<Response> {
    let query = Query::read(Some(query));
    if query.one("fromSrc") != "-" {
        return Err(EngineError::Unsupported {
            what: "fetch a root file system from a URL (docker import URL)".into(),
            next: "a sandbox has no network: bring the file and use docker import FILE",
        });
    }
    let permit = carry::permit().await?;
    let id = carry::upload(permit, body, move |mut tar| {
        let request = ImportRequest::new(
            &query.one("repo"),
            &query.one("tag"),
            &query.one("message"),
            &query.all("changes"),
            &query.one("platform"),
        );
        import::import(&engine, &request?, &mut tar)
    })
    .await?;
    let (sender, response) = stream::growing("application/json");
    tokio::spawn(async move { sender.json(&json!({"status": id.to_string()})).await });
    Ok(response)
}

/// `docker commit`.
pub(crate) async fn commit(
    State(engine): State<Engine>,
    Extension(door): At,
    RawQuery(query): RawQuery,
    request: Request<Body>,
) -> Answer<(StatusCode, Json<Value>)> {
    let query = Query::read(query.as_deref());
    let config = config(body::checked(request)?).await?;
    let container = find(&engine, door, &query.one("container"))?;
    let mut request = CommitRequest::new(
        &container,
        commit::name(&query.one("repo"), &query.one("tag"))?,
        query.one("comment"),
        query.one("author"),
        config,
        &query.all("changes"),
    )?;
    // A client that does not say wants it.
    let pause = query.one("pause");
    request.pause = pause.is_empty() || query::is_true(&pause);
    let id = commit::commit(&engine, &container, request).await?;
    Ok((StatusCode::CREATED, Json(json!({"Id": id.to_string()}))))
}

/// Nothing and `null` are no configuration.
async fn config(body: Body) -> Answer<Option<RunConfig>> {
    let bytes = body::bytes(body, MAX_CONFIG).await?;
    match bytes.trim_ascii() {
        b"" | b"null" => Ok(None),
        _ => body::json(Body::from(bytes)).await.map(Some),
    }
}

/// A query in which names may come more than once.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(query: Option<&str>) -> Self {
        Self(query::pairs(query.unwrap_or_default()).collect())
    }

    fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    fn one(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }
}
