//! `/containers`, but for their streams.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use drydock_runtime::container::TermSize;
use drydock_spec::ContainerState;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, At, find, target, workstation};
use crate::{
    Engine, clock,
    container::{
        self,
        create::Created,
        files,
        life::{
            blocking,
            remove::RemoveOptions,
            stop::StopOptions,
            wait::{self, Condition},
        },
        summary::{self, ListOptions},
        top::Top,
    },
    error::EngineError,
    exec::Target,
    filters::Filters,
    http::{body, query, stream},
    signals,
    wire::container::{CreateAnswer, CreateRequest, Inspect, Summary},
};

type Answer<T> = Result<T, EngineError>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ListQuery {
    #[serde(deserialize_with = "query::flag")]
    all: bool,
    #[serde(deserialize_with = "query::number")]
    limit: Option<i64>,
    #[serde(deserialize_with = "query::flag")]
    size: bool,
    filters: Option<String>,
}

pub(crate) async fn list(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<ListQuery>,
) -> Answer<Json<Vec<Summary>>> {
    let options = ListOptions {
        all: asked.all,
        limit: asked
            .limit
            .filter(|limit| *limit > 0)
            .and_then(|limit| usize::try_from(limit).ok()),
        size: asked.size,
        filters: Filters::parse(asked.filters.as_deref(), summary::FILTERS)?,
    };
    blocking(move || summary::list(&engine, door, &options))
        .await
        .map(Json)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct CreateQuery {
    name: Option<String>,
}

pub(crate) async fn create(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<CreateQuery>,
    request: Body,
) -> Answer<(StatusCode, Json<CreateAnswer>)> {
    let request: CreateRequest = body::json(request).await?;
    let name = asked.name.filter(|name| !name.is_empty());
    let Created {
        container,
        warnings,
    } = blocking(move || container::create::create(&engine, door, name.as_deref(), request))
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(CreateAnswer {
            id: container.id.to_string(),
            warnings,
        }),
    ))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct InspectQuery {
    #[serde(deserialize_with = "query::flag")]
    size: bool,
}

