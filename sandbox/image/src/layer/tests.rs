//! Layers, friendly and hostile.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::{
    LayerError,
    tar::{Entry, Kind, Reader, Writer},
};

struct Tar(Writer<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(Writer::new(Vec::new()))
    }

    fn add(mut self, name: &str, kind: Kind, data: &[u8], change: impl FnOnce(&mut Entry)) -> Self {
        let mut entry = Entry::new(
            name,
            kind,
            if kind == Kind::Directory {
                0o755
            } else {
                0o644
            },
        );
        entry.uid = rustix::process::geteuid().as_raw().into();
        entry.gid = rustix::process::getegid().as_raw().into();
        entry.size = data.len() as u64;
        entry.mtime = 1000;
        change(&mut entry);
        self.0.start(&entry).unwrap();
        self.0.write_all(data).unwrap();
        self
    }

    fn file(self, name: &str, data: &str) -> Self {
        self.add(name, Kind::File, data.as_bytes(), |_| ())
    }

    fn dir(self, name: &str) -> Self {
        self.add(name, Kind::Directory, b"", |_| ())
    }

    fn link(self, name: &str, kind: Kind, target: &str) -> Self {
        self.add(name, kind, b"", |entry| entry.link = target.into())
    }

    fn bytes(self) -> Vec<u8> {
        self.0.finish().unwrap()
    }

    /// Unpacks below a directory that also holds a file `outside`, and checks that this stays as it is.
    fn unpack(self) -> (tempfile::TempDir, Result<Unpacked, LayerError>) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("outside"), "untouched").unwrap();
        let root = dir.path().join("fs");
        fs::create_dir(&root).unwrap();
        let result = unpack(&self.bytes()[..], open(&root).as_fd(), &Limits::default());
        assert_eq!(
            fs::read_to_string(dir.path().join("outside")).unwrap(),
            "untouched"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        (dir, result)
    }
}

fn open(path: &Path) -> fs::File {
    fs::File::open(path).unwrap()
}

use std::os::fd::AsFd as _;

fn text(dir: &tempfile::TempDir, path: &str) -> String {
    fs::read_to_string(dir.path().join("fs").join(path)).unwrap()
}

fn is_whiteout(dir: &tempfile::TempDir, path: &str) -> bool {
    let meta = fs::symlink_metadata(dir.path().join("fs").join(path)).unwrap();
    meta.file_type().is_char_device() && meta.rdev() == 0
}

fn is_opaque(dir: &tempfile::TempDir, path: &str) -> bool {
    let dir = open(&dir.path().join("fs").join(path));
    xattr::read(dir.as_fd(), 1 << 16).unwrap().1
}

#[test]
fn files_links_modes_times_and_attributes_arrive() {
    let (dir, result) = Tar::new()
        .add("bin/", Kind::Directory, b"", |e| e.mode = 0o1755)
        .add("bin/su", Kind::File, b"program", |e| {
            e.mode = 0o4711;
            e.mtime = 1_234_567;
            e.xattrs = vec![
                (b"user.note".to_vec(), b"kept".to_vec()),
                (b"user.overlay.redirect".to_vec(), b"/etc".to_vec()),
                (b"trusted.overlay.opaque".to_vec(), b"y".to_vec()),
            ];
        })
        .link("bin/other", Kind::HardLink, "bin/su")
        .link("bin/soft", Kind::Symlink, "/etc/anything")
        .add("pipe", Kind::Fifo, b"", |e| e.mode = 0o620)
        .unpack();
    let unpacked = result.unwrap();
    // The program, and the link's 13 letters.
    assert_eq!((unpacked.size, unpacked.entries), (7 + 13, 5));
    let root = dir.path().join("fs");
    let su = fs::metadata(root.join("bin/su")).unwrap();
    assert_eq!(
        (su.mode() & 0o7777, su.mtime(), su.nlink()),
        (0o4711, 1_234_567, 2)
    );
    assert_eq!(
        fs::read_link(root.join("bin/soft")).unwrap(),
        Path::new("/etc/anything")
    );
    let bin = fs::metadata(root.join("bin")).unwrap();
    assert_eq!((bin.mode() & 0o7777, bin.mtime()), (0o1755, 1000));
    let pipe = fs::metadata(root.join("pipe")).unwrap();
    assert!(pipe.file_type().is_fifo() && pipe.mode() & 0o777 == 0o620);
    let (xattrs, _) = xattr::read(open(&root.join("bin/su")).as_fd(), 1 << 16).unwrap();
    assert_eq!(xattrs, [(b"user.note".to_vec(), b"kept".to_vec())]);
}

