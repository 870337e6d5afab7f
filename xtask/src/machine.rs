//! What the tests need from the machine, and how to get it.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::foreground;

/// A program that tests start, the Debian package that has it, and what cannot be tested without it.
struct Need {
    program: &'static str,
    package: &'static str,
    ability: &'static str,
}

const fn need(program: &'static str, package: &'static str, ability: &'static str) -> Need {
    Need {
        program,
        package,
        ability,
    }
}

const NEEDS: &[Need] = &[
    need("/usr/bin/docker", "docker.io", "docker"),
    need("/usr/sbin/dockerd", "docker.io", "dockerd"),
    need("curl", "curl", "dockerd"),
    need("script", "bsdutils", "dockerd"),
    need("crun", "crun", "crun"),
    need("bwrap", "bubblewrap", "bwrap"),
    need("chromium", "chromium", "browser"),
    need("chromedriver", "chromium-driver", "browser"),
    need("newuidmap", "uidmap", "rootless"),
    need("newgidmap", "uidmap", "rootless"),
    need("useradd", "passwd", "rootless"),
    need("setpriv", "util-linux", "rootless"),
    need("setsid", "util-linux", "pty"),
    need("ip", "iproute2", "network"),
    need("dpkg-deb", "dpkg", "packages"),
    need("skopeo", "skopeo", "skopeo"),
    need("docker-registry", "docker-registry", "registry"),
    need("infocmp", "ncurses-bin", "terminfo"),
    need("pasta", "passt", "pasta"),
    need("python3", "python3-venv", "python"),
    need("node", "nodejs", "node"),
    need("npm", "npm", "node"),
];

/// Installs what is missing (as root on a Debian machine) or says what to install.
///
/// Answers with the abilities that this machine has, so that the tests can fail
/// where they would otherwise skip.
pub fn prepare() -> anyhow::Result<Vec<&'static str>> {
    let packages = missing_packages();
    if !packages.is_empty() {
        if is_root() && find("apt-get").is_some() {
            install(&packages)?;
            let still = missing_packages();
            anyhow::ensure!(
                still.is_empty(),
                "still missing after their installation: {} (Debian 13 and later: docker-cli has the client)",
                still.join(", ")
            );
        } else {
            println!(
                "xtask: not installed: {}. Tests that need them will be skipped; to run them all:\n    \
                 sudo apt-get install --no-install-recommends {}",
                packages.join(", "),
                packages.join(" ")
            );
        }
    }
    Ok(abilities())
}

fn missing_packages() -> Vec<&'static str> {
    let mut packages: Vec<_> = NEEDS
        .iter()
        .filter(|need| find(need.program).is_none())
        .map(|need| need.package)
        .collect();
    packages.dedup();
    packages
}

fn abilities() -> Vec<&'static str> {
    let mut abilities: Vec<&str> = Vec::new();
    for need in NEEDS {
        let whole = NEEDS
            .iter()
            .filter(|other| other.ability == need.ability)
            .all(|other| find(other.program).is_some());
        if whole && !abilities.contains(&need.ability) {
            abilities.push(need.ability);
        }
    }
    if is_root() {
        abilities.push("root");
    } else {
        // Making an ordinary user takes root.
        abilities.retain(|&ability| ability != "rootless");
    }
    if user_namespaces() {
        abilities.push("userns");
    }
    abilities
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    // Packages that hold a service start it when they are installed; the tests
    // start their own dockerd, with its own directories, when they want one.
    let policy = Policy::forbid_services()?;
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        foreground(&mut command)
    };
    apt(&["-qq", "update"])?;
    let fixed = ["-qq", "install", "--yes", "--no-install-recommends"];
    apt(&[&fixed[..], packages].concat())?;
    drop(policy);
    Ok(())
}

/// `policy-rc.d` that forbids package scripts to start services, while we install.
struct Policy(Option<PathBuf>);

impl Policy {
    fn forbid_services() -> anyhow::Result<Self> {
        let path = PathBuf::from("/usr/sbin/policy-rc.d");
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(&path);
        match created {
            Ok(mut file) => {
                file.write_all(b"#!/bin/sh\nexit 101\n")?;
                Ok(Self(Some(path)))
            }
            // The machine has a policy of its own, which holds.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(Self(None)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            eprintln!("xtask: could not remove {}: {error}", path.display());
        }
    }
}

/// The full path of `program`, looked for where a shell of root would look.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    std::env::split_paths(OsStr::new(&path))
        .chain(usual)
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

fn user_namespaces() -> bool {
    let number = |path: &str| {
        fs::read_to_string(path)
            .ok()
            .and_then(|text| text.trim().parse::<u64>().ok())
    };
    number("/proc/sys/user/max_user_namespaces").unwrap_or(0) > 0
        && number("/proc/sys/kernel/unprivileged_userns_clone").unwrap_or(1) > 0
}
