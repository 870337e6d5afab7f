//! The static programs that images and workstations are made of: busybox and bash.
//!
//! Each is looked for in the data directory, on the host, in Debian's archive and, for busybox, in a registry; once
//! found it is kept in the data directory, so that the same images can be made again.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Progress, ProvisionError, debian, elf};

/// No static busybox or bash is larger.
pub(super) const MAX_PROGRAM: u64 = 32 << 20;

/// busybox, and what it can do.
#[derive(Debug)]
pub struct Busybox {
    /// The program.
    pub program: Vec<u8>,
    /// Its names but `busybox`, sorted.
    pub applets: Vec<String>,
    /// `1.35.0`.
    pub version: String,
}

impl Busybox {
    /// `1.35`.
    #[must_use]
    pub fn short_version(&self) -> &str {
        let second_dot = self.version.match_indices('.').nth(1);
        second_dot.map_or(&self.version, |(at, _)| &self.version[..at])
    }
}

/// Finds or fetches busybox.
///
/// # Errors
/// When there is none to be had; the error says where it was looked for.
pub fn busybox(
    data_dir: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Busybox, ProvisionError> {
    const ON_HOST: [&str; 5] = [
        "/bin/busybox",
        "/usr/bin/busybox",
        "/bin/busybox.static",
        "/sbin/busybox",
        "/usr/local/bin/busybox",
    ];
    let mut search = Search::new("busybox", data_dir, progress);
    let program = search
        .kept()
        .or_else(|| search.on_host(&ON_HOST))
        .or_else(|| search.in_debian("busybox-static", "bin/busybox"))
        .or_else(|| search.in_registry());
    match program {
        Some(program) => examine(&search.kept_path(), program),
        None => Err(ProvisionError::NoBusybox {
            tried: search.tried.join("; "),
            keep_at: search.kept_path(),
        }),
    }
}

/// Finds or fetches bash; without it the workstation has busybox's shell.
pub fn bash(data_dir: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Option<Vec<u8>> {
    let mut search = Search::new("bash", data_dir, progress);
    let program = search
        .kept()
        .or_else(|| search.on_host(&["/bin/bash-static", "/usr/bin/bash-static"]))
        .or_else(|| search.in_debian("bash-static", "bin/bash-static"));
    if program.is_none() {
        let tried = search.tried.join("; ");
        progress(Progress {
            message: &format!(
                "no static bash to be had ({tried}): workstations get busybox's shell"
            ),
        });
    }
    program
}

struct Search<'a> {
    name: &'static str,
    tools: PathBuf,
    progress: &'a mut dyn FnMut(Progress<'_>),
    tried: Vec<String>,
}

