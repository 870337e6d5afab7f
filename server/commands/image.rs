//! `drydock image list|import|pull`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use drydock_image::Store;

use super::{DataDirOption, provision};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The images that sandboxes can start from.
    List(Where),
    /// Add images from a `docker save` archive or an OCI layout.
    Import {
        /// The archive; gzip and zstd are understood.
        file: PathBuf,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Debug, clap::Args)]
pub struct Where {
    #[command(flatten)]
    data: DataDirOption,
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    super::log("warn");
    let (place, words) = match &command {
        Command::List(place) => (place, vec!["list"]),
        Command::Import { file, place } => (place, vec!["import", path(file)?]),
    };
    let data_dir = place.data.path();
    provision::ensure(&data_dir)?;
    let mut line = vec![words[0], path(&data_dir)?];
    line.extend(&words[1..]);
    provision::in_store(&line, |text| println!("{text}"))?;
    Ok(ExitCode::SUCCESS)
}

fn path(path: &Path) -> anyhow::Result<&str> {
    use anyhow::Context;
    path.to_str().context("the path is not UTF-8")
}

/// The part that runs where the store can be written.
pub fn in_store(command: &str, data_dir: &Path, rest: &[&str]) -> anyhow::Result<()> {
    let store = Store::open(data_dir.join("images"))?;
    match (command, rest) {
        ("list", []) => {
            for image in store.list()? {
                println!("{image:?}");
            }
            Ok(())
        }
        ("import", [file]) => {
            for image in store.import_archive(std::fs::File::open(file)?)? {
                println!("{image:?}");
            }
            Ok(())
        }
        _ => anyhow::bail!("unknown store command {command:?}"),
    }
}
