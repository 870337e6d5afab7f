//! `RUN --mount=…`.
//!
//! BuildKit's rules: `frontend/dockerfile/instructions/commands_runmount.go`.

use crate::{directive::boolean, error::Problem, hint};

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
    /// `env`: the variable that holds a secret.
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

const KINDS: [(&str, MountKind); 5] = [
    ("bind", MountKind::Bind),
    ("cache", MountKind::Cache),
    ("tmpfs", MountKind::Tmpfs),
    ("secret", MountKind::Secret),
    ("ssh", MountKind::Ssh),
];

const SHARINGS: [(&str, Sharing); 3] = [
    ("shared", Sharing::Shared),
    ("private", Sharing::Private),
    ("locked", Sharing::Locked),
];

const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

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

/// What the parser can say before variables are known: the list is well formed, and `from` holds none of them.
pub(crate) fn outline(text: &str) -> Result<Mount, Problem> {
    let mut draft = Draft::default();
    for field in fields(text)? {
        let (key, value) = field
            .split_once('=')
            .map_or((field.as_str(), None), |(k, v)| (k, Some(v)));
        let key = key.to_ascii_lowercase();
        if key == "from" && value.is_some_and(has_variable) {
            return Err(Problem::MountFrom);
        }
        if value.is_none_or(|value| !has_variable(value)) {
            // What is wrong is said once all is known.
            let _ = draft.set(&key, value.map(str::to_owned), &field);
        }
    }
    Ok(draft.defaults())
}

fn has_variable(value: &str) -> bool {
    value.find('$').is_some_and(|at| at + 1 < value.len())
}

/// Reads a `--mount` whose values `expand` resolves.
///
/// # Errors
/// What `expand` says, or a [`MountError`].
pub(crate) fn parse<E: From<MountError>>(
    text: &str,
    mut expand: impl FnMut(&str) -> Result<String, E>,
) -> Result<Mount, E> {
    let mut draft = Draft::default();
    // The list was read once already.
    for field in fields(text).unwrap_or_default() {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(expand(value)?)),
            None => (field.as_str(), None),
        };
        draft.set(&key.to_ascii_lowercase(), value, &field)?;
    }
    Ok(draft.finish()?)
}

#[derive(Default)]
struct Draft {
    mount: Mount,
    readonly: Option<bool>,
    sharing: Option<Sharing>,
}

impl Draft {
    fn set(&mut self, key: &str, value: Option<String>, field: &str) -> Result<(), MountError> {
        let kind = self.mount.kind;
        let of = || MountError::KeyOf {
            key: key.into(),
            kind: kind.name(),
        };
        let Some(value) = value else {
            match key {
                "readonly" | "ro" => self.readonly = Some(true),
                "readwrite" | "rw" => self.readonly = Some(false),
                "required" if kind.is_secret() => self.mount.required = true,
                "required" => return Err(of()),
                _ => return Err(MountError::NoValue(field.into())),
            }
            return Ok(());
        };
        let wrong = || MountError::Value {
            key: key.into(),
            value: value.clone(),
        };
        let switch = || boolean(&value).ok_or_else(wrong);
        let number = |radix| {
            u32::from_str_radix(&value, radix).map_err(|_| MountError::Number {
                key: key.into(),
                value: value.clone(),
            })
        };
        match key {
            "type" => {
                self.mount.kind =
                    choose(&KINDS, &value).map_err(|hint| MountError::Kind { value, hint })?;
            }
            "sharing" => {
                let sharing = choose(&SHARINGS, &value)
                    .map_err(|hint| MountError::Sharing { value, hint })?;
                self.sharing = Some(sharing);
            }
            "readonly" | "ro" => self.readonly = Some(switch()?),
            "readwrite" | "rw" => self.readonly = Some(!switch()?),
            "required" if kind.is_secret() => self.mount.required = switch()?,
            "size" if kind == MountKind::Tmpfs => {
                self.mount.size = Some(bytes(&value).ok_or_else(wrong)?);
            }
            "env" if kind == MountKind::Secret => self.mount.env = Some(value),
            "required" | "size" | "env" => return Err(of()),
            "mode" => self.mount.mode = Some(number(8)?),
            "uid" => self.mount.uid = Some(number(10)?),
            "gid" => self.mount.gid = Some(number(10)?),
            "from" => self.mount.from = filled(value),
            "source" | "src" => self.mount.source = filled(value),
            "target" | "dst" | "destination" => self.mount.target = filled(value),
            "id" => self.mount.id = filled(value),
            _ => {
                return Err(MountError::Key {
                    key: key.into(),
                    field: field.into(),
                    hint: hint::nearest(key, KEYS).map(str::to_owned),
                });
            }
        }
        Ok(())
    }

