//! Archives of images while they are under way: clients that hang up or stall, and how much memory it takes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use drydock_image::layer::digest_of;
use drydock_image::tar::{Entry, Kind, Writer};
use serde_json::json;

use crate::harness::docker::{Docker, Which};
use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::host::{self, engine_of, process_with_argument};
use crate::harness::need::needs;
use crate::harness::{PATIENCE, unique_seconds, wait};

/// The engine's own process; a container keeps running.
fn engine_behind(docker: &Docker) -> i32 {
    let seconds = unique_seconds();
    docker.good(&["run", "-d", "busybox", "sleep", &seconds]);
    engine_of(process_with_argument(&seconds))
}

/// Threads of the engine that carry an archive.
fn carriers(engine: i32) -> usize {
    let list = fs::read_dir(format!("/proc/{engine}/task")).unwrap();
    let names = list
        .flatten()
        .map(|task| fs::read_to_string(task.path().join("comm")));
    names.flatten().filter(|name| name == "archive\n").count()
}

/// The names of half-made things in the sandbox's store, as its engine sees it.
fn half_made(engine: i32) -> Vec<PathBuf> {
    let staging = format!("/proc/{engine}/root/data/images/tmp");
    let entries = fs::read_dir(staging).unwrap().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Writer::new(Vec::new());
    for (name, data) in files {
        let mut entry = Entry::new(name.as_bytes(), Kind::File, 0o644);
        entry.size = data.len() as u64;
        tar.start(&entry).unwrap();
        tar.write_all(data).unwrap();
    }
    tar.finish().unwrap()
}

/// What `docker load` takes: an image of one layer with one file of `size` bytes that do not compress.
fn image_of(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let data: Vec<u8> = std::iter::repeat_with(&mut random)
        .flatten()
        .take(size)
        .collect();
    let layer = tar(&[("data", &data)]);
    let config = json!({"architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(&layer).to_string()]}});
    let manifest = json!([{"Config": "c.json", "RepoTags": ["large:1"], "Layers": ["layer.tar"]}]);
    tar(&[
        ("layer.tar", &layer),
        ("c.json", config.to_string().as_bytes()),
        ("manifest.json", manifest.to_string().as_bytes()),
    ])
}

#[test]
fn a_client_that_hangs_up_while_images_move_leaves_nothing_behind() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    let pid = engine_behind(&docker);
    let images = engine.get("/images/json").body;
    let archive = image_of(8 << 20);
    let begin = |request: &str, bytes: &[u8]| {
        let mut client = UnixStream::connect(engine.socket()).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        client.write_all(bytes).unwrap();
        client
    };
    let with_body = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: d\r\ncontent-type: application/x-tar\r\ncontent-length: {}\r\n\r\n",
            archive.len()
        )
    };
    let half = &archive[..archive.len() / 2];
    let clients = [
        begin(&with_body("/images/load"), half),
        begin(
            &with_body("/images/create?fromSrc=-&repo=brought&tag=1"),
            half,
        ),
        begin("GET /images/busybox/get HTTP/1.1\r\nhost: d\r\n\r\n", b""),
    ];
    (&clients[2]).read_exact(&mut [0; 4096]).unwrap();
    wait::until_true("half an image in the store", PATIENCE, || {
        !half_made(pid).is_empty()
    });
    drop(clients);
    wait::until_true("the end of all threads", PATIENCE, || carriers(pid) == 0);
    assert_eq!(half_made(pid), Vec::<PathBuf>::new());
    assert_eq!(engine.get("/images/json").body, images);
    // The same archive as a whole is as good as ever.
    let loaded = engine.request("POST", "/images/load", &archive);
    assert!(
        loaded.text().contains("Loaded image: large:1"),
        "{}",
        loaded.text()
    );
}

#[test]
fn clients_that_stall_keep_nobody_from_working() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    let archive = image_of(8 << 20);
    let loaded = engine.request("POST", "/images/load", &archive);
    assert_eq!(loaded.status, 200);
    // More than the engine has threads for anything else.
    let stalled: Vec<UnixStream> = (0..12)
        .map(|_| {
            let mut client = UnixStream::connect(engine.socket()).unwrap();
            client
                .write_all(b"GET /images/large:1/get HTTP/1.1\r\nhost: d\r\n\r\n")
                .unwrap();
            client
        })
        .collect();
    (&stalled[0]).read_exact(&mut [0; 4096]).unwrap();
    assert_eq!(docker.good(&["run", "--rm", "busybox", "echo", "on"]), "on");
    drop(stalled);
}

#[test]
fn images_pass_through_the_engine_in_little_memory() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Own, &engine);
    let pid = engine_behind(&docker);
    let archive = image_of(96 << 20);
    let peak_of = |what: &str, work: &dyn Fn()| {
        // Forgets the highest resident size so far; see proc(5).
        fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        let resident = |key| host::status_words(pid, key)[0].parse::<u64>().unwrap();
        let before = resident("VmRSS:");
        work();
        let grown = resident("VmHWM:").saturating_sub(before);
        assert!(
            grown < 24 << 10,
            "{what}: the engine has grown by {grown} KiB"
        );
    };
    peak_of("load", &|| {
        let answer = engine.request("POST", "/images/load", &archive);
        assert!(
            answer.text().contains("Loaded image: large:1"),
            "{}",
            answer.text()
        );
    });
    peak_of("save", &|| {
        docker.good(&["save", "-o", "large.tar", "large:1"]);
    });
    let fill = [
        "run",
        "--name",
        "box",
        "busybox",
        "dd",
        "if=/dev/urandom",
        "of=/f",
        "bs=1M",
        "count=96",
    ];
    docker.good(&fill);
    peak_of("commit", &|| {
        docker.good(&["commit", "box", "filled"]);
    });
}
