//! COPY and ADD: sources found, hashed for the cache, then copied into an overlay whose upper becomes the layer.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use drydock_dockerfile::{Copy, clean_path};
use drydock_runtime::overlay;
use sha2::{Digest as _, Sha256};

use super::{
    error::Failure,
    inputs::{Content, Inputs},
    room::Desk,
    solve::{Doing, Solver},
    stage::State,
};
use crate::build::{
    chown,
    copy::{is_remote, put},
    tree::{
        copy::{Dress, Target},
        find::{self, FindError, Source},
        hash,
    },
};

impl Solver<'_> {
    /// One such step; `instruction` is COPY or ADD.
    pub(super) fn copy(
        &self,
        doing: &Doing<'_>,
        state: &mut State,
        instruction: &'static str,
        copy: &Copy,
    ) -> Result<(), Failure> {
        self.begin(doing, state)?;
        check(instruction, copy)?;
        let from = self.source(doing)?;
        let root = match &from {
            From::Stage { root, .. } => Some(root.as_fd()),
            From::Context => self.context.as_ref().map(|context| context.root()),
        };
        let mut sources = Vec::new();
        for written in &copy.sources {
            if instruction == "ADD" && is_remote(written) {
                return Err(remote(written));
            }
            let found = root.map(|root| find::find(root, written));
            match found {
                None => return Err(missing(written)),
                Some(Ok(found)) => sources.extend(found),
                Some(Err(FindError::Missing(_))) => return Err(missing(written)),
                Some(Err(error)) => return Err(Failure::Wrong(error.to_string())),
            }
        }
        let destination = destination(&state.run.working_dir, &copy.destination);
        let many = sources.len() + copy.inline.len() > 1;
        let mut inputs = Inputs {
            text: text(instruction, copy),
            parent: state.chain().bytes().to_vec(),
            ..Inputs::default()
        };
        inputs.settings.insert("destination", destination.clone());
        for source in &sources {
            let Some(root) = root else { continue };
            let content = hash::of_sources(root, std::slice::from_ref(source))
                .map_err(Failure::os("read a file to copy"))?;
            let name = source.path.to_string_lossy().into_owned();
            inputs.files.insert(name, Sha256::digest(content).into());
        }
        for document in &copy.inline {
            let content: Content = Sha256::digest(document.text().as_bytes()).into();
            inputs.files.insert(format!("<<{}", document.name), content);
        }
        if many && !destination.ends_with('/') {
            return Err(Failure::Wrong(format!(
                "When using {instruction} with more than one source file, the destination must be a directory and end with a /"
            )));
        }
        let unpacks = copy.unpack.unwrap_or(instruction == "ADD");
        self.layer(doing, state, inputs, |rootfs, desk| {
            let image = overlay::mount_detached(rootfs).map_err(Failure::os("mount the image"))?;
            let target = Target {
                root: image.as_fd(),
                path: &destination,
                dress: dress(image.as_fd(), copy, matches!(from, From::Context))?,
            };
            for source in &sources {
                self.cancel.check().map_err(|_| Failure::Cancelled)?;
                let Some(root) = root else { continue };
                put(&target, root, source, unpacks)?;
            }
            self.inline(&target, copy, desk)
        })?;
        state.history(history(instruction, copy), false);
        Ok(())
    }

    /// Here-documents, as files.
    fn inline(&self, target: &Target<'_>, copy: &Copy, desk: &Desk) -> Result<(), Failure> {
        if copy.inline.is_empty() {
            return Ok(());
        }
        let failed = || Failure::os("write a here-document");
        let dir = desk.path.join("inline");
        std::fs::create_dir(&dir).map_err(failed())?;
        for document in &copy.inline {
            let path = dir.join(&document.name);
            std::fs::write(&path, document.text().as_bytes()).map_err(failed())?;
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))
                .map_err(failed())?;
        }
        let dir = std::fs::File::open(&dir).map_err(failed())?;
        let target = Target {
            dress: Dress {
                owner: target.dress.owner.or(Some((0, 0))),
                ..target.dress
            },
            ..*target
        };
        for document in &copy.inline {
            let found = find::find(dir.as_fd(), &document.name);
            let found = found.map_err(|error| Failure::Wrong(error.to_string()))?;
            for source in found {
                put(&target, dir.as_fd(), &source, false)?;
            }
        }
        Ok(())
    }

    /// Where the sources are.
    fn source(&self, doing: &Doing<'_>) -> Result<From, Failure> {
        let Some(index) = doing.planned.from else {
            return Ok(From::Context);
        };
        let stage = self.wait_for(index)?;
        let desk = self
            .room
            .desk()
            .map_err(Failure::os("make a step's directory"))?;
        let rootfs = self.room.rootfs(&stage.directories(), &desk);
        let root = overlay::mount_detached(&rootfs)
            .map_err(Failure::os("mount the image to copy from"))?;
        Ok(From::Stage { root })
    }

    /// A place in the context that RUN mounts: the context's directory, and what is in that place.
    pub(super) fn context_place(
        &self,
        path: &str,
    ) -> Result<(Option<std::path::PathBuf>, Content), Failure> {
        let Some(context) = &self.context else {
            return Ok((None, [0; 32]));
        };
        let found = find::find(context.root(), path).map_err(|_| missing(path))?;
        let content =
            hash::of_sources(context.root(), &found).map_err(Failure::os("read a mounted file"))?;
        Ok((
            Some(context.path().to_owned()),
            Sha256::digest(content).into(),
        ))
    }
}

