//! What this host has and lacks, and the command that mends it.

use std::{fs, path::Path, process::Command};

use drydock_runtime::cgroup::Hierarchy;
use serde::Serialize;

use crate::{host::is_root, subid};

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    pub mend: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// Sandboxes run, with something missing that is said.
    Weak,
    /// Sandboxes do not run.
    Missing,
}

/// Looks at this host.
#[must_use]
pub fn examine() -> Vec<Finding> {
    let mut findings = vec![
        kernel(),
        user_namespaces(),
        overlay(),
        seccomp(),
        cgroups(),
        pasta(),
    ];
    if !is_root() {
        findings.extend([apparmor(), id_mapper(), subordinate_ids()]);
    }
    findings
}

fn good(what: &'static str, found: impl Into<String>) -> Finding {
    Finding {
        what,
        state: State::Good,
        found: found.into(),
        mend: None,
    }
}

fn bad(
    what: &'static str,
    state: State,
    found: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    Finding {
        what,
        state,
        found: found.into(),
        mend: Some(mend.into()),
    }
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

/// 5.19 for id-mapped lower layers; 6.6 for user xattrs on tmpfs, which overlayfs needs.
fn kernel() -> Finding {
    let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    judge_kernel(&release)
}

fn judge_kernel(release: &str) -> Finding {
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= (6, 6) {
        good("kernel", release)
    } else {
        bad(
            "kernel",
            State::Missing,
            format!("{release}; 6.6 is the oldest whose tmpfs can hold a sandbox's layers"),
            "install a newer kernel (Debian: apt install -t bookworm-backports linux-image-amd64)",
        )
    }
}

fn user_namespaces() -> Finding {
    let what = "user namespaces";
    let most = read("/proc/sys/user/max_user_namespaces").and_then(|text| text.parse::<u64>().ok());
    if most == Some(0) {
        return bad(
            what,
            State::Missing,
            "limited to 0",
            "sysctl -w user.max_user_namespaces=65536",
        );
    }
    if !is_root() && read("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        let mend = "sysctl -w kernel.unprivileged_userns_clone=1";
        return bad(what, State::Missing, "only for root", mend);
    }
    match most {
        Some(most) => good(what, format!("up to {most}")),
        None => bad(
            what,
            State::Missing,
            "not in this kernel",
            "use a kernel with CONFIG_USER_NS",
        ),
    }
}

fn overlay() -> Finding {
    let listed = read("/proc/filesystems")
        .is_some_and(|text| text.lines().any(|l| l.ends_with("\toverlay")));
    if listed {
        good("overlayfs", "there")
    } else {
        bad(
            "overlayfs",
            State::Missing,
            "not loaded",
            "modprobe overlay",
        )
    }
}

fn seccomp() -> Finding {
    match read("/proc/sys/kernel/seccomp/actions_avail") {
        Some(actions) if actions.contains("errno") => good("seccomp", "there"),
        _ => bad(
            "seccomp",
            State::Missing,
            "not in this kernel",
            "use a kernel with CONFIG_SECCOMP_FILTER",
        ),
    }
}

fn cgroups() -> Finding {
    let what = "memory, processor and process limits";
    match Hierarchy::detect() {
        Hierarchy::V2 { parent } => good(what, format!("cgroup v2 at {}", parent.display())),
        Hierarchy::V1 { .. } => good(what, "cgroup v1"),
        Hierarchy::None if is_root() => bad(
            what,
            State::Weak,
            "no writable memory, pids and cpu controllers: sandboxes' memory is unbounded",
            "mount cgroup2 on /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1",
        ),
        Hierarchy::None => bad(
            what,
            State::Weak,
            "no cgroup is delegated to this user: sandboxes' memory is unbounded",
            "systemd-run --user --scope -p Delegate=yes drydock serve (cgroup v2), or run as root",
        ),
    }
}

/// Only `--egress` needs it.
fn pasta() -> Finding {
    match Command::new("pasta").arg("--version").output() {
        Ok(_) => good("pasta", "there"),
        Err(_) => bad(
            "pasta",
            State::Weak,
            "not installed: no sandbox can have a way out (--egress)",
            "apt install passt",
        ),
    }
}

fn apparmor() -> Finding {
    let what = "AppArmor";
    if read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        let mend = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
        bad(
            what,
            State::Missing,
            "keeps ordinary users from user namespaces",
            mend,
        )
    } else {
        good(what, "does not keep ordinary users from user namespaces")
    }
}

fn id_mapper() -> Finding {
    let there = |name| Command::new(name).output().is_ok();
    if there("newuidmap") && there("newgidmap") {
        good("newuidmap", "there")
    } else {
        bad(
            "newuidmap",
            State::Missing,
            "not installed",
            "apt install uidmap",
        )
    }
}

fn subordinate_ids() -> Finding {
    match subid::ranges() {
        Ok((uids, gids)) => good(
            "subordinate ids",
            format!("from {uids} (users) and {gids} (groups)"),
        ),
        Err(error) => {
            let text = error.to_string();
            let mend = text
                .split("as root: ")
                .nth(1)
                .unwrap_or_default()
                .to_owned();
            bad("subordinate ids", State::Missing, "fewer than 65536", mend)
        }
    }
}

/// Whether the data directory has what a sandbox starts from.
#[must_use]
pub fn is_filled(data_dir: &Path) -> bool {
    data_dir.join("images/refs.json").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_kernel_is_named_with_what_it_lacks() {
        assert_eq!(judge_kernel("6.18.44-fc").state, State::Good);
        assert_eq!(judge_kernel("6.6.0").state, State::Good);
        let old = judge_kernel("6.1.0-30-amd64");
        assert_eq!(old.state, State::Missing);
        assert!(old.mend.is_some());
    }

    #[test]
    fn every_complaint_comes_with_a_remedy() {
        for finding in examine() {
            assert!(finding.state == State::Good || finding.mend.is_some_and(|m| !m.is_empty()));
        }
    }
}
