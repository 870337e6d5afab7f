//! Capabilities by Docker's names; see capabilities(7).

use serde::{Deserialize, Serialize};

/// In the kernel's order: the index is the number.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What Docker gives a container's root.
const DOCKER_DEFAULT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// What a learner may add with `--cap-add`. The rest would be power over the engine itself: it shares the
/// learner's user namespace, and a mount (of binfmt_misc, say) or a trace there reaches its processes.
const ADDABLE: [&str; 5] = [
    "NET_BROADCAST",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_NICE",
    "LEASE",
];

/// A set of capabilities, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(u64);

/// A name that capabilities(7) does not know; Docker's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid capability: {0:?}")]
pub struct UnknownCapability(pub String);

impl Capabilities {
    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self(0)
    }

    /// Every one that this build knows.
    #[must_use]
    pub fn all() -> Self {
        Self((1 << NAMES.len()) - 1)
    }

    /// What Docker gives a container's root by default.
    #[must_use]
    pub fn docker_default() -> Self {
        Self(
            NAMES
                .iter()
                .enumerate()
                .filter(|(_, n)| DOCKER_DEFAULT.contains(n))
                .map(|(i, _)| 1 << i)
                .sum(),
        )
    }

    /// The most that any process of a learner's may have.
    #[must_use]
    pub fn ceiling() -> Self {
        let addable = NAMES
            .iter()
            .enumerate()
            .filter(|(_, n)| ADDABLE.contains(n))
            .map(|(i, _)| 1 << i);
        Self(Self::docker_default().0 | addable.sum::<u64>())
    }

    /// Those that `other` has too.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The names of those that `other` has not, as Docker writes them.
    #[must_use]
    pub fn beyond(self, other: Self) -> Vec<&'static str> {
        let beyond = Self(self.0 & !other.0);
        NAMES
            .iter()
            .enumerate()
            .filter(|(i, _)| beyond.0 >> i & 1 == 1)
            .map(|(_, name)| *name)
            .collect()
    }

    /// With one more, by name, with or without `CAP_`; `ALL` is every one.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn with(self, name: &str) -> Result<Self, UnknownCapability> {
        Ok(Self(self.0 | bits(name)?))
    }

    /// With one less, by name.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn without(self, name: &str) -> Result<Self, UnknownCapability> {
        Ok(Self(self.0 & !bits(name)?))
    }

    /// Whether capability number `index` is in the set.
    #[must_use]
    pub fn contains(self, index: u32) -> bool {
        self.0 >> index & 1 == 1
    }

    /// The bits, by capability number.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }
}

fn bits(name: &str) -> Result<u64, UnknownCapability> {
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("CAP_").unwrap_or(&upper);
    if short == "ALL" {
        return Ok(Capabilities::all().0);
    }
    match NAMES.iter().position(|n| *n == short) {
        Some(index) => Ok(1 << index),
        None => Err(UnknownCapability(name.into())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_is_the_one_that_docker_shows_in_proc_status() {
        // CapEff of `docker run busybox` on Docker 20.10 and later.
        assert_eq!(Capabilities::docker_default().bits(), 0xa804_25fb);
    }

    #[test]
    fn no_learner_gets_power_over_mounts_and_processes() {
        let beyond = Capabilities::all().beyond(Capabilities::ceiling());
        for name in [
            "SYS_ADMIN",
            "SYS_PTRACE",
            "NET_ADMIN",
            "SYS_MODULE",
            "BPF",
            "DAC_READ_SEARCH",
        ] {
            assert!(beyond.contains(&name), "{name}");
        }
        assert_eq!(
            Capabilities::all().within(Capabilities::ceiling()),
            Capabilities::ceiling()
        );
    }

    #[test]
    fn names_are_taken_with_and_without_their_prefix() {
        let with = Capabilities::none().with("cap_net_admin").unwrap();
        assert_eq!(with, Capabilities::none().with("NET_ADMIN").unwrap());
        assert_eq!(with.without("NET_ADMIN").unwrap(), Capabilities::none());
        assert!(Capabilities::none().with("NET_ADMINN").is_err());
    }
}
