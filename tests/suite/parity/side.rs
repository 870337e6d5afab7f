//! A daemon and the client that asks it: where a scenario's steps run.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::base::Base;
use super::normal::Known;
use super::reset;
use super::scenario::{Scenario, Step};
use super::shell::{self, Desk, Outcome};
use crate::harness::data::DataDir;
use crate::harness::docker::Which;
use crate::harness::dockerd::RealDockerd;
use crate::harness::drydock;
use crate::harness::engine::{Daemon, TestEngine};

/// Who asks the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// Docker's.
    Real,
    /// Drydock's `docker`.
    Own,
}

impl Client {
    /// Its name in the list of accepted differences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Own => "own",
        }
    }
}

enum AnyDaemon {
    Reference(RealDockerd),
    Sandbox(TestEngine),
}

impl Daemon for AnyDaemon {
    fn socket(&self) -> PathBuf {
        match self {
            Self::Reference(daemon) => daemon.socket(),
            Self::Sandbox(daemon) => daemon.socket(),
        }
    }
}

/// One daemon with one client, used for one scenario after the other.
pub struct Side {
    daemon: AnyDaemon,
    programs: TempDir,
    base: Base,
    /// A scenario left something that could not be removed.
    spoilt: bool,
}

impl Side {
    /// Docker on both ends: what is right.
    pub fn reference(which: Which, base: &Base) -> Self {
        Self::new(
            AnyDaemon::Reference(RealDockerd::start_empty()),
            &which.program(),
            base,
        )
    }

    /// Our engine behind Docker's client.
    pub fn sandbox_with_real_client(which: Which, base: &Base) -> Self {
        Self::new(
            AnyDaemon::Sandbox(TestEngine::start()),
            &which.program(),
            base,
        )
    }

    /// Ours on both ends.
    pub fn sandbox_with_own_client(base: &Base) -> Self {
        Self::new(AnyDaemon::Sandbox(TestEngine::start()), &drydock(), base)
    }

    fn new(daemon: AnyDaemon, client: &Path, base: &Base) -> Self {
        let programs = TempDir::new().unwrap();
        std::os::unix::fs::symlink(client, programs.path().join("docker")).unwrap();
        let mut side = Self {
            daemon,
            programs,
            base: base.clone(),
            spoilt: false,
        };
        side.clean().unwrap();
        side
    }

    /// Takes away whatever the last scenario left. A sandbox that cannot be cleaned is replaced.
    pub fn clean(&mut self) -> Result<(), String> {
        let cleaned = reset::to_base(&self.daemon, &self.base);
        self.spoilt = cleaned.is_err();
        if self.spoilt && matches!(self.daemon, AnyDaemon::Sandbox(_)) {
            self.daemon = AnyDaemon::Sandbox(TestEngine::start());
            reset::to_base(&self.daemon, &self.base)?;
        }
        cleaned
    }

    /// What `/info` says of one ability.
    pub fn can(&self, ability: &str) -> bool {
        self.daemon.get("/info").json()[ability] == true
    }

    /// Runs a scenario's steps in a folder of its own.
    pub fn play(&self, scenario: &Scenario, mut each: impl FnMut(&Step, Outcome, &Known)) {
        let folder = TempDir::new().unwrap();
        for (path, text) in &scenario.files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let known = self.known(folder.path());
        let desk = Desk {
            programs: self.programs.path(),
            folder: folder.path(),
            address: self.daemon.address(),
        };
        for step in &scenario.steps {
            let here = matches!(self.daemon, AnyDaemon::Sandbox(_)) || !step.compare.newer;
            let outcome = if here {
                shell::run(&step.command, &desk, step.compare.tty)
            } else {
                Outcome::default()
            };
            each(step, outcome, &known);
        }
    }

    fn known(&self, folder: &Path) -> Known {
        let (root, run) = match &self.daemon {
            AnyDaemon::Reference(daemon) => (
                daemon.data_root().display().to_string(),
                daemon.exec_root().display().to_string(),
            ),
            AnyDaemon::Sandbox(_) => ("/var/lib/docker".into(), "/var/run/docker".into()),
        };
        Known {
            places: vec![
                (folder.display().to_string(), "<folder>"),
                (self.daemon.address(), "<address>"),
                (self.daemon.socket().display().to_string(), "<socket>"),
                (root, "<root>"),
                (run, "<run>"),
            ],
            ids: self.base.ids.clone(),
        }
    }
}

/// The data directory of sandboxes is prepared once; many lanes that begin together would wait for it anyway.
pub fn prepare() {
    drop(DataDir::new());
}