#[test]
fn whiteouts_become_the_overlays_own() {
    let (dir, result) = Tar::new()
        .dir("etc/")
        .file("etc/.wh.passwd", "")
        .file("a/b/.wh..wh..opq", "")
        .file(".wh..wh.plnk", "")
        .file(".wh.gone", "")
        .unpack();
    result.unwrap();
    assert!(is_whiteout(&dir, "etc/passwd") && is_whiteout(&dir, "gone"));
    assert!(is_opaque(&dir, "a/b") && !is_opaque(&dir, "a"));
    assert!(!dir.path().join("fs/.wh..wh.plnk").exists());
}

#[test]
fn a_directory_that_replaces_a_deleted_one_hides_it_in_either_order() {
    for tar in [
        Tar::new().file(".wh.d", "").dir("d/").file("d/new", "x"),
        Tar::new().dir("d/").file("d/new", "x").file(".wh.d", ""),
    ] {
        let (dir, result) = tar.unpack();
        result.unwrap();
        assert!(is_opaque(&dir, "d"));
        assert_eq!(text(&dir, "d/new"), "x");
    }
}

#[test]
fn a_later_entry_replaces_an_earlier_one() {
    let (dir, result) = Tar::new()
        .dir("d/")
        .file("d/deep/file", "old")
        .file("d", "now a file")
        .file("f", "1")
        .file("f", "2")
        .dir("e/")
        .link("e", Kind::Symlink, "f")
        .unpack();
    result.unwrap();
    assert_eq!(text(&dir, "d"), "now a file");
    assert_eq!(text(&dir, "e"), "2");
}

#[test]
fn a_link_of_the_layer_leads_no_further_than_its_root() {
    let (dir, result) = Tar::new()
        .dir("usr/lib/")
        .link("lib", Kind::Symlink, "/usr/lib")
        .file("lib/x", "through the link")
        .link("up", Kind::Symlink, "../../../..")
        .file("up/outside", "still inside")
        .link("self", Kind::Symlink, "/proc/self/root")
        .unpack();
    result.unwrap();
    assert_eq!(text(&dir, "usr/lib/x"), "through the link");
    assert_eq!(text(&dir, "outside"), "still inside");
}

#[test]
fn a_file_is_never_written_through_a_link() {
    let (dir, result) = Tar::new()
        .link("victim", Kind::Symlink, "../outside")
        .file("victim", "replaced the link")
        .unpack();
    result.unwrap();
    assert_eq!(text(&dir, "victim"), "replaced the link");
}

#[test]
fn names_that_lead_out_stop_the_layer() {
    for name in [
        "../outside",
        "/outside",
        "a/../../outside",
        "..",
        "d/.wh...",
    ] {
        let (_, result) = Tar::new().dir("d/").file(name, "bad").unpack();
        assert!(matches!(result, Err(LayerError::Escapes(_))), "{name}");
    }
    for target in ["../outside", "/outside", ""] {
        let (_, result) = Tar::new().link("l", Kind::HardLink, target).unpack();
        assert!(matches!(result, Err(LayerError::Escapes(_))), "{target}");
    }
}

#[test]
fn a_hard_link_through_a_link_stays_inside() {
    let (_, result) = Tar::new()
        .link("up", Kind::Symlink, "..")
        .link("l", Kind::HardLink, "up/outside")
        .unpack();
    assert!(matches!(result, Err(LayerError::Os { .. })));
}

#[test]
fn a_parent_that_loops_or_is_a_file_is_an_error() {
    let (_, result) = Tar::new()
        .link("a", Kind::Symlink, "b")
        .link("b", Kind::Symlink, "a")
        .file("a/x", "")
        .unpack();
    assert!(result.is_err());
    let (_, result) = Tar::new().file("f", "").file("f/x", "").unpack();
    assert!(result.is_err());
}

#[test]
fn devices_are_left_out_with_a_note_and_replace_nothing() {
    let (dir, result) = Tar::new()
        .file("null", "a file")
        .add("null", Kind::CharDevice, b"", |e| e.device = (1, 3))
        .add("sda", Kind::BlockDevice, b"", |e| e.device = (8, 0))
        .add("hidden", Kind::CharDevice, b"", |_| ())
        .unpack();
    assert_eq!(result.unwrap().notes.len(), 3);
    assert_eq!(text(&dir, "null"), "a file");
    assert!(!dir.path().join("fs/hidden").exists());
}

#[test]
fn files_of_ids_that_no_sandbox_has_are_nobody_s() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (dir, result) = Tar::new()
        .add("f", Kind::File, b"", |e| e.uid = 100_000)
        .unpack();
    assert!(result.unwrap().notes[0].contains("f is nobody's"));
    let meta = fs::metadata(dir.path().join("fs/f")).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (65_534, 0));
}

