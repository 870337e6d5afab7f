//! Every URL, one line each.

use actix_web::{HttpRequest, HttpResponse, Responder, middleware::from_fn, web};
use serde_json::json;

use crate::{
    api::{self, check, sandbox},
    app::App,
    assets,
    config::MAX_BODY,
    error::ApiError,
    learner, pages, security, terminal,
};

/// Adds the routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(api::json_config())
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .route("/healthz", web::get().to(healthz))
        .route("/static/{path:.*}", web::get().to(asset))
        .service(
            web::scope("")
                .wrap(from_fn(learner::identify))
                .route("/", web::get().to(pages::index::show))
                .route("/", web::head().to(pages::index::show))
                .route("/lessons/{id}", web::get().to(pages::lesson::show))
                .route("/lessons/{id}", web::head().to(pages::lesson::show))
                .route("/api/sandbox", web::post().to(sandbox::start))
                .route("/api/sandbox", web::get().to(sandbox::status))
                .route("/api/sandbox", web::delete().to(sandbox::end))
                .route("/api/sandbox/reset", web::post().to(sandbox::reset))
                .route(
                    "/api/lessons/{lesson}/exercises/{exercise}/check",
                    web::post().to(check::check),
                )
                .route("/ws/terminal/{sandbox}", web::get().to(terminal::open))
                .default_service(web::to(security::not_found)),
        );
}

/// The whole site: the routes, guarded. The first wrap is the innermost.
macro_rules! site {
    ($app:expr) => {
        actix_web::App::new()
            .app_data($app)
            .wrap(actix_web::middleware::Compress::default())
            .wrap(actix_web::middleware::from_fn($crate::security::guard))
            .wrap(actix_web::middleware::from_fn(
                $crate::security::add_headers,
            ))
            .configure($crate::router::routes)
    };
}
pub(crate) use site;

async fn asset(request: HttpRequest, path: web::Path<String>) -> impl Responder {
    assets::respond(&request, &path)
}

/// For whoever watches the server: the database answers, and so many sandboxes run.
async fn healthz(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    app.store.ping().await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ok", "sandboxes": app.sandboxes.running() })))
}

#[cfg(test)]
mod tests;
