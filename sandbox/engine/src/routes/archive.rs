//! `/containers/{id}/archive`, `export` and `changes`: a container's files.

use std::{io, sync::Arc};

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderName, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::{Asked, At, find};
use crate::{
    Engine,
    container::{
        Container,
        archive::{
            Files,
            changes::{self, Change},
            pack,
            path::Place,
            stat::{self, PathStat},
            unpack::{self, UnpackOptions},
        },
        files,
        life::blocking,
    },
    doors::Door,
    error::EngineError,
    http::{
        carry::{self, Permit},
        query,
    },
};

type Answer<T> = Result<T, EngineError>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ArchiveQuery {
    path: String,
    #[serde(rename = "noOverwriteDirNonDir", deserialize_with = "query::flag")]
    keeps_kinds: bool,
    #[serde(rename = "copyUIDGID", deserialize_with = "query::flag")]
    copy_ids: bool,
}

/// What a client asks about, found.
struct Found {
    container: Arc<Container>,
    files: Files,
    place: Place,
    stat: PathStat,
    permit: Permit,
}

async fn look(engine: &Engine, door: Door, id: &str, asked: ArchiveQuery) -> Answer<Found> {
    let container = named(engine, door, id, &asked)?;
    let permit = carry::permit().await?;
    let files = Files::with_mounts(engine, &container).await?;
    let called = id.to_owned();
    blocking(move || {
        let place = Place::parse(&asked.path);
        let look = || {
            let stat = stat::lstat(files.root(), &place)?;
            PathStat::of(files.root(), &place, &stat)
        };
        let stat = look().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => EngineError::NoSuchFile {
                path: asked.path.clone(),
                container: called,
            },
            io::ErrorKind::NotADirectory => {
                EngineError::Failed(format!("lstat {}: not a directory", asked.path))
            }
            _ => EngineError::os("look at a container's file")(error),
        })?;
        Ok(Found {
            container,
            files,
            place,
            stat,
            permit,
        })
    })
    .await
}

fn named(engine: &Engine, door: Door, id: &str, asked: &ArchiveQuery) -> Answer<Arc<Container>> {
    if asked.path.is_empty() {
        // The missing space is Docker's.
        let words = "bad parameter: pathcannot be empty";
        return Err(EngineError::Invalid(words.into()));
    }
    find(engine, door, id)
}

fn with_stat(mut response: Response, stat: &PathStat) -> Response {
    if let Some(value) = stat.header() {
        let name = HeaderName::from_static(stat::HEADER);
        response.headers_mut().insert(name, value);
    }
    response
}

/// What is at a path, in a header.
pub(crate) async fn head(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<ArchiveQuery>,
) -> Answer<Response> {
    let found = look(&engine, door, &id, asked).await?;
    Ok(with_stat(StatusCode::OK.into_response(), &found.stat))
}

/// A file or directory as a tar stream.
pub(crate) async fn get(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<ArchiveQuery>,
) -> Answer<Response> {
    let Found {
        container,
        files,
        place,
        stat,
        permit,
    } = look(&engine, door, &id, asked).await?;
    let response = carry::download(permit, "application/x-tar", move |out| {
        pack::pack(files.root(), &place, out)
    })?;
    engine.events.tell(container.event("archive-path", &[]));
    Ok(with_stat(response, &stat))
}

/// Unpacks a tar stream in a directory.
pub(crate) async fn put(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<ArchiveQuery>,
    body: Body,
) -> Answer<StatusCode> {
    let container = named(&engine, door, &id, &asked)?;
    let permit = carry::permit().await?;
    let files = Files::with_mounts(&engine, &container).await?;
    let event = container.event("extract-to-dir", &[]);
    let options = UnpackOptions {
        path: asked.path,
        keeps_kinds: asked.keeps_kinds,
        copy_ids: asked.copy_ids,
        called: id,
    };
    carry::upload(permit, body, move |pieces| {
        let target = unpack::target(&files, &container, &options)?;
        unpack::unpack(&files, &target, pieces)
    })
    .await?;
    engine.events.tell(event);
    Ok(StatusCode::OK)
}

/// All of a container's layers as one tar stream.
pub(crate) async fn export(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<Response> {
    let container = find(&engine, door, &id)?;
    let permit = carry::permit().await?;
    let files = Files::layers(&engine, &container).await?;
    engine.events.tell(container.event("export", &[]));
    carry::download(permit, "application/octet-stream", move |out| {
        pack::pack_all(files.root(), out)
    })
}

/// What the container has changed; `null` is nothing.
pub(crate) async fn changes(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<Json<Option<Vec<Change>>>> {
    let container = find(&engine, door, &id)?;
    let found = blocking(move || {
        changes::changes(&files::upper(&container.dir), &container.lowers)
            .map_err(EngineError::os("compare a container with its image"))
    })
    .await?;
    Ok(Json(Some(found).filter(|found| !found.is_empty())))
}
