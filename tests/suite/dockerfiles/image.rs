//! Images as `docker save` writes them, read with the `tar` crate: another reading than the engine's own.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

/// One image.
#[derive(Debug)]
pub struct Image {
    pub config: Value,
    /// From the bottom up.
    pub layers: Vec<Vec<File>>,
}

/// One entry of a layer.
#[derive(Debug)]
pub struct File {
    pub path: Vec<u8>,
    pub kind: tar::EntryType,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub mtime: u64,
    pub content: Vec<u8>,
    pub link: Vec<u8>,
    pub device: (u32, u32),
    /// Sorted by name.
    pub xattrs: Vec<(String, Vec<u8>)>,
}

/// All images of an archive, by their names.
pub fn read(archive: &Path) -> BTreeMap<String, Image> {
    let members = Members::read(archive);
    let manifest: Value = serde_json::from_slice(members.get("manifest.json")).unwrap();
    let mut images = BTreeMap::new();
    for image in manifest.as_array().unwrap() {
        let config = members.get(image["Config"].as_str().unwrap());
        for name in image["RepoTags"].as_array().into_iter().flatten() {
            let layers = image["Layers"].as_array().unwrap().iter();
            let layers = layers.map(|path| layer(members.get(path.as_str().unwrap())));
            let image = Image {
                config: serde_json::from_slice(config).unwrap(),
                layers: layers.collect(),
            };
            images.insert(name.as_str().unwrap().to_owned(), image);
        }
    }
    images
}

/// The files of an archive; old daemons write a layer twice as a link to the first.
struct Members {
    files: BTreeMap<String, Vec<u8>>,
    links: BTreeMap<String, String>,
}

impl Members {
    fn read(archive: &Path) -> Self {
        let mut members = Self {
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        let mut archive = tar::Archive::new(std::fs::File::open(archive).unwrap());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            if let Some(target) = entry.link_name().unwrap() {
                let target = target.display().to_string();
                members
                    .links
                    .insert(path, target.trim_start_matches("../").to_owned());
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            members.files.insert(path, bytes);
        }
        members
    }

    fn get(&self, path: &str) -> &[u8] {
        let path = self.links.get(path).map_or(path, String::as_str);
        self.files
            .get(path)
            .unwrap_or_else(|| panic!("no {path} in the archive"))
    }
}

fn layer(bytes: &[u8]) -> Vec<File> {
    let mut plain = Vec::new();
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes)
            .read_to_end(&mut plain)
            .unwrap();
        &plain
    } else {
        bytes
    };
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap();
    entries.map(|entry| file(entry.unwrap())).collect()
}

fn file(mut entry: tar::Entry<'_, &[u8]>) -> File {
    let mut xattrs = Vec::new();
    if let Some(records) = entry.pax_extensions().unwrap() {
        for record in records.map(Result::unwrap) {
            if let Some(name) = record.key().unwrap().strip_prefix("SCHILY.xattr.") {
                xattrs.push((name.to_owned(), record.value_bytes().to_vec()));
            }
        }
    }
    xattrs.sort();
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    let header = entry.header();
    let number = |number: std::io::Result<Option<u32>>| number.ok().flatten().unwrap_or(0);
    File {
        path: entry.path_bytes().into_owned(),
        kind: header.entry_type(),
        mode: header.mode().unwrap() & 0o7777,
        uid: header.uid().unwrap(),
        gid: header.gid().unwrap(),
        mtime: header.mtime().unwrap(),
        link: entry.link_name_bytes().unwrap_or_default().into_owned(),
        device: (number(header.device_major()), number(header.device_minor())),
        content,
        xattrs,
    }
}
