//! Other people's client libraries, unmodified, as users of the engine.
//!
//! Their suites are under `tests/clients/`, each in its own language. They assert what Docker's own daemon does:
//! `DRYDOCK_AGAINST=dockerd cargo test --test suite clients` holds them against a real one.
//! What they call is noted, for the table of endpoints (`tests/ENDPOINTS.md`).

#[path = "../../clients/bollard/mod.rs"]
mod bollard;
mod calls;
mod endpoints;
mod install;
mod operations;
mod probe;

use crate::harness::need::{self, Need, needs};
use calls::Suite;

#[test]
fn docker_py_drives_a_sandbox() {
    needs!(UserNamespaces, Python);
    passes(Suite::DockerPy, Need::Python);
}

#[test]
fn dockerode_drives_a_sandbox() {
    needs!(UserNamespaces, Node);
    passes(Suite::Dockerode, Need::Node);
}

#[test]
fn bollard_drives_a_sandbox() {
    needs!(UserNamespaces);
    passes(Suite::Bollard, Need::UserNamespaces);
}

#[track_caller]
fn passes(suite: Suite, need: Need) {
    match suite.calls() {
        Ok(calls) => assert!(!calls.is_empty(), "nothing was called"),
        Err(calls::Failure::NotInstalled(why)) => need::skip(need, why),
        Err(calls::Failure::Failed(output)) => panic!("{output}"),
    }
}
