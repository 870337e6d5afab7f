//! What a learner must not be able to do. The tests try it, with the rights a learner can get.

mod cgroups;
mod files;
mod identity;
mod limits;
mod network;
mod power;
mod processes;
mod sharing;
mod system_calls;

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::TestEngine;
use crate::harness::{host, probe, unique_seconds};

/// All that a learner can ask for a container: every capability, no filter of its own, nothing masked.
const MOST: &[&str] = &["--user", "0", "--privileged"];

/// A sandbox, a client for it, and its engine's pid as the host sees it.
struct Sandbox {
    docker: Docker,
    engine: TestEngine,
}

impl Sandbox {
    fn new() -> Self {
        let engine = TestEngine::start();
        Self {
            docker: Docker::new(Which::Newest, &engine),
            engine,
        }
    }

    /// With an image `probe` that holds the program which tries things.
    fn with_probe() -> Self {
        let sandbox = Self::new();
        probe::build_image(&sandbox.docker);
        sandbox
    }

    /// Starts a container that sleeps; answers the sleeper's pid on the host.
    fn sleeper(&self) -> i32 {
        let seconds = unique_seconds();
        self.docker
            .good(&["run", "-d", "busybox", "sleep", &seconds]);
        host::process_with_argument(&seconds)
    }

    /// The engine's pid on the host.
    fn engine_pid(&self) -> i32 {
        host::engine_of(self.sleeper())
    }

    /// Runs the probe in a new container with these options; answers what it said.
    #[track_caller]
    fn probe(&self, options: &[&str], attempt: &[&str]) -> String {
        let words = [&["run", "--rm"], options, &["probe", "/probe"], attempt].concat();
        self.docker.run(&words).good()
    }
}
