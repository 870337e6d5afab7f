//! Where lessons come from: a directory, or the binary itself.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use rust_embed::RustEmbed;

/// No file of a lesson may be larger.
const FILE_LIMIT: u64 = 8 * 1024 * 1024;
/// No folder of lessons may hold more files.
const FILES_LIMIT: usize = 10_000;
/// No lesson's folder may go deeper.
const DEPTH_LIMIT: usize = 12;

#[derive(RustEmbed)]
#[folder = "lessons/"]
struct Built;

/// Where lessons come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory of `NN-slug` folders.
    Dir(PathBuf),
    /// The lessons that the binary was built with.
    Embedded,
}

/// One file of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What stands in it.
    pub bytes: Vec<u8>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// The files of one lesson by their path inside its folder.
pub type Files = BTreeMap<String, File>;

impl Source {
    /// How messages call a file of it.
    #[must_use]
    pub fn name(&self, folder: &str, file: &str) -> String {
        match self {
            Self::Dir(dir) => dir.join(folder).join(file).display().to_string(),
            Self::Embedded => format!("lessons/{folder}/{file}"),
        }
    }

    /// All lesson folders with their files, by folder name.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn folders(&self) -> io::Result<BTreeMap<String, Files>> {
        match self {
            Self::Dir(dir) => from_dir(dir),
            Self::Embedded => Ok(embedded()),
        }
    }

    /// A file beside the lesson folders, such as the catalogue of images.
    #[must_use]
    pub fn top_level(&self, name: &str) -> Option<Vec<u8>> {
        match self {
            Self::Dir(dir) => fs::read(dir.join(name)).ok(),
            Self::Embedded => Built::get(name).map(|file| file.data.into_owned()),
        }
    }
}

/// Whether a folder's name says that it is a lesson: `01-your-first-container`.
#[must_use]
pub fn lesson_name(folder: &str) -> Option<(u32, &str)> {
    let (number, slug) = folder.split_once('-')?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = number.len() >= 2
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && slug.starts_with(|c: char| c.is_ascii_lowercase())
        && slug.chars().all(plain);
    valid.then(|| number.parse().ok().map(|number| (number, slug)))?
}

fn embedded() -> BTreeMap<String, Files> {
    let mut folders = BTreeMap::<String, Files>::new();
    for path in Built::iter() {
        let Some((folder, name)) = path.split_once('/') else {
            continue;
        };
        if lesson_name(folder).is_none() {
            continue;
        }
        if let Some(found) = Built::get(&path) {
            let bytes = found.data.into_owned();
            // The binary keeps no modes: a script is known by its first two bytes.
            let executable = bytes.starts_with(b"#!");
            folders
                .entry(folder.to_owned())
                .or_default()
                .insert(name.to_owned(), File { bytes, executable });
        }
    }
    folders
}

fn from_dir(dir: &Path) -> io::Result<BTreeMap<String, Files>> {
    let mut folders = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && lesson_name(&name).is_some() {
            let mut files = Files::new();
            walk(&entry.path(), "", 0, &mut files)?;
            folders.insert(name, files);
        }
    }
    Ok(folders)
}

fn walk(dir: &Path, prefix: &str, depth: usize, files: &mut Files) -> io::Result<()> {
    let too_much = |what: String| io::Error::new(io::ErrorKind::FileTooLarge, what);
    if depth > DEPTH_LIMIT {
        return Err(too_much(format!("{} is too deep", dir.display())));
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&path, &format!("{name}/"), depth + 1, files)?;
        } else if kind.is_file() {
            if entry.metadata()?.len() > FILE_LIMIT {
                return Err(too_much(format!("{} is over 8 MiB", path.display())));
            }
            if files.len() >= FILES_LIMIT {
                return Err(too_much(format!("{} holds too many files", dir.display())));
            }
            let bytes = fs::read(&path)?;
            let executable = bytes.starts_with(b"#!");
            files.insert(name, File { bytes, executable });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_folder_has_a_number_and_a_slug() {
        assert_eq!(
            lesson_name("01-your-first-container"),
            Some((1, "your-first-container"))
        );
        for other in [
            "README", "1-x", "01-", "01-Über", "01-a b", "x1-a", "01_a", "../01-a",
        ] {
            assert_eq!(lesson_name(other), None, "{other}");
        }
    }

    #[test]
    fn the_binary_and_the_directory_hold_the_same_lessons() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons");
        let read = Source::Dir(here).folders().expect("lessons can be read");
        assert!(!read.is_empty());
        assert_eq!(Source::Embedded.folders().expect("embedded"), read);
    }
}
