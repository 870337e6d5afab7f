//! The libraries themselves, from their registries, of pinned versions. Kept in the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::harness::{data, process::finish, repository};

const PATIENCE: Duration = Duration::from_secs(300);

/// Where a suite's sources are.
pub fn sources(suite: &str) -> PathBuf {
    repository().join("tests/clients").join(suite)
}

/// A Python with docker-py.
pub fn docker_py() -> Result<PathBuf, String> {
    let wanted = sources("docker-py").join("requirements.txt");
    let folder = kept("docker-py", &wanted, |folder| {
        let venv = folder.join("venv");
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--no-deps", "--requirement"]);
        run(pip.arg(&wanted))
    })?;
    Ok(folder.join("venv/bin/python"))
}

/// A folder with dockerode, and the suite's sources beside it, where Node looks for packages.
pub fn dockerode() -> Result<PathBuf, String> {
    let from = sources("dockerode");
    let folder = kept("dockerode", &from.join("package-lock.json"), |folder| {
        copy(&from, folder);
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--omit=optional", "--no-audit"]);
        run(npm.current_dir(folder))
    })?;
    copy(&from, &folder);
    Ok(folder)
}

/// The folder that `install` has filled for what `wanted` says.
fn kept(
    name: &str,
    wanted: &Path,
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let folder = data::target().join("clients").join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    // Another test program may be at it.
    lock.lock().unwrap();
    let installed = folder.join("installed");
    let wanted = fs::read(wanted).unwrap();
    if fs::read(&installed).ok().as_ref() != Some(&wanted) {
        install(&folder)?;
        fs::write(installed, wanted).unwrap();
    }
    Ok(folder)
}

fn run(command: &mut Command) -> Result<(), String> {
    let finished = finish(command, b"", PATIENCE);
    match finished.code {
        0 => Ok(()),
        code => Err(format!(
            "{command:?} ended with {code}: {}",
            finished.stderr
        )),
    }
}

/// The files of `from`, without its folders.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
