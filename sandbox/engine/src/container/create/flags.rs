//! `-v`, `--mount` and `--tmpfs`, as they are written. Pure.

use crate::{error::EngineError, wire::mount::MountRequest};

/// A mount that was asked for, before anything is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) source: Source,
    pub(super) destination: String,
    pub(super) mode: String,
    pub(super) readonly: bool,
    /// Fill a new volume from the image.
    pub(super) copy: bool,
    /// By `--tmpfs`.
    pub(super) hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A path of the workstation; whether it is made when missing.
    Bind {
        path: String,
        make: bool,
    },
    /// A volume; without a name, one of its own.
    Volume {
        name: Option<String>,
        labels: std::collections::BTreeMap<String, String>,
    },
    Tmpfs {
        size: u64,
        mode: u32,
    },
}

fn invalid_bind(bind: &str, why: &str) -> EngineError {
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    };
    EngineError::Invalid(format!("invalid volume specification: '{bind}'{why}"))
}

pub(super) fn parse_bind(bind: &str) -> Result<Wanted, EngineError> {
    let parts: Vec<&str> = bind.split(':').collect();
    let (source, destination, mode) = match parts.as_slice() {
        [destination] => ("", *destination, ""),
        [source, destination] => (*source, *destination, ""),
        [source, destination, mode] => (*source, *destination, *mode),
        _ => return Err(invalid_bind(bind, "")),
    };
    if parts.len() > 1 && (source.is_empty() || destination.is_empty()) {
        return Err(invalid_bind(bind, ""));
    }
    let mut readonly = false;
    let mut copy = true;
    for word in mode.split(',').filter(|word| !word.is_empty()) {
        match word {
            "ro" => readonly = true,
            "nocopy" => copy = false,
            "rw" | "z" | "Z" | "cached" | "delegated" | "consistent" | "rprivate" | "private"
            | "rslave" | "slave" | "rshared" | "shared" => {}
            _ => return Err(EngineError::Invalid(format!("invalid mode: {mode}"))),
        }
    }
    let destination = clean(destination).map_err(|error| invalid_bind(bind, &error.to_string()))?;
    let source = match source {
        "" => Source::Volume {
            name: None,
            labels: Default::default(),
        },
        path if path.starts_with('/') => Source::Bind {
            path: path.into(),
            make: true,
        },
        name => Source::Volume {
            name: Some(name.into()),
            labels: Default::default(),
        },
    };
    Ok(Wanted {
        source,
        destination,
        mode: mode.into(),
        readonly,
        copy,
        hidden: false,
    })
}

pub(super) fn parse_mount(request: &MountRequest) -> Result<Wanted, EngineError> {
    let wrong = |why: String| {
        EngineError::Invalid(format!(
            "invalid mount config for type {:?}: {why}",
            request.kind
        ))
    };
    if request.target.is_empty() {
        return Err(wrong("field Target must not be empty".into()));
    }
    let destination = clean(&request.target).map_err(|error| wrong(error.to_string()))?;
    let mut copy = true;
    let source = match request.kind.as_str() {
        "bind" if request.source.is_empty() => {
            return Err(wrong("field Source must not be empty".into()));
        }
        "bind" if !request.source.starts_with('/') => {
            return Err(wrong(format!(
                "invalid mount path: '{}' mount path must be absolute",
                request.source
            )));
        }
        "bind" => Source::Bind {
            path: request.source.clone(),
            make: request
                .bind_options
                .as_ref()
                .is_some_and(|options| options.create_mountpoint),
        },
        "volume" => {
            let options = request.volume_options.clone().unwrap_or_default();
            if !options.subpath.is_empty() {
                return Err(unsupported(
                    "mount a part of a volume (volume-subpath)",
                    "mount the whole volume",
                ));
            }
            if options
                .driver_config
                .is_some_and(|driver| !matches!(driver.name.as_str(), "" | "local"))
            {
                return Err(unsupported(
                    "use a volume driver (volume-driver)",
                    "leave it out: volumes are local",
                ));
            }
            copy = !options.no_copy;
            let name = Some(request.source.clone()).filter(|name| !name.is_empty());
            Source::Volume {
                name,
                labels: options.labels,
            }
        }
        "tmpfs" => {
            let options = request.tmpfs_options.clone().unwrap_or_default();
            let mode = if options.mode == 0 {
                0o1777
            } else {
                u32::try_from(options.mode).unwrap_or(0o1777)
            };
            Source::Tmpfs {
                size: tmpfs_size(options.size_bytes),
                mode,
            }
        }
        other => {
            return Err(EngineError::Invalid(format!(
                "mount type unknown: {other:?}"
            )));
        }
    };
    Ok(Wanted {
        source,
        destination,
        mode: String::new(),
        readonly: request.read_only,
        copy,
        hidden: false,
    })
}

