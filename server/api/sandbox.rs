//! `/api/sandbox`: start, look at, reset and end the learner's sandbox.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address;
use crate::{
    app::{App, shortened},
    error::{ApiError, Refusal},
    learner::LearnerId,
    sandboxes::{StartOptions, State},
    store::unix_seconds,
};

/// Which lesson's sandbox.
#[derive(Debug, Deserialize)]
pub struct Which {
    lesson: String,
    /// Whether another lesson's sandbox may be ended for it.
    #[serde(default)]
    replace: bool,
}

#[derive(Debug, Serialize)]
struct Running {
    id: String,
    lesson: String,
    state: &'static str,
    ends_at: i64,
    shared: bool,
}

/// `POST /api/sandbox`: the learner's sandbox for a lesson, started if need be.
///
/// # Errors
/// When another lesson's sandbox is in the way, or it cannot be started.
pub async fn start(
    request: HttpRequest,
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
    which: web::Json<Which>,
) -> Result<web::Json<impl Serialize>, ApiError> {
    let options = StartOptions {
        fresh: false,
        replace: which.replace,
    };
    begin(&request, &app, *learner, &which.lesson, options).await
}

/// `POST /api/sandbox/reset`: a fresh sandbox in place of the one there is.
///
/// # Errors
/// As [`start`].
pub async fn reset(
    request: HttpRequest,
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
    which: web::Json<Which>,
) -> Result<web::Json<impl Serialize>, ApiError> {
    let options = StartOptions {
        fresh: true,
        replace: which.replace,
    };
    begin(&request, &app, *learner, &which.lesson, options).await
}

async fn begin(
    request: &HttpRequest,
    app: &App,
    learner: LearnerId,
    lesson: &str,
    options: StartOptions,
) -> Result<web::Json<Running>, ApiError> {
    let lesson = app.lesson(lesson)?.clone();
    if app.shutdown.is_cancelled() {
        return Err(Refusal::ShuttingDown.into());
    }
    app.limits.count_start(learner, address(request))?;
    let id = lesson.id.clone();
    let ready = app
        .sandboxes
        .start(learner, lesson, options)
        .await
        .map_err(|error| {
            error.refusal(|other| {
                app.catalogue
                    .lesson(other)
                    .map_or_else(|| shortened(other), |l| l.title.clone())
            })
        })?;
    Ok(web::Json(Running {
        id: ready.sandbox.id().to_string(),
        lesson: id,
        state: "running",
        ends_at: unix_seconds(ready.sandbox.ends_at()),
        shared: ready.shared,
    }))
}

/// `GET /api/sandbox?lesson=ID`: how it stands, and its meters.
///
/// # Errors
/// When the store refuses.
pub async fn status(
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
    which: Result<web::Query<Which>, actix_web::Error>,
) -> Result<web::Json<Value>, ApiError> {
    let which = which.map_err(|error| Refusal::Malformed(error.to_string()))?;
    let lesson = app.lesson(&which.lesson)?;
    let status = match app.sandboxes.state(*learner, &lesson.id).await? {
        State::None => json!({ "state": "none" }),
        State::Ended(id, reason) => json!({
            "id": id.to_string(),
            "state": "ended",
            "message": reason.sentence(),
        }),
        State::Running(sandbox, health) => {
            let mut status = json!({
                "id": sandbox.id().to_string(),
                "state": "running",
                "ends_at": unix_seconds(sandbox.ends_at()),
            });
            if let Some(health) = health {
                status["memory"] =
                    json!({ "used": health.memory.used, "limit": health.memory.limit });
                status["disk"] = json!({ "used": health.disk.used, "limit": health.disk.limit });
            }
            status
        }
    };
    Ok(web::Json(status))
}

/// `DELETE /api/sandbox`: ends the learner's sandbox. Without one, nothing happens.
///
/// # Errors
/// When that was too often.
pub async fn end(
    request: HttpRequest,
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
) -> Result<HttpResponse, ApiError> {
    app.limits.count_start(*learner, address(&request))?;
    app.sandboxes.end(*learner).await;
    Ok(HttpResponse::NoContent().finish())
}