pub(crate) async fn inspect(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<InspectQuery>,
) -> Answer<Response> {
    let container = match target(&engine, door, &id)? {
        Target::Container(container) => container,
        Target::Workstation => return Ok(Json(workstation::inspect(&engine)).into_response()),
    };
    let answer = move || Ok(container::inspect::inspect(&engine, &container, asked.size));
    let inspected: Inspect = if asked.size {
        blocking(answer).await?
    } else {
        answer()?
    };
    Ok(Json(inspected).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TopQuery {
    ps_args: String,
}

pub(crate) async fn top(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<TopQuery>,
) -> Answer<Json<Top>> {
    let target = target(&engine, door, &id)?;
    let (looking, looked_at) = (engine.clone(), target.clone());
    let top = blocking(move || container::top::top(&looking, &looked_at, &asked.ps_args)).await?;
    if let Target::Container(container) = target {
        engine.events.tell(container.event("top", &[]));
    }
    Ok(Json(top))
}

pub(crate) async fn start(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    container::life::start::start(&engine, &find(&engine, door, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct StopQuery {
    t: Option<String>,
    signal: Option<String>,
}

impl StopQuery {
    fn options(&self) -> Answer<StopOptions> {
        let number = |text: &String| {
            text.parse().map_err(|_| {
                EngineError::Invalid(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
            })
        };
        Ok(StopOptions {
            grace: self
                .t
                .as_ref()
                .filter(|t| !t.is_empty())
                .map(number)
                .transpose()?,
            signal: self
                .signal
                .as_deref()
                .filter(|s| !s.is_empty())
                .map(signals::parse)
                .transpose()?,
        })
    }
}

pub(crate) async fn stop(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StopQuery>,
) -> Answer<StatusCode> {
    container::life::stop::stop(&engine, &find(&engine, door, &id)?, asked.options()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn restart(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StopQuery>,
) -> Answer<StatusCode> {
    container::life::stop::restart(&engine, &find(&engine, door, &id)?, asked.options()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn kill(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<StopQuery>,
) -> Answer<StatusCode> {
    let signal = match asked.signal.as_deref() {
        None | Some("") => 9,
        Some(name) => signals::parse(name)?,
    };
    let container = find(&engine, door, &id)?;
    container::life::stop::kill(&engine, &container, signal)?;
    if signal == 9 {
        container::life::stop::killed(&container).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RenameQuery {
    name: String,
}

pub(crate) async fn rename(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<RenameQuery>,
) -> Answer<StatusCode> {
    let container = find(&engine, door, &id)?;
    let old = engine.containers.rename(&container, &asked.name)?;
    engine
        .events
        .tell(container.event("rename", &[("oldName", format!("/{old}"))]));
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct WaitQuery {
    condition: String,
}

/// The headers go out at once: the CLI waits for them before it starts the container.
pub(crate) async fn wait(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<WaitQuery>,
) -> Answer<Response> {
    let container = find(&engine, door, &id)?;
    let code = wait::wait(&container, Condition::parse(&asked.condition)?);
    let (sender, response) = stream::growing("application/json");
    tokio::spawn(async move {
        tokio::select! {
            code = code => drop(sender.json(&json!({"StatusCode": code})).await),
            () = sender.closed() => {}
        }
    });
    Ok(response)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ResizeQuery {
    h: String,
    w: String,
}

impl ResizeQuery {
    pub(super) fn size(&self) -> Answer<TermSize> {
        let number = |text: &str| {
            text.parse().map_err(|_| {
                EngineError::Invalid(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
            })
        };
        Ok(TermSize {
            cols: number(&self.w)?,
            rows: number(&self.h)?,
        })
    }
}

pub(crate) async fn resize(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<ResizeQuery>,
) -> Answer<StatusCode> {
    let container = find(&engine, door, &id)?;
    let size = asked.size()?;
    let process = container
        .state()
        .process
        .ok_or_else(|| EngineError::NotRunning(container.id.to_string()))?;
    if let Some(pty) = process.pty() {
        pty.resize(size)
            .map_err(EngineError::os("resize the terminal"))?;
        let more = [
            ("height", size.rows.to_string()),
            ("width", size.cols.to_string()),
        ];
        engine.events.tell(container.event("resize", &more));
    }
    Ok(StatusCode::OK)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RemoveQuery {
    #[serde(deserialize_with = "query::flag")]
    force: bool,
    #[serde(deserialize_with = "query::flag")]
    v: bool,
    #[serde(deserialize_with = "query::flag")]
    link: bool,
}

pub(crate) async fn remove(
    State(engine): State<Engine>,
    Extension(door): At,
    Path(id): Path<String>,
    Asked(asked): Asked<RemoveQuery>,
) -> Answer<StatusCode> {
    if asked.link {
        return Err(unsupported(
            "remove links (--link)",
            "links are not made here; leave the flag out",
        ));
    }
    let options = RemoveOptions {
        force: asked.force,
        volumes: asked.v,
    };
    container::life::remove::remove(&engine, &find(&engine, door, &id)?, options).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct PruneQuery {
    filters: Option<String>,
}

/// Removes all that do not run.
pub(crate) async fn prune(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<PruneQuery>,
) -> Answer<Json<Value>> {
    let filters = Filters::parse(asked.filters.as_deref(), &["label", "label!", "until"])?;
    let until = filters
        .get("until")
        .next()
        .map(clock::parse_limit)
        .transpose()
        .map_err(EngineError::Invalid)?
        .flatten();
    let (mut removed, mut bytes) = (Vec::new(), 0);
    for container in engine.containers.list(door) {
        let ended = matches!(
            container.status(),
            ContainerState::Created | ContainerState::Exited | ContainerState::Dead
        );
        let old = until.is_none_or(|until| container.created < until);
        // The server's own containers are not the learner's to prune, nor the other way round.
        if !ended
            || !old
            || container.hidden != (door == crate::doors::Door::Control)
            || !filters.labels(Some(&container.labels()))
        {
            continue;
        }
        let upper = files::upper(&container.dir);
        let size = blocking(move || Ok(files::bytes_under(&upper))).await?;
        if container::life::remove::remove(&engine, &container, RemoveOptions::default())
            .await
            .is_ok()
        {
            removed.push(container.id.to_string());
            bytes += size;
        }
    }
    let removed = (!removed.is_empty()).then_some(removed);
    Ok(Json(
        json!({"ContainersDeleted": removed, "SpaceReclaimed": bytes}),
    ))
}

pub(super) fn unsupported(what: &str, next: &'static str) -> EngineError {
    EngineError::Unsupported {
        what: what.into(),
        next,
    }
}
