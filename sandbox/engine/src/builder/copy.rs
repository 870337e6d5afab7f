//! COPY and ADD: sources found, hashed for the cache, then copied into an overlay whose upper becomes the layer.

use std::{
    collections::BTreeMap,
    fs::File,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::Path,
};

use drydock_dockerfile::{Copy, clean_path};
use drydock_runtime::{container::Rootfs, overlay};
use sha2::{Digest as _, Sha256};

use super::{
    context::ContextDir,
    error::Failure,
    fetch::Remote,
    inputs::{Content, Inputs},
    room::Desk,
    solve::Solver,
    stage::State,
    step::Doing,
};
use crate::build::{
    chown,
    copy::is_remote,
    tree::{
        chmod::Chmod,
        dress::Dress,
        find::{SelectError, Selection, Source, select},
        hash::{self, Digests},
        place::{Conflicts, Target},
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
        // It is shown once the stage that it copies from is there.
        let from = self.source(doing)?;
        self.begin(doing, state)?;
        check(instruction, copy)?;
        let root = match &from {
            From::Stage { root, .. } => Some(root.as_fd()),
            From::Context => self.context.as_ref().map(|context| context.root()),
        };
        let selection = Selection {
            parents: copy.parents,
            exclude: &copy.exclude,
        };
        let mut sources = Vec::new();
        let mut fetched = Vec::new();
        for written in &copy.sources {
            if instruction == "ADD" && is_remote(written) {
                fetched.push(Remote::new(self, written, copy.checksum.as_deref())?);
                continue;
            }
            let root = root.ok_or_else(|| missing(written))?;
            sources.extend(select(root, written, selection).map_err(not_found)?);
        }
        let destination = destination(&state.run.working_dir, &copy.destination);
        let many = copy.sources.len() + copy.inline.len() > 1;
        let mut inputs = Inputs {
            text: text(instruction, copy),
            ..Inputs::default()
        };
        // A linked layer is the same whatever is below it, unless a name has to be looked up there.
        let names = copy
            .chown
            .as_deref()
            .is_some_and(|chown| chown.contains(char::is_alphabetic));
        if !copy.link || names {
            inputs.parent = state.chain().bytes().to_vec();
        }
        inputs.settings.insert("destination", destination.clone());
        for source in &sources {
            let Some(root) = root else { continue };
            let contents = match &from {
                From::Context => self.contents(root, source),
                From::Stage { .. } => hash::contents(root, source, &Dress::default(), &()),
            };
            let contents = contents.map_err(Failure::os("read a file to copy"))?;
            inputs.files.extend(contents);
        }
        for remote in &fetched {
            inputs.files.insert(remote.url.clone(), remote.content);
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
            let dress = dress(image.as_fd(), copy)?;
            let image = match copy.link {
                true => alone(image, rootfs)?,
                false => image,
            };
            let target = Target {
                root: image.as_fd(),
                path: &destination,
                dress: &dress,
                conflicts: Conflicts::Refuse,
            };
            for source in &sources {
                self.cancel.check().map_err(|_| Failure::Cancelled)?;
                let Some(root) = root else { continue };
                match unpacks {
                    true => target.add(root, source)?,
                    false => target.copy(root, source)?,
                }
            }
            for remote in &fetched {
                remote.put(self, &target, copy.unpack == Some(true))?;
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
        let dir = File::open(&dir).map_err(failed())?;
        for document in &copy.inline {
            let named = Source::named(dir.as_fd(), Path::new(&document.name));
            target.copy(dir.as_fd(), &named.map_err(not_found)?)?;
        }
        Ok(())
    }

    /// The files of a source in the context, of which the bytes are read once for all builds.
    fn contents(
        &self,
        root: BorrowedFd<'_>,
        source: &Source,
    ) -> std::io::Result<BTreeMap<String, Content>> {
        match self.context.as_deref() {
            Some(context) => hash::contents(root, source, &Dress::default(), context),
            None => hash::contents(root, source, &Dress::default(), &()),
        }
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
        let found = select(context.root(), path, Selection::default()).map_err(not_found)?;
        let mut hash = Sha256::new();
        for source in &found {
            let contents = self.contents(context.root(), source);
            for (name, content) in contents.map_err(Failure::os("read a mounted file"))? {
                hash.update((name.len() as u64).to_le_bytes());
                hash.update(name);
                hash.update(content);
            }
        }
        Ok((Some(context.path().to_owned()), hash.finalize().into()))
    }
}

impl Digests for ContextDir {
    fn known(&self, path: &Path) -> Option<Content> {
        self.digest(path)
    }

    fn learned(&self, path: &Path, content: Content) {
        self.remember(path, content);
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

fn missing(written: &str) -> Failure {
    let path = clean_path(&format!("/{written}"));
    Failure::Wrong(format!(
        "failed to compute cache key: failed to calculate checksum of ref: {path:?}: not found"
    ))
}

fn not_found(error: SelectError) -> Failure {
    match error {
        SelectError::Missing(path) => missing(&path),
        other => Failure::Wrong(other.to_string()),
    }
}

/// `--link`: the layer by itself, without what is below it.
fn alone(image: OwnedFd, rootfs: &Rootfs) -> Result<OwnedFd, Failure> {
    // Two ways into one directory would not see each other's changes.
    drop(image);
    let upper = File::open(&rootfs.upper).map_err(Failure::os("open a step's directory"))?;
    Ok(upper.into())
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

/// Files of the context are root's, those of another stage stay whose they are; `--chown` says otherwise.
fn dress(image: BorrowedFd<'_>, copy: &Copy) -> Result<Dress, Failure> {
    let owner = copy.chown.as_deref().map(|text| chown::owner(image, text));
    let mode = copy.chmod.as_deref().map(Chmod::parse);
    Ok(Dress {
        owner: owner
            .transpose()
            .map_err(|error| Failure::Wrong(error.to_string()))?,
        mode: mode
            .transpose()
            .map_err(|error| Failure::Wrong(error.to_string()))?,
    })
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
        dress: &Dress::default(),
        conflicts: Conflicts::Refuse,
    };
    let source = Source::named(from, Path::new("")).map_err(not_found)?;
    Ok(target.copy(from, &source)?)
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
