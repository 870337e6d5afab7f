//! The root file system of workstations: busybox, bash, a home and a prompt.
//!
//! It lies in the store beside the images, under a name made of its contents, so that workstations that run keep
//! the one they started with when a new Drydock brings another.

mod terminfo;

use std::{
    fs::{self, File},
    io::Cursor,
    os::{fd::AsFd as _, unix::fs::symlink},
    path::{Path, PathBuf},
};

use crate::{
    Store, StoreError, layer,
    provision::{self, Progress, ProvisionError, files::Files, tools, tools::Busybox},
    store::Staging,
};

/// Makes sure that a root file system for workstations is in the store, and says where. `completion` is the text of
/// bash's completion for `docker`. Quick when it is there.
///
/// # Errors
/// When busybox cannot be had or the store cannot be written.
pub fn ensure(
    store: &Store,
    data_dir: &Path,
    completion: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<PathBuf, ProvisionError> {
    let _lock = provision::lock(data_dir)?;
    let busybox = tools::busybox(data_dir, progress)?;
    let bash = tools::bash(data_dir, progress);
    let tar = files(&busybox, bash.as_deref(), completion);
    let digest = layer::digest_of(&tar);
    let workstations = store.root().join("workstation");
    let path = workstations.join(digest.hex());
    if !path.is_dir() {
        unpack(store, &tar, &path)?;
    }
    point_to(&workstations, digest.hex())?;
    Ok(path.join("fs"))
}

/// The root file system that was made last, in any store: also in a sandbox's read-only one.
#[must_use]
pub fn current(store_root: &Path) -> Option<PathBuf> {
    let workstations = store_root.join("workstation");
    let name = fs::read_link(workstations.join("current")).ok()?;
    let path = workstations.join(name).join("fs");
    path.is_dir().then_some(path)
}

fn unpack(store: &Store, tar: &[u8], path: &Path) -> Result<(), ProvisionError> {
    let failed = |action, error| StoreError::os(action, path, error);
    let staging = Staging::for_layer(store.own())?;
    let root = staging.layer().join("fs");
    fs::create_dir(&root).map_err(|error| failed("create", error))?;
    let dir = File::open(&root).map_err(|error| failed("open", error))?;
    layer::unpack(Cursor::new(tar), dir.as_fd(), &layer::Limits::default())
        .map_err(StoreError::from)?;
    let _ = rustix::fs::syncfs(&dir);
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(|error| failed("create the directory above", error))?;
    }
    fs::rename(staging.layer(), path)
        .map_err(|error| failed("move a root file system to", error))?;
    Ok(())
}

fn point_to(workstations: &Path, name: &str) -> Result<(), ProvisionError> {
    let current = workstations.join("current");
    if fs::read_link(&current).is_ok_and(|target| target == Path::new(name)) {
        return Ok(());
    }
    let beside = workstations.join("current.new");
    let _ = fs::remove_file(&beside);
    symlink(name, &beside)
        .and_then(|()| fs::rename(&beside, &current))
        .map_err(|error| StoreError::os("replace the link", &current, error).into())
}

fn files(busybox: &Busybox, bash: Option<&[u8]>, completion: &str) -> Vec<u8> {
    let mut files = Files::new();
    files.dirs(0o755, &["."]);
    provision::add_programs(&mut files, busybox);
    if let Some(bash) = bash {
        files.file("bin/bash", 0o755, bash);
    }
    files
        .dirs(
            0o755,
            &["dev", "etc", "etc/bash_completion.d", "etc/docker"],
        )
        .dirs(0o755, &["home", "mnt", "opt", "proc", "sbin", "srv", "sys"])
        .dirs(0o700, &["root"])
        .dirs(0o1777, &["tmp"])
        .dirs(0o755, &["usr", "usr/bin", "usr/local", "usr/local/bin"])
        .dirs(0o755, &["usr/sbin", "usr/share", "usr/share/terminfo"])
        .dirs(0o755, &["usr/share/terminfo/s", "usr/share/terminfo/x"])
        .dirs(0o755, &["var", "var/lib", "var/lib/docker"])
        .dirs(0o755, &["var/lib/docker/volumes", "var/log", "var/run"])
        .dirs(0o1777, &["var/tmp"])
        .symlink("run", "var/run")
        .symlink("usr/bin/env", "../../bin/env");
    // Something to mount the engine's own program on.
    files.file("usr/local/bin/docker", 0o755, b"");
    add_settings(&mut files, busybox, bash.is_some(), completion);
    let terminal = terminfo::compiled();
    for name in terminfo::NAMES {
        let path = format!("usr/share/terminfo/{}/{name}", &name[..1]);
        files.file(&path, 0o644, &terminal);
    }
    files.into_tar()
}

fn add_settings(files: &mut Files, busybox: &Busybox, has_bash: bool, completion: &str) {
    let shell = if has_bash { "/bin/bash" } else { "/bin/sh" };
    let passwd = include_str!("files/passwd").replace("@SHELL@", shell);
    let release = include_str!("files/os-release").replace("@VERSION@", &busybox.version);
    let shells = if has_bash {
        "/bin/sh\n/bin/bash\n"
    } else {
        "/bin/sh\n"
    };
    let texts = [
        ("etc/bash.bashrc", include_str!("files/bashrc")),
        ("etc/bash_completion.d/docker", completion),
        ("etc/group", include_str!("files/group")),
        ("etc/hostname", "workstation\n"),
        (
            "etc/hosts",
            "127.0.0.1\tlocalhost workstation\n::1\tlocalhost\n",
        ),
        ("etc/inputrc", include_str!("files/inputrc")),
        ("etc/nsswitch.conf", "hosts: files dns\n"),
        ("etc/os-release", &release),
        ("etc/passwd", &passwd),
        ("etc/profile", include_str!("files/profile")),
        ("etc/resolv.conf", "nameserver 127.0.0.1\n"),
        ("etc/shells", shells),
        ("etc/shrc", include_str!("files/shrc")),
        ("root/.bashrc", include_str!("files/root.bashrc")),
        ("root/.profile", include_str!("files/root.profile")),
    ];
    for (path, text) in texts {
        files.file(path, 0o644, text.as_bytes());
    }
    files.file("etc/shadow", 0o600, b"root:*::0:::::\nnobody:*::0:::::\n");
}

#[cfg(test)]
mod tests;
