//! Everything a browser touches: the lesson pages, the terminal's websocket, grading and the store.
//!
//! - [`serve`]: opens the data directory, starts the web server, ends it cleanly.
//! - [`config`]: the command line's words as settled values.
//! - [`router`]: every URL, one line each.
//! - [`app`]: what all handlers share.
//! - [`pages`], [`api`], [`terminal`]: the handlers: HTML, JSON, websocket.
//! - [`lessons`], [`grading`]: lessons as data; did the learner do it?
//! - [`sandboxes`]: one live sandbox per learner.
//! - [`gates`], [`limits`]: one thing at a time, and not too often.
//! - [`store`]: learners, attempts and progress in SQLite.
//! - [`learner`], [`security`]: the signed cookie; Origin, Host and the headers.
//! - [`error`]: what a failed request gets.
//!
//! Deliberately absent: anything that happens inside a sandbox. The server is a client of each
//! sandbox's engine and never links it.

pub mod api;
pub mod app;
pub mod assets;
pub mod config;
pub mod error;
pub mod gates;
pub mod grading;
pub mod learner;
pub mod lessons;
pub mod limits;
pub mod pages;
pub mod router;
pub mod sandboxes;
pub mod security;
pub mod serve;
pub mod store;
pub mod terminal;
