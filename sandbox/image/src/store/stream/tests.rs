//! Streams come back as they were.

use std::{fs, io::Write as _, path::PathBuf};

use crate::{
    LayerError, Store, StoreError,
    layer::digest_of,
    tar::{Entry, Kind, Writer},
};

struct Tar(Writer<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(Writer::new(Vec::new()))
    }

    fn add(
        mut self,
        name: &[u8],
        kind: Kind,
        data: &[u8],
        change: impl FnOnce(&mut Entry),
    ) -> Self {
        let mut entry = Entry::new(name, kind, 0o755);
        entry.uid = rustix::process::geteuid().as_raw().into();
        entry.gid = rustix::process::getegid().as_raw().into();
        entry.size = data.len() as u64;
        change(&mut entry);
        self.0.start(&entry).unwrap();
        self.0.write_all(data).unwrap();
        self
    }

    fn file(self, name: &str, data: &[u8]) -> Self {
        self.add(name.as_bytes(), Kind::File, data, |_| ())
    }

    fn bytes(self) -> Vec<u8> {
        self.0.finish().unwrap()
    }
}

/// What a directory cannot hold, or not in this order.
fn awkward() -> Vec<u8> {
    let zeros = vec![0; 300_000];
    let mut half_empty = zeros.clone();
    half_empty[200_000] = 1;
    let xattr = |name: &str| (name.as_bytes().to_vec(), b"v".to_vec());
    let tar = Tar::new()
        .file("z/last-first", b"z")
        .add(b"./z/", Kind::Directory, b"", |entry| entry.mtime_nanos = 5)
        .add(&[b'n'; 200], Kind::File, b"long", |_| ())
        .add(b"caf\xe9", Kind::File, b"not UTF-8", |_| ())
        .file("empty", b"")
        .file("zeros", &zeros)
        .file("half-empty", &half_empty)
        .add(b"suid", Kind::File, b"s", |entry| entry.mode = 0o6755)
        .add(b"z/link", Kind::HardLink, b"", |entry| {
            entry.link = b"zeros".into()
        })
        .add(b"soft", Kind::Symlink, b"", |entry| {
            entry.link = b"/nowhere".into()
        })
        .add(b"null", Kind::CharDevice, b"", |entry| {
            entry.device = (1, 3)
        })
        .add(b"pipe", Kind::Fifo, b"", |_| ())
        .add(b"odd", Kind::Other(b'Z'), b"of no known kind", |_| ())
        .add(b"attributes", Kind::File, b"a", |entry| {
            entry.xattrs = vec![
                xattr("user.kept"),
                xattr("trusted.not"),
                xattr("user.overlay.opaque"),
            ];
        })
        .file("z/.wh.gone", b"a whiteout with data")
        .file(".wh..wh.plnk", b"private")
        .add(b"opaque/.wh..wh..opq", Kind::File, b"", |_| ());
    let mut bytes = tar.bytes();
    bytes.extend([0; 9000]);
    bytes.extend(b"behind the end");
    bytes
}

/// Each file is there more than once.
fn repeated() -> Vec<u8> {
    Tar::new()
        .file("a", b"first")
        .file("d/a", b"in a directory")
        .file("d/b", b"there too")
        .file("a", b"second")
        .file("d/a", b"anew")
        .file("d", b"a file now")
        .file("a", b"third")
        .add(b"d", Kind::Directory, b"", |_| ())
        .file("d/a", b"and a directory again")
        .bytes()
}

struct Fixture {
    dir: tempfile::TempDir,
    store: Store,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store")).unwrap();
        Self { dir, store }
    }

    fn layer(&self, tar: &[u8]) -> PathBuf {
        let layer = self.store.unpack_layer(tar).unwrap();
        let layer = self.store.publish_layer(layer).unwrap();
        assert_eq!(layer.diff_id, digest_of(tar));
        layer.dir.parent().unwrap().to_owned()
    }

    fn stream(&self, tar: &[u8]) -> Result<Vec<u8>, StoreError> {
        let layer = self.store.layer_tar(&digest_of(tar))?;
        let mut bytes = Vec::new();
        layer.write_to(&mut bytes)?;
        assert_eq!(layer.size(), bytes.len() as u64);
        Ok(bytes)
    }
}

#[test]
fn a_stream_comes_back_byte_by_byte() {
    let store = Fixture::new();
    for tar in [awkward(), repeated(), Tar::new().bytes()] {
        store.layer(&tar);
        assert!(store.stream(&tar).unwrap() == tar);
    }
}

#[test]
fn what_a_stream_has_once_is_kept_once() {
    let store = Fixture::new();
    let noise: Vec<u8> = (0..200_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let tar = Tar::new()
        .file("noise", &noise)
        .file("zeros", &noise)
        .bytes();
    let dir = store.layer(&tar);
    assert!(fs::metadata(dir.join("split.zst")).unwrap().len() < 4096);
    assert!(!dir.join("replaced").exists());
}

#[test]
fn a_layer_whose_files_changed_gives_an_error() {
    let store = Fixture::new();
    let tar = Tar::new().file("a", b"abc").bytes();
    let dir = store.layer(&tar);
    fs::write(dir.join("fs/a"), "abd").unwrap();
    assert!(matches!(
        store.stream(&tar),
        Err(StoreError::LayerChanged { .. })
    ));
    fs::write(dir.join("fs/a"), "longer").unwrap();
    assert!(
        matches!(store.stream(&tar), Err(StoreError::Layer(LayerError::Changed(name))) if name == "a")
    );
    fs::remove_file(dir.join("fs/a")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.join("fs/a")).unwrap();
    assert!(store.stream(&tar).is_err());
}

#[test]
fn a_layer_made_here_needs_nothing_beside_its_files() {
    let store = Fixture::new();
    let upper = store.dir.path().join("upper");
    fs::create_dir_all(upper.join("etc")).unwrap();
    fs::write(upper.join("etc/motd"), "hello").unwrap();
    let layer = store.store.add_layer(&upper).unwrap();
    let mut bytes = Vec::new();
    let tar = store.store.layer_tar(&layer.diff_id).unwrap();
    tar.write_to(&mut bytes).unwrap();
    assert_eq!(digest_of(&bytes), layer.diff_id);
    assert_eq!(tar.size(), bytes.len() as u64);
    assert!(!layer.dir.with_file_name("split.zst").exists());
}

/// Such stores are on disk; they know neither the split nor the stream's length.
#[test]
fn layers_of_the_first_version_give_their_stream_where_it_is_ours() {
    let store = Fixture::new();
    let ours = Tar::new().file("a", b"abc").bytes();
    let theirs = Tar::new().file("b", b"").file("a", b"").bytes();
    for tar in [&ours, &theirs] {
        let dir = store.layer(tar);
        fs::remove_file(dir.join("split.zst")).unwrap();
        fs::write(dir.join("meta.json"), r#"{"size":3}"#).unwrap();
    }
    assert_eq!(store.stream(&ours).unwrap(), ours);
    assert!(matches!(
        store.stream(&theirs),
        Err(StoreError::NoStream(_))
    ));
}
