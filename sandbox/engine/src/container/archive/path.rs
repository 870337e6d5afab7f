//! A path in a container, as clients write it: from the root, and with a trailing slash or dot that means something.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    io,
    os::{fd::BorrowedFd, unix::ffi::OsStrExt as _},
    path::{Component, Path, PathBuf},
};

use drydock_runtime::paths;
use rustix::{
    fs::{self, OFlags},
    io::Errno,
};

/// Links followed at most, as Go's `EvalSymlinks`.
const MAX_LINKS: usize = 255;
/// Names in one path at most.
const MAX_NAMES: usize = 4096;

/// Where something is: by a directory and, unless it is that directory itself, a name in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// From the root, no slash before it; links in it are followed.
    pub dir: PathBuf,
    /// In that directory; a link of this name is not followed.
    pub base: Option<OsString>,
    /// What Docker calls it, in the `stat` header and in archives: the last part as written, `.` or `/`.
    pub name: OsString,
}

impl Place {
    /// What `written` means.
    pub(crate) fn parse(written: &str) -> Self {
        let path = clean(written);
        let last = path.file_name().map(OsStr::to_owned);
        let is_dot = written.trim_end_matches('/').rsplit('/').next() == Some(".");
        let name = match (&last, is_dot) {
            (_, true) => ".".into(),
            (None, false) => "/".into(),
            (Some(last), false) => last.clone(),
        };
        if is_dot || written.ends_with('/') || last.is_none() {
            return Self {
                dir: path,
                base: None,
                name,
            };
        }
        Self {
            dir: path.parent().unwrap_or(Path::new("")).to_owned(),
            base: last,
            name,
        }
    }

    /// From the root, without a slash before it.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.base {
            Some(base) => self.dir.join(base),
            None => self.dir.clone(),
        }
    }
}

/// From the root, without a slash before it, without `.` and `..`.
fn clean(path: &str) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => cleaned.push(name),
            Component::ParentDir => drop(cleaned.pop()),
            _ => {}
        }
    }
    cleaned
}

/// `path` without links, as seen from `root`. What is missing stays as it is written.
///
/// It is for showing and comparing only: the links may be others a moment later.
///
/// # Errors
/// `ELOOP`, and what the file system says.
pub(crate) fn follow(root: BorrowedFd<'_>, path: &Path) -> io::Result<PathBuf> {
    let mut ahead: VecDeque<OsString> = names(path).collect();
    let (mut behind, mut links) = (PathBuf::new(), 0);
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            behind.pop();
            continue;
        }
        let Some(target) = read_link(root, &behind, &name)? else {
            behind.push(name);
            continue;
        };
        links += 1;
        if links > MAX_LINKS || ahead.len() > MAX_NAMES {
            return Err(Errno::LOOP.into());
        }
        if target.is_absolute() {
            behind.clear();
        }
        for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
            ahead.push_front(name);
        }
    }
    Ok(behind)
}

fn names(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

/// Where a link leads; nothing for what is no link or not there.
fn read_link(root: BorrowedFd<'_>, dir: &Path, name: &OsStr) -> io::Result<Option<PathBuf>> {
    let dir = match paths::open_in(root, dir, OFlags::PATH | OFlags::DIRECTORY) {
        Ok(dir) => dir,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match fs::readlinkat(&dir, name, Vec::new()) {
        Ok(target) => Ok(Some(OsStr::from_bytes(target.as_bytes()).into())),
        Err(Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Nothing is there, or something that cannot hold it.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs::File, os::fd::AsFd as _, os::unix::fs::symlink};

    use super::*;

    fn place(written: &str) -> (String, Option<String>, String) {
        let place = Place::parse(written);
        let text = |name: &OsStr| name.to_string_lossy().into_owned();
        (
            text(place.dir.as_os_str()),
            place.base.as_deref().map(text),
            text(&place.name),
        )
    }

    #[test]
    fn a_trailing_slash_or_dot_means_the_directory() {
        let named = |dir: &str, base: &str| (dir.into(), Some(base.into()), base.into());
        let itself = |dir: &str, name: &str| (dir.into(), None, name.into());
        assert_eq!(place("/d/f"), named("d", "f"));
        assert_eq!(place("d"), named("", "d"));
        assert_eq!(place("/d/"), itself("d", "d"));
        assert_eq!(place("/d/."), itself("d", "."));
        assert_eq!(place("."), itself("", "."));
        for root in ["/", "..", "/..", "//"] {
            assert_eq!(place(root), itself("", "/"), "{root}");
        }
        assert_eq!(place("/a/../../d/f"), named("d", "f"));
    }

    #[test]
    fn links_are_followed_as_the_container_sees_them() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("d/sub")).unwrap();
        for (target, link) in [
            ("/d", "abs"),
            ("../../../../etc", "up"),
            ("/nope/x", "dangling"),
            ("loop", "loop"),
        ] {
            symlink(target, dir.path().join(link)).unwrap();
        }
        let root = File::open(dir.path()).unwrap();
        let seen = |path: &str| follow(root.as_fd(), Path::new(path)).unwrap();
        assert_eq!(seen("/abs/sub/x"), Path::new("d/sub/x"));
        assert_eq!(seen("/up/passwd"), Path::new("etc/passwd"));
        assert_eq!(seen("/dangling"), Path::new("nope/x"));
        assert!(follow(root.as_fd(), Path::new("loop")).is_err());
    }
}
