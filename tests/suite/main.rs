//! One test program: the borders, with real clients, kernels and browsers.
//! `tests/README.md` says what it needs from the machine.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![allow(missing_docs, reason = "tests are named for what they show")]

mod harness;

mod real_docker_cli;
