//! What a failed request gets.
//!
//! - [`Refusal`] is every way in which a request can fail, with its status, words and next step.
//! - Handlers of pages return [`PageError`], handlers of the API and the websocket [`ApiError`]:
//!   the same refusal as HTML or as JSON.
//! - [`Refusal::Internal`] logs its source here, once, and shows a fixed sentence: the source may
//!   hold paths of the host.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use askama::Template as _;
use serde_json::json;

use crate::pages::views::ErrorPage;

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person: HTML.
    Person,
    /// A script: JSON.
    Script,
}

impl Audience {
    /// By the path of the request.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if crate::security::is_machine_path(path) {
            Self::Script
        } else {
            Self::Person
        }
    }
}

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The `Host` is none of the site's names.
    #[error("This server does not answer to the name {host:?}.")]
    ForeignHost {
        /// The name that was asked for.
        host: String,
    },
    /// The request was made by a page of another site.
    #[error("This request did not come from a page of this site.")]
    ForeignOrigin {
        /// Where the site is.
        home: String,
    },
    /// No such URL.
    #[error("There is no such page.")]
    NoSuchPage,
    /// No such lesson.
    #[error("There is no lesson {0:?}.")]
    NoSuchLesson(String),
    /// The lesson has no such exercise.
    #[error("There is no exercise {0:?} in this lesson.")]
    NoSuchExercise(String),
    /// Unknown, or another learner's; which of the two is not told.
    #[error("There is no such sandbox.")]
    NoSuchSandbox,
    /// The learner has no live sandbox for this lesson.
    #[error("Your sandbox for this lesson is not running.")]
    NoLiveSandbox,
    /// The learner's live sandbox belongs to another lesson.
    #[error(
        "Your sandbox for “{title}” is still running. Starting this lesson ends it and what is in it."
    )]
    OtherLesson {
        /// The other lesson's id.
        lesson: String,
        /// The other lesson's title.
        title: String,
    },
    /// The request's body is no JSON of the expected shape.
    #[error("The request could not be read: {0}.")]
    Malformed(String),
    /// The request's body is over its limit.
    #[error("The request is larger than {} bytes.", crate::config::MAX_BODY)]
    TooLarge,
    /// Too many requests of this learner or address.
    #[error("That was too often.")]
    TooOften {
        /// When it may be tried again.
        seconds: u64,
    },
    /// Too many open terminals.
    #[error("{} terminals are open already.", crate::config::MAX_TERMINALS)]
    TooManyTerminals,
    /// As many sandboxes run as this server may run.
    #[error("All {0} places are taken at the moment.")]
    Full(usize),
    /// The sandbox could not be started or looked at; says which.
    #[error("{0}")]
    Unavailable(String),
    /// The server is going down.
    #[error("The server is restarting.")]
    ShuttingDown,
    /// Our own fault.
    #[error("Something went wrong on the server.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    /// A failure that is ours; its source goes to the log.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::ForeignHost { .. } | Self::ForeignOrigin { .. } => StatusCode::FORBIDDEN,
            Self::NoSuchPage
            | Self::NoSuchLesson(_)
            | Self::NoSuchExercise(_)
            | Self::NoSuchSandbox => StatusCode::NOT_FOUND,
            Self::NoLiveSandbox | Self::OtherLesson { .. } => StatusCode::CONFLICT,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooOften { .. } | Self::TooManyTerminals => StatusCode::TOO_MANY_REQUESTS,
            Self::Full(_) | Self::Unavailable(_) | Self::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word by which scripts tell refusals apart.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ForeignHost { .. } => "foreign-host",
            Self::ForeignOrigin { .. } => "foreign-origin",
            Self::NoSuchPage => "no-such-page",
            Self::NoSuchLesson(_) => "no-such-lesson",
            Self::NoSuchExercise(_) => "no-such-exercise",
            Self::NoSuchSandbox => "no-such-sandbox",
            Self::NoLiveSandbox => "no-sandbox",
            Self::OtherLesson { .. } => "other-lesson",
            Self::Malformed(_) => "malformed",
            Self::TooLarge => "too-large",
            Self::TooOften { .. } => "too-often",
            Self::TooManyTerminals => "too-many-terminals",
            Self::Full(_) => "full",
            Self::Unavailable(_) => "unavailable",
            Self::ShuttingDown => "restarting",
            Self::Internal(_) => "internal",
        }
    }

    /// What can be done about it.
    fn next_step(&self) -> String {
        match self {
            Self::ForeignHost { host } => {
                format!(
                    "Whoever runs this server can allow the name with --public-url http://{host}"
                )
            }
            Self::ForeignOrigin { home } => format!("Open {home} and try again from there."),
            Self::NoSuchPage | Self::NoSuchLesson(_) | Self::NoSuchExercise(_) => {
                "Choose a lesson from the list.".into()
            }
            Self::NoSuchSandbox | Self::NoLiveSandbox => {
                "Start the sandbox, then try again.".into()
            }
            Self::OtherLesson { .. } => "End it to start this one, or go back to it.".into(),
            Self::Malformed(_) | Self::TooLarge => "Reload the page and try again.".into(),
            Self::TooOften { seconds } => format!("Try again in {seconds} s."),
            Self::TooManyTerminals => "Close a tab of this site, then reload this one.".into(),
            Self::Full(_) => {
                "A place is free when somebody’s sandbox ends; try again in a minute.".into()
            }
            Self::Unavailable(_) | Self::ShuttingDown => "Try again in a moment.".into(),
            Self::Internal(_) => "Try again; if it stays, tell whoever runs this server.".into(),
        }
    }

    fn title(&self) -> &'static str {
        match self.status() {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::SERVICE_UNAVAILABLE => "Not available right now",
            StatusCode::INTERNAL_SERVER_ERROR => "Our mistake",
            _ => "That did not work",
        }
    }

    /// The response to send.
    #[must_use]
    pub fn respond(&self, audience: Audience) -> HttpResponse {
        if let Self::Internal(source) = self {
            tracing::error!(error = chain(source.as_ref()), "a request failed");
        }
        let mut response = HttpResponse::build(self.status());
        if let Self::TooOften { seconds } = self {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        match audience {
            Audience::Script => response.json(self.as_json()),
            Audience::Person => response
                .content_type("text/html; charset=utf-8")
                .body(self.as_html()),
        }
    }

    fn as_json(&self) -> serde_json::Value {
        let mut body = json!({
            "error": self.code(),
            "message": self.to_string(),
            "next_step": self.next_step(),
        });
        if let Self::OtherLesson { lesson, title } = self {
            body["lesson"] = json!(lesson);
            body["title"] = json!(title);
        }
        body
    }

    fn as_html(&self) -> String {
        let page = ErrorPage {
            status: self.status().as_u16(),
            title: self.title().into(),
            message: self.to_string(),
            next_step: self.next_step(),
        };
        page.render()
            .unwrap_or_else(|_| "Something went wrong on the server.".into())
    }
}

