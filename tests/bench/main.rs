//! Speed and memory, beside Docker, crun and bubblewrap doing the same work in the same run.
//!
//! `cargo xtask bench` builds it with optimisation and runs it; a word after it chooses the figures
//! whose names contain it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a figure that cannot be taken ends the run"
)]
#![allow(missing_docs, reason = "a program, not a library")]

#[path = "../suite/harness/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the tests, which use more of it"
)]
mod harness;

mod builds;
mod crowd;
mod docker_work;
mod memory;
mod plain;
mod streams;
mod table;
mod web;

use std::panic::{AssertUnwindSafe, catch_unwind};

use table::Table;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` adds a flag of its own.
    let filter = words
        .iter()
        .find(|word| !word.starts_with('-'))
        .cloned()
        .unwrap_or_default();
    let mut table = Table::new(&filter);
    let sections = [
        docker_work::measure,
        builds::measure,
        streams::measure,
        memory::measure,
        plain::measure,
        web::measure,
        crowd::measure,
    ];
    let mut failed = false;
    for section in sections {
        // A figure that cannot be taken does not take the others with it.
        failed |= catch_unwind(AssertUnwindSafe(|| section(&mut table))).is_err();
    }
    table.print();
    if failed {
        eprintln!("some figures could not be taken; see above");
        std::process::exit(1);
    }
}
