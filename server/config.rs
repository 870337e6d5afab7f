//! The command line's words as settled values, and the bounds of the web server.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use drydock_session::RegistryPolicy;

/// What `drydock serve` was asked for.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where images, sandboxes and the database live.
    pub data_dir: PathBuf,
    /// The URL by which browsers reach the site, when it is not the listen address.
    pub public_url: Option<String>,
    /// The URL by which browsers reach port previews.
    pub preview_url: Option<String>,
    /// Lessons from this directory instead of the ones built in.
    pub lessons_dir: Option<PathBuf>,
    /// What sandboxes may have done at registries.
    pub registries: RegistryPolicy,
    /// Whether lessons that ask for it get a way out.
    pub egress: bool,
    /// How many sandboxes may run at once.
    pub max_sandboxes: usize,
}

/// Memory of the host that each place for a sandbox stands for. Most of them idle, far below their limits.
const MEMORY_PER_SANDBOX_KIB: usize = 64 * 1024;

/// As many sandboxes as this host has memory for.
#[must_use]
pub fn default_max_sandboxes() -> usize {
    places(&fs::read_to_string("/proc/meminfo").unwrap_or_default())
}

/// By the text of `/proc/meminfo`; proc_meminfo(5).
fn places(meminfo: &str) -> usize {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<usize>().ok());
    (total.unwrap_or(0) / MEMORY_PER_SANDBOX_KIB).clamp(8, 2000)
}

/// Threads that answer requests. The work is done in the sandboxes; more threads only cost memory.
pub const WORKERS: usize = 2;

/// How long a sandbox lives when its lesson does not say.
pub const LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);

/// How long a sandbox waits for a server to come back, or for its learner to.
pub const IDLE: Duration = Duration::from_secs(30 * 60);

/// How often ended and expired sandboxes are looked for.
pub const PATROL_PERIOD: Duration = Duration::from_secs(2);

/// The longest body of a request. The page sends small JSON only.
pub const MAX_BODY: usize = 16 * 1024;

/// How long one check may take, waiting for another check of the same learner included.
/// The page gives up after 60 s.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(50);

/// How long an engine may take to answer a question about itself.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// Terminals that one learner may have open at once, over all tabs.
pub const MAX_TERMINALS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_by_the_memory_of_the_host() {
        let with = |kib: u64| places(&format!("MemTotal:  {kib} kB\nMemFree:  5 kB\n"));
        assert_eq!(with(16 * 1024 * 1024), 256);
        assert_eq!(with(100), 8);
        assert_eq!(with(u64::from(u32::MAX)), 2000);
        assert_eq!(places("nothing"), 8);
    }
}