/// An error and what caused it, in one line for the log.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A refusal that a person reads.
#[derive(Debug)]
pub struct PageError(pub Refusal);

/// A refusal that a script reads.
#[derive(Debug)]
pub struct ApiError(pub Refusal);

impl<E: Into<Refusal>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl<E: Into<Refusal>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.respond(Audience::Person)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.respond(Audience::Script)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn an_internal_failure_does_not_show_its_source() {
        let secret = std::io::Error::other("/srv/drydock/db is gone");
        for audience in [Audience::Person, Audience::Script] {
            let refusal = Refusal::internal(std::io::Error::other(secret.to_string()));
            let response = refusal.respond(audience);
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = to_bytes(response.into_body()).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("/srv"));
        }
    }

    #[actix_web::test]
    async fn a_name_in_an_error_page_is_escaped() {
        let refusal = Refusal::NoSuchLesson("<script>".into());
        let body = to_bytes(refusal.respond(Audience::Person).into_body())
            .await
            .unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("<script>"));
    }

    #[test]
    fn the_log_line_names_every_cause() {
        let inner = std::io::Error::other("disk is gone");
        let outer = crate::learner::KeyError::Io {
            action: "read",
            path: "k".into(),
            source: inner,
        };
        assert_eq!(chain(&outer), "could not read k: disk is gone");
    }
}
