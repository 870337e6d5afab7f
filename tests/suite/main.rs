//! One test program: the borders, with real clients, kernels and browsers.
//! `tests/README.md` says what it needs from the machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, reason = "tests are named for what they show")]

#[allow(dead_code, reason = "shared with the bench")]
mod harness;

mod browser;
mod build_cache;
mod build_display;
mod clients;
mod container_files;
mod container_lives;
mod container_values;
mod dockerfiles;
mod egress;
mod fuzz;
mod image_archives;
mod image_streams;
mod isolation;
mod lessons;
mod limits;
mod own_docker;
mod parity;
mod progress;
mod real_docker_cli;
mod registry;
mod rootless;
mod routes;
mod terminal;
mod tidy;
