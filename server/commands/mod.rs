//! `drydock` and its sub-commands.
//!
//! One file a sub-command; [`engine_process`], [`errand`] and [`provision`] are processes of their own.

mod doctor;
mod engine;
pub mod engine_process;
pub mod errand;
mod image;
mod lesson;
mod once;
pub mod provision;
mod registries;
mod serve;
mod shell;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use drydock_session::host::DataDir;

/// Learn Docker in a sandbox: lessons beside a terminal on a machine of one's own.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve lessons and sandboxes to browsers (the default).
    Serve(serve::Options),
    /// One throwaway sandbox in this terminal.
    Shell(shell::Options),
    /// One throwaway sandbox for any Docker client, by its socket, until SIGTERM.
    Engine(engine::Options),
    /// Write, check and prove lessons.
    #[command(subcommand)]
    Lesson(lesson::Command),
    /// The images that sandboxes start from.
    #[command(subcommand)]
    Image(image::Command),
    /// Tell what this host lacks, and the command that mends it.
    Doctor(doctor::Options),
}

/// Where everything of Drydock's is kept.
#[derive(Debug, Clone, clap::Args)]
struct DataDirOption {
    /// Where images, sandboxes and progress are kept.
    #[arg(long, env = "DRYDOCK_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDirOption {
    fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(DataDir::default_path)
    }
}

/// Runs the sub-command that the arguments name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => serve::run(cli.serve),
        Some(Command::Serve(options)) => serve::run(options),
        Some(Command::Shell(options)) => shell::run(options),
        Some(Command::Engine(options)) => engine::run(options),
        Some(Command::Lesson(command)) => lesson::run(command),
        Some(Command::Image(command)) => image::run(command),
        Some(Command::Doctor(options)) => doctor::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("drydock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to stderr; `RUST_LOG` says how much.
fn log(default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second call is a fault of ours that costs nothing.
    let _ = subscriber.try_init();
}
