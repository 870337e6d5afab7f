//! The image store, filled on first use by a process that may write it: root's own, or root of the user
//! namespace of an ordinary user.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{ExitCode, Stdio},
};

use anyhow::{Context, bail};
use drydock_image::{Store, provision::ensure_default_images, workstation};
use drydock_session::{host::DataDir, mapped};

/// The name under which this program is that process.
pub const NAME: &str = "drydock-provision";

/// Makes sure that the default images and the workstation are there. Quick when they are.
pub fn ensure(data_dir: &Path) -> anyhow::Result<()> {
    let data = DataDir::open(data_dir)?;
    let data_dir = data
        .path()
        .to_str()
        .context("the data directory's path is not UTF-8")?;
    in_store(&["ensure", data_dir], |line| eprintln!("drydock: {line}"))
}

/// Runs `words` in a process that may write the store, line by line of its output.
pub fn in_store(words: &[&str], mut say: impl FnMut(&str)) -> anyhow::Result<()> {
    let mut helper = mapped::spawn(NAME, words, Stdio::piped(), Stdio::inherit())?;
    if let Some(output) = helper.child.stdout.take() {
        for line in BufReader::new(output).lines() {
            say(&line.context("could not read from the store's process")?);
        }
    }
    if helper.child.wait()?.success() {
        Ok(())
    } else {
        bail!("the image store could not be prepared")
    }
}

/// That process.
pub fn main(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["ensure", data_dir] => fill(Path::new(data_dir)),
        [command, data_dir, rest @ ..] => {
            super::image::in_store(command, Path::new(data_dir), rest)
        }
        _ => Err(anyhow::anyhow!("nothing to do")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("drydock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn fill(data_dir: &Path) -> anyhow::Result<()> {
    let store = Store::open(data_dir.join("images"))?;
    let mut say =
        |progress: drydock_image::provision::Progress<'_>| println!("{}", progress.message);
    ensure_default_images(&store, data_dir, &mut say)?;
    workstation::ensure(&store, data_dir, drydock_cli::BASH_COMPLETION, &mut say)?;
    Ok(())
}