enum From {
    Context,
    Stage { root: OwnedFd },
}

fn check(instruction: &str, copy: &Copy) -> Result<(), Failure> {
    let wrong = |words: &str| Err(Failure::Wrong(words.into()));
    if copy.checksum.is_some() {
        if instruction == "COPY" {
            return wrong("checksum can't be specified for COPY");
        }
        if copy.sources.len() != 1 {
            return wrong("checksum can't be specified for multiple sources");
        }
        if !is_remote(&copy.sources[0]) {
            return wrong("checksum requires HTTP(S) or Git sources");
        }
    }
    if instruction == "COPY"
        && copy.from.is_none()
        && copy.sources.iter().any(|source| is_remote(source))
    {
        return wrong("source can't be a URL for COPY");
    }
    Ok(())
}

fn remote(url: &str) -> Failure {
    Failure::Wrong(format!(
        "{url} is on the network, which a sandbox does not have; put the file into the build context"
    ))
}

fn missing(written: &str) -> Failure {
    let path = clean_path(&format!("/{written}"));
    Failure::Wrong(format!(
        "failed to compute cache key: failed to calculate checksum of ref: {path:?}: not found"
    ))
}

/// What it says, as the cache knows it.
fn text(instruction: &str, copy: &Copy) -> String {
    let mut words = vec![
        history(instruction, copy)
            .trim_end_matches(" # buildkit")
            .to_owned(),
    ];
    if copy.link {
        words.push("--link".into());
    }
    words.extend(
        copy.exclude
            .iter()
            .map(|pattern| format!("--exclude={pattern}")),
    );
    if let Some(unpack) = copy.unpack {
        words.push(format!("--unpack={unpack}"));
    }
    words.join(" ")
}

fn history(instruction: &str, copy: &Copy) -> String {
    let mut words = vec![instruction.to_owned()];
    if copy.parents {
        words.push("--parents".into());
    }
    for (flag, value) in [("chown", &copy.chown), ("chmod", &copy.chmod)] {
        words.extend(value.iter().map(|value| format!("--{flag}={value}")));
    }
    words.extend(copy.sources.iter().cloned());
    words.extend(
        copy.inline
            .iter()
            .map(|document| format!("<<{}", document.name)),
    );
    words.push(copy.destination.clone());
    format!("{} # buildkit", words.join(" "))
}

/// Files of the context become root's, those of another stage stay whose they are; `--chown` says otherwise.
fn dress(image: BorrowedFd<'_>, copy: &Copy, from_context: bool) -> Result<Dress, Failure> {
    let wrong = |error: crate::build::BuildError| Failure::Wrong(error.to_string());
    let owner = match &copy.chown {
        Some(chown) => Some(chown::ids(image, chown).map_err(wrong)?),
        None => from_context.then_some((0, 0)),
    };
    let mode = copy.chmod.as_deref().map(|text| {
        let mode = u32::from_str_radix(text, 8)
            .ok()
            .filter(|mode| *mode <= 0o7777);
        mode.ok_or_else(|| bad_mode(text))
    });
    Ok(Dress {
        owner,
        mode: mode.transpose()?,
    })
}

fn bad_mode(text: &str) -> Failure {
    Failure::Wrong(format!(
        "invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"
    ))
}

/// Below the working directory unless absolute; a slash at the end, which means a directory, is kept.
fn destination(working_dir: &str, written: &str) -> String {
    let path = match written.starts_with('/') {
        true => written.to_owned(),
        false => format!("/{working_dir}/{written}"),
    };
    let is_dir = written.is_empty()
        || matches!(written, "." | "..")
        || written.ends_with('/')
        || written.ends_with("/.");
    let mut path = clean_path(&path);
    if is_dir && path != "/" {
        path.push('/');
    }
    path
}

/// All of one directory into another, as it is.
pub(super) fn whole(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Failure> {
    let target = Target {
        root: to,
        path: "/",
        dress: Dress::default(),
    };
    let found: Vec<Source> =
        find::find(from, ".").map_err(|error| Failure::Wrong(error.to_string()))?;
    for source in &found {
        target
            .copy(from, source)
            .map_err(Failure::os("copy files"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn destinations_are_below_the_working_directory_unless_absolute() {
        assert_eq!(destination("/w", "a"), "/w/a");
        assert_eq!(destination("/w", "a/"), "/w/a/");
        assert_eq!(destination("", "."), "/");
        assert_eq!(destination("/w", "."), "/w/");
        assert_eq!(destination("/w", "/x/../y/"), "/y/");
    }
}
