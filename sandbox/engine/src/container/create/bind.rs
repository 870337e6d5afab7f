//! `-v`: `[source:]destination[:mode]`, as Docker's volume parser reads it. Pure.

use super::flags::{Wanted, parse_mount};
use crate::{
    error::EngineError,
    wire::mount::{BindOptions, DriverConfig, MountRequest, VolumeOptions},
};

/// The words of a mode; of each row one at most.
const MODES: [&[&str]; 5] = [
    &["rw", "ro"],
    &["z", "Z"],
    PROPAGATIONS,
    &["consistent", "cached", "delegated"],
    &["nocopy"],
];

/// How mounts go from one side to the other (mount_namespaces(7)).
pub(super) const PROPAGATIONS: &[&str] = &[
    "private", "rprivate", "slave", "rslave", "shared", "rshared",
];

pub(super) fn parse_bind(bind: &str, driver: &str) -> Result<Wanted, EngineError> {
    let invalid =
        |why: &str| EngineError::Invalid(format!("invalid volume specification: '{bind}'{why}"));
    let parts: Vec<&str> = bind.splitn(4, ':').collect();
    let (source, target, mode) = match parts.as_slice() {
        ["", ..] => return Err(invalid("")),
        [target] => ("", *target, ""),
        // `/data:ro` is no place in a container.
        [_, mode] if is_mode(mode) && !mode.is_empty() => return Err(invalid("")),
        [source, target] => (*source, *target, ""),
        [source, target, mode] => (*source, *target, *mode),
        _ => return Err(invalid("")),
    };
    if !is_mode(mode) {
        return Err(EngineError::Invalid(format!("invalid mode: {mode}")));
    }
    let request = request(source, target, mode, driver);
    match parse_mount(&request) {
        Ok(wanted) => Ok(Wanted {
            mode: mode.into(),
            ..wanted
        }),
        Err(EngineError::Invalid(why)) => Err(invalid(&format!(": {why}"))),
        Err(other) => Err(other),
    }
}

/// The same, as `--mount` would say it; a missing directory is made.
fn request(source: &str, target: &str, mode: &str, driver: &str) -> MountRequest {
    let words: Vec<&str> = mode.split(',').collect();
    let is_bind = source.starts_with('/');
    let propagation = words.iter().find(|word| PROPAGATIONS.contains(word));
    let no_copy = words.contains(&"nocopy");
    let driver = (!is_bind && !driver.is_empty()).then(|| DriverConfig {
        name: driver.into(),
        ..DriverConfig::default()
    });
    MountRequest {
        kind: if is_bind { "bind" } else { "volume" }.into(),
        source: source.into(),
        target: target.into(),
        read_only: words.contains(&"ro"),
        bind_options: (is_bind || propagation.is_some()).then(|| BindOptions {
            propagation: propagation
                .map(|word| (*word).to_owned())
                .unwrap_or_default(),
            create_mountpoint: true,
            ..BindOptions::default()
        }),
        volume_options: (no_copy || driver.is_some()).then(|| VolumeOptions {
            no_copy,
            driver_config: driver,
            ..VolumeOptions::default()
        }),
        ..MountRequest::default()
    }
}

fn is_mode(mode: &str) -> bool {
    if mode.is_empty() {
        return true;
    }
    let mut used = [false; MODES.len()];
    mode.split(',').all(|word| {
        let row = MODES.iter().position(|row| row.contains(&word));
        row.is_some_and(|row| !std::mem::replace(&mut used[row], true))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{super::flags::Source, *};

    #[test]
    fn binds_are_read_as_docker_reads_them() {
        let bind = parse_bind("/src:/dst/../x:ro", "").unwrap();
        assert_eq!(
            bind.source,
            Source::Bind {
                path: "/src".into(),
                make: true
            }
        );
        assert_eq!((bind.destination.as_str(), bind.readonly), ("/x", true));
        assert!(
            matches!(parse_bind("data:/x:nocopy", "").unwrap(), Wanted { source: Source::Volume { name: Some(n), .. }, copy: false, .. } if n == "data")
        );
        assert!(matches!(
            parse_bind("/x", "").unwrap().source,
            Source::Volume { name: None, .. }
        ));
    }

    #[test]
    fn mistakes_are_refused_in_dockers_words() {
        let said = |bind: &str| parse_bind(bind, "").unwrap_err().to_string();
        for spec in ["a:b:c:d", ":/x", "", "/x:ro"] {
            assert_eq!(
                said(spec),
                format!("invalid volume specification: '{spec}'")
            );
        }
        assert_eq!(
            said("/a:/"),
            "invalid volume specification: '/a:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'"
        );
        assert_eq!(
            said("a:rel"),
            "invalid volume specification: 'a:rel': invalid mount config for type \"volume\": invalid mount path: 'rel' mount path must be absolute"
        );
        assert_eq!(said("a:/x:rx"), "invalid mode: rx");
        assert_eq!(said("a:/x:ro,rw"), "invalid mode: ro,rw");
        assert!(said("/a:/x:nocopy").ends_with("field VolumeOptions must not be specified"));
    }
}
