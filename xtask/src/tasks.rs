//! The tasks themselves.

use crate::machine;
use crate::run::{cargo, foreground};

/// Everything that must hold before a change is good: format, lints, documentation, all tests.
///
/// With a `filter`, only the tests whose names contain it.
pub fn test(filter: Option<&str>) -> anyhow::Result<()> {
    let abilities = machine::prepare()?;
    let require = abilities.join(",");
    println!("xtask: this machine can do: {require}; tests of these may not skip");

    if filter.is_none() {
        foreground(&mut cargo(["fmt", "--all", "--check"]))?;
        foreground(&mut cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))?;
    }
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.args(filter);
    tests.env("DRYDOCK_REQUIRE", &require);
    foreground(&mut tests)
}

/// The table of speed and memory figures, from an optimised build.
pub fn bench(filter: Option<&str>) -> anyhow::Result<()> {
    machine::prepare()?;
    let mut bench = cargo(["bench", "--quiet", "--bench", "figures"]);
    if let Some(filter) = filter {
        bench.args(["--", filter]);
    }
    foreground(&mut bench)
}

/// The scenarios of `tests/parity` on a real dockerd and on sandboxes, and the differences between them.
pub fn parity(filter: Option<&str>) -> anyhow::Result<()> {
    machine::prepare()?;
    let mut parity = cargo(["test", "--quiet", "--test", "suite", "--", "--nocapture"]);
    parity.args(["--exact", "parity::sandbox_does_and_says_what_dockerd_does"]);
    parity.env("DRYDOCK_REQUIRE", "root,userns,docker,dockerd");
    parity.env("DRYDOCK_PARITY", filter.unwrap_or_default());
    parity.env("DRYDOCK_PARITY_STRICT", "1");
    foreground(&mut parity)
}

/// Writes the table of endpoints anew, which a test otherwise compares.
pub fn endpoints() -> anyhow::Result<()> {
    machine::prepare()?;
    let mut test = cargo(["test", "--quiet", "--test", "suite", "--", "--nocapture"]);
    test.args([
        "--exact",
        "clients::endpoints::the_table_of_endpoints_is_up_to_date",
    ]);
    test.env("DRYDOCK_REQUIRE", "userns,python,node");
    test.env("DRYDOCK_ACCEPT", "1");
    foreground(&mut test)
}

/// Writes the table of the Dockerfile language anew, which a test otherwise compares.
pub fn dockerfile_table() -> anyhow::Result<()> {
    let mut test = cargo(["test", "--quiet", "--test", "suite", "--", "--nocapture"]);
    test.args([
        "--exact",
        "dockerfiles::language::the_table_of_the_language_is_up_to_date",
    ]);
    test.env("DRYDOCK_ACCEPT", "1");
    foreground(&mut test)
}

/// What our builders make of the Dockerfiles of `tests/fixtures/dockerfile`, held against what Docker's made.
pub fn dockerfiles(task: &str, filter: Option<&str>) -> anyhow::Result<()> {
    machine::prepare()?;
    let test = match task {
        "record" => "dockerfiles::recordings_are_what_dockerd_builds",
        "check" => "dockerfiles::sandbox_builds_what_docker_builds",
        other => anyhow::bail!("`cargo xtask dockerfiles record` or `check`, not {other:?}"),
    };
    let mut dockerfiles = cargo(["test", "--quiet", "--test", "suite", "--", "--nocapture"]);
    dockerfiles.env("DRYDOCK_DOCKERFILES_ALL", "1");
    dockerfiles.args(["--exact", test]);
    dockerfiles.env("DRYDOCK_REQUIRE", "root,userns,docker,dockerd");
    dockerfiles.env("DRYDOCK_DOCKERFILES", filter.unwrap_or_default());
    if task == "record" {
        dockerfiles.env("DRYDOCK_DOCKERFILES_RECORD", "1");
    }
    foreground(&mut dockerfiles)
}
