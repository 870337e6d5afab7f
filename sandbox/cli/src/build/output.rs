//! `--output`, `--load` and `--push`: where the result goes.

use std::{collections::BTreeMap, fs};

use drydock_api::build::{Output, OutputKind};

use crate::{text::csv, tty};

/// A result and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What the engine makes.
    pub output: Output,
    /// Where it is written here; `None` when the engine keeps it.
    pub destination: Option<Destination>,
}

/// A place on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// One file.
    File(String),
    /// A directory that the archive is unpacked in.
    Directory(String),
}

/// Reads the values of `--output`. Where nothing is said, the image store gets the image.
///
/// # Errors
/// In buildx's words.
pub fn parse(values: &[String], load: bool, push: bool) -> Result<Vec<Export>, String> {
    if push {
        return Err(no_push());
    }
    let mut exports = Vec::new();
    for value in values {
        exports.push(one(value)?);
    }
    if exports.is_empty() || (load && exports.iter().all(|export| export.destination.is_some())) {
        exports.push(Export {
            output: Output {
                kind: OutputKind::Image,
                options: BTreeMap::new(),
            },
            destination: None,
        });
    }
    Ok(exports)
}

fn no_push() -> String {
    "a build does not push here: build it with a name, '-t NAME', and then 'docker push NAME'"
        .into()
}

fn one(value: &str) -> Result<Export, String> {
    let fields = csv::fields(value)?;
    let (kind, mut options) = match fields.as_slice() {
        [field] if field == value && !value.starts_with("type=") => {
            let kind = if value == "-" { "tar" } else { "local" };
            let options = BTreeMap::from([("dest".to_owned(), value.to_owned())]);
            (kind.to_owned(), options)
        }
        fields => keyed(fields)?,
    };
    let destination = options.remove("dest");
    let to = |destination| {
        Ok(Export {
            output: Output {
                kind: known(&kind),
                options: options.clone(),
            },
            destination,
        })
    };
    match kind.as_str() {
        "local" => to(Some(directory(destination, &kind)?)),
        "tar" => to(Some(file(destination, &kind)?)),
        // Without a destination it goes into the image store.
        "docker" if destination.is_none() => Ok(Export {
            output: Output {
                kind: OutputKind::Image,
                options,
            },
            destination: None,
        }),
        "docker" | "oci" => match options.get("tar").map(String::as_str) {
            Some("false" | "0" | "f") => to(Some(directory(destination, &kind)?)),
            _ => to(Some(file(destination, &kind)?)),
        },
        "image" if options.get("push").is_some_and(|push| push == "true") => Err(no_push()),
        "image" | "cacheonly" => to(None),
        "registry" => Err(no_push()),
        other => Err(format!("exporter {other:?} could not be found")),
    }
}

fn known(kind: &str) -> OutputKind {
    match kind {
        "local" => OutputKind::Local,
        "tar" => OutputKind::Tar,
        "docker" => OutputKind::Docker,
        "oci" => OutputKind::Oci,
        "cacheonly" => OutputKind::CacheOnly,
        _ => OutputKind::Image,
    }
}

fn keyed(fields: &[String]) -> Result<(String, BTreeMap<String, String>), String> {
    let mut options = BTreeMap::new();
    for field in fields {
        let (key, value) = field
            .split_once('=')
            .ok_or_else(|| format!("invalid value {field}"))?;
        options.insert(key.trim().to_ascii_lowercase(), value.to_owned());
    }
    let kind = options
        .remove("type")
        .filter(|kind| !kind.is_empty())
        .ok_or("type is required for output")?;
    Ok((kind, options))
}

fn directory(destination: Option<String>, kind: &str) -> Result<Destination, String> {
    match destination.filter(|path| !path.is_empty()) {
        None => Err(format!("dest is required for {kind} exporter")),
        Some(path) if path == "-" => Err(format!("dest cannot be stdout for {kind} exporter")),
        Some(path) if fs::metadata(&path).is_ok_and(|meta| !meta.is_dir()) => {
            Err(format!("destination directory {path} is a file"))
        }
        Some(path) => Ok(Destination::Directory(path)),
    }
}

fn file(destination: Option<String>, kind: &str) -> Result<Destination, String> {
    match destination.filter(|path| !path.is_empty()).as_deref() {
        None | Some("-") if tty::Output::Stdout.is_terminal() => Err(format!(
            "dest file is required for {kind} exporter. refusing to write to console"
        )),
        None | Some("-") => Ok(Destination::Stdout),
        Some(path) if fs::metadata(path).is_ok_and(|meta| meta.is_dir()) => {
            Err(format!("destination file {path} is a directory"))
        }
        Some(path) => Ok(Destination::File(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(value: &str) -> Result<(OutputKind, Option<Destination>), String> {
        let exports = parse(&[value.to_owned()], false, false)?;
        Ok((exports[0].output.kind, exports[0].destination.clone()))
    }

    #[test]
    fn a_path_alone_is_a_directory_and_a_dash_an_archive() {
        let directory = |path: &str| Some(Destination::Directory(path.into()));
        assert_eq!(first("out"), Ok((OutputKind::Local, directory("out"))));
        assert_eq!(
            first("type=tar,dest=a.tar"),
            Ok((OutputKind::Tar, Some(Destination::File("a.tar".into()))))
        );
        assert_eq!(first("type=docker"), Ok((OutputKind::Image, None)));
        assert_eq!(
            first("type=oci,tar=false,dest=d"),
            Ok((OutputKind::Oci, directory("d")))
        );
    }

    #[test]
    fn mistakes_are_told_in_buildx_words() {
        let words = |value| first(value).unwrap_err();
        assert_eq!(words("type=local"), "dest is required for local exporter");
        assert_eq!(words("dest=x,y"), "invalid value y");
        assert_eq!(words("dest=x,a=b"), "type is required for output");
        assert_eq!(words("type=x,dest=y"), "exporter \"x\" could not be found");
        assert!(words("type=registry").contains("docker push NAME"));
        assert_eq!(
            words("type=local,dest=/etc/passwd"),
            "destination directory /etc/passwd is a file"
        );
    }
}
