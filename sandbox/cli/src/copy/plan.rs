//! Into which directory something is unpacked, and under which name: Docker's rules of `cp`. Pure.

use std::path::{Component, Path, PathBuf};

/// A path as it is written: its trailing slash or dot says that a directory is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Without `.` and `..`, and without the tail.
    pub path: PathBuf,
    /// How it ends.
    pub tail: Tail,
}

/// How a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// With a name.
    None,
    /// With a slash: a directory.
    Slash,
    /// With a dot: what is in a directory.
    Dot,
}

impl Written {
    /// As it is written, relative or absolute.
    pub fn parse(text: &str) -> Self {
        let last = text.trim_end_matches('/').rsplit('/').next();
        let tail = match last {
            Some(".") => Tail::Dot,
            Some("") if text.is_empty() => Tail::Dot,
            _ if text.ends_with('/') => Tail::Slash,
            _ => Tail::None,
        };
        Self {
            path: clean(Path::new(text)),
            tail,
        }
    }

    /// The last part of it.
    pub fn base(&self) -> String {
        match (self.tail, self.path.file_name()) {
            (Tail::Dot, _) => ".".into(),
            (_, Some(name)) => name.to_string_lossy().into_owned(),
            (_, None) => "/".into(),
        }
    }

    /// The directory that the last part is in.
    fn dir(&self) -> PathBuf {
        if self.tail == Tail::Dot {
            return self.path.clone();
        }
        match self.path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => ".".into(),
            Some(parent) => parent.to_owned(),
            None => self.path.clone(),
        }
    }

    fn is_dir(&self) -> bool {
        self.tail != Tail::None
    }

    /// With its tail.
    pub fn text(&self) -> String {
        let path = self.path.to_string_lossy();
        let slash = if path.ends_with('/') || path.is_empty() {
            ""
        } else {
            "/"
        };
        match self.tail {
            Tail::None => path.into_owned(),
            Tail::Slash => format!("{path}{slash}"),
            Tail::Dot => format!("{path}{slash}."),
        }
    }
}

/// Lexically, as Go's `filepath.Clean`.
pub fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if cleaned.file_name().is_some_and(|name| name != "..") {
                    cleaned.pop();
                } else if !cleaned.has_root() {
                    cleaned.push("..");
                }
            }
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// What is copied.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, if it keeps it.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// Where to.
#[derive(Debug, Clone)]
pub struct Target {
    /// All links resolved.
    pub path: Written,
    /// What is there: whether it is a directory.
    pub there: Option<bool>,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// The directory to unpack in.
    pub dir: String,
    /// What the copy is called there; `.` and `/` are the directory itself.
    pub name: String,
}

/// Decides, or says in Docker's words why not.
pub fn plan(source: &Source, target: &Target) -> Result<Plan, &'static str> {
    let renamed = || Plan {
        dir: target.path.dir().to_string_lossy().into_owned(),
        name: target.path.base(),
    };
    match (target.there, source.is_dir) {
        (Some(true), _) => Ok(Plan {
            dir: target.path.text(),
            name: source.name.clone(),
        }),
        (Some(false), true) => Err("cannot copy directory"),
        (Some(false), false) | (None, true) => Ok(renamed()),
        (None, false) if target.path.is_dir() => Err("no such directory"),
        (None, false) => Ok(renamed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(
        name: &str,
        is_dir: bool,
        path: &str,
        there: Option<bool>,
    ) -> Result<(String, String), &'static str> {
        let source = Source {
            name: name.into(),
            is_dir,
        };
        let target = Target {
            path: Written::parse(path),
            there,
        };
        plan(&source, &target).map(|plan| (plan.dir, plan.name))
    }

    fn good(dir: &str, name: &str) -> Result<(String, String), &'static str> {
        Ok((dir.into(), name.into()))
    }

    #[test]
    fn a_copy_goes_into_a_directory_that_is_there_and_else_takes_its_name() {
        const DIR: Option<bool> = Some(true);
        const FILE: Option<bool> = Some(false);
        assert_eq!(planned("f", false, "/d", DIR), good("/d", "f"));
        assert_eq!(planned("f", false, "/d/", DIR), good("/d/", "f"));
        assert_eq!(planned(".", true, "/d", DIR), good("/d", "."));
        assert_eq!(
            planned("s", true, "/d/f", FILE),
            Err("cannot copy directory")
        );
        assert_eq!(planned("s", false, "/d/f", FILE), good("/d", "f"));
        assert_eq!(planned("s", true, "/d/new", None), good("/d", "new"));
        assert_eq!(planned(".", true, "/d/new", None), good("/d", "new"));
        assert_eq!(planned("s", false, "/d/new", None), good("/d", "new"));
        assert_eq!(
            planned("s", false, "/d/new/", None),
            Err("no such directory")
        );
        assert_eq!(planned("s", false, "", None), Err("no such directory"));
        assert_eq!(planned("s", false, "new", None), good(".", "new"));
    }

    #[test]
    fn paths_keep_what_says_directory() {
        for (text, path, tail, base) in [
            ("/a/b", "/a/b", Tail::None, "b"),
            ("/a/b/", "/a/b", Tail::Slash, "b"),
            ("/a/./b/../c/.", "/a/c", Tail::Dot, "."),
            ("../x", "../x", Tail::None, "x"),
            ("/", "/", Tail::Slash, "/"),
            (".", "", Tail::Dot, "."),
        ] {
            let written = Written::parse(text);
            assert_eq!(
                (written.path.as_path(), written.tail),
                (Path::new(path), tail),
                "{text}"
            );
            assert_eq!(written.base(), base, "{text}");
        }
    }
}