    fn defaults(self) -> Mount {
        let written = matches!(self.mount.kind, MountKind::Cache | MountKind::Tmpfs);
        Mount {
            readonly: self.readonly.unwrap_or(!written),
            sharing: self.sharing.unwrap_or_default(),
            ..self.mount
        }
    }

    fn finish(self) -> Result<Mount, MountError> {
        let mount = &self.mount;
        let kind = mount.kind.name();
        if matches!(mount.kind, MountKind::Bind | MountKind::Tmpfs) {
            for (key, value) in [("mode", mount.mode), ("uid", mount.uid), ("gid", mount.gid)] {
                if value.is_some() {
                    return Err(MountError::NotAllowed { key, kind });
                }
            }
        }
        if mount.kind == MountKind::Secret {
            let unnamed = mount.source.is_none() && mount.target.is_none() && mount.id.is_none();
            if mount.from.is_some() {
                return Err(MountError::SecretFrom);
            }
            if self.sharing.is_some() {
                return Err(MountError::SecretSharing);
            }
            if unnamed && mount.env.is_none() {
                return Err(MountError::SecretName);
            }
            if mount.source.is_some() && mount.id.is_some() {
                return Err(MountError::SecretTwice);
            }
        }
        if self.sharing.is_some() && mount.kind != MountKind::Cache {
            return Err(MountError::NoCache(kind));
        }
        Ok(self.defaults())
    }
}

fn filled(value: String) -> Option<String> {
    Some(value).filter(|value| !value.is_empty())
}

/// The choice of that name, or the name that was probably meant.
fn choose<T: Copy>(choices: &[(&'static str, T)], value: &str) -> Result<T, Option<String>> {
    let lower = value.to_ascii_lowercase();
    match choices.iter().find(|(name, _)| *name == lower) {
        Some((_, choice)) => Ok(*choice),
        None => {
            let names = choices.iter().map(|(name, _)| *name);
            Err(hint::nearest(value, names).map(str::to_owned))
        }
    }
}

/// `64m`: a number and a power of 1024.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let unit = unit
        .strip_suffix("ib")
        .or_else(|| unit.strip_suffix('b'))
        .unwrap_or(unit);
    let power = match unit {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let factor = 1_u64 << (10 * power);
    match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor),
        // A fraction is rounded down to bytes.
        Err(_) => {
            let (whole, fraction) = number.split_once('.')?;
            let whole: u64 = if whole.is_empty() {
                0
            } else {
                whole.parse().ok()?
            };
            let digits = u32::try_from(fraction.len())
                .ok()
                .filter(|digits| *digits <= 9)?;
            let fraction: u64 = if fraction.is_empty() {
                0
            } else {
                fraction.parse().ok()?
            };
            let part = u128::from(fraction) * u128::from(factor) / 10_u128.pow(digits);
            whole
                .checked_mul(factor)?
                .checked_add(u64::try_from(part).ok()?)
        }
    }
}

/// One record of comma-separated values: a value in double quotes may hold commas, and `""` for a quote.
fn fields(text: &str) -> Result<Vec<String>, Problem> {
    let mut fields = Vec::new();
    let mut rest = text;
    if rest.is_empty() {
        return Err(Problem::MountList("EOF"));
    }
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, tail) = match rest.split_once(',') {
                Some((field, tail)) => (field, Some(tail)),
                None => (rest, None),
            };
            if field.contains('"') {
                return Err(Problem::MountList("bare \" in non-quoted-field"));
            }
            fields.push(field.to_owned());
            match tail {
                Some(tail) => rest = tail,
                None => return Ok(fields),
            }
            continue;
        };
        let mut field = String::new();
        let mut tail = quoted;
        loop {
            let Some((part, after)) = tail.split_once('"') else {
                return Err(Problem::MountList(
                    "extraneous or missing \" in quoted-field",
                ));
            };
            field.push_str(part);
            tail = after;
            match after.strip_prefix('"') {
                Some(more) => {
                    field.push('"');
                    tail = more;
                }
                None => break,
            }
        }
        fields.push(field);
        match tail.strip_prefix(',') {
            Some(more) => rest = more,
            None if tail.is_empty() => return Ok(fields),
            None => {
                return Err(Problem::MountList(
                    "extraneous or missing \" in quoted-field",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