#[test]
fn bounds_hold() {
    let dir = tempfile::tempdir().unwrap();
    let tight = Limits {
        entries: 3,
        bytes: 10,
        depth: 2,
        ..Limits::default()
    };
    let refuse = |tar: Tar, what: &str| {
        let result = unpack(&tar.bytes()[..], open(dir.path()).as_fd(), &tight);
        let error = result.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refuse(Tar::new().dir("a").dir("b").dir("c").dir("d"), "3 files");
    refuse(Tar::new().file("a", "12345678901"), "10 bytes");
    refuse(Tar::new().file("x/y/z/file", ""), "directories");
    let claims = Tar::new().bytes();
    assert!(unpack(&claims[..], open(dir.path()).as_fd(), &tight).is_ok());
}

/// Whatever a layer is made of, nothing outside of it changes; `unpack` checks that.
#[test]
fn random_hostile_layers_stay_inside() {
    const NAMES: [&str; 12] = [
        "a",
        "a/b",
        "a/b/c",
        "..",
        "../outside",
        "/outside",
        "a/../../outside",
        ".wh.a",
        "a/.wh..wh..opq",
        "b",
        "b/outside",
        "c/outside",
    ];
    const TARGETS: [&str; 6] = ["..", "../..", "/", "a", "../outside", "b/outside"];
    const KINDS: [Kind; 6] = [
        Kind::File,
        Kind::Directory,
        Kind::Symlink,
        Kind::HardLink,
        Kind::Fifo,
        Kind::CharDevice,
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |count: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 16) as usize % count
    };
    for _ in 0..400 {
        let mut tar = Tar::new();
        for _ in 0..8 {
            let kind = KINDS[pick(KINDS.len())];
            let data: &[u8] = if kind == Kind::File { b"changed" } else { b"" };
            let (name, target) = (NAMES[pick(NAMES.len())], TARGETS[pick(TARGETS.len())]);
            tar = tar.add(name, kind, data, |entry| entry.link = target.into());
        }
        let _ = tar.unpack();
    }
}

#[test]
fn a_directory_comes_back_from_its_tar_stream() {
    let dir = tempfile::tempdir().unwrap();
    let upper = dir.path().join("upper");
    fs::create_dir_all(upper.join("b/deep")).unwrap();
    fs::write(upper.join("b/deep/file"), "data").unwrap();
    fs::hard_link(upper.join("b/deep/file"), upper.join("b/twin")).unwrap();
    fs::set_permissions(
        upper.join("b/deep/file"),
        fs::Permissions::from_mode(0o2755),
    )
    .unwrap();
    symlink("deep/file", upper.join("b/soft")).unwrap();
    mknodat(
        CWD,
        upper.join("b/gone"),
        FileType::CharacterDevice,
        Mode::empty(),
        0,
    )
    .unwrap();
    xattr::set(open(&upper.join("b/deep")).as_fd(), OPAQUE.as_bytes(), b"y").unwrap();
    xattr::set(open(&upper.join("b")).as_fd(), b"user.overlay.impure", b"y").unwrap();
    xattr::set(open(&upper.join("b/deep/file")).as_fd(), b"user.k", b"v").unwrap();

    let mut tar = Vec::new();
    let walked = write_tar(open(&upper).as_fd(), &mut tar, &Limits::default()).unwrap();
    assert_eq!(walked.size, 4 + 9);
    assert_eq!(
        names(&tar),
        [
            "b/",
            "b/deep/",
            "b/deep/.wh..wh..opq",
            "b/deep/file",
            "b/.wh.gone",
            "b/soft",
            "b/twin"
        ]
    );

    let copy = dir.path().join("copy");
    fs::create_dir(&copy).unwrap();
    unpack(&tar[..], open(&copy).as_fd(), &Limits::default()).unwrap();
    let mut again = Vec::new();
    write_tar(open(&copy).as_fd(), &mut again, &Limits::default()).unwrap();
    assert!(tar == again, "the copy's tar stream differs");
    assert_eq!(fs::metadata(copy.join("b/twin")).unwrap().nlink(), 2);
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_making() {
    let digest = |names: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(dir.path().join(name), name).unwrap();
            let file = fs::File::options()
                .write(true)
                .open(dir.path().join(name))
                .unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_millis(5500))
                .unwrap();
        }
        let mut hash = HashWriter::new(std::io::sink());
        write_tar(open(dir.path()).as_fd(), &mut hash, &Limits::default()).unwrap();
        hash.finish()
    };
    assert_eq!(digest(&["a", "b", "c"]), digest(&["c", "a", "b"]));
    assert_ne!(digest(&["a"]), digest(&["b"]));
}

#[test]
fn a_pit_of_directories_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("d/".repeat(300))).unwrap();
    let result = write_tar(
        open(dir.path()).as_fd(),
        &mut Vec::new(),
        &Limits::default(),
    );
    assert!(matches!(result, Err(LayerError::TooMuch { .. })));
}

fn names(tar: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(tar);
    let mut names = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        names.push(String::from_utf8(entry.name).unwrap());
    }
    names
}
