//! Images in and out: `docker save`, `load`, `import`, `commit`, with real clients, a real dockerd and skopeo as the
//! other side.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use drydock_image::layer::digest_of;
use drydock_image::tar::{Entry, Kind, Reader, Writer};
use serde_json::{Value, json};

use crate::harness::PATIENCE;
use crate::harness::docker::{Docker, Which};
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::need::{self, needs};
use crate::harness::process::finish;
use crate::harness::shell::script;

/// A tar stream of entries: name, kind, data, and what else there is to say of them.
struct Tar(Writer<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(Writer::new(Vec::new()))
    }

    fn add(mut self, name: &[u8], kind: Kind, data: &[u8], more: impl FnOnce(&mut Entry)) -> Self {
        let mut entry = Entry::new(name, kind, 0o755);
        entry.size = data.len() as u64;
        entry.mtime = 1_700_000_000;
        more(&mut entry);
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

/// What images may hold and a sandbox's directories cannot, or only in other words.
fn awkward() -> Vec<u8> {
    let capability =
        b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    let mut sparse = vec![0; 1 << 20];
    sparse[700_000] = 1;
    Tar::new()
        .add(b"odd/", Kind::Directory, b"", |_| ())
        .file("odd/one", b"shared")
        .add(b"odd/two", Kind::HardLink, b"", |entry| {
            entry.link = b"odd/one".into()
        })
        .add(
            &[b"odd/".as_slice(), &[b'n'; 150]].concat(),
            Kind::File,
            b"a long name",
            |_| (),
        )
        .add(b"odd/caf\xe9", Kind::File, b"not UTF-8", |_| ())
        .add(b"odd/capable", Kind::File, b"", |entry| {
            entry.xattrs = vec![(b"security.capability".into(), capability.into())];
        })
        .add(b"odd/suid", Kind::File, b"s", |entry| entry.mode = 0o6755)
        .file("odd/sparse", &sparse)
        .file("odd/empty", b"")
        .add(b"odd/null", Kind::CharDevice, b"", |entry| {
            entry.device = (1, 3)
        })
        .add(b"odd/disk", Kind::BlockDevice, b"", |entry| {
            entry.device = (7, 0)
        })
        .add(b"odd/pipe", Kind::Fifo, b"", |_| ())
        .add(b"odd/soft", Kind::Symlink, b"", |entry| {
            entry.link = b"/odd/one".into()
        })
        .add(b"odd/somebody", Kind::File, b"", |entry| {
            (entry.uid, entry.gid) = (12_345, 54_321)
        })
        .add(b"odd/far", Kind::File, b"", |entry| {
            (entry.uid, entry.gid) = (1_000_620_000, 70_000)
        })
        .add(b"hidden/", Kind::Directory, b"", |_| ())
        .file("hidden/below", b"")
        .bytes()
}

const BUILT: &str = "awkward:built";
const IMPORTED: &str = "awkward:imported";

/// Makes both images with a real engine: one of layers that it writes itself, one of ours as it is.
fn make(docker: &Docker) {
    fs::create_dir_all(docker.folder().join("context")).unwrap();
    fs::write(docker.folder().join("context/awkward.tar"), awkward()).unwrap();
    docker.write(
        "context/Dockerfile",
        "FROM busybox\nADD awkward.tar /\nRUN rm /odd/soft && rm -r /hidden && mkdir /hidden && echo anew > /hidden/file\nLABEL made=here\n",
    );
    docker.good(&["build", "-t", BUILT, "context"]);
    docker.good(&["import", "context/awkward.tar", IMPORTED]);
}

/// What must never change on the way: image ids and the digests of layers.
fn identity(docker: &Docker) -> Value {
    let of = |name: &str| {
        let text = docker.good(&[
            "image",
            "inspect",
            name,
            "--format",
            "{{.Id}} {{json .RootFS.Layers}}",
        ]);
        let (id, layers) = text.split_once(' ').unwrap();
        json!([id, serde_json::from_str::<Value>(layers).unwrap()])
    };
    json!({BUILT: of(BUILT), IMPORTED: of(IMPORTED)})
}

fn save(docker: &Docker, file: &str) -> std::path::PathBuf {
    docker.good(&["save", "-o", file, BUILT, IMPORTED]);
    docker.folder().join(file)
}

fn load(docker: &Docker, archive: &Path) -> String {
    docker.good(&["load", "-i", archive.to_str().unwrap()])
}

/// Every blob has the digest that it is named by.
fn check_blobs(archive: &Path) -> usize {
    let mut reader = Reader::new(std::io::BufReader::new(File::open(archive).unwrap()));
    let mut blobs = 0;
    while let Some(entry) = reader.next().unwrap() {
        let name = String::from_utf8(entry.name).unwrap();
        let mut data = Vec::new();
        reader.read_to_end(&mut data).unwrap();
        if let Some(hex) = name
            .strip_prefix("blobs/sha256/")
            .filter(|hex| !hex.is_empty())
        {
            assert_eq!(digest_of(&data).hex(), hex);
            blobs += 1;
        }
    }
    blobs
}

fn skopeo(words: &[&str]) -> String {
    finish(
        Command::new("skopeo").arg("--insecure-policy").args(words),
        b"",
        PATIENCE,
    )
    .good()
}

#[test]
fn images_keep_their_ids_from_dockerd_through_us_to_everybody() {
    needs!(Root, Docker);
    if need::find("dockerd").is_none() {
        eprintln!("SKIPPED: dockerd is not installed");
        return;
    }
    let theirs = RealDockerd::start();
    let at_theirs = Docker::new(Which::Debian, &theirs);
    make(&at_theirs);
    let expected = identity(&at_theirs);
    let from_theirs = save(&at_theirs, "theirs.tar");

    let ours = TestEngine::start();
    let at_ours = Docker::new(Which::Newest, &ours);
    let told = load(&at_ours, &from_theirs);
    let lines: BTreeSet<&str> = told.lines().collect();
    assert_eq!(
        lines,
        BTreeSet::from([
            "Loaded image: awkward:built",
            "Loaded image: awkward:imported"
        ])
    );
    assert_eq!(identity(&at_ours), expected);
    let seen = at_ours.good(&["run", "--rm", BUILT, "sh", "-c",
        "cat /odd/one /hidden/*; stat -c '%a %h %u' /odd/suid /odd/two /odd/somebody /odd/far; ls /odd | wc -l"]);
    assert_eq!(
        seen,
        "sharedanew\n6755 1 0\n755 2 0\n755 1 12345\n755 1 65534\n11"
    );
    let from_ours = save(&at_ours, "ours.tar");
    // Two configs and manifests, four layers.
    assert_eq!(check_blobs(&from_ours), 8);

    at_ours.good(&["rmi", BUILT, IMPORTED]);
    load(&at_ours, &from_ours);
    assert_eq!(identity(&at_ours), expected);

    at_theirs.good(&["rmi", BUILT, IMPORTED, "busybox"]);
    load(&at_theirs, &from_ours);
    assert_eq!(identity(&at_theirs), expected);

    if need::find("skopeo").is_none() {
        eprintln!("SKIPPED the part with skopeo, which is not installed");
        return;
    }
    for name in [BUILT, IMPORTED] {
        let tag = name.split(':').nth(1).unwrap();
        for from in ["docker-archive", "oci-archive"] {
            let reference = if from == "oci-archive" { tag } else { name };
            let image = format!("{from}:{}:{reference}", from_ours.display());
            let config = skopeo(&["inspect", "--raw", "--config", &image]);
            let id = digest_of(config.as_bytes()).to_string();
            assert_eq!(json!(id), expected[name][0], "{image}");
            // Copying reads every layer, and checks it.
            let copy = at_ours.folder().join(format!("{tag}-{from}"));
            skopeo(&[
                "copy",
                "--quiet",
                &image,
                &format!("dir:{}", copy.display()),
            ]);
        }
    }
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    files
        .iter()
        .fold(Tar::new(), |tar, (name, data)| tar.file(name, data))
        .bytes()
}

/// An archive with one layer; its config says what it should be.
fn with_layer(layer: &[u8], diff_id: &str) -> Vec<u8> {
    let config = json!({"architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]}});
    let manifest = json!([{"Config": "c.json", "RepoTags": ["bad:1"], "Layers": ["layer.tar"]}]);
    archive(&[
        ("layer.tar", layer),
        ("c.json", config.to_string().as_bytes()),
        ("manifest.json", manifest.to_string().as_bytes()),
    ])
}

#[test]
fn bad_archives_are_refused_with_a_reason_and_leave_nothing() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let layer = |tar: Tar| {
        let bytes = tar.bytes();
        with_layer(&bytes, &digest_of(&bytes).to_string())
    };
    let link = |target: &'static [u8]| {
        layer(Tar::new().add(b"h", Kind::HardLink, b"", |entry| {
            entry.link = target.into()
        }))
    };
    let whole = layer(Tar::new().file("f", &[7; 4096]));
    let other = digest_of(b"another").to_string();
    let bomb = {
        let tar = Tar::new().file("zeros", &vec![0; 100 << 20]).bytes();
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(&tar[..], flate2::Compression::best())
            .read_to_end(&mut packed)
            .unwrap();
        with_layer(&packed, &other)
    };
    let cases = [
        ("no archive", b"garbage".to_vec(), "unexpected EOF"),
        (
            "no list",
            archive(&[("f", b"")]),
            "neither manifest.json nor index.json",
        ),
        (
            "a name with ..",
            layer(Tar::new().file("../f", b"")),
            "outside",
        ),
        (
            "an absolute name",
            layer(Tar::new().file("/f", b"")),
            "outside",
        ),
        ("a hard link out", link(b"../f"), "outside"),
        ("a hard link to nothing", link(b"nothing"), "hard link"),
        ("cut short", whole[..3000].to_vec(), "unexpected EOF"),
        (
            "another layer",
            with_layer(&Tar::new().bytes(), &other),
            "invalid diffID for layer 0",
        ),
        ("a bomb", bomb, "bomb"),
    ];
    let used = |engine: &TestEngine| engine.get("/images/json").body;
    let before = used(&engine);
    for (what, bytes, reason) in cases {
        let answer = engine.request("POST", "/images/load", &bytes);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            text.contains("errorDetail") && text.contains(reason),
            "{what}: {text}"
        );
        assert_eq!(used(&engine), before, "{what}");
    }
    // Devices are no reason: they are kept for the next one who loads the image, and made for nobody.
    let devices = layer(Tar::new().add(b"null", Kind::CharDevice, b"", |entry| {
        entry.device = (1, 3)
    }));
    let answer = engine.request("POST", "/images/load", &devices);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        text.ends_with("{\"stream\":\"Loaded image: bad:1\\n\"}\r\n"),
        "{text}"
    );
}

