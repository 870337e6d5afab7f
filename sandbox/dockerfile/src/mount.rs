//! `RUN --mount=…`.
//!
//! BuildKit's rules: `frontend/dockerfile/instructions/commands_runmount.go`.

mod error;
mod fields;
mod parse;
mod size;

#[cfg(test)]
mod tests;

pub use self::error::MountError;
pub(crate) use self::parse::{outline, parse};

/// One `--mount`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mount {
    /// `type`.
    pub kind: MountKind,
    /// `from`: a stage's name or number, or an image; none is the build context.
    pub from: Option<String>,
    /// `source` or `src`.
    pub source: Option<String>,
    /// `target`, `dst` or `destination`.
    pub target: Option<String>,
    /// `readonly`, `ro`, `readwrite`, `rw`; without them binds and secrets are.
    pub readonly: bool,
    /// `required`, of a secret.
    pub required: bool,
    /// `id`, of a cache or a secret.
    pub id: Option<String>,
    /// `mode`, octal.
    pub mode: Option<u32>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `gid`.
    pub gid: Option<u32>,
    /// `sharing`, of a cache.
    pub sharing: Sharing,
    /// `size` of a tmpfs, in bytes.
    pub size: Option<u64>,
    /// `env`: the variable that holds a secret; an empty name is that of the secret.
    pub env: Option<String>,
}

/// What is mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MountKind {
    /// Files of the context, a stage or an image.
    #[default]
    Bind,
    /// A directory that outlives the build.
    Cache,
    /// A directory in memory.
    Tmpfs,
    /// A secret of the client.
    Secret,
    /// The client's SSH agent.
    Ssh,
}

/// Who may use a cache at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Everybody.
    #[default]
    Shared,
    /// Each its own.
    Private,
    /// One after the other.
    Locked,
}

impl MountKind {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Cache => "cache",
            Self::Tmpfs => "tmpfs",
            Self::Secret => "secret",
            Self::Ssh => "ssh",
        }
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Ssh)
    }
}
