//! From text to a mount.

use super::{Mount, MountError, MountKind, Sharing, fields::fields, size::bytes};
use crate::{directive::boolean, error::Problem, hint};

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
            "env" => self.mount.env = Some(value),
            "required" | "size" => return Err(of()),
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
            if unnamed {
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
