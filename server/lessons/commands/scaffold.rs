//! `drydock lesson new`: a lesson to start from, which loads and tells by lint what is still to do.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::lessons::source::lesson_name;

const LESSON: &str = include_str!("scaffold/lesson.md");
const EXERCISES: &str = include_str!("scaffold/exercises.toml");

/// Why no lesson was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name cannot be a folder's.
    #[error(
        "{0:?} is no name for a lesson: use lower-case letters, digits and dashes, such as my-lesson"
    )]
    Name(String),
    /// There is one of that name.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The file system refused.
    #[error("could not write {}", path.display())]
    Write {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Makes a lesson called `id` in `dir`, numbered after the last one; gives its folder.
///
/// # Errors
/// When the name is taken or cannot be one, or the file system refuses.
pub fn new(dir: &Path, id: &str) -> Result<PathBuf, NewError> {
    if lesson_name(&format!("01-{id}")).is_none() {
        return Err(NewError::Name(id.into()));
    }
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| NewError::Write { path, source }
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    let mut last = 0;
    for entry in fs::read_dir(dir).map_err(failed(dir))? {
        let name = entry.map_err(failed(dir))?.file_name();
        if let Some((number, slug)) = lesson_name(&name.to_string_lossy()) {
            if slug == id {
                return Err(NewError::Exists(dir.join(name)));
            }
            last = last.max(number);
        }
    }
    let folder = dir.join(format!("{:02}-{id}", last + 1));
    let files = folder.join("files");
    fs::create_dir_all(&files).map_err(failed(&files))?;
    for (name, text) in [
        ("lesson.md", LESSON),
        ("exercises.toml", EXERCISES),
        ("files/greeting.txt", "Hello from the lesson's files.\n"),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::{Catalogue, Source, lint};

    #[test]
    fn a_new_lesson_loads_and_has_no_mistake() {
        let dir = tempfile::tempdir().expect("dir");
        let folder = new(dir.path(), "my-lesson").expect("new");
        assert!(folder.ends_with("01-my-lesson"), "{folder:?}");
        let second = new(dir.path(), "another").expect("new");
        assert!(second.ends_with("02-another"), "{second:?}");
        let source = Source::Dir(dir.path().into());
        let (catalogue, broken) = Catalogue::load(&source);
        assert_eq!((catalogue.len(), broken), (2, Vec::new()));
        assert_eq!(lint::lint(&source, &["busybox".into()]), []);
    }

    #[test]
    fn names_are_plain_and_taken_once() {
        let dir = tempfile::tempdir().expect("dir");
        for bad in ["", "../x", "A", "a b", "a/b"] {
            assert!(
                matches!(new(dir.path(), bad), Err(NewError::Name(_))),
                "{bad}"
            );
        }
        new(dir.path(), "x").expect("new");
        assert!(matches!(new(dir.path(), "x"), Err(NewError::Exists(_))));
    }
}
