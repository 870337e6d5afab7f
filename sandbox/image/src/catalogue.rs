//! Which images lessons need, and where each may come from: the file `images.toml` beside the lessons.
//!
//! ```toml
//! [[image]]
//! name = "alpine:3.22"
//! from = [
//!     { archive = "alpine-3.22.tar" },            # in DATA/archives, `docker save` or OCI layout
//!     { registry = "alpine:3.22" },
//! ]
//! ```
//! Sources are tried in order; an image that is in the store already is taken from nowhere. `{ builtin = true }` is
//! for what [`crate::provision`] makes itself.

use std::{
    fs::File,
    io::BufReader,
    path::{Component, Path},
};

use drydock_spec::{ImageId, ImageRef};
use serde::Deserialize;

use crate::{
    Store,
    provision::{self, Progress, ProvisionError},
};

/// The images that lessons may use.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(default, rename = "image")]
    images: Vec<Listing>,
}

/// One image, and where it may come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    #[serde(deserialize_with = "reference")]
    name: ImageRef,
    from: Vec<Source>,
}

/// Where an image may come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Source {
    /// Made by us.
    Builtin(bool),
    /// A file in the data directory's `archives`.
    Archive(String),
    /// A name in a registry.
    Registry(#[serde(deserialize_with = "reference")] ImageRef),
}

fn reference<'de, D: serde::Deserializer<'de>>(from: D) -> Result<ImageRef, D::Error> {
    let text = String::deserialize(from)?;
    let name: Result<ImageRef, _> = text.parse();
    name.map(ImageRef::with_default_tag)
        .map_err(serde::de::Error::custom)
}

impl Catalogue {
    /// Reads the file's text.
    ///
    /// # Errors
    /// With line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = &ImageRef> {
        self.images.iter().map(|listing| &listing.name)
    }

    /// Makes sure that an image is in the store.
    ///
    /// # Errors
    /// When it is not listed, or none of its sources has it; the text says what each said.
    pub fn ensure(
        &self,
        store: &Store,
        data_dir: &Path,
        name: &ImageRef,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<ImageId, ProvisionError> {
        let name = name.clone().with_default_tag();
        if let Ok(id) = store.resolve(&name.to_string()) {
            return Ok(id);
        }
        let listing = self
            .images
            .iter()
            .find(|listing| listing.name == name)
            .ok_or_else(|| ProvisionError::NotListed(name.clone()))?;
        let mut tried = Vec::new();
        for source in &listing.from {
            match source.fetch(store, data_dir, &name, progress) {
                Ok(()) => match store.resolve(&name.to_string()) {
                    Ok(id) => return Ok(id),
                    Err(error) => tried.push(error.to_string()),
                },
                Err(reason) => tried.push(reason),
            }
        }
        Err(ProvisionError::NoSource {
            name,
            tried: tried.join("; "),
        })
    }
}

impl Source {
    fn fetch(
        &self,
        store: &Store,
        data_dir: &Path,
        name: &ImageRef,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), String> {
        match self {
            Self::Builtin(false) => Err("`builtin = false` is no source".into()),
            Self::Builtin(true) => provision::ensure_default_images(store, data_dir, progress)
                .map_err(|error| error.to_string()),
            Self::Archive(file) => import(store, data_dir, file, name),
            Self::Registry(from) => pull(store, from, name, progress),
        }
    }
}

/// An archive of one image gives it the listed name, whatever it called itself.
fn import(store: &Store, data_dir: &Path, file: &str, name: &ImageRef) -> Result<(), String> {
    let is_plain = Path::new(file)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !is_plain {
        return Err(format!("{file}: not a file name below the archives"));
    }
    let path = data_dir.join("archives").join(file);
    let said = |error: &dyn ToString| format!("{}: {}", path.display(), error.to_string());
    let archive = File::open(&path).map_err(|error| said(&error))?;
    let imported = store
        .import_archive(BufReader::new(archive))
        .map_err(|error| said(&error))?;
    match &imported[..] {
        [only] => store.tag(&only.id, name).map_err(|error| said(&error)),
        _ => Ok(()),
    }
}

#[cfg(feature = "registry")]
fn pull(
    store: &Store,
    from: &ImageRef,
    name: &ImageRef,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), String> {
    let options = crate::registry::Options::default();
    let id = crate::registry::pull_named(store, from, options, progress)
        .map_err(|error| error.to_string())?;
    store.tag(&id, name).map_err(|error| error.to_string())
}

#[cfg(not(feature = "registry"))]
fn pull(
    _: &Store,
    from: &ImageRef,
    _: &ImageRef,
    _: &mut dyn FnMut(Progress<'_>),
) -> Result<(), String> {
    Err(format!("{from}: built without pulling from registries"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_of_the_lessons_is_readable() {
        let catalogue = Catalogue::parse(include_str!("../../../lessons/images.toml")).unwrap();
        let names: Vec<_> = catalogue.names().map(ToString::to_string).collect();
        for name in ["busybox:latest", "hello-world:latest"] {
            assert!(names.iter().any(|listed| listed == name), "{name}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for text in [
            "[[image]]\nname = \"A B\"\nfrom = []",
            "[[image]]\nname = \"a\"\nfrom = [{ ftp = \"x\" }]",
            "[[image]]\nfrom = []",
            "[[pictures]]",
        ] {
            let error = Catalogue::parse(text).unwrap_err().to_string();
            assert!(error.contains("line"), "{error}");
        }
    }

    #[test]
    fn an_image_that_no_source_has_is_told_with_what_each_said() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("images")).unwrap();
        let text =
            "[[image]]\nname = \"a\"\nfrom = [{ archive = \"a.tar\" }, { archive = \"../b\" }]";
        let catalogue = Catalogue::parse(text).unwrap();
        let ensure = |name: &str| {
            catalogue
                .ensure(&store, dir.path(), &name.parse().unwrap(), &mut |_| ())
                .unwrap_err()
                .to_string()
        };
        let error = ensure("a");
        assert!(
            error.contains("archives/a.tar: No such file") && error.contains("../b"),
            "{error}"
        );
        assert!(ensure("b").contains("lessons/images.toml"));
    }
}
