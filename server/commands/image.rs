//! `drydock image list|import|pull`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use drydock_image::{ImageRef, Store, commands, provision::Progress, registry::Options};

use super::{DataDirOption, provision};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The images that sandboxes can start from.
    List(DataDirOption),
    /// Add images from a `docker save` archive or an OCI layout.
    Import {
        /// The archive; gzip, zstd and xz are understood.
        file: PathBuf,
        /// The name of an archive's only image, where it brings none.
        #[arg(long, value_name = "NAME[:TAG]")]
        name: Option<String>,
        #[command(flatten)]
        data: DataDirOption,
    },
    /// Add an image from a registry, once for all sandboxes.
    Pull {
        /// Its name.
        name: String,
        #[command(flatten)]
        data: DataDirOption,
    },
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    super::log("warn");
    let (data, words) = match &command {
        Command::List(data) => (data, vec!["list"]),
        Command::Import { file, name, data } => (
            data,
            vec!["import", path(file)?, name.as_deref().unwrap_or_default()],
        ),
        Command::Pull { name, data } => (data, vec!["pull", name]),
    };
    let data_dir = data.path();
    provision::ensure(&data_dir)?;
    let mut line = vec![words[0], path(&data_dir)?];
    line.extend(&words[1..]);
    provision::in_store(&line, |text| println!("{text}"))?;
    Ok(ExitCode::SUCCESS)
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the path is not UTF-8")
}

/// The part that runs where the store can be written.
pub fn in_store(command: &str, data_dir: &Path, rest: &[&str]) -> anyhow::Result<()> {
    let store = Store::open(data_dir.join("images"))?;
    let text = match (command, rest) {
        ("list", []) => commands::list(&store)?,
        ("import", [file, name]) => {
            let name = if name.is_empty() {
                None
            } else {
                Some(name.parse::<ImageRef>()?)
            };
            commands::import(&store, Path::new(file), name.as_ref())?
        }
        ("pull", [name]) => {
            let say = &mut |progress: Progress<'_>| println!("{}", progress.message);
            commands::pull(&store, &name.parse()?, Options::default(), say)?
        }
        _ => anyhow::bail!("unknown store command {command:?}"),
    };
    print!("{text}");
    Ok(())
}