fn unsupported(what: &str, next: &'static str) -> EngineError {
    EngineError::Unsupported {
        what: what.into(),
        next,
    }
}

/// Without a size, what the sandbox can well spare.
fn tmpfs_size(asked: u64) -> u64 {
    if asked == 0 { 64 << 20 } else { asked }
}

pub(super) fn parse_tmpfs(destination: &str, options: &str) -> Result<Wanted, EngineError> {
    let destination = clean(destination)?;
    let (mut size, mut mode, mut readonly) = (0, 0o1777, false);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let wrong = || EngineError::Invalid(format!("Invalid tmpfs option {option:?}"));
        match option.split_once('=') {
            Some(("size", value)) => size = parse_size(value).ok_or_else(wrong)?,
            Some(("mode", value)) => mode = u32::from_str_radix(value, 8).map_err(|_| wrong())?,
            Some(("uid" | "gid" | "nr_inodes" | "nr_blocks", _)) => {}
            None if option == "ro" => readonly = true,
            None if matches!(
                option,
                "rw" | "exec"
                    | "noexec"
                    | "suid"
                    | "nosuid"
                    | "dev"
                    | "nodev"
                    | "noatime"
                    | "atime"
            ) => {}
            _ => return Err(wrong()),
        }
    }
    let source = Source::Tmpfs {
        size: tmpfs_size(size),
        mode,
    };
    Ok(Wanted {
        source,
        destination,
        mode: options.into(),
        readonly,
        copy: false,
        hidden: true,
    })
}

/// `64m`, `1g`, `65536`.
fn parse_size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['k', 'm', 'g', 'b']);
    let factor = match lower[digits.len()..].trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's `path.Clean` gives it; never the root itself.
pub(super) fn clean(path: &str) -> Result<String, EngineError> {
    if !path.starts_with('/') || path.contains('\0') {
        return Err(EngineError::Invalid(format!(
            "invalid mount path: '{path}' mount path must be absolute"
        )));
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    if parts.is_empty() {
        return Err(EngineError::Invalid(
            "invalid specification: destination can't be '/'".into(),
        ));
    }
    Ok(format!("/{}", parts.join("/")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_read_as_docker_reads_them() {
        let bind = parse_bind("/src:/dst/../x:ro").unwrap();
        assert_eq!(
            bind.source,
            Source::Bind {
                path: "/src".into(),
                make: true
            }
        );
        assert_eq!((bind.destination.as_str(), bind.readonly), ("/x", true));
        assert!(
            matches!(parse_bind("data:/x").unwrap().source, Source::Volume { name: Some(n), .. } if n == "data")
        );
        assert!(matches!(
            parse_bind("/x").unwrap().source,
            Source::Volume { name: None, .. }
        ));
    }

    #[test]
    fn mistakes_are_refused_in_dockers_words() {
        let said = |bind: &str| parse_bind(bind).unwrap_err().to_string();
        assert_eq!(said("a:b:c:d"), "invalid volume specification: 'a:b:c:d'");
        assert_eq!(
            said("/a:/"),
            "invalid volume specification: '/a:/': invalid specification: destination can't be '/'"
        );
        assert_eq!(
            said("a:rel"),
            "invalid volume specification: 'a:rel': invalid mount path: 'rel' mount path must be absolute"
        );
        assert_eq!(said("a:/x:rx"), "invalid mode: rx");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            ["64m", "1G", "512", "2kb", "x", "1.5m"].map(parse_size),
            [
                Some(64 << 20),
                Some(1 << 30),
                Some(512),
                Some(2048),
                None,
                None
            ]
        );
    }
}
