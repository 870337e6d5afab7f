//! `drydock shell [--lesson ID] [-- CMD…]`.

use std::{ffi::OsString, io::IsTerminal, process::ExitCode};

use anyhow::Context;
use drydock::lessons::{Catalogue, Source};

use super::{DataDirOption, once, registries};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Begin as this lesson does: its images and its files.
    #[arg(long, value_name = "ID")]
    lesson: Option<String>,
    #[command(flatten)]
    data: DataDirOption,
    #[command(flatten)]
    registries: registries::RegistryOptions,
    /// Give the sandbox a registry of its own, at localhost:5000 on its workstation.
    #[arg(long)]
    registry: bool,
    /// Give the sandbox a way out to the internet, but to no private address. Needs pasta (Debian: passt).
    #[arg(long, env = "DRYDOCK_EGRESS")]
    egress: bool,
    /// Run this on the workstation, and exit with its code.
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

#[tokio::main(flavor = "current_thread")]
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    super::log("warn");
    let stop = once::asked_to_stop();
    let mut start = match &options.lesson {
        Some(id) => from_lesson(id)?,
        None => once::Start {
            privileged: true,
            ..Default::default()
        },
    };
    start.registry |= options.registry;
    start.egress = options.egress;
    let sessions = once::sessions(
        options.data.path(),
        options.registries.policy(),
        options.egress,
    )
    .await?;
    let sandbox = once::start(&sessions, start).await?;
    let words = docker_exec(sandbox.client().socket().into(), options.command);
    // It has an event loop of its own.
    let shell = tokio::task::spawn_blocking(move || drydock_cli::main(words));
    let code = tokio::select! {
        code = shell => code.context("the shell's connection broke")?,
        stopped = stop => stopped.map(|()| 143)?,
    };
    sessions.end_all().await;
    // A thread may still wait for a key press that no longer matters.
    std::process::exit(code)
}

fn from_lesson(id: &str) -> anyhow::Result<once::Start> {
    let (catalogue, _) = Catalogue::load(&Source::Embedded);
    let lesson = catalogue.lesson(id).with_context(|| {
        format!("there is no lesson {id:?}; `drydock lesson list` names them all")
    })?;
    Ok(once::Start {
        images: Some(lesson.images.clone()),
        files: lesson.files.clone(),
        lesson: Some(id.to_owned()),
        privileged: lesson.privileged,
        docker_socket: None,
        registry: lesson.registry,
        egress: false,
    })
}

/// The learner's shell is an exec on the workstation, which only the control socket knows.
fn docker_exec(socket: OsString, command: Vec<OsString>) -> Vec<OsString> {
    let mut host = OsString::from("unix://");
    host.push(socket);
    let flags = if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        "-it"
    } else {
        "-i"
    };
    let words = [
        "docker".into(),
        "-H".into(),
        host,
        "exec".into(),
        flags.into(),
        "-w".into(),
        "/root".into(),
    ];
    let shell = || {
        vec![
            "sh".into(),
            "-c".into(),
            "exec $(command -v bash || command -v sh) -l".into(),
        ]
    };
    let command = if command.is_empty() { shell() } else { command };
    words
        .into_iter()
        .chain(["workstation".into()])
        .chain(command)
        .collect()
}
