//! What is built from: the context and the Dockerfile, found by BuildKit's rules.

use std::{
    env::current_dir,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use drydock_dockerfile::{DockerIgnore, MAX_BYTES};

use crate::{error::os_words, options::volume::absolute};

/// The largest Dockerfile that is read: an engine takes no larger one.
const MAX_DOCKERFILE: u64 = MAX_BYTES as u64;
const IGNORE: &str = ".dockerignore";

/// The context.
#[derive(Debug)]
pub enum Place {
    /// A directory, by its canonical path.
    Directory(PathBuf),
    /// An archive on standard input, of which this is the beginning.
    Archive(Vec<u8>),
    /// None: only a Dockerfile came.
    Empty,
}

/// The Dockerfile.
#[derive(Debug)]
pub enum Definition {
    /// A file of this machine; `shown` is what messages call it.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its last part.
        shown: String,
    },
    /// From standard input.
    Text(Vec<u8>),
    /// A file of the archive that the context is.
    InArchive(String),
}

impl Definition {
    /// What messages call it.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::File { shown, .. } => shown,
            Self::Text(_) => "Dockerfile",
            Self::InArchive(name) => name,
        }
    }

    /// Its text; `None` when the archive has it.
    ///
    /// # Errors
    /// BuildKit's words.
    pub fn read(&self) -> Result<Option<String>, String> {
        let bytes = match self {
            Self::InArchive(_) => return Ok(None),
            Self::Text(bytes) => bytes.clone(),
            Self::File { path, shown } => {
                let failed = |error: &io::Error| {
                    format!(
                        "failed to read dockerfile: open {shown}: {}",
                        os_words(error)
                    )
                };
                let file = File::open(path).map_err(|error| failed(&error))?;
                let mut bytes = Vec::new();
                file.take(MAX_DOCKERFILE + 1)
                    .read_to_end(&mut bytes)
                    .map_err(|error| failed(&error))?;
                bytes
            }
        };
        if bytes.len() as u64 > MAX_DOCKERFILE {
            return Err(format!("the Dockerfile is larger than {MAX_BYTES} bytes"));
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Finds both. Reads the beginning of standard input when the context comes from there.
///
/// # Errors
/// In buildx's words.
pub fn find(context: &str, file: Option<&str>) -> Result<(Place, Definition), String> {
    let file = file.filter(|file| !file.is_empty());
    match context {
        "-" if file == Some("-") => {
            Err("invalid argument: can't use stdin for both build context and dockerfile".into())
        }
        "-" => from_stdin(file),
        url if is_url(url) => Err(format!(
            "unable to prepare context: {url} cannot be fetched here: a sandbox builds from its own files. Use a directory, or '-' with an archive on standard input"
        )),
        _ => directory(context, file),
    }
}

/// Whether it names something on the network.
#[must_use]
pub fn is_url(text: &str) -> bool {
    [
        "http://",
        "https://",
        "git://",
        "ssh://",
        "git@",
        "github.com/",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

/// A directory of this machine.
///
/// # Errors
/// In buildx's words.
pub fn local(path: &str) -> Result<PathBuf, String> {
    let missing = || format!("path {path:?} not found");
    let cwd = current_dir().map_err(|error| os_words(&error))?;
    let root = fs::canonicalize(absolute(path, &cwd)).map_err(|_| missing())?;
    if root.is_dir() {
        Ok(root)
    } else {
        Err(missing())
    }
}

fn directory(context: &str, file: Option<&str>) -> Result<(Place, Definition), String> {
    let unable = |why: String| format!("unable to prepare context: {why}");
    let root = local(context).map_err(unable)?;
    let definition = match file {
        Some("-") => Definition::Text(read_stdin(MAX_DOCKERFILE + 1)?),
        Some(url) if is_url(url) => {
            return Err(format!(
                "the Dockerfile {url} cannot be fetched here: a sandbox builds from its own files"
            ));
        }
        Some(file) => {
            let cwd = current_dir().map_err(|error| os_words(&error))?;
            let path = PathBuf::from(absolute(file, &cwd));
            let shown = path.file_name().map_or_else(
                || file.to_owned(),
                |name| name.to_string_lossy().into_owned(),
            );
            Definition::File { path, shown }
        }
        None => default_file(&root),
    };
    Ok((Place::Directory(root), definition))
}

/// `Dockerfile`, or `dockerfile` when only that is there.
fn default_file(root: &Path) -> Definition {
    let there = |name: &str| fs::symlink_metadata(root.join(name)).is_ok();
    let shown = if !there("Dockerfile") && there("dockerfile") {
        "dockerfile"
    } else {
        "Dockerfile"
    };
    Definition::File {
        path: root.join(shown),
        shown: shown.into(),
    }
}

fn from_stdin(file: Option<&str>) -> Result<(Place, Definition), String> {
    // Enough for a tar header, of which the name is at its end.
    let head = read_stdin(512)?;
    let is_tar = head.get(257..262) == Some(b"ustar");
    let is_compressed = [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"]
        .iter()
        .any(|mark| head.starts_with(mark));
    if is_tar || is_compressed {
        let name = file.unwrap_or("Dockerfile").to_owned();
        return Ok((Place::Archive(head), Definition::InArchive(name)));
    }
    if file.is_some() {
        return Err(
            "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles".into(),
        );
    }
    let mut text = head;
    text.extend(read_stdin(MAX_DOCKERFILE + 1)?);
    Ok((Place::Empty, Definition::Text(text)))
}

fn read_stdin(limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            format!(
                "failed to peek context header from STDIN: {}",
                os_words(&error)
            )
        })?;
    Ok(bytes)
}

/// What stays out of a context: `<Dockerfile>.dockerignore` beside the Dockerfile, or else the context's own
/// `.dockerignore`. The text, too, if there is one.
///
/// # Errors
/// BuildKit's words.
pub fn ignore(
    root: &Path,
    definition: &Definition,
) -> Result<(Option<String>, DockerIgnore), String> {
    let beside = match definition {
        Definition::File { path, shown } => Some(path.with_file_name(format!("{shown}{IGNORE}"))),
        Definition::Text(_) | Definition::InArchive(_) => None,
    };
    for path in beside.into_iter().chain([root.join(IGNORE)]) {
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("error reading .dockerignore: {}", os_words(&error))),
        };
        let rules = DockerIgnore::parse(&text).map_err(|error| {
            error
                .to_string()
                .trim_start_matches("error checking context: ")
                .to_owned()
        })?;
        return Ok((Some(text), rules));
    }
    Ok((None, DockerIgnore::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ignore_file_beside_the_dockerfile_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".dockerignore"), "a\n").unwrap();
        fs::write(dir.path().join("web.Dockerfile"), "FROM scratch\n").unwrap();
        let file = dir.path().join("web.Dockerfile");
        let (_, definition) =
            find(&dir.path().to_string_lossy(), Some(&file.to_string_lossy())).unwrap();
        assert_eq!(definition.shown(), "web.Dockerfile");
        let text = |definition| ignore(dir.path(), definition).unwrap().0;
        assert_eq!(text(&definition).as_deref(), Some("a\n"));
        fs::write(dir.path().join("web.Dockerfile.dockerignore"), "b\n").unwrap();
        assert_eq!(text(&definition).as_deref(), Some("b\n"));
    }

    #[test]
    fn what_is_missing_is_named_in_buildx_words() {
        let dir = tempfile::tempdir().unwrap();
        let (_, definition) = find(&dir.path().to_string_lossy(), None).unwrap();
        assert_eq!(
            definition.read().unwrap_err(),
            "failed to read dockerfile: open Dockerfile: no such file or directory"
        );
        assert_eq!(
            find("/nosuch", None).unwrap_err(),
            "unable to prepare context: path \"/nosuch\" not found"
        );
        assert!(
            find("https://example.org/a.git", None)
                .unwrap_err()
                .contains("cannot be fetched here")
        );
    }
}
