//! What is mounted over an image's `/etc` while a command of a build runs, and what those mounts need.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

const HOSTS: &str = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
                     fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\n\
                     ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

/// Makes a directory that has every mount point, to be the topmost read-only layer.
pub(crate) fn make_mount_points(path: &Path) -> io::Result<()> {
    for dir in ["", "dev", "proc", "sys", "etc"] {
        fs::create_dir(path.join(dir))?;
    }
    for file in ["etc/hosts", "etc/hostname", "etc/resolv.conf", ".dockerenv"] {
        File::create(path.join(file))?;
    }
    Ok(())
}

/// Writes the files below `dir`, with where they are mounted; `more` are lines for `hosts`, `servers` those of
/// `resolv.conf`.
pub(crate) fn write(
    dir: &Path,
    hostname: &str,
    more: &str,
    servers: &str,
) -> io::Result<[(PathBuf, &'static str); 3]> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join("hosts"), [HOSTS, more].concat())?;
    fs::write(dir.join("hostname"), format!("{hostname}\n"))?;
    fs::write(dir.join("resolv.conf"), servers)?;
    Ok([
        (dir.join("hosts"), "/etc/hosts"),
        (dir.join("hostname"), "/etc/hostname"),
        (dir.join("resolv.conf"), "/etc/resolv.conf"),
    ])
}
