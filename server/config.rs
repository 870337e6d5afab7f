//! The command line's words as settled values.

use std::{net::SocketAddr, path::PathBuf};

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
