//! The context and the Dockerfile, from what was typed.

use std::{
    env::current_dir,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use drydock_dockerfile::DockerIgnore;

use crate::{error::os_words, options::volume::absolute};

/// The largest Dockerfile that is read from standard input or from outside the context.
const MAX_DOCKERFILE: u64 = 16 * 1024 * 1024;

/// Where a context comes from.
#[derive(Debug)]
pub enum Source {
    /// A directory.
    Directory {
        /// Its path.
        root: PathBuf,
        /// What stays out.
        ignore: DockerIgnore,
        /// The Dockerfile's path in the context.
        dockerfile: String,
        /// Its content, when it is no file of the context.
        extra: Option<Vec<u8>>,
    },
    /// A Dockerfile alone, from standard input.
    Dockerfile(Vec<u8>),
    /// A tar archive from standard input, of which this is the beginning.
    Archive {
        /// What was read already.
        head: Vec<u8>,
        /// The Dockerfile's path in it, if one was named.
        dockerfile: Option<String>,
    },
}

/// Finds the context `path` and the Dockerfile `file`, if one was named.
///
/// # Errors
/// Docker's words.
pub fn locate(path: &str, file: Option<&str>) -> Result<Source, String> {
    match path {
        "-" if file == Some("-") => {
            Err("invalid argument: can't use stdin for both build context and dockerfile".into())
        }
        "-" => from_stdin(file),
        url if is_url(url) => Err(format!(
            "unable to prepare context: '{url}' cannot be fetched here; use a directory or a tar archive"
        )),
        _ => directory(path, file),
    }
}

fn is_url(text: &str) -> bool {
    ["http://", "https://", "git://", "git@", "github.com/"]
        .iter()
        .any(|start| text.starts_with(start))
}

fn from_stdin(file: Option<&str>) -> Result<Source, String> {
    // Enough for a tar header, of which the name is at its end.
    let head = read_stdin(512)?;
    let is_tar = head.get(257..262) == Some(b"ustar");
    let is_compressed = [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"]
        .iter()
        .any(|m| head.starts_with(m));
    if is_tar || is_compressed {
        return Ok(Source::Archive {
            head,
            dockerfile: file.map(ToOwned::to_owned),
        });
    }
    if file.is_some() {
        return Err(
            "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles".into(),
        );
    }
    let mut text = head;
    text.extend(read_stdin(MAX_DOCKERFILE)?);
    Ok(Source::Dockerfile(text))
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

fn directory(path: &str, file: Option<&str>) -> Result<Source, String> {
    let unable = |why: String| format!("unable to prepare context: {why}");
    let cwd = current_dir().map_err(|error| unable(os_words(&error)))?;
    let typed = PathBuf::from(absolute(path, &cwd));
    let root =
        fs::canonicalize(&typed).map_err(|_| unable(format!("path \"{path}\" not found")))?;
    if !root.is_dir() {
        return Err(unable(format!(
            "context must be a directory: {}",
            root.display()
        )));
    }
    let (dockerfile, extra) = match file {
        Some("-") => (hidden_name(), Some(read_stdin(MAX_DOCKERFILE)?)),
        Some(file) => in_context(&PathBuf::from(absolute(file, &cwd)), &root).map_err(unable)?,
        None => in_context(&default_dockerfile(&root), &root).map_err(unable)?,
    };
    let mut ignore = ignore_file(&root)?;
    ignore.keep(&dockerfile);
    ignore.keep(".dockerignore");
    Ok(Source::Directory {
        root,
        ignore,
        dockerfile,
        extra,
    })
}

/// `Dockerfile`, or `dockerfile` when only that is there.
fn default_dockerfile(root: &Path) -> PathBuf {
    let lower = root.join("dockerfile");
    let usual = root.join("Dockerfile");
    if fs::symlink_metadata(&usual).is_err() && fs::symlink_metadata(&lower).is_ok() {
        lower
    } else {
        usual
    }
}

/// The Dockerfile's path in the context; a file from outside goes along under a name of its own.
fn in_context(path: &Path, root: &Path) -> Result<(String, Option<Vec<u8>>), String> {
    let evaluated = fs::canonicalize(path).map_err(|error| {
        format!(
            "unable to evaluate symlinks in Dockerfile path: lstat {}: {}",
            path.display(),
            os_words(&error)
        )
    })?;
    if let Ok(inside) = evaluated.strip_prefix(root) {
        return Ok((inside.to_string_lossy().into_owned(), None));
    }
    let size = fs::metadata(&evaluated).map_or(0, |meta| meta.len());
    if size > MAX_DOCKERFILE {
        return Err(format!(
            "the Dockerfile ({}) is larger than 16 MiB",
            path.display()
        ));
    }
    let text = fs::read(&evaluated).map_err(|error| {
        format!(
            "unable to open Dockerfile: open {}: {}",
            path.display(),
            os_words(&error)
        )
    })?;
    Ok((hidden_name(), Some(text)))
}

/// A name that no file of the context has.
fn hidden_name() -> String {
    let mut random = [0u8; 10];
    // Without randomness the name is still hidden; a clash needs a file of that very name.
    let _ = getrandom::fill(&mut random);
    random
        .iter()
        .fold(String::from(".dockerfile."), |name, byte| {
            format!("{name}{byte:02x}")
        })
}

fn ignore_file(root: &Path) -> Result<DockerIgnore, String> {
    match fs::read_to_string(root.join(".dockerignore")) {
        Ok(text) => {
            DockerIgnore::parse(&text).map_err(|error| format!("error checking context: {error}"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(DockerIgnore::default()),
        Err(error) => Err(format!("error reading .dockerignore: {}", os_words(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_outside_the_context_goes_along() {
        let dir = tempfile::tempdir().unwrap();
        let context = dir.path().join("ctx");
        fs::create_dir(&context).unwrap();
        let outside = dir.path().join("Other");
        fs::write(&outside, "FROM scratch\n").unwrap();
        let found = locate(&context.to_string_lossy(), Some(&outside.to_string_lossy())).unwrap();
        let Source::Directory {
            dockerfile, extra, ..
        } = found
        else {
            panic!("a directory")
        };
        assert!(dockerfile.starts_with(".dockerfile."), "{dockerfile}");
        assert_eq!(extra.as_deref(), Some(&b"FROM scratch\n"[..]));
    }

    #[test]
    fn what_is_missing_is_named_in_dockers_words() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("nosuch");
        assert_eq!(
            locate(&missing.to_string_lossy(), None).unwrap_err(),
            format!(
                "unable to prepare context: path \"{}\" not found",
                missing.display()
            )
        );
        let root = fs::canonicalize(dir.path()).unwrap();
        assert_eq!(
            locate(&root.to_string_lossy(), None).unwrap_err(),
            format!(
                "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat {}/Dockerfile: no such file or directory",
                root.display()
            )
        );
    }
}
