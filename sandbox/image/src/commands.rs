//! The texts of `drydock image list|import|pull`.

use std::{
    fmt::Write as _,
    fs::File,
    io::BufReader,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use drydock_spec::{ImageRef, units};

use crate::{ImportedImage, Store, StoreError};

/// A table of the images, in Docker's columns.
///
/// # Errors
/// When the store cannot be read.
pub fn list(store: &Store) -> Result<String, StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs().cast_signed());
    let mut rows = vec![["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"].map(String::from)];
    for image in store.list()? {
        let mut names: Vec<(String, String)> = image.tags.iter().map(name_and_tag).collect();
        if names.is_empty() {
            let none = || "<none>".to_owned();
            let repository = image
                .digests
                .first()
                .map(|name| name.repository().to_owned());
            names.push((repository.unwrap_or_else(none), none()));
        }
        for (repository, tag) in names {
            let id = image.id.short().to_owned();
            rows.push([
                repository,
                tag,
                id,
                age(now - image.created),
                size(image.size),
            ]);
        }
    }
    Ok(table(&rows))
}

/// Imports an archive file; one line for each image, as `docker load` says it. With `name`, an archive of one image
/// gives it that name too.
///
/// # Errors
/// When the file cannot be read or imported.
pub fn import(store: &Store, file: &Path, name: Option<&ImageRef>) -> Result<String, StoreError> {
    let archive = File::open(file).map_err(|error| StoreError::os("open", file, error))?;
    let mut imported = store.import_archive(BufReader::new(archive))?;
    if let (Some(name), [only]) = (name, &mut imported[..]) {
        store.tag(&only.id, name)?;
        only.refs.push(name.clone().with_default_tag());
    }
    Ok(imported.iter().map(loaded).collect())
}

/// Pulls an image from its registry; the last lines of `docker pull`.
///
/// # Errors
/// As [`crate::registry::pull`].
#[cfg(feature = "registry")]
pub fn pull(
    store: &Store,
    name: &ImageRef,
    options: crate::registry::Options,
    progress: &mut dyn FnMut(crate::provision::Progress<'_>),
) -> Result<String, crate::registry::RegistryError> {
    let name = name.clone().with_default_tag();
    let before = store.resolve(&name.to_string()).ok();
    let id = crate::registry::pull_named(store, &name, options, progress)?;
    let status = if before == Some(id) {
        "Image is up to date for"
    } else {
        "Downloaded newer image for"
    };
    Ok(format!("Status: {status} {name}\n"))
}

fn loaded(image: &ImportedImage) -> String {
    let mut text = String::new();
    for name in &image.refs {
        let _ = writeln!(text, "Loaded image: {name}");
    }
    if image.refs.is_empty() {
        let _ = writeln!(text, "Loaded image ID: {}", image.id);
    }
    text
}

fn name_and_tag(name: &ImageRef) -> (String, String) {
    let tag = name.tag_or_latest().unwrap_or("<none>");
    (name.repository().to_owned(), tag.to_owned())
}

/// Columns three spaces apart, as Docker's.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(line, "{cell:<0$}", width(column).unwrap_or(0) + 3);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Three digits and a unit: `1.98MB`, `734B`, `23.4kB`.
fn size(bytes: u64) -> String {
    units::size::short(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// "2 weeks ago".
fn age(seconds: i64) -> String {
    format!("{} ago", units::rough(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_name_is_listed_by_id() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let id = store.add_image(br#"{"os":"linux"}"#).unwrap();
        let text = list(&store).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert!(
            line.starts_with(&format!("<none>       <none>   {}", id.short())),
            "{text}"
        );
        let name: ImageRef = "app".parse().unwrap();
        store.tag(&id, &name).unwrap();
        assert!(list(&store).unwrap().contains("app          latest"));
    }
}
