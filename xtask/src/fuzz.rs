//! `cargo xtask fuzz`: libFuzzer on the targets of `fuzz/`, through cargo-fuzz.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::run::{cargo, foreground, root};

/// Seconds for one target unless told otherwise.
const SECONDS: &str = "600";

/// Fuzzes the target that is named, or each in turn.
pub fn run(options: &[&str]) -> anyhow::Result<()> {
    let (targets, seconds) = match *options {
        [] => (all()?, SECONDS),
        ["--seconds", seconds] => (all()?, seconds),
        [target] => (vec![target.to_owned()], SECONDS),
        [target, "--seconds", seconds] => (vec![target.to_owned()], seconds),
        _ => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N]"),
    };
    seconds.parse::<u32>().context("--seconds takes a number")?;
    install()?;
    targets.iter().try_for_each(|target| one(target, seconds))
}

fn all() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/corpus"))? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// cargo-fuzz, kept in the target directory.
fn install() -> anyhow::Result<()> {
    if root().join("target/tools/bin/cargo-fuzz").exists() {
        return Ok(());
    }
    let mut install = cargo([
        "install",
        "cargo-fuzz",
        "--locked",
        "--root",
        "target/tools",
    ]);
    foreground(&mut install)
}

/// What libFuzzer finds worth keeping goes to the target directory; what is committed is only read.
fn one(target: &str, seconds: &str) -> anyhow::Result<()> {
    let found = root().join("target/fuzz/found").join(target);
    fs::create_dir_all(&found)?;
    let mut fuzz = Command::new(root().join("target/tools/bin/cargo-fuzz"));
    // The sanitizers and coverage are options that a stable compiler has, but does not show.
    fuzz.env("RUSTC_BOOTSTRAP", "1");
    fuzz.current_dir(root())
        .args(["fuzz", "run", "--target-dir", "target/fuzz", target])
        .arg(&found)
        .arg(root().join("fuzz/corpus").join(target))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    foreground(&mut fuzz)
}
