//! Drivers for the programs under test. Everything they start is ended, by its own pid, when they are dropped.

pub mod data;
pub mod docker;
pub mod dockerd;
pub mod engine;
pub mod host;
pub mod http;
pub mod lesson;
pub mod need;
pub mod probe;
pub mod process;
pub mod pty;
pub mod server;
pub mod shell;
pub mod terminal;
pub mod transcript;
pub mod wait;
pub mod webdriver;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a thing may take that normally takes no time at all.
/// Long, because the machine may have two cores and many tests; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test, as built for this run.
///
/// `DRYDOCK_BIN` names another one, to run the suite against an installed binary.
pub fn drydock() -> PathBuf {
    std::env::var_os("DRYDOCK_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_drydock")),
        PathBuf::from,
    )
}

/// The top of the repository.
pub fn repository() -> PathBuf {
    let mut places = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .chain(Path::new(file!()).ancestors());
    let found =
        places.find(|place| place.join("lessons").is_dir() && place.join("Cargo.toml").is_file());
    found.expect("the repository").to_path_buf()
}

/// A port that nothing listens on now.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A word that occurs nowhere else on this machine.
pub fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{prefix}-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A number of seconds for `sleep` that no other process has as its argument: a process that can be told from all others.
pub fn unique_seconds() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "77{:07}{:03}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
