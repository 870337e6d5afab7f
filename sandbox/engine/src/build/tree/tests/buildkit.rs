//! What BuildKit's COPY and ADD do.

use super::*;

#[test]
fn sources_are_found_as_buildkit_finds_them() {
    let root = Dir::new()
        .file("f", "")
        .file("d/a", "")
        .file("w/1/x/y", "")
        .file("w/2/x/z", "");
    symlink("f", root.path("l")).unwrap();
    symlink("d", root.path("ld")).unwrap();
    symlink("/nowhere/at/all", root.path("dangling")).unwrap();
    let names = |written: &str| -> Vec<String> {
        let found = root.select(written, &Flags::default()).unwrap();
        found
            .iter()
            .map(|source| source.path.display().to_string())
            .collect()
    };
    assert_eq!(names("../../f"), ["f"]);
    assert_eq!(names("f/"), ["f"]);
    assert_eq!(names("w/*/x"), ["w/1/x", "w/2/x"]);
    assert_eq!(names("ld/*"), ["ld/a"]);
    assert_eq!(names("[").len() + names("*.nope").len(), 0);
    assert_eq!(names("/"), [""]);
    for (written, missing) in [
        ("nope/x", "/nope/x"),
        ("f/x", "/f/x"),
        ("nope/*", "/nope"),
        ("dangling", "/nowhere/at/all"),
        ("dang*", "/nowhere/at/all"),
    ] {
        let error = root.select(written, &Flags::default()).unwrap_err();
        assert!(
            matches!(&error, SelectError::Missing(path) if path == missing),
            "{error}"
        );
    }
}

