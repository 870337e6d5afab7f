//! The files of a context, listed once and never followed through a link.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use drydock_api::build::{ContextEntry, ContextKind, Manifest};
use drydock_dockerfile::DockerIgnore;

use crate::error::os_words;

/// A context of more files is refused.
const MAX_ENTRIES: usize = 1_000_000;
/// Directories below one another.
const MAX_DEPTH: usize = 256;

/// Lists what is below `root` and not ignored.
///
/// # Errors
/// In BuildKit's words, or our own where it has no bound.
pub fn manifest(root: &Path, ignore: &DockerIgnore) -> Result<Manifest, String> {
    let mut walk = Walk {
        root,
        ignore,
        entries: Vec::new(),
        pending: Vec::new(),
        named: HashMap::new(),
    };
    walk.directory("", 0)?;
    let mut entries = walk.entries;
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    link(&mut entries, &walk.named);
    let host = rustix::system::uname();
    Ok(Manifest {
        key: format!("{}:{}", host.nodename().to_string_lossy(), root.display()),
        entries,
    })
}

/// Of a file with several names, all but the first lead to that.
fn link(entries: &mut [ContextEntry], named: &HashMap<String, (u64, u64)>) {
    let mut first: HashMap<(u64, u64), String> = HashMap::new();
    for entry in entries {
        let Some(file) = named.get(&entry.path) else {
            continue;
        };
        match first.get(file) {
            Some(path) => {
                entry.link = Some(path.clone());
                entry.size = 0;
            }
            None => drop(first.insert(*file, entry.path.clone())),
        }
    }
}

struct Walk<'a> {
    root: &'a Path,
    ignore: &'a DockerIgnore,
    entries: Vec<ContextEntry>,
    /// Ignored directories on the way here: listed when something in them is brought back.
    pending: Vec<ContextEntry>,
    /// Device and inode of files that have several names.
    named: HashMap<String, (u64, u64)>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &str, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "the context has more than {MAX_DEPTH} directories below one another: {path}"
            ));
        }
        let full = self.root.join(path);
        let failed = |error: io::Error| format!("open {}: {}", full.display(), os_words(&error));
        for entry in fs::read_dir(&full).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                format!(
                    "the name of {} is not UTF-8: rename it, or name it in .dockerignore",
                    entry.path().display()
                )
            })?;
            let child = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            };
            match entry.metadata() {
                Ok(meta) => self.child(child, &meta, depth)?,
                // Gone since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn child(&mut self, path: String, meta: &Metadata, depth: usize) -> Result<(), String> {
        let excluded = self.ignore.matches(&path);
        let Some(entry) = self.entry(&path, meta)? else {
            return Ok(());
        };
        if entry.kind == ContextKind::File && meta.nlink() > 1 && !excluded {
            self.named.insert(path.clone(), (meta.dev(), meta.ino()));
        }
        if entry.kind != ContextKind::Directory {
            return if excluded { Ok(()) } else { self.push(entry) };
        }
        if !excluded {
            self.push(entry)?;
            return self.directory(&path, depth + 1);
        }
        if self.ignore.may_hold_exceptions(&path) {
            let before = self.pending.len();
            self.pending.push(entry);
            self.directory(&path, depth + 1)?;
            self.pending.truncate(before);
        }
        Ok(())
    }

    fn push(&mut self, entry: ContextEntry) -> Result<(), String> {
        self.entries.append(&mut self.pending);
        if self.entries.len() >= MAX_ENTRIES {
            return Err(format!(
                "the context has more than {MAX_ENTRIES} files: name in .dockerignore what the build does not need"
            ));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// `None` for what cannot be sent: a socket, a device of this machine.
    fn entry(&self, path: &str, meta: &Metadata) -> Result<Option<ContextEntry>, String> {
        let kind = meta.file_type();
        let mut link = None;
        let kind = if kind.is_dir() {
            ContextKind::Directory
        } else if kind.is_symlink() {
            match fs::read_link(self.root.join(path)) {
                Ok(target) => link = Some(target.to_string_lossy().into_owned()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(format!("readlink {path}: {}", os_words(&error))),
            }
            ContextKind::Link
        } else if kind.is_fifo() {
            ContextKind::Pipe
        } else if kind.is_file() {
            ContextKind::File
        } else {
            return Ok(None);
        };
        Ok(Some(ContextEntry {
            path: path.to_owned(),
            kind,
            mode: meta.permissions().mode() & 0o7777,
            size: if kind == ContextKind::File {
                meta.len()
            } else {
                0
            },
            mtime: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime: nanos(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
            link,
        }))
    }
}

fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_with_several_names_all_but_the_first_lead_to_that() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b"), "12").unwrap();
        fs::hard_link(dir.path().join("b"), dir.path().join("a")).unwrap();
        let entries = manifest(dir.path(), &DockerIgnore::parse("").unwrap())
            .unwrap()
            .entries;
        let links: Vec<_> = entries
            .iter()
            .map(|it| (it.path.as_str(), it.link.as_deref(), it.size))
            .collect();
        assert_eq!(links, [("a", None, 2), ("b", Some("a"), 0)]);
    }

    fn paths(files: &[&str], ignore: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc", dir.path().join("etc")).unwrap();
        let ignore = DockerIgnore::parse(ignore).unwrap();
        let entries = manifest(dir.path(), &ignore).unwrap().entries;
        entries.into_iter().map(|entry| entry.path).collect()
    }

    #[test]
    fn a_link_is_listed_and_not_followed() {
        assert_eq!(paths(&["a/b", "a-c"], ""), ["a", "a-c", "a/b", "etc"]);
    }

    #[test]
    fn what_is_brought_back_brings_its_directories() {
        assert_eq!(
            paths(&["sub/keep/x", "sub/drop", "other/y"], "*\n!sub/keep\n"),
            ["sub", "sub/keep", "sub/keep/x"]
        );
    }
}
