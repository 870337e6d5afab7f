//! The image store, filled on first use by a process that may write it: root's own, or root of the user
//! namespace of an ordinary user.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{ExitCode, Stdio},
};

use anyhow::{Context, bail};
use drydock::lessons::{Source, front_matter::split};
use drydock_image::{
    ImageRef, Store, catalogue::Catalogue, provision::ensure_default_images, workstation,
};
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
    let catalogue = Source::Embedded
        .top_level("images.toml")
        .unwrap_or_default();
    let catalogue = Catalogue::parse(&String::from_utf8_lossy(&catalogue))?;
    for image in lesson_images()? {
        // The other lessons do without it, so a server without network still starts.
        if let Err(error) = catalogue.ensure(&store, data_dir, &image, &mut say) {
            println!("a lesson's image {image} is missing: {error}");
        }
    }
    Ok(())
}

/// The images that the lessons in this program name.
fn lesson_images() -> anyhow::Result<BTreeSet<ImageRef>> {
    let mut images = BTreeSet::new();
    for files in Source::Embedded.folders()?.values() {
        let text = files.get("lesson.md").map(|file| file.bytes.as_slice());
        // A broken lesson is left out of the site too.
        if let Ok((matter, ..)) = split(&String::from_utf8_lossy(text.unwrap_or_default())) {
            images.extend(matter.images.iter().filter_map(|name| name.parse().ok()));
        }
    }
    Ok(images)
}
