//! `drydock serve`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use drydock::{config::default_max_sandboxes, serve::ServeOptions};

use super::{DataDirOption, provision, registries};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where to listen.
    #[arg(
        long,
        default_value = "127.0.0.1:8080",
        env = "DRYDOCK_LISTEN",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,
    #[command(flatten)]
    data: DataDirOption,
    /// The URL by which browsers reach the site, when it is not the listen address.
    #[arg(long, env = "DRYDOCK_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// The URL by which browsers reach port previews.
    #[arg(long, env = "DRYDOCK_PREVIEW_URL", value_name = "URL")]
    preview_url: Option<String>,
    /// Serve lessons from this directory instead of those built in.
    #[arg(long, env = "DRYDOCK_LESSONS_DIR", value_name = "DIR")]
    lessons_dir: Option<PathBuf>,
    /// How many sandboxes may run at once; by the host's memory when not given.
    #[arg(
        long,
        env = "DRYDOCK_MAX_SANDBOXES",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    max_sandboxes: Option<u32>,
    #[command(flatten)]
    registries: registries::RegistryOptions,
    /// Give the sandboxes of lessons that ask for it (`egress = true`) a way out to the internet, but to no private
    /// address. Needs pasta (Debian: passt).
    #[arg(long, env = "DRYDOCK_EGRESS")]
    egress: bool,
}

pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    super::log("info,actix_server=warn");
    let data_dir = options.data.path();
    provision::ensure(&data_dir)?;
    drydock::serve::run(ServeOptions {
        listen: options.listen,
        data_dir,
        public_url: options.public_url,
        preview_url: options.preview_url,
        lessons_dir: options.lessons_dir,
        registries: options.registries.policy(),
        egress: options.egress,
        max_sandboxes: options
            .max_sandboxes
            .map_or_else(default_max_sandboxes, |max| max as usize),
    })?;
    Ok(ExitCode::SUCCESS)
}
