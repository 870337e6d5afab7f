//! Carries the probe (`tests/probe`), a static program that tries forbidden things, to where it is to try them.

use std::path::PathBuf;
use std::process::Command;

use super::docker::Docker;
use super::process::{Finished, finish};
use super::shell::shell_with;
use super::{PATIENCE, drydock};

/// The probe as built beside this test program.
pub fn program() -> PathBuf {
    let profile = std::env::current_exe().unwrap();
    let beside = profile
        .parent()
        .and_then(|deps| deps.parent())
        .unwrap_or(&profile)
        .join("examples/probe");
    if beside.exists() {
        return beside;
    }
    let program = drydock().with_file_name("examples").join("probe");
    assert!(
        program.exists(),
        "{} is not built: cargo build --example probe",
        beside.display()
    );
    program
}

/// Makes an image `probe` whose `/probe` is the program.
#[track_caller]
pub fn build_image(docker: &Docker) {
    let context = docker.folder().join("probe-image");
    std::fs::create_dir_all(&context).unwrap();
    std::fs::copy(program(), context.join("probe")).unwrap();
    std::fs::write(
        context.join("Dockerfile"),
        "FROM busybox\nCOPY probe /probe\n",
    )
    .unwrap();
    docker.good(&["build", "-q", "-t", "probe", context.to_str().unwrap()]);
}

/// Runs the probe on the workstation of a new sandbox.
#[track_caller]
pub fn on_workstation(words: &str) -> Finished {
    let bytes = std::fs::read(program()).unwrap();
    let script = format!("cat > /tmp/probe && chmod +x /tmp/probe && exec /tmp/probe {words}");
    shell_with(&["sh", "-c", &script], &bytes)
}

/// Runs the probe on the host, as root, from where it may enter a sandbox.
#[track_caller]
pub fn on_host(words: &[&str]) -> Finished {
    finish(Command::new(program()).args(words), b"", PATIENCE)
}
