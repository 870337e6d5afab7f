//! `/containers`, but for their streams.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use drydock_runtime::container::TermSize;
use serde::Deserialize;

use super::{Asked, At, find, target, workstation};
use crate::{
    Engine,
    container::{
        self,
        create::{Created, Wanted},
        life::blocking,
        summary::{self, ListOptions},
        top::Top,
    },
    error::EngineError,
    exec::Target,
    filters::Filters,
    http::{body::Sent, query, version::ApiVersion},
    wire::container::{CreateAnswer, CreateRequest, Inspect, Summary},
};

type Answer<T> = Result<T, EngineError>;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ListQuery {
    #[serde(deserialize_with = "query::flag")]
    all: bool,
    limit: String,
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
        limit: match asked.limit.as_str() {
            "" => None,
            text => usize::try_from(number::<i64>(text)?)
                .ok()
                .filter(|limit| *limit > 0),
        },
        size: asked.size,
        filters: Filters::parse(asked.filters.as_deref(), summary::FILTERS)?,
    };
    blocking(move || summary::list(&engine, door, &options))
        .await
        .map(Json)
}

pub(super) fn number<T: std::str::FromStr>(text: &str) -> Answer<T> {
    text.parse().map_err(|_| {
        EngineError::Invalid(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct CreateQuery {
    name: String,
    platform: String,
}

pub(crate) async fn create(
    State(engine): State<Engine>,
    Extension(door): At,
    Asked(asked): Asked<CreateQuery>,
    Sent(request): Sent<CreateRequest>,
) -> Answer<(StatusCode, Json<CreateAnswer>)> {
    let Created {
        container,
        warnings,
    } = blocking(move || {
        let wanted = Wanted {
            name: Some(asked.name.as_str()).filter(|name| !name.is_empty()),
            platform: &asked.platform,
        };
        container::create::create(&engine, door, wanted, request)
    })
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
    Extension(api): Extension<ApiVersion>,
    Path(id): Path<String>,
    Asked(asked): Asked<InspectQuery>,
) -> Answer<Response> {
    let container = match target(&engine, door, &id)? {
        Target::Container(container) => container,
        Target::Workstation => return Ok(Json(workstation::inspect(&engine)).into_response()),
    };
    let answer = move || Ok(container::inspect::inspect(&engine, &container, asked.size));
    let mut inspected: Inspect = if asked.size {
        blocking(answer).await?
    } else {
        answer()?
    };
    inspected.network_settings.for_version(api);
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
pub(crate) struct ResizeQuery {
    h: String,
    w: String,
}

impl ResizeQuery {
    pub(super) fn size(&self) -> Answer<TermSize> {
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
    let size = asked.size()?;
    let container = find(&engine, door, &id)?;
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

pub(super) fn unsupported(what: &str, next: &'static str) -> EngineError {
    EngineError::Unsupported {
        what: what.into(),
        next,
    }
}
