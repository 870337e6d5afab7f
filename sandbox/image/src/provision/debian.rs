//! Files out of Debian packages, fetched by `apt-get download` and never installed.

use std::{
    fs::{self, File},
    io::{BufReader, Read as _},
    path::{Path, PathBuf},
    process::Command,
};

use super::{ar, tools::MAX_PROGRAM};
use crate::{
    archive::decoded,
    tar::{Kind, Reader},
};

/// Fetches a package into a directory of its own under `dir`, and takes one file out: the one whose path is `file`,
/// with or without `/usr` before it.
///
/// # Errors
/// In words for the operator.
pub(super) fn file_of_package(package: &str, file: &str, dir: &Path) -> Result<Vec<u8>, String> {
    let work = dir.join(format!("fetch-{package}"));
    let io = |error: std::io::Error| error.to_string();
    // What an earlier run has left.
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).map_err(io)?;
    let result = fetch(package, &work).and_then(|deb| {
        let deb = File::open(deb).map_err(io)?;
        take_file(BufReader::new(deb), file)
    });
    let _ = fs::remove_dir_all(&work);
    result
}

/// With the system's package lists; where there are none, or old ones, with fresh ones beside the download.
fn fetch(package: &str, work: &Path) -> Result<PathBuf, String> {
    if apt_get(work, &[], &["download", package]).is_err() {
        let own = [
            format!("Dir::State::lists={}", own_dir(work, "lists")?),
            format!("Dir::Cache={}", own_dir(work, "cache/archives")?),
        ];
        apt_get(work, &own, &["update"])?;
        apt_get(work, &own, &["download", package])?;
    }
    let is_deb = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    fs::read_dir(work)
        .map_err(|error| error.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .find(is_deb)
        .ok_or_else(|| "apt-get fetched nothing".into())
}

fn own_dir(work: &Path, name: &str) -> Result<String, String> {
    let path = work.join(name);
    fs::create_dir_all(path.join("partial")).map_err(|error| error.to_string())?;
    let top = work.join(name.split('/').next().unwrap_or(name));
    Ok(top.display().to_string())
}

fn apt_get(work: &Path, options: &[String], arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command.current_dir(work).arg("-qq");
    // apt would drop to a user that cannot write here, and inside a user namespace it could not drop at all.
    for option in [
        "APT::Sandbox::User=root",
        "Acquire::http::Timeout=20",
        "Acquire::Retries=1",
    ] {
        command.args(["-o", option]);
    }
    for option in options {
        command.args(["-o", option]);
    }
    let output = command
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .map_err(|error| format!("apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.unwrap_or("apt-get failed").to_owned())
}

/// A package is an `ar` archive with `data.tar.xz`, `.zst` or `.gz` inside.
fn take_file(deb: impl std::io::Read, wanted: &str) -> Result<Vec<u8>, String> {
    let text = |error: std::io::Error| error.to_string();
    let data = ar::member(deb, |name| name.starts_with("data.tar")).map_err(text)?;
    let mut tar = Reader::new(decoded(data).map_err(text)?);
    while let Some(entry) = tar.next().map_err(|error| error.to_string())? {
        let name = entry.name.strip_prefix(b"./").unwrap_or(&entry.name);
        let name = name.strip_prefix(b"usr/").unwrap_or(name);
        if entry.kind == Kind::File && name == wanted.as_bytes() {
            let mut program = Vec::new();
            tar.take(MAX_PROGRAM)
                .read_to_end(&mut program)
                .map_err(text)?;
            return Ok(program);
        }
    }
    Err(format!("the package holds no {wanted}"))
}
