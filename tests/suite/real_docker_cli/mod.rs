//! The Docker command-line clients of this machine, unmodified, as users of the engine.
//!
//! Each fact is shown twice: with the newest client, and with the one of Debian's package.
//! `DRYDOCK_AGAINST=dockerd` holds the same facts against a real daemon, which keeps them honest.

mod build;
mod exit_codes;
mod lifecycle;
mod objects;
mod refusals;
mod streams;

use std::ops::Deref;
use std::path::PathBuf;

use crate::harness::docker::{Docker, Which};
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::{Daemon, TestEngine};

/// A client and a daemon of its own.
pub struct Desk {
    docker: Docker,
    engine: AnyDaemon,
}

impl Desk {
    fn new(which: Which) -> Self {
        let engine = AnyDaemon::start();
        Self {
            docker: Docker::new(which, &engine),
            engine,
        }
    }

    /// Whether this is our engine, where a real one cannot do the same here.
    fn ours(&self) -> bool {
        matches!(self.engine, AnyDaemon::Ours(_))
    }
}

impl Deref for Desk {
    type Target = Docker;

    fn deref(&self) -> &Docker {
        &self.docker
    }
}

/// The engine under test, or what `DRYDOCK_AGAINST` names.
pub enum AnyDaemon {
    Ours(TestEngine),
    Real(RealDockerd),
}

impl AnyDaemon {
    pub fn start() -> Self {
        match std::env::var("DRYDOCK_AGAINST").as_deref() {
            Ok("dockerd") => Self::Real(RealDockerd::start()),
            _ => Self::Ours(TestEngine::start()),
        }
    }
}

impl Daemon for AnyDaemon {
    fn socket(&self) -> PathBuf {
        match self {
            Self::Ours(engine) => engine.socket(),
            Self::Real(engine) => engine.socket(),
        }
    }
}

/// Makes a test of each fact for each client.
macro_rules! facts {
    ($($fact:ident),+ $(,)?) => {
        mod newest {
            $(#[test]
            fn $fact() {
                $crate::harness::need::needs!(Docker, Pty);
                super::$fact(&$crate::real_docker_cli::Desk::new($crate::harness::docker::Which::Newest));
            })+
        }
        mod debian {
            $(#[test]
            fn $fact() {
                $crate::harness::need::needs!(Docker, Pty);
                super::$fact(&$crate::real_docker_cli::Desk::new($crate::harness::docker::Which::Debian));
            })+
        }
    };
}
use facts;
