//! `docker save`.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use drydock_api::client::{Body, percent_encode};
use http::Method;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::{CliError, os_words},
    stream::{self, body::BodyReader},
    tty::Output,
};

/// `docker save`.
#[derive(Debug, Args)]
pub struct Save {
    /// Write to a file, instead of STDOUT
    #[arg(short, long, value_name = "string")]
    output: Option<String>,
    /// Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")
    #[arg(long, value_name = "string")]
    platform: Option<String>,
    arguments: Vec<String>,
}

impl Command for Save {
    const WORDS: Words = Words {
        spellings: &["save", "image save"],
        about: "Save one or more images to a tar archive (streamed to STDOUT by default)",
        usage: "[OPTIONS] IMAGE [IMAGE...]",
        arity: Arity::AtLeast(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let output = self.output.as_deref().filter(|path| !path.is_empty());
        match output {
            None if Output::Stdout.is_terminal() => {
                return Err(CliError::failed(
                    "cowardly refusing to save to a terminal. Use the -o flag or redirect",
                ));
            }
            None => {}
            Some(path) => check(Path::new(path))
                .map_err(|why| CliError::failed(format!("failed to save image: {why}")))?,
        }
        let names = self
            .arguments
            .iter()
            .map(|name| format!("names={}", percent_encode(name)));
        let platform = self
            .platform
            .iter()
            .map(|text| format!("platform={}", percent_encode(&platform(text))));
        let query: Vec<String> = names.chain(platform).collect();
        let path = format!("/images/get?{}", query.join("&"));
        let archive = docker.request(Method::GET, &path, Body::empty()).await?;
        let archive = BodyReader::new(archive);
        match output {
            None => stream::copy(archive).await?,
            Some(path) => write(archive, Path::new(path)).await?,
        }
        Ok(0)
    }
}

/// A platform as the API takes it: JSON of `os[/arch[/variant]]`.
pub(super) fn platform(text: &str) -> String {
    let names = ["os", "architecture", "variant"];
    let parts = names.into_iter().zip(text.split('/').map(Value::from));
    Value::Object(parts.map(|(name, part)| (name.to_owned(), part)).collect()).to_string()
}

/// Docker looks at the place before it asks for the images.
fn check(path: &Path) -> Result<(), String> {
    let dir = parent(path);
    if let Err(error) = fs::metadata(dir) {
        let why = os_words(&error);
        return Err(format!(
            "invalid output path: stat {}: {why}",
            dir.display()
        ));
    }
    if path.is_dir() {
        return Err("cannot write to a directory".into());
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if dir != Path::new("") => dir,
        _ => Path::new("."),
    }
}

/// Writes beside `path` and renames, so that a failure leaves what was there.
async fn write(mut archive: BodyReader, path: &Path) -> Result<(), CliError> {
    let failed = |source| CliError::io(format!("open {}", path.display()), source);
    let mut beside = Beside::create(path).map_err(failed)?;
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = archive
            .read(&mut piece)
            .await
            .map_err(|source| CliError::io("error reading from the engine", source))?;
        if count == 0 {
            return beside.keep(path).map_err(failed);
        }
        beside
            .file
            .write_all(&piece[..count])
            .map_err(|source| CliError::io(format!("write {}", path.display()), source))?;
    }
}

/// A file that is removed again unless it is kept.
struct Beside {
    file: File,
    path: Option<PathBuf>,
}

impl Beside {
    fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = parent(path).join(format!(".tmp-{name}{}", std::process::id()));
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        Ok(Self {
            file,
            path: Some(beside),
        })
    }

    fn keep(&mut self, path: &Path) -> io::Result<()> {
        match self.path.take() {
            Some(beside) => fs::rename(beside, path),
            None => Ok(()),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}
