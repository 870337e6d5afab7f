//! `docker load`.

use clap::Args;
use drydock_api::client::percent_encode;

use super::save;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    progress::{Display, Messages},
    tty::{self, Output},
    upload::{self, Upload},
};

/// `docker load`.
#[derive(Debug, Args)]
pub struct Load {
    /// Read from tar archive file, instead of STDIN
    #[arg(short, long, value_name = "string")]
    input: Option<String>,
    /// Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")
    #[arg(long, value_name = "string")]
    platform: Option<String>,
    /// Suppress the load output
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

impl Command for Load {
    const WORDS: Words = Words {
        spellings: &["load", "image load"],
        about: "Load an image from a tar archive or STDIN",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Files,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let input = self.input.filter(|path| !path.is_empty());
        if input.is_none() && tty::stdin_is_terminal() {
            return Err(CliError::failed(
                "requested load from stdin, but stdin is empty",
            ));
        }
        let name = input.as_deref().unwrap_or("-");
        let archive = upload::open(name)?;
        let quiet = self.quiet || !Output::Stdout.is_terminal();
        let mut path = format!("/images/load?quiet={}", u8::from(quiet));
        if let Some(platform) = &self.platform {
            path.push_str(&format!(
                "&platform={}",
                percent_encode(&save::platform(platform))
            ));
        }
        let (response, upload) = Upload::post(&docker, &path, name, archive).await?;
        match Display::new(Output::Stdout)
            .all(Messages::new(response))
            .await
        {
            Ok(()) => Ok(0),
            Err(error) => Err(upload.blame(error).await),
        }
    }
}
