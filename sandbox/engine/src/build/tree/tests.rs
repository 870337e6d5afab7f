//! Hostile and ordinary trees, on the file system the tests run on.

mod buildkit;

use std::{
    fs::{self, File},
    io::Write as _,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use drydock_image::tar::{Entry, Kind, Writer};

use super::{
    chmod::Chmod,
    dress::Dress,
    find::{self, FindError, SelectError, Selection},
    hash,
    place::{Conflicts, PutError, Target},
    untar::{self, Limits, Owner, UntarError},
};

/// A directory that goes with the test.
struct Dir(PathBuf, File);

impl Dir {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!(
            "drydock-build-{}",
            drydock_spec::SandboxId::random()
        ));
        fs::create_dir(&path).unwrap();
        let file = File::open(&path).unwrap();
        Self(path, file)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.1.as_fd()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn content(&self, source: &str) -> String {
        let sources = find::find(self.fd(), source).unwrap();
        hash::of_sources(self.fd(), &sources).unwrap()
    }

    /// Copies `source` of this directory to `path` of another.
    fn copy(&self, source: &str, to: &Dir, path: &str) {
        let target = Target {
            root: to.fd(),
            path,
            dress: &Dress::default(),
            conflicts: Conflicts::Replace,
        };
        for source in find::find(self.fd(), source).unwrap() {
            target.copy(self.fd(), &source).unwrap();
        }
    }
}

/// What BuildKit is told by the flags.
#[derive(Default)]
struct Flags<'a> {
    parents: bool,
    exclude: &'a [&'a str],
    chmod: Option<&'a str>,
    unpacks: bool,
}

impl Dir {
    fn select(&self, source: &str, flags: &Flags<'_>) -> Result<Vec<find::Source>, SelectError> {
        let exclude: Vec<String> = flags.exclude.iter().map(ToString::to_string).collect();
        let selection = Selection {
            parents: flags.parents,
            exclude: &exclude,
        };
        find::select(self.fd(), source, selection)
    }

    /// Copies as BuildKit does.
    fn put(&self, source: &str, to: &Dir, path: &str, flags: &Flags<'_>) -> Result<(), PutError> {
        let dress = Dress {
            owner: None,
            mode: flags.chmod.map(|text| Chmod::parse(text).unwrap()),
        };
        let target = Target {
            root: to.fd(),
            path,
            dress: &dress,
            conflicts: Conflicts::Refuse,
        };
        for source in self.select(source, flags).unwrap() {
            match flags.unpacks {
                true => target.add(self.fd(), &source)?,
                false => target.copy(self.fd(), &source)?,
            }
        }
        Ok(())
    }

