//! What all handlers share.

use std::sync::Arc;

use actix_web::cookie::Key;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    error::Refusal,
    gates::Gates,
    learner::LearnerId,
    lessons::{Broken, Catalogue, Lesson},
    limits::Limits,
    sandboxes::Sandboxes,
    security::Site,
    store::Store,
    terminal::Terminals,
};

/// The server's parts.
pub struct App {
    /// By what names browsers may reach it.
    pub site: Site,
    /// Signs the learners' cookies.
    pub key: Key,
    /// The lessons.
    pub catalogue: Catalogue,
    /// Lessons that could not be read.
    pub left_out: Vec<Broken>,
    /// Attempts and progress.
    pub store: Store,
    /// The learners' machines.
    pub sandboxes: Sandboxes,
    /// How often one may ask.
    pub limits: Limits,
    /// One check at a time per learner.
    pub checks: Gates,
    /// The open terminals.
    pub terminals: Terminals,
    /// The runtime that outlives requests: what must be finished although the browser left runs here.
    pub runtime: Handle,
    /// Fires when the server is going down.
    pub shutdown: CancellationToken,
}

impl App {
    /// The lesson of that id.
    ///
    /// # Errors
    /// When there is none.
    pub fn lesson(&self, id: &str) -> Result<&Arc<Lesson>, Refusal> {
        self.catalogue
            .lesson(id)
            .ok_or_else(|| Refusal::NoSuchLesson(shortened(id)))
    }

    /// A number of the learner's own, the same for ever, that nobody can work out from the cookie.
    #[must_use]
    pub fn seed(&self, learner: LearnerId) -> u64 {
        let mut hash = Sha256::new();
        hash.update(b"drydock grading seed\0");
        hash.update(self.key.signing());
        hash.update(learner.as_bytes());
        let mut seed = [0; 8];
        seed.copy_from_slice(&hash.finalize()[..8]);
        u64::from_be_bytes(seed)
    }
}

/// A name out of a URL, as much of it as an error message should repeat.
#[must_use]
pub fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}
