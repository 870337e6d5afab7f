//! The project's own tasks.
//!
//! - `cargo xtask test` installs what the tests need, then runs every check there is.
//! - `cargo xtask parity` does the same on a real dockerd and on a sandbox, and prints the differences.
//! - `cargo xtask dockerfiles` holds the images that sandboxes build against those that a real dockerd builds.
//! - `cargo xtask endpoints` writes `tests/ENDPOINTS.md` anew, `cargo xtask dockerfile-table` `tests/DOCKERFILE.md`.
//! - `cargo xtask fuzz` looks for bytes that break something.
//! - `cargo xtask bench` prints the table of speed and memory figures.
//!
//! Deliberately small: it builds in seconds, and everything heavy lives in the
//! programs that it starts.

mod fuzz;
mod machine;
mod run;
mod tasks;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask test [FILTER]   install what the tests need, then run all of them
       cargo xtask parity [FILTER] do the same in a real dockerd and in sandboxes; prints every difference
       cargo xtask dockerfiles record|check [FILTER]
                                   record what a real dockerd builds; hold what sandboxes build against it
       cargo xtask endpoints       ask a sandbox for every endpoint of the API; writes tests/ENDPOINTS.md
       cargo xtask dockerfile-table
                                   list the parts of the Dockerfile language; writes tests/DOCKERFILE.md
       cargo xtask fuzz [TARGET] [--seconds N]
                                   fuzz one target or each in turn, for N seconds (600)
       cargo xtask bench [FILTER]  measure; prints a table (median, min-max, n)
       cargo xtask setup           only install what the tests need";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["test"] => tasks::test(None),
        ["test", filter] => tasks::test(Some(filter)),
        ["parity"] => tasks::parity(None),
        ["parity", filter] => tasks::parity(Some(filter)),
        ["dockerfiles", task] => tasks::dockerfiles(task, None),
        ["dockerfiles", task, filter] => tasks::dockerfiles(task, Some(filter)),
        ["endpoints"] => tasks::endpoints(),
        ["dockerfile-table"] => tasks::dockerfile_table(),
        ["fuzz", ref options @ ..] => fuzz::run(options),
        ["bench"] => tasks::bench(None),
        ["bench", filter] => tasks::bench(Some(filter)),
        ["setup"] => machine::prepare().map(drop),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
