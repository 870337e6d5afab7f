//! The HTML pages.
//!
//! - [`index`]: every lesson, with how far the learner got.
//! - [`lesson`]: one lesson beside the terminal.
//! - [`views`]: the templates, as structs.

pub mod index;
pub mod lesson;
pub mod views;

use actix_web::HttpResponse;
use askama::Template;

use crate::error::{PageError, Refusal};

fn html(page: &impl Template) -> Result<HttpResponse, PageError> {
    let body = page.render().map_err(Refusal::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(body))
}
