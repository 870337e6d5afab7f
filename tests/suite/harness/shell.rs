//! `drydock shell -- CMD`: one throwaway sandbox around one command.

use std::process::Command;

use super::data::DataDir;
use super::process::{Finished, finish};
use super::{PATIENCE, drydock};

/// Runs `words` on the workstation of a new sandbox.
#[track_caller]
pub fn shell(words: &[&str]) -> Finished {
    shell_with(words, b"")
}

/// The same, with bytes on the command's standard input.
#[track_caller]
pub fn shell_with(words: &[&str], input: &[u8]) -> Finished {
    let data = DataDir::new();
    finish(&mut command(&data, words), input, PATIENCE)
}

/// Runs a script with the workstation's `sh`.
#[track_caller]
pub fn script(text: &str) -> Finished {
    shell(&["sh", "-c", text])
}

/// Runs `words` on the workstation of a sandbox that begins as `lesson` does.
#[track_caller]
pub fn in_lesson(lesson: &str, words: &[&str]) -> Finished {
    let data = DataDir::new();
    let mut command = Command::new(drydock());
    command.args(["shell", "--lesson", lesson, "--data-dir"]);
    command.arg(data.path()).arg("--").args(words);
    finish(&mut command, b"", PATIENCE)
}

/// The command, not yet started.
pub fn command(data: &DataDir, words: &[&str]) -> Command {
    let mut command = Command::new(drydock());
    command
        .arg("shell")
        .arg("--data-dir")
        .arg(data.path())
        .arg("--")
        .args(words);
    command
}
