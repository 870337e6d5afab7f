//! `/images`.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, registry, transfer};
use crate::{
    Engine,
    container::life::blocking,
    error::EngineError,
    filters::Filters,
    http::{query, version::ApiVersion},
    image::{
        self, ImageError, delete as removal,
        inspect::{self, History},
        list::{self as listing, ListOptions, Summary},
    },
};

type Answer<T> = Result<T, EngineError>;

pub(crate) use listing::{layers_size, summaries};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ListQuery {
    #[serde(deserialize_with = "query::flag")]
    all: bool,
    #[serde(rename = "shared-size", deserialize_with = "query::flag")]
    shared_size: bool,
    filters: Option<String>,
}

pub(crate) async fn list(
    State(engine): State<Engine>,
    Extension(api): Extension<ApiVersion>,
    Asked(asked): Asked<ListQuery>,
) -> Answer<Json<Vec<Summary>>> {
    let filters = Filters::parse(asked.filters.as_deref(), listing::FILTERS)?;
    let options = ListOptions {
        all: asked.all,
        shared_size: asked.shared_size,
    };
    blocking(move || listing::list(&engine, options, &filters, api))
        .await
        .map(Json)
}

/// `/images/{name}/json|history|get`, where the name may have slashes.
pub(crate) async fn get(
    State(engine): State<Engine>,
    Extension(api): Extension<ApiVersion>,
    Path(rest): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Response> {
    match rest.rsplit_once('/') {
        Some((name, "json")) => {
            let name = name.to_owned();
            blocking(move || inspect::inspect(&engine, &name, api))
                .await
                .map(|image| Json(image).into_response())
        }
        Some((name, "history")) => {
            let name = name.to_owned();
            let history: Vec<History> = blocking(move || inspect::history(&engine, &name)).await?;
            Ok(Json(history).into_response())
        }
        Some((_, "attestations")) => Err(EngineError::Unsupported {
            what: "read attestations of images".into(),
            next: "see docker image inspect for what is known of an image",
        }),
        Some((name, "get")) => {
            transfer::save(engine, vec![name.to_owned()], query.as_deref()).await
        }
        _ => Err(EngineError::NoSuchPage),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TagQuery {
    repo: String,
    tag: String,
}

/// `/images/{name}/tag|push`.
pub(crate) async fn post(
    State(engine): State<Engine>,
    Path(rest): Path<String>,
    Asked(asked): Asked<TagQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    match rest.rsplit_once('/') {
        Some((name, "tag")) => {
            let name = name.to_owned();
            blocking(move || tag(&engine, &name, &asked)).await?;
            Ok(StatusCode::CREATED.into_response())
        }
        Some((name, "push")) => registry::push(engine, name, &asked.tag, &headers),
        _ => Err(EngineError::NoSuchPage),
    }
}

fn tag(engine: &Engine, name: &str, asked: &TagQuery) -> Answer<()> {
    let id = inspect::find(engine, name)?;
    let text = if asked.tag.is_empty() {
        asked.repo.clone()
    } else {
        format!("{}:{}", asked.repo, asked.tag)
    };
    let reference: drydock_spec::ImageRef = text.parse().map_err(ImageError::from)?;
    if reference.digest().is_some() {
        return Err(EngineError::Invalid(
            "refusing to create a tag with a digest reference".into(),
        ));
    }
    let reference = reference.with_default_tag();
    Ok(image::tag(engine, &id, &reference).map_err(ImageError::from)?)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct DeleteQuery {
    #[serde(deserialize_with = "query::flag")]
    force: bool,
    #[serde(deserialize_with = "query::flag")]
    noprune: bool,
}

pub(crate) async fn delete(
    State(engine): State<Engine>,
    Path(name): Path<String>,
    Asked(asked): Asked<DeleteQuery>,
) -> Answer<Json<Vec<removal::Line>>> {
    let options = removal::DeleteOptions {
        force: asked.force,
        prune: !asked.noprune,
    };
    blocking(move || removal::delete(&engine, &name, options))
        .await
        .map(Json)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct PruneQuery {
    filters: Option<String>,
}

pub(crate) async fn prune(
    State(engine): State<Engine>,
    Asked(asked): Asked<PruneQuery>,
) -> Answer<Json<Value>> {
    let filters = Filters::parse(
        asked.filters.as_deref(),
        &["dangling", "label", "label!", "until"],
    )?;
    let (lines, bytes) = blocking(move || removal::prune(&engine, &filters)).await?;
    let lines = (!lines.is_empty()).then_some(lines);
    Ok(Json(
        json!({"ImagesDeleted": lines, "SpaceReclaimed": bytes}),
    ))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CreateQuery {
    from_image: String,
    from_src: String,
    tag: String,
    platform: String,
}

/// `docker pull`, or with `fromSrc` `docker import`.
pub(crate) async fn create(
    State(engine): State<Engine>,
    Asked(asked): Asked<CreateQuery>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    if !asked.from_src.is_empty() {
        return transfer::import(engine, query.as_deref().unwrap_or_default(), body).await;
    }
    if asked.from_image.is_empty() {
        // Docker takes it for an import from an address that is empty.
        let words = "Get \"http:\": http: no Host in request URL";
        return Err(EngineError::Failed(words.into()));
    }
    let CreateQuery {
        from_image,
        tag,
        platform,
        ..
    } = asked;
    registry::pull(engine, &from_image, &tag, &platform, &headers).await
}

/// `docker search`: there is nobody to ask.
pub(crate) async fn search() -> EngineError {
    ImageError::NoSearch.into()
}
