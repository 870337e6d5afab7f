//! Errands: what an engine asks of whoever keeps its sandbox. A sandbox has no network, so its keeper does all work
//! with registries.
//!
//! The keeper turns `POST /drydock/v1/errands` at the control door into a raw stream. The engine writes a [`ToKeeper`]
//! a line, the keeper a [`ToEngine`] a line, both as JSON and none longer than [`MAX_LINE`]. What a push uploads is
//! not in these lines: the keeper reads it at `GET /drydock/v1/errands/{id}/blobs/{digest}`.
//! The newest keeper is the one that is asked; when its connection ends, all that it was asked for has failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of these messages, as `?protocol=` of the request; another one is refused.
pub const PROTOCOL: u32 = 1;

/// The longest line, in bytes, either way.
pub const MAX_LINE: usize = 256 << 10;

/// Which errand, in the engine's numbers.
pub type ErrandId = u64;

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToKeeper {
    /// Do this, and tell how it goes under this number.
    Do(ErrandId, Box<Errand>),
    /// Nobody waits for it any more.
    Withdraw(ErrandId),
}

/// What the keeper says: news of one errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToEngine {
    /// Which.
    pub id: ErrandId,
    /// What.
    pub news: News,
}

/// Something to be done at a registry. Names are in Docker's familiar form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// Bring an image into the host's store.
    Pull {
        /// With tag or digest.
        name: String,
        /// `os[/architecture[/variant]]`; this machine's when not said.
        platform: Option<String>,
    },
    /// Which tags a repository has.
    Tags {
        /// Its name.
        repository: String,
    },
    /// Upload an image.
    Push {
        /// With tag.
        name: String,
        /// Its manifest.
        manifest: Blob,
        /// Its config, which is not told of.
        config: Blob,
        /// Its layers, lowest first.
        layers: Vec<Blob>,
        /// The learner's own name and password, instead of the operator's.
        login: Option<Login>,
    },
    /// What a name stands for, without bringing it.
    Look {
        /// With tag or digest.
        name: String,
        /// As in [`Errand::Push`].
        login: Option<Login>,
    },
    /// Whether a registry takes this name and password.
    Login {
        /// Its host name, with port where it has one.
        registry: String,
        /// What to try.
        login: Login,
    },
}

/// Some bytes by their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// `sha256:…`.
    pub digest: String,
    /// In bytes.
    pub size: u64,
    /// Of what kind it is.
    pub media_type: String,
    /// A repository of the same registry that is known to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// A name and its password; shown by no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password, or a token that stands for it.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// How an errand goes. [`News::Done`] and [`News::Failed`] are the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// The image was found; its layers, lowest first.
    Found {
        /// The image's id.
        image: String,
        /// Of what the name stands for: an image's manifest, or a list of them.
        digest: String,
        /// What will be brought.
        layers: Vec<FoundLayer>,
    },
    /// How far a layer is, by its place in the list.
    Layer(usize, Stage),
    /// It is done.
    Done(Done),
    /// It will not be done.
    Failed(Refusal),
}

/// A layer of an image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundLayer {
    /// Of what is downloaded.
    pub digest: String,
    /// Of the uncompressed tar.
    pub diff_id: String,
    /// Bytes to download.
    pub size: u64,
}

/// How far a layer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// So many bytes were received.
    Downloading(u64),
    /// All was received, unpacked, and is what its digest says.
    Pulled,
    /// So many bytes were sent.
    Pushing(u64),
    /// All was sent.
    Pushed,
    /// The registry had it.
    Exists,
    /// The registry took it from another repository of its own.
    Mounted(String),
}

/// What came of an errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// The image is in the host's store.
    Pulled {
        /// Its id.
        image: String,
        /// As in [`News::Found`].
        digest: String,
    },
    /// These tags there are.
    Tags(Vec<String>),
    /// The image is in the registry.
    Pushed,
    /// This is there.
    Looked {
        /// What the name stands for.
        descriptor: Blob,
        /// `os`, `architecture` and `variant` of each image.
        platforms: Vec<(String, String, String)>,
    },
    /// The registry lets them in.
    LoggedIn,
}

/// Why an errand failed, with what is told to the learner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of failure it is.
    pub kind: RefusalKind,
    /// In Docker's words where it has them.
    pub message: String,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// The operator does not allow it.
    NotAllowed,
    /// The registry does not have it, or does not show it.
    NotFound,
    /// The registry wants another name or password.
    Unauthorized,
    /// The registry does not answer.
    Unreachable,
    /// The registry's answer, or the host, is at fault.
    Failed,
}

impl Refusal {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// An errand that the keeper has allowed, as its helper process reads it: one line of JSON. The helper answers with a
/// [`News`] a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The data directory, which holds the store.
    pub data_dir: String,
    /// What to do.
    pub errand: Errand,
    /// The operator's Docker configuration file, for passwords where the errand brings none.
    pub docker_config: Option<String>,
    /// Registries that may be spoken to without encryption, besides those of this machine.
    pub plain_http: Vec<String>,
    /// Where what is to be pushed is read: the sandbox's control socket, and the errand's number there.
    pub source: Option<(String, ErrandId)>,
    /// Bytes of images in the store from which on nothing more is pulled.
    pub store_limit: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_log() {
        let login = Login {
            username: "ada".into(),
            password: "secret".into(),
        };
        let errand = Errand::Login {
            registry: "r".into(),
            login,
        };
        assert!(!format!("{errand:?}").contains("secret"));
    }
}