impl<'a> Search<'a> {
    fn new(name: &'static str, data_dir: &Path, progress: &'a mut dyn FnMut(Progress<'_>)) -> Self {
        Self {
            name,
            tools: data_dir.join("tools"),
            progress,
            tried: Vec::new(),
        }
    }

    fn kept_path(&self) -> PathBuf {
        self.tools.join(self.name)
    }

    fn kept(&mut self) -> Option<Vec<u8>> {
        let path = self.kept_path();
        let program = path.exists().then(|| read_program(&path))?;
        self.note(program)
    }

    fn on_host(&mut self, paths: &[&str]) -> Option<Vec<u8>> {
        let mut found = None;
        for path in paths.iter().map(Path::new).filter(|path| path.exists()) {
            found = found.or_else(|| {
                let program = read_program(path).and_then(|program| self.keep(program));
                self.note(program)
            });
        }
        if found.is_none() && self.tried.is_empty() {
            self.tried.push("none on this host".into());
        }
        found
    }

    fn in_debian(&mut self, package: &str, file: &str) -> Option<Vec<u8>> {
        (self.progress)(Progress {
            message: &format!("fetching Debian's package {package}"),
        });
        let program = debian::file_of_package(package, file, &self.tools)
            .map_err(|reason| format!("Debian's package {package}: {reason}"))
            .and_then(|program| check(&program, package).map(|()| program))
            .and_then(|program| self.keep(program));
        self.note(program)
    }

    fn in_registry(&mut self) -> Option<Vec<u8>> {
        let program = from_registry(&self.tools, self.progress)
            .and_then(|program| check(&program, FROM_REGISTRY).map(|()| program))
            .and_then(|program| self.keep(program));
        self.note(program)
    }

    fn note(&mut self, program: Result<Vec<u8>, String>) -> Option<Vec<u8>> {
        program.map_err(|reason| self.tried.push(reason)).ok()
    }

    fn keep(&self, program: Vec<u8>) -> Result<Vec<u8>, String> {
        write_program(&self.kept_path(), &program).map_err(|error| {
            format!(
                "cannot keep {} in {}: {error}",
                self.name,
                self.tools.display()
            )
        })?;
        Ok(program)
    }
}

/// Of the official variants, one that is linked statically.
const FROM_REGISTRY: &str = "busybox:musl";

/// Pulls into a store of its own, which goes away again: the image that is wanted is made of the program.
#[cfg(feature = "registry")]
fn from_registry(tools: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Vec<u8>, String> {
    let dir = tools.join("fetch-registry");
    let _ = fs::remove_dir_all(&dir);
    let mut pulled = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let store = crate::Store::open(&dir)?;
        let options = crate::registry::Options::default();
        let id = crate::registry::pull_named(&store, &FROM_REGISTRY.parse()?, options, progress)?;
        for layer in store.image(&id)?.layers {
            // What we unpacked ourselves, opened without following links.
            let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
            let path = layer.dir.join("bin/busybox");
            let file = File::options().read(true).custom_flags(flags).open(path);
            if let Ok(file) = file {
                let mut program = Vec::new();
                file.take(MAX_PROGRAM).read_to_end(&mut program)?;
                return Ok(program);
            }
        }
        Err("it holds no bin/busybox".into())
    };
    let program = pulled().map_err(|error| format!("{FROM_REGISTRY}: {error}"));
    let _ = fs::remove_dir_all(&dir);
    program
}

#[cfg(not(feature = "registry"))]
fn from_registry(_: &Path, _: &mut dyn FnMut(Progress<'_>)) -> Result<Vec<u8>, String> {
    Err("built without pulling from registries".into())
}

fn read_program(path: &Path) -> Result<Vec<u8>, String> {
    let mut program = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PROGRAM).read_to_end(&mut program))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    check(&program, &path.display().to_string())?;
    Ok(program)
}

fn check(program: &[u8], whose: &str) -> Result<(), String> {
    elf::check_static(program).map_err(|reason| format!("{whose}: {reason}"))
}

fn write_program(path: &Path, program: &[u8]) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o755);
    let mut file = options.open(&beside)?;
    file.write_all(program)?;
    file.sync_data()?;
    drop(file);
    fs::rename(beside, path)
}

/// Asks busybox what it is.
fn examine(path: &Path, program: Vec<u8>) -> Result<Busybox, ProvisionError> {
    let ask = |arguments: &[&str]| {
        let output = Command::new(path)
            .args(arguments)
            .env_clear()
            .output()
            .map_err(|source| ProvisionError::Os {
                action: "run",
                path: path.into(),
                source,
            })?;
        Ok::<_, ProvisionError>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let not_busybox = |reason: &str| ProvisionError::BadTool {
        path: path.into(),
        reason: reason.into(),
    };
    let banner = ask(&[])?;
    let version = banner
        .strip_prefix("BusyBox v")
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or_else(|| not_busybox("it does not say that it is busybox"))?
        .to_owned();
    let is_name = |name: &&str| {
        !name.is_empty()
            && *name != "busybox"
            && !name.contains(['/', ' '])
            && !name.starts_with('.')
    };
    let list = ask(&["--list"])?;
    let mut applets: Vec<String> = list.lines().filter(is_name).map(Into::into).collect();
    applets.sort_unstable();
    applets.dedup();
    if !applets.iter().any(|name| name == "sh") {
        return Err(not_busybox("it has no shell"));
    }
    Ok(Busybox {
        program,
        applets,
        version,
    })
}