#[test]
fn files_go_where_buildkit_puts_them() {
    let from = Dir::new()
        .file("f", "new")
        .file("d/s/b", "3")
        .file("rep/n", "file")
        .file("rep2/n/z", "");
    symlink("../gone", from.path("d/link")).unwrap();
    fs::set_permissions(from.path("d"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(from.path("d/s"), fs::Permissions::from_mode(0o700)).unwrap();
    let plain = Flags::default();
    let to = Dir::new().file("dir/f", "old");
    symlink("/dir", to.path("to-dir")).unwrap();
    symlink("real", to.path("to-file")).unwrap();
    symlink("/made/here", to.path("to-nothing")).unwrap();
    from.put("d", &to, "/p/x", &plain).unwrap();
    // The directory that is made is open to all; those inside are what they were.
    assert_eq!(
        (to.mode("p"), to.mode("p/x"), to.mode("p/x/s")),
        (0o755, 0o755, 0o700)
    );
    from.put("f", &to, "/to-dir/", &plain).unwrap();
    from.put("f", &to, "/to-file", &plain).unwrap();
    from.put("f", &to, "/to-nothing/g", &plain).unwrap();
    assert_eq!(
        (to.read("dir/f"), to.read("real"), to.read("made/here/g")),
        ("new".into(), "new".into(), "new".into())
    );
    from.put("rep", &to, "/file-first", &plain).unwrap();
    from.put("rep2", &to, "/dir-first", &plain).unwrap();
    let refused =
        |source: &str, path: &str| from.put(source, &to, path, &plain).unwrap_err().to_string();
    assert_eq!(
        refused("rep2", "/file-first"),
        "cannot copy to non-directory: /file-first/n"
    );
    assert_eq!(
        refused("rep", "/dir-first"),
        "cannot replace to directory /dir-first/n with file"
    );
    assert_eq!(
        refused("d", "/dir/f"),
        "cannot copy to non-directory: /dir/f"
    );
    assert_eq!(refused("d", "/dir/f/"), "mkdir /dir/f: not a directory");
    assert_eq!(
        refused("f", "/dir/f/g/h"),
        "mkdir /dir/f/g: not a directory"
    );
}

#[test]
fn excluded_files_stay_behind() {
    let from = Dir::new()
        .file("home.txt", "")
        .file("home.md", "")
        .file("d/a.txt", "")
        .file("d/b.md", "")
        .file("d/s/c.txt", "")
        .file("d/s/keep.txt", "");
    let copied = |source: &str, exclude: &[&str]| {
        let to = Dir::new();
        let flags = Flags {
            exclude,
            ..Flags::default()
        };
        from.put(source, &to, "/", &flags).unwrap();
        to.tree()
    };
    assert_eq!(copied("hom*", &["*.txt"]), ["home.md"]);
    assert_eq!(
        copied("d", &["*.txt"]),
        ["b.md", "s/", "s/c.txt", "s/keep.txt"]
    );
    assert_eq!(copied("d", &["**/*.txt", "s"]), ["b.md"]);
    assert_eq!(copied("d", &["**", "!**/keep.txt"]), ["s/", "s/keep.txt"]);
    assert_eq!(copied("d*", &["*"]), [""; 0]);
}

#[test]
fn parents_come_along_from_the_pivot_on() {
    let from = Dir::new()
        .file("a/b/c/d/foo", "")
        .file("a/b/c/d/e/bay", "")
        .file("a/b2/c/d/e/bar", "")
        .file("a/b/n", "");
    fs::set_permissions(from.path("a"), fs::Permissions::from_mode(0o700)).unwrap();
    let copied = |source: &str| {
        let to = Dir::new();
        let flags = Flags {
            parents: true,
            ..Flags::default()
        };
        from.put(source, &to, "/out/", &flags).unwrap();
        to
    };
    let whole = copied("a/b/n");
    assert_eq!(whole.tree(), ["out/", "out/a/", "out/a/b/", "out/a/b/n"]);
    assert_eq!(whole.mode("out/a"), 0o700);
    assert_eq!(copied("./a/b/n").tree(), whole.tree());
    assert_eq!(copied("a/./b/./n").tree(), ["out/", "out/b/", "out/b/n"]);
    assert_eq!(
        copied("/a/b*/./c/**/e").tree(),
        [
            "out/",
            "out/c/",
            "out/c/d/",
            "out/c/d/e/",
            "out/c/d/e/bar",
            "out/c/d/e/bay"
        ]
    );
    assert_eq!(copied("a/b/c/d/.").tree().len(), 8);
    assert_eq!(copied("**/nope").tree(), ["out/"]);
    let flags = Flags {
        parents: true,
        ..Flags::default()
    };
    assert!(
        matches!(from.select("a/./nope", &flags), Err(SelectError::Missing(path)) if path == "/a/nope")
    );
}

#[test]
fn names_of_one_file_stay_names_of_one_file_and_holes_stay_holes() {
    let from = Dir::new().file("d/s/a", "one");
    fs::hard_link(from.path("d/s/a"), from.path("d/z")).unwrap();
    File::create(from.path("d/sparse"))
        .unwrap()
        .set_len(8 << 20)
        .unwrap();
    let mut tail = File::options()
        .append(true)
        .open(from.path("d/sparse"))
        .unwrap();
    tail.write_all(b"end").unwrap();
    let to = Dir::new().file("x/z", "in the way");
    from.put("d", &to, "/x", &Flags::default()).unwrap();
    let stat = |name: &str| fs::metadata(to.path(name)).unwrap();
    assert_eq!(stat("x/s/a").ino(), stat("x/z").ino());
    assert_eq!(stat("x/sparse").len(), (8 << 20) + 3);
    assert!(stat("x/sparse").blocks() * 512 < 1 << 20);
    assert!(to.read("x/sparse").ends_with("\0end"));
}

#[test]
fn chmod_counts_for_directories_too_but_not_for_links() {
    let from = Dir::new().file("d/run", "").file("d/s/text", "");
    fs::set_permissions(from.path("d/run"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(from.path("d/s/text"), fs::Permissions::from_mode(0o666)).unwrap();
    symlink("run", from.path("d/link")).unwrap();
    let modes = |chmod: &str| {
        let to = Dir::new();
        let flags = Flags {
            chmod: Some(chmod),
            ..Flags::default()
        };
        from.put("d", &to, "/x", &flags).unwrap();
        ["x", "x/run", "x/s", "x/s/text", "x/link"].map(|name| to.mode(name))
    };
    assert_eq!(modes("u=rwX,go=rX"), [0o755, 0o755, 0o755, 0o644, 0o777]);
    assert_eq!(modes("2750"), [0o755, 0o2750, 0o2750, 0o2750, 0o777]);
}

#[test]
fn extended_attributes_are_copied_and_counted() {
    let from = Dir::new().file("d/a", "1");
    let before = from.content("d");
    let set = |name: &str| {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(from.path("d/a"), name, b"v", flags)
    };
    if set("user.k").is_err() {
        eprintln!("skipped: the file system has no user attributes");
        return;
    }
    assert_ne!(from.content("d"), before);
    let _ = set("user.overlay.opaque");
    let to = Dir::new();
    from.put("d", &to, "/x", &Flags::default()).unwrap();
    let mut value = [0; 8];
    assert_eq!(
        rustix::fs::getxattr(to.path("x/a"), "user.k", &mut value),
        Ok(1)
    );
    assert!(rustix::fs::getxattr(to.path("x/a"), "user.overlay.opaque", &mut value).is_err());
}

#[test]
fn archives_are_unpacked_and_only_archives() {
    let from = Dir::new().file("plain", "text");
    let bytes = archive(&[("d/a", Kind::File, "one")]);
    fs::write(from.path("t"), &bytes).unwrap();
    fs::write(from.path("zeros"), [0; 1024]).unwrap();
    symlink("t", from.path("link")).unwrap();
    let (to, flags) = (
        Dir::new(),
        Flags {
            unpacks: true,
            ..Flags::default()
        },
    );
    let put = |source: &str, path: &str| from.put(source, &to, path, &flags);
    if rustix::process::geteuid().is_root() {
        put("link", "/x").unwrap();
        assert_eq!(to.read("x/d/a"), "one");
    }
    put("plain", "/y/").unwrap();
    put("zeros", "/y/").unwrap();
    assert_eq!(
        (to.read("y/plain"), to.read("y/zeros").len()),
        ("text".into(), 1024)
    );
    assert_eq!(
        put("t", "/y/plain").unwrap_err().to_string(),
        "mkdir /y/plain: not a directory"
    );
}

#[test]
fn known_digests_spare_reading() {
    struct Known;
    impl hash::Digests for Known {
        fn known(&self, path: &Path) -> Option<hash::Content> {
            (path == Path::new("d/a")).then_some([7; 32])
        }
        fn learned(&self, path: &Path, _: hash::Content) {
            assert_eq!(path, Path::new("d/b"));
        }
    }
    let root = Dir::new().file("d/a", "1").file("d/b", "2");
    symlink("d", root.path("l")).unwrap();
    let source = &root.select("l", &Flags::default()).unwrap()[0];
    let contents = |dress: &Dress| hash::contents(root.fd(), source, dress, &Known).unwrap();
    let plain = contents(&Dress::default());
    assert_eq!(plain.keys().collect::<Vec<_>>(), ["l", "l/a", "l/b"]);
    fs::write(root.path("d/a"), "changed, but the digest is known").unwrap();
    assert_eq!(contents(&Dress::default()), plain);
    let owned = contents(&Dress {
        owner: Some((5, 6)),
        mode: None,
    });
    assert!(owned["l/a"] != plain["l/a"] && owned["l/b"] != plain["l/b"]);
}
