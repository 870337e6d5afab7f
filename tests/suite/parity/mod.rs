//! The same scenarios on a real dockerd and on a sandbox, and every difference between them.
//!
//! `tests/parity/README.md` describes the scenarios; `cargo xtask parity [FILTER]` runs this alone.
//! What is right is what Docker's newest client and a real dockerd do. Compared with it are the same client, and then
//! our own, on a sandbox. A difference that only our client shows is a fault of the client; others are the engine's.
//!
//! It does not say what is right by itself: a scenario holds no expected output.

pub mod accepted;
pub mod base;
pub mod diff;
mod flat;
mod lane;
mod normal;
mod report;
pub mod reset;
mod scenario;
mod shell;
mod side;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use accepted::Accepted;
use base::Base;
use lane::{Lane, Played};

use crate::harness::docker::Which;
use crate::harness::need::needs;
use crate::harness::repository;

/// So many scenarios run at once, each with a dockerd and two sandboxes.
const LANES: usize = 3;

#[test]
fn sandbox_does_and_says_what_dockerd_does() {
    needs!(Root, UserNamespaces, Docker, Dockerd);
    let folder = repository().join("tests/parity");
    let filter = std::env::var("DRYDOCK_PARITY").unwrap_or_default();
    let scenarios = scenario::load(&folder, &filter);
    assert!(
        !scenarios.is_empty(),
        "no scenario's name contains {filter:?}"
    );
    let accepted = Accepted::read(&folder.join("accepted.toml"));
    // Set by `cargo xtask parity`, which has the machine for itself.
    let strict = std::env::var_os("DRYDOCK_PARITY_STRICT").is_some();
    let base = Base::build();
    side::prepare();

    let next = AtomicUsize::new(0);
    let all: Mutex<Vec<Played>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..LANES.min(scenarios.len()) {
            scope.spawn(|| {
                let mut lane = Lane::start(client(), &base);
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut played = lane.play(scenario, &accepted);
                    // Other tests load the machine, and some scenarios depend on dockerd being in time.
                    if !strict && !played.differences.is_empty() {
                        print!("AGAIN {}", report::differences(scenario, &played));
                        played = lane.play(scenario, &accepted);
                    }
                    print!("{}", report::differences(scenario, &played));
                    all.lock().unwrap().push(played);
                }
            });
        }
    });

    let all = all.into_inner().unwrap();
    print!("{}", report::summary(&all, &accepted, filter.is_empty()));
    let differing = all.iter().filter(|played| !played.differences.is_empty());
    let differing = differing.count();
    assert_eq!(
        differing, 0,
        "the sandbox differs from dockerd in {differing} scenarios; see above, and tests/parity/README.md"
    );
}

/// Docker's client: the newest one, or with `DRYDOCK_PARITY_CLIENT=debian` that of Debian's package.
fn client() -> Which {
    match std::env::var("DRYDOCK_PARITY_CLIENT").as_deref() {
        Ok("debian") => Which::Debian,
        _ => Which::Newest,
    }
}
