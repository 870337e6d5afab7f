//! `drydock engine --socket PATH`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;

use super::{DataDirOption, once, registries};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where the Docker socket appears.
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
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
}

#[tokio::main(flavor = "current_thread")]
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    super::log("warn");
    let stop = once::asked_to_stop();
    let sessions = once::sessions(
        options.data.path(),
        options.registries.policy(),
        options.egress,
    )
    .await?;
    remove_stale(&options.socket)?;
    let socket = std::path::absolute(&options.socket)?;
    let started = once::start(
        &sessions,
        once::Start {
            docker_socket: Some(socket.clone()),
            privileged: true,
            registry: options.registry,
            egress: options.egress,
            ..Default::default()
        },
    );
    let sandbox = started.await?;
    // Its control door stays open, so that it does not think itself abandoned.
    let connection = sandbox
        .client()
        .connect()
        .await
        .context("could not reach the engine")?;
    eprintln!(
        "Docker's socket is ready: export DOCKER_HOST=unix://{}",
        socket.display()
    );
    let code = tokio::select! {
        stopped = stop => stopped.map(|()| ExitCode::SUCCESS)?,
        () = sandbox.ended() => {
            eprintln!("drydock: the sandbox ended by itself");
            ExitCode::FAILURE
        }
    };
    drop(connection);
    sessions.end_all().await;
    let _ = std::fs::remove_file(&options.socket);
    Ok(code)
}

/// A socket that nobody answers is left over from a process that was killed.
fn remove_stale(path: &std::path::Path) -> anyhow::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => anyhow::bail!(
            "{} is in use by another engine; choose another --socket",
            path.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
                .with_context(|| format!("could not remove the stale socket {}", path.display()))
        }
        Err(_) => Ok(()),
    }
}
