//! `drydock doctor`.

use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// For programs.
    #[arg(long)]
    json: bool,
}

pub fn run(_options: &Options) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
