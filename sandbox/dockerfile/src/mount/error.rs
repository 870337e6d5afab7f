//! What is wrong with a `--mount`.

use crate::hint;

/// What is wrong with a `--mount`, in BuildKit's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// A key that there is not.
    #[error("unexpected key '{key}' in '{field}'{}", hint::question(hint.as_deref()))]
    Key {
        /// In lower case.
        key: String,
        /// As written.
        field: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A key that another kind of mount has.
    #[error("unexpected key '{key}' for mount type '{kind}'")]
    KeyOf {
        /// In lower case.
        key: String,
        /// The mount's type.
        kind: &'static str,
    },
    /// A key without value.
    #[error("invalid field '{0}' must be a key=value pair")]
    NoValue(String),
    /// `type=x`.
    #[error("unsupported mount type {value:?}{}", hint::question(hint.as_deref()))]
    Kind {
        /// As written.
        value: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// `sharing=x`.
    #[error("unsupported sharing value {value:?}{}", hint::question(hint.as_deref()))]
    Sharing {
        /// As written.
        value: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// `ro=x`, `size=x`.
    #[error("invalid value for {key}: {value}")]
    Value {
        /// In lower case.
        key: String,
        /// As expanded.
        value: String,
    },
    /// `mode=x`, `uid=x`.
    #[error("invalid value {value} for {key}")]
    Number {
        /// In lower case.
        key: String,
        /// As expanded.
        value: String,
    },
    /// `mode`, `uid` or `gid` of a bind or tmpfs.
    #[error("{key} not allowed for {kind:?} type mounts")]
    NotAllowed {
        /// Which.
        key: &'static str,
        /// The mount's type.
        kind: &'static str,
    },
    /// A secret with `from`.
    #[error("secret mount should not have a from")]
    SecretFrom,
    /// A secret with `sharing`.
    #[error("secret mount should not define sharing")]
    SecretSharing,
    /// A secret that nothing names.
    #[error("invalid secret mount. one of source, target required")]
    SecretName,
    /// A secret that two keys name.
    #[error("both source and id can't be set")]
    SecretTwice,
    /// `sharing` of something else than a cache.
    #[error("invalid cache sharing set for {0} mount")]
    NoCache(&'static str),
}
