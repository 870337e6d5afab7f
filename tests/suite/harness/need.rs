//! What a test needs from the machine. A test that cannot run says so; where `DRYDOCK_REQUIRE` names the need, it fails.

use std::path::{Path, PathBuf};

/// Something a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Root,
    UserNamespaces,
    Docker,
    Dockerd,
    Browser,
    Rootless,
    Pty,
    Python,
    Node,
    Registry,
    Skopeo,
    Pasta,
    Debootstrap,
}

impl Need {
    /// Its name in `DRYDOCK_REQUIRE`.
    fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::UserNamespaces => "userns",
            Self::Docker => "docker",
            Self::Dockerd => "dockerd",
            Self::Browser => "browser",
            Self::Rootless => "rootless",
            Self::Pty => "pty",
            Self::Python => "python",
            Self::Node => "node",
            Self::Registry => "registry",
            Self::Skopeo => "skopeo",
            Self::Pasta => "pasta",
            Self::Debootstrap => "debootstrap",
        }
    }

    /// Why it is not here, if it is not.
    fn lacking(self) -> Option<String> {
        let programs: &[&str] = match self {
            Self::Root | Self::UserNamespaces => &[],
            Self::Docker => &["docker"],
            Self::Dockerd => &["dockerd", "unshare", "ip", "curl", "script"],
            Self::Browser => &["chromium", "chromedriver"],
            Self::Rootless => &["newuidmap", "newgidmap", "useradd", "setpriv"],
            Self::Pty => &["setsid"],
            Self::Python => &["python3"],
            Self::Node => &["node", "npm"],
            Self::Registry => &["docker-registry"],
            Self::Skopeo => &["skopeo", "nsenter"],
            Self::Pasta => &["pasta", "ip", "nsenter", "unshare"],
            Self::Debootstrap => &["debootstrap", "tar"],
        };
        if let Some(missing) = programs.iter().find(|program| find(program).is_none()) {
            return Some(format!("{missing} is not installed"));
        }
        match self {
            Self::Root | Self::Rootless if !nix::unistd::geteuid().is_root() => {
                Some("this is not root".into())
            }
            Self::UserNamespaces | Self::Rootless => no_user_namespaces(),
            _ => None,
        }
    }
}

/// Whether all `needs` are met; if not, says aloud that the test is skipped, or fails where it may not be.
pub fn met(needs: &[Need]) -> bool {
    for need in needs {
        if let Some(why) = need.lacking() {
            skip(*need, &why);
            return false;
        }
    }
    true
}

/// Says aloud that the test is skipped because `need` is not met, or fails where it may not be.
pub fn skip(need: Need, why: &str) {
    let required = std::env::var("DRYDOCK_REQUIRE").unwrap_or_default();
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        !required.split(',').any(|name| name == need.name()),
        "{test} may not be skipped here, but {why}"
    );
    eprintln!("SKIPPED {test}: {why}");
}

/// Leaves the test unless all needs are met.
#[allow(unused_macros, reason = "the bench has no tests to leave")]
macro_rules! needs {
    ($($need:ident),+) => {
        if !$crate::harness::need::met(&[$($crate::harness::need::Need::$need),+]) {
            return;
        }
    };
}

pub(crate) use needs;

fn no_user_namespaces() -> Option<String> {
    let off = |path: &str| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == "0");
    [
        "/proc/sys/user/max_user_namespaces",
        "/proc/sys/kernel/unprivileged_userns_clone",
    ]
    .into_iter()
    .find(|path| off(path))
    .map(|path| format!("{path} is 0"))
}

/// The full path of `program`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(usual)
        .map(|folder| folder.join(program))
        .find(|found| executable(found))
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