#[test]
fn the_built_in_command_saves_loads_imports_and_commits() {
    needs!(UserNamespaces);
    let said = script(
        "docker run --name box -v /vol busybox sh -c 'mkdir /a && echo hi > /a/f && rm /bin/ls && echo v > /vol/x'
         docker commit -a me -m why -c 'ENV A=1' -c 'CMD [\"cat\",\"/a/f\"]' box made:1 | cut -c1-7
         docker run --rm made:1
         docker run --rm made:1 sh -c 'test ! -e /bin/ls && test ! -e /vol/x && echo $A'
         docker history --no-trunc made:1 --format '{{.CreatedBy}} {{.Comment}}' | head -n 1
         id=$(docker images -q --no-trunc made:1)
         docker save made:1 > /tmp/made.tar && docker rmi made:1 > /dev/null
         docker load -q -i /tmp/made.tar
         test $id = $(docker images -q --no-trunc made:1) && echo same
         mkdir -p /tmp/root && echo data > /tmp/root/file
         tar -c -C /tmp/root . | docker image import -m note -c 'WORKDIR /w' - tree:1 | cut -c1-7
         docker history tree:1 --format '{{.Comment}} {{.Size}}'
         docker save nothing; echo save=$?; docker save; echo none=$?; docker load < /dev/null; echo load=$?
         docker save -o /nowhere/f made:1; echo place=$?; docker import -c 'RUN x' /tmp/made.tar; echo change=$?",
    );
    let lines: Vec<&str> = said.stdout.lines().collect();
    let wanted = [
        "sha256:",
        "hi",
        "1",
        "sh -c mkdir /a && echo hi > /a/f && rm /bin/ls && echo v > /vol/x why",
        "Loaded image: made:1",
        "same",
        "sha256:",
        "note 5B",
        "save=1",
        "none=1",
        "load=1",
        "place=1",
        "change=1",
    ];
    assert_eq!(lines, wanted, "{}", said.stderr);
    for words in [
        "No such image: nothing",
        "requires at least 1 argument",
        "invalid output path: stat /nowhere: no such file or directory",
        "run is not a valid change command",
    ] {
        assert!(
            said.stderr.contains(words),
            "no {words:?} in {}",
            said.stderr
        );
    }
}
