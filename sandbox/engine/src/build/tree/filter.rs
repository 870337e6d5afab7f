//! Which of the files below a source are meant: `--exclude`, and the pattern behind the pivot of `--parents`.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path, rc::Rc};

use drydock_dockerfile::{DockerIgnore, IgnoreError, Wildcard};

/// What is taken of a directory. All of it by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    only: Option<Rc<Only>>,
    exclude: Option<Rc<Exclude>>,
}

#[derive(Debug)]
struct Only {
    rules: DockerIgnore,
    /// The components before the first with a wildcard: only directories on their way are walked.
    prefix: Vec<String>,
}

#[derive(Debug)]
struct Exclude {
    rules: DockerIgnore,
    /// A `!` may bring something back from anywhere.
    brings_back: bool,
}

impl Filter {
    /// Takes what matches `only`, or lies below a match, and does not match `exclude`; both relative to the source.
    ///
    /// # Errors
    /// A malformed pattern.
    pub(super) fn new(only: Option<&str>, exclude: &[String]) -> Result<Self, IgnoreError> {
        let only = only
            .filter(|pattern| !pattern.is_empty())
            .map(|pattern| {
                let literal = pattern.split('/').take_while(|part| !Wildcard::is_in(part));
                Ok(Rc::new(Only {
                    rules: DockerIgnore::of([pattern])?,
                    prefix: literal.map(str::to_owned).collect(),
                }))
            })
            .transpose()?;
        let patterns = exclude.iter().map(String::as_str);
        let rules = DockerIgnore::of(patterns.clone())?;
        let exclude = (!rules.is_empty()).then(|| {
            Rc::new(Exclude {
                rules,
                brings_back: patterns.clone().any(|it| it.trim_start().starts_with('!')),
            })
        });
        Ok(Self { only, exclude })
    }

    /// Takes everything, so that nothing needs to be asked.
    pub(super) fn is_open(&self) -> bool {
        self.only.is_none() && self.exclude.is_none()
    }

    /// Whether the file or directory itself is taken.
    pub(super) fn takes(&self, path: &[u8]) -> bool {
        if self.is_open() {
            return true;
        }
        let path = String::from_utf8_lossy(path);
        let only = self.only.as_ref();
        only.is_none_or(|only| only.rules.matches(&path)) && !self.excludes(&path)
    }

    /// Whether something in a directory that is not taken may be.
    pub(super) fn enters(&self, path: &[u8]) -> bool {
        let text = String::from_utf8_lossy(path);
        if self.excludes(&text) && !self.exclude.as_ref().is_some_and(|it| it.brings_back) {
            return false;
        }
        let Some(only) = &self.only else { return true };
        let parts = Path::new(OsStr::from_bytes(path)).iter();
        parts
            .zip(&only.prefix)
            .all(|(part, wanted)| part == OsStr::new(wanted))
    }

    /// Whether `--exclude` names it.
    pub(super) fn excludes(&self, path: &str) -> bool {
        let exclude = self.exclude.as_ref();
        exclude.is_some_and(|exclude| exclude.rules.matches(path))
    }
}