    /// Every file below, with its permission bits; directories end in a slash.
    fn tree(&self) -> Vec<String> {
        fn list(dir: &Path, below: &str, found: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                let stat = entry.metadata().unwrap();
                let name = format!("{below}{}", entry.file_name().to_string_lossy());
                if stat.is_dir() {
                    found.push(format!("{name}/"));
                    list(&entry.path(), &format!("{name}/"), found);
                } else {
                    found.push(name);
                }
            }
        }
        let mut found = Vec::new();
        list(&self.0, "", &mut found);
        found.sort();
        found
    }

    fn mode(&self, name: &str) -> u32 {
        fs::symlink_metadata(self.path(name)).unwrap().mode() & 0o7777
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn own() -> Owner {
    Owner::Fixed(
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    )
}

fn archive(entries: &[(&str, Kind, &str)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, kind, data) in entries {
        let mut entry = Entry::new(*name, *kind, 0o644);
        match kind {
            Kind::File => entry.size = data.len() as u64,
            Kind::Directory => entry.mode = 0o755,
            _ => entry.link = data.as_bytes().to_vec(),
        }
        writer.start(&entry).unwrap();
        if *kind == Kind::File {
            writer.write_all(data.as_bytes()).unwrap();
        }
    }
    writer.finish().unwrap()
}

fn unpack(root: &Dir, entries: &[(&str, Kind, &str)]) -> Result<(), UntarError> {
    untar::unpack(&archive(entries)[..], root.fd(), own(), Limits::default())
}

#[test]
fn an_archive_is_unpacked_whole() {
    let root = Dir::new();
    let entries = [
        ("./", Kind::Directory, ""),
        ("d/", Kind::Directory, ""),
        ("d/a", Kind::File, "one"),
        ("b", Kind::HardLink, "d/a"),
        ("l", Kind::Symlink, "d/a"),
        ("new/deep/c", Kind::File, "two"),
        ("d/a", Kind::File, "again"),
    ];
    unpack(&root, &entries).unwrap();
    assert_eq!(
        (root.read("d/a"), root.read("b"), root.read("l")),
        ("again".into(), "one".into(), "again".into())
    );
    assert_eq!(root.read("new/deep/c"), "two");
    assert_eq!(
        fs::metadata(root.path("d/a")).unwrap().permissions().mode() & 0o7777,
        0o644
    );
}

#[test]
fn no_name_of_an_archive_leads_out_of_it() {
    let outside = Dir::new();
    let target = outside.0.to_str().unwrap();
    let root = Dir::new();
    assert!(matches!(
        unpack(&root, &[("../x", Kind::File, "")]),
        Err(UntarError::Escapes(_))
    ));
    assert!(matches!(
        unpack(&root, &[("a/../../x", Kind::File, "")]),
        Err(UntarError::Escapes(_))
    ));
    assert!(matches!(
        unpack(&root, &[("h", Kind::HardLink, "../x")]),
        Err(UntarError::Escapes(_))
    ));
    // An absolute link is one under the root, where nothing is at its end.
    assert!(
        unpack(
            &root,
            &[("out", Kind::Symlink, target), ("out/x", Kind::File, "")]
        )
        .is_err()
    );
    assert!(
        unpack(
            &root,
            &[("up", Kind::Symlink, "../../.."), ("up/x", Kind::File, "")]
        )
        .is_ok()
    );
    assert!(root.path("x").exists());
    unpack(&root, &[("/etc/x", Kind::File, "in")]).unwrap();
    assert_eq!(root.read("etc/x"), "in");
    assert_eq!(fs::read_dir(&outside.0).unwrap().count(), 0);
}

#[test]
fn devices_and_bombs_are_refused() {
    let root = Dir::new();
    assert!(matches!(
        unpack(&root, &[("dev", Kind::CharDevice, "")]),
        Err(UntarError::Device(_))
    ));
    let bytes = archive(&[("a", Kind::File, "12345"), ("b", Kind::File, "6")]);
    let limited = |limits| untar::unpack(&bytes[..], root.fd(), own(), limits);
    assert!(matches!(
        limited(Limits {
            entries: 1,
            bytes: 100
        }),
        Err(UntarError::TooMuch { what: "files", .. })
    ));
    assert!(matches!(
        limited(Limits {
            entries: 9,
            bytes: 5
        }),
        Err(UntarError::TooMuch { what: "bytes", .. })
    ));
}

#[test]
fn a_touched_file_has_the_same_hash_and_a_changed_one_has_not() {
    let root = Dir::new().file("d/a", "one").file("d/b", "two");
    let (before, before_dir) = (root.content("d/a"), root.content("d"));
    assert!(before.starts_with("file:") && before_dir.starts_with("dir:"));
    let file = File::options().write(true).open(root.path("d/a")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(7))
        .unwrap();
    assert_eq!(
        (root.content("d/a"), root.content("d")),
        (before.clone(), before_dir.clone())
    );
    fs::set_permissions(root.path("d/a"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_ne!(root.content("d/a"), before);
    fs::set_permissions(root.path("d/a"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(root.content("d"), before_dir);
    fs::rename(root.path("d/b"), root.path("d/c")).unwrap();
    assert_ne!(root.content("d"), before_dir);
}

#[test]
fn wildcards_find_sorted_files_of_their_own_depth() {
    let root = Dir::new()
        .file("b.txt", "")
        .file("a.txt", "")
        .file("d/c.txt", "")
        .file("x", "");
    let names = |pattern: &str| -> Vec<String> {
        let found = find::find(root.fd(), pattern).unwrap();
        found
            .iter()
            .map(|source| source.path.to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names("*.txt"), ["a.txt", "b.txt"]);
    assert_eq!(names("*/*.txt"), ["d/c.txt"]);
    assert_eq!(names("/d/../[x]"), ["x"]);
    assert!(names("*.md").is_empty());
    assert!(
        matches!(find::find(root.fd(), "nope"), Err(FindError::Missing(name)) if name == "nope")
    );
    assert!(matches!(
        find::find(root.fd(), "../x"),
        Err(FindError::Outside(_))
    ));
}

#[test]
fn a_source_behind_a_link_out_of_the_context_is_not_found() {
    let root = Dir::new();
    symlink("/etc/passwd", root.path("passwd")).unwrap();
    symlink("/", root.path("slash")).unwrap();
    assert!(matches!(
        find::find(root.fd(), "passwd"),
        Err(FindError::Missing(_))
    ));
    assert!(matches!(
        find::find(root.fd(), "slash/etc/passwd"),
        Err(FindError::Missing(_))
    ));
}

#[test]
fn files_go_where_docker_puts_them() {
    let from = Dir::new()
        .file("f", "1")
        .file("d/a", "2")
        .file("d/s/b", "3");
    symlink("f", from.path("l")).unwrap();
    let to = Dir::new()
        .file("there/keep", "old")
        .file("there/s/other", "old");
    from.copy("f", &to, "/new");
    from.copy("f", &to, "/dir/");
    from.copy("f", &to, "/there");
    from.copy("l", &to, "/linked");
    from.copy("d", &to, "/there");
    from.copy("d", &to, "/fresh");
    assert_eq!(
        (to.read("new"), to.read("dir/f"), to.read("there/f")),
        ("1".into(), "1".into(), "1".into())
    );
    assert!(fs::symlink_metadata(to.path("linked")).unwrap().is_file());
    // A directory's content is merged, not the directory put inside.
    assert_eq!(
        (to.read("there/a"), to.read("there/s/b")),
        ("2".into(), "3".into())
    );
    assert_eq!(
        (to.read("there/keep"), to.read("there/s/other")),
        ("old".into(), "old".into())
    );
    assert_eq!(to.read("fresh/s/b"), "3");
}

#[test]
fn links_of_the_image_lead_nowhere_else() {
    let outside = Dir::new();
    let from = Dir::new().file("f", "new");
    let to = Dir::new().file("real", "old").file("data/x", "");
    symlink(outside.0.join("escaped"), to.path("absolute")).unwrap();
    symlink("/real", to.path("file")).unwrap();
    symlink("/data", to.path("dir")).unwrap();
    from.copy("f", &to, "/absolute");
    from.copy("f", &to, "/file");
    from.copy("f", &to, "/dir");
    assert_eq!(fs::read_dir(&outside.0).unwrap().count(), 0);
    assert_eq!(
        (to.read("real"), to.read("data/f")),
        ("new".into(), "new".into())
    );
    let inside = outside.0.strip_prefix("/").unwrap().join("escaped");
    assert_eq!(to.read(inside.to_str().unwrap()), "new");
}

#[test]
fn a_file_replaces_what_has_its_name() {
    let from = Dir::new().file("x/name", "file");
    let to = Dir::new().file("name/inside", "");
    from.copy("x", &to, "/");
    assert_eq!(to.read("name"), "file");
}

#[test]
fn modes_times_and_links_of_a_directory_are_kept() {
    let from = Dir::new().file("d/run", "#!");
    fs::set_permissions(from.path("d/run"), fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("../gone", from.path("d/link")).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
    File::open(from.path("d/run"))
        .unwrap()
        .set_modified(old)
        .unwrap();
    let to = Dir::new();
    from.copy("d", &to, "/e");
    let made = fs::metadata(to.path("e/run")).unwrap();
    assert_eq!((made.mode() & 0o7777, made.mtime()), (0o4755, 1000));
    assert_eq!(
        fs::read_link(to.path("e/link")).unwrap(),
        Path::new("../gone")
    );
}
