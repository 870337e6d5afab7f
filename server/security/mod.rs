//! Who may ask for what from where: exact Host and Origin checks, and the security headers.
//!
//! A page of another site can make a browser send requests here, and a name of another site can be
//! pointed at this address. Both are refused by comparing whole names, never parts of them
//! ([`Site::admit`]).

mod site;

use actix_web::{
    HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web,
};

pub use site::{Site, SiteError};

use crate::{
    app::App,
    error::{Audience, Refusal},
};

/// Whether a script, not a person, reads the answers under this path.
#[must_use]
pub fn is_machine_path(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/ws/")
}

/// Middleware: refuses requests of other sites. `/healthz` is for probes that know no name.
///
/// # Errors
/// None of its own; a refusal is a response.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let admitted = match request.app_data::<web::Data<App>>() {
        Some(app) if request.path() != "/healthz" => {
            app.site
                .admit(request.method(), request.path(), request.headers())
        }
        _ => Ok(()),
    };
    match admitted {
        Ok(()) => next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body),
        Err(refusal) => {
            let response = refusal.respond(Audience::of(request.path()));
            Ok(request.into_response(response))
        }
    }
}

/// Middleware: the headers that every answer carries.
///
/// # Errors
/// None of its own.
pub async fn add_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, crate::assets::CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages and answers are one learner's own; only the static files say otherwise.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// The answer to a request that no route knows.
pub async fn not_found(request: actix_web::HttpRequest) -> HttpResponse {
    Refusal::NoSuchPage.respond(Audience::of(request.path()))
}
