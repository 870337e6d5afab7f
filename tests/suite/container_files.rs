//! A container's files from outside: `docker cp`, `diff` and `export`, by the real clients and by ours, and what
//! strangers' archives must not do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::path::Path;

use tar::{Builder, EntryType, Header};

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::need::needs;
use crate::harness::{PATIENCE, host, http, unique_seconds, wait};

/// A container that does nothing, by the name of `box`.
fn container(docker: &Docker, script: &str) {
    let script = format!("{script}; touch /ready; exec sleep 1000");
    docker.good(&["run", "-d", "--name", "box", "busybox", "sh", "-c", &script]);
    wait::until_true("the container's files", PATIENCE, || {
        docker.run(&["exec", "box", "ls", "/ready"]).code == 0
    });
}

/// The engine's own process.
fn engine_of(docker: &Docker) -> i32 {
    let seconds = unique_seconds();
    docker.good(&["run", "-d", "busybox", "sleep", &seconds]);
    host::engine_of(host::process_with_argument(&seconds))
}

fn copies_as_docker_does(which: Which) {
    let engine = TestEngine::start();
    let docker = Docker::new(which, &engine);
    container(
        &docker,
        "mkdir -p /t/d/sub; echo x >/t/d/f; echo y >/t/f; ln -s d /t/dl; ln -s f /t/fl; rm /etc/group",
    );
    let here = docker.folder().to_owned();
    docker.write("src/f", "f\n");
    fs::create_dir(here.join("src/sub")).unwrap();
    fs::create_dir(here.join("lo")).unwrap();
    docker.write("file", "f\n");
    symlink("file", here.join("flink")).unwrap();
    symlink("none", here.join("dang")).unwrap();
    for (from, to) in [
        ("file", "box:/t/dl"),
        ("file", "box:/t/named"),
        ("src", "box:/t/new"),
        ("src", "box:/t/new"),
        ("src/.", "box:/t/flat"),
        ("src/.", "box:/t/flat"),
        ("flink", "box:/t"),
        ("box:/t/f", "lo"),
        ("box:/t/f", "lo/g"),
        ("box:/t/d", "lo/dd"),
        ("box:/t/d", "lo/dd"),
        ("box:t/d/.", "lo/de"),
        ("box:/t/fl", "lo"),
    ] {
        docker.run(&["cp", from, to]).exits(0);
    }
    docker.good(&["cp", "-L", "flink", "box:/t/L"]);
    docker.good(&["container", "cp", "-L", "box:/t/fl", "lo/q"]);
    assert_eq!(
        docker.good(&[
            "exec",
            "box",
            "sh",
            "-c",
            "cd /t; find . | sort | tr '\\n' ' '; readlink flink; cat L named"
        ]),
        ". ./L ./d ./d/f ./d/file ./d/sub ./dl ./f ./fl ./flat ./flat/f ./flat/sub ./flink ./named ./new ./new/f \
         ./new/src ./new/src/f ./new/src/sub ./new/sub file\nf\nf"
    );
    let text = |path: &str| fs::read_to_string(here.join(path)).unwrap();
    assert_eq!(
        (text("lo/f"), text("lo/g"), text("lo/q")),
        ("y\n".into(), "y\n".into(), "y\n".into())
    );
    assert_eq!(
        (text("lo/dd/f"), text("lo/dd/d/f"), text("lo/de/f")),
        ("x\n".into(), "x\n".into(), "x\n".into())
    );
    assert_eq!(fs::read_link(here.join("lo/fl")).unwrap(), Path::new("f"));

    let stream = docker.run(&["cp", "box:/t/d", "-"]);
    assert!(
        stream.stdout.starts_with("d/"),
        "a tar stream, the directory first"
    );
    assert_eq!(docker.run(&["cp", "-", "box:/t/sub"]).code, 1);

    for (words, said) in [
        (
            &["cp", "a", "b"][..],
            "must specify at least one container source",
        ),
        (
            &["cp", "box:/a", "other:/b"],
            "copying between containers is not supported",
        ),
        (&["cp", "", "box:/"], "source can not be empty"),
        (&["cp", "file", ""], "destination can not be empty"),
        (
            &["cp", "-", "box:/t/f"],
            "destination \"box:/t/f\" must be a directory",
        ),
        (
            &["cp", "nofile", "box:/"],
            "nofile: no such file or directory",
        ),
        (&["cp", "file", "box:/t/none/"], "no such directory"),
        (&["cp", "src", "box:/t/f"], "cannot copy directory"),
        (&["cp", "file/", "box:/t"], "not a directory"),
        (
            &["cp", "-L", "dang", "box:/t"],
            "none: no such file or directory",
        ),
        (&["cp", "box:/t/f", "nodir/x"], "does not exist"),
        (&["cp", "box:/t/f", "lo/new/"], "no such directory"),
        (&["cp", "box:/t/d", "file"], "cannot copy directory"),
        (
            &["cp", "box:/t/f", "/dev/null"],
            "must be a directory or a regular file: got a device",
        ),
        (&["cp", "-L", "box:/t/dl", "lo/fl"], "cannot copy directory"),
        (
            &["cp", "file", "box:/t/d/f/x"],
            "extraction point is not a directory",
        ),
        (
            &["cp", "src", "box:/t/fl/sub"],
            "extraction point is not a directory",
        ),
    ] {
        let refused = docker.run(words).exits(1);
        assert!(
            refused.stderr.contains(said),
            "{words:?}: {}",
            refused.stderr
        );
    }

    let changes = docker.good(&["diff", "box"]);
    for line in ["C /etc", "D /etc/group", "A /t", "A /t/d/f", "A /ready"] {
        assert!(
            changes.lines().any(|change| change == line),
            "no {line} in {changes}"
        );
    }
    assert!(
        !changes.contains("/proc") && !changes.contains("/etc/hosts") && !changes.contains("/dev"),
        "{changes}"
    );

    docker.good(&["export", "-o", "box.tar", "box"]);
    let names = tar_names(&fs::read(here.join("box.tar")).unwrap());
    assert!(names.contains(&"t/d/f".to_owned()) && names.contains(&"bin/busybox".to_owned()));
    assert!(!names.contains(&"etc/group".to_owned()));
    assert_eq!(
        fs::metadata(here.join("box.tar")).unwrap().mode() & 0o777,
        0o600
    );
    let refused = docker.on_terminal(&["export", "box"]);
    refused.expect("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    // What is stopped has its files still.
    docker.good(&["rm", "-f", "box"]);
    docker.good(&["create", "--name", "box", "busybox", "cat", "/given"]);
    docker.good(&["cp", "file", "box:/given"]);
    assert_eq!(docker.good(&["start", "-a", "box"]), "f");
    docker.good(&["cp", "box:/given", "lo"]);
    assert_eq!(text("lo/given"), "f\n");
}

#[test]
fn newest_client_copies_as_docker_does() {
    needs!(Docker, Pty);
    copies_as_docker_does(Which::Newest);
}

#[test]
fn debian_s_client_copies_as_docker_does() {
    needs!(Docker, Pty);
    copies_as_docker_does(Which::Debian);
}

#[test]
fn own_client_copies_as_docker_does() {
    needs!(UserNamespaces, Pty);
    copies_as_docker_does(Which::Own);
}

fn tar_names(bytes: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// An archive as nobody in their right mind writes it.
fn hostile(name: &str, kind: EntryType, link: &str, size: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_device_major(1).unwrap();
    header.set_device_minor(3).unwrap();
    header.set_cksum();
    let mut builder = Builder::new(Vec::new());
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn strangers_archives_are_refused_and_nothing_is_written_elsewhere() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    container(&docker, "mkdir /in");
    let before = docker.good(&["diff", "box"]);
    let put = |path: &str, archive: &[u8]| {
        let answer = engine.request(
            "PUT",
            &format!("/containers/box/archive?path={path}"),
            archive,
        );
        (answer.status, answer.text())
    };
    for (archive, words) in [
        (
            hostile("../evil", EntryType::Regular, "", 0),
            r#"\"../evil\" is outside of \"/in\""#,
        ),
        (
            hostile("a/../../evil", EntryType::Regular, "", 0),
            "is outside of",
        ),
        (
            hostile("s", EntryType::Symlink, "../../etc", 0),
            "invalid symlink",
        ),
        (
            hostile("h", EntryType::Link, "../etc/passwd", 0),
            "invalid hardlink",
        ),
        (hostile("null", EntryType::Char, "", 0), "is a device"),
        (
            hostile("bomb", EntryType::Regular, "", 1 << 40),
            "more than",
        ),
        (
            hostile("who", EntryType::Directory, "", 0)[..300].to_vec(),
            "unexpected EOF",
        ),
        (vec![0xa5; 2048], "archive/tar: invalid tar header"),
    ] {
        let (status, said) = put("/in", &archive);
        assert_eq!(status, 500, "{said}");
        assert!(said.contains(words), "{said}");
    }
    // An absolute link counts from the container's root, and what is behind it is the container's.
    let mut builder = Builder::new(Vec::new());
    let mut link = Header::new_gnu();
    link.set_entry_type(EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "out", "/tmp").unwrap();
    let mut file = Header::new_gnu();
    file.set_size(2);
    file.set_mode(0o644);
    builder
        .append_data(&mut file, "out/through", &b"in"[..])
        .unwrap();
    assert_eq!(put("/in", &builder.into_inner().unwrap()).0, 200);
    assert_eq!(docker.good(&["exec", "box", "cat", "/tmp/through"]), "in");
    let after = docker.good(&["diff", "box"]);
    let new: Vec<&str> = after
        .lines()
        .filter(|line| !before.contains(*line))
        .collect();
    assert_eq!(new, ["A /in/out", "C /tmp", "A /tmp/through"]);
}

#[test]
fn a_compressed_bomb_fills_neither_memory_nor_more_than_the_sandbox() {
    // Without root nothing bounds the disk everywhere.
    needs!(Root);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    container(&docker, "mkdir /in");
    let size = 256 << 20;
    let mut zip = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zip.write_all(&hostile("bomb", EntryType::Regular, "", size)[..512])
        .unwrap();
    std::io::copy(&mut std::io::repeat(0).take(size), &mut zip).unwrap();
    let bomb = zip.finish().unwrap();
    let pid = engine_of(&docker);
    let before = host::private_memory(&[pid]);
    let answer = engine.request("PUT", "/containers/box/archive?path=/in", &bomb);
    // As large as the disk is.
    assert!([200, 507].contains(&answer.status), "{}", answer.text());
    let grown = host::private_memory(&[pid]).saturating_sub(before);
    assert!(grown < 8 << 20, "the engine has grown by {grown} bytes");
    docker.good(&["exec", "box", "rm", "/in/bomb"]);
}

#[test]
fn a_link_that_changes_all_the_time_leads_nowhere_else() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    container(
        &docker,
        "mkdir /real; echo mine >/real/passwd; echo mine >/etc/passwd; cd /; \
         (while :; do mv real swap; mv swap real; ln -s /etc swap; rm swap; ln -s ../../../../../etc swap; rm swap; \
         ln -s /proc/1/root/etc swap; rm swap; done) 2>/dev/null & true",
    );
    let archive = hostile("put", EntryType::Regular, "", 0);
    let mut found = 0;
    for _ in 0..150 {
        // What goes while it is packed breaks the answer off.
        let connection = UnixStream::connect(engine.socket()).unwrap();
        let path = "/containers/box/archive?path=/swap/passwd";
        let Ok(got) = http::request(connection, "GET", path, &[], b"") else {
            continue;
        };
        match got.status {
            200 => {
                assert!(got.text().contains("mine\n"), "somebody else's passwd");
                found += 1;
            }
            404 | 500 => {}
            other => panic!("{other}"),
        }
        let put = engine.request("PUT", "/containers/box/archive?path=/swap", &archive);
        assert!([200, 404, 500].contains(&put.status), "{}", put.text());
    }
    assert!(found > 0, "it was never there");
}

#[test]
fn a_client_that_hangs_up_leaves_nothing_behind() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    docker.good(&["create", "--name", "box", "busybox", "true"]);
    let pid = engine_of(&docker);
    let threads = || {
        let list = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let names = list
            .flatten()
            .map(|task| fs::read_to_string(task.path().join("comm")));
        names.flatten().filter(|name| name == "archive\n").count()
    };
    let mut clients = Vec::new();
    // More than the engine serves at once, of both kinds.
    for request in [
        "GET /containers/box/export HTTP/1.1\r\nhost: d\r\n\r\n",
        "PUT /containers/box/archive?path=/ HTTP/1.1\r\nhost: d\r\ncontent-length: 99999\r\n\r\nsome",
    ] {
        let mut client = UnixStream::connect(engine.socket()).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        if request.starts_with("GET") {
            let mut some = [0; 1024];
            client.read_exact(&mut some).unwrap();
        }
        clients.push(client);
    }
    wait::until_true("the first archive's thread", PATIENCE, || threads() > 0);
    drop(clients);
    wait::until_true("the end of all threads", PATIENCE, || threads() == 0);
    docker.good(&["rm", "box"]);
}
