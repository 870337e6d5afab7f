//! The command line's words as settled values, and the bounds of the web server.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

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
