//! The texts of `drydock image list|import|pull`.

use std::{
    fmt::Write as _,
    fs::File,
    io::BufReader,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use drydock_spec::ImageRef;

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
    progress: &mut dyn FnMut(crate::provision::Progress<'_>),
) -> Result<String, crate::registry::RegistryError> {
    let name = name.clone().with_default_tag();
    let before = store.resolve(&name.to_string()).ok();
    let id = crate::registry::pull(store, &name, progress)?;
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

/// Docker's `%.3g` with decimal units: `1.98MB`, `734B`, `23.4kB`.
fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let decimals = match value {
        _ if value >= 99.95 => 0,
        _ if value >= 9.995 => 1,
        _ => 2,
    };
    let number = format!("{value:.decimals$}");
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => &number,
    };
    format!("{number}{unit}")
}

/// Docker's rough words for a time span.
fn age(seconds: i64) -> String {
    let plural = |count: i64, unit: &str| format!("{count} {unit} ago");
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        ..1 => "Less than a second ago".into(),
        1 => "1 second ago".into(),
        2..60 => plural(seconds, "seconds"),
        60..120 => "About a minute ago".into(),
        _ if minutes < 60 => plural(minutes, "minutes"),
        _ if hours == 1 => "About an hour ago".into(),
        _ if hours < 48 => plural(hours, "hours"),
        _ if hours < 24 * 7 * 2 => plural(hours / 24, "days"),
        _ if hours < 24 * 30 * 2 => plural(hours / 24 / 7, "weeks"),
        _ if hours < 24 * 365 * 2 => plural(hours / 24 / 30, "months"),
        _ => plural(hours / 24 / 365, "years"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_docker_writes_them() {
        let all = [
            0,
            734,
            1_000,
            13_300,
            1_982_970,
            99_950,
            133_000_000,
            4_210_000_000,
        ];
        let texts = all.map(size);
        let docker = [
            "0B", "734B", "1kB", "13.3kB", "1.98MB", "100kB", "133MB", "4.21GB",
        ];
        assert_eq!(texts, docker);
    }

    #[test]
    fn ages_are_written_as_docker_writes_them() {
        let day = 86_400;
        assert_eq!(age(0), "Less than a second ago");
        assert_eq!(age(30), "30 seconds ago");
        assert_eq!(age(3600), "About an hour ago");
        assert_eq!(age(47 * 3600), "47 hours ago");
        assert_eq!(age(3 * day), "3 days ago");
        assert_eq!(age(20 * day), "2 weeks ago");
        assert_eq!(age(330 * day), "11 months ago");
        assert_eq!(age(900 * day), "2 years ago");
    }

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
