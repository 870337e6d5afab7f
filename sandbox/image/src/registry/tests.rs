//! Against a registry on this machine, made here: tokens, lists, digests, and what hostile ones may try.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

use drydock_spec::Digest;

use super::*;
use crate::{
    config::host_architecture,
    layer::digest_of,
    tar::{Entry, Kind, Writer},
};

/// Answers by path; all but the token needs the token.
struct Registry {
    address: String,
    files: Files,
}

type Files = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// What a hostile registry does when it is asked for a layer.
#[derive(Clone, Copy, PartialEq)]
enum Trick {
    None,
    /// Bytes without an end.
    Endless,
    /// A byte now and then.
    Trickle,
    /// Leads to itself.
    Circle,
    /// Leads to a place that is not encrypted, on another machine.
    Away,
}

impl Registry {
    fn start() -> Self {
        Self::with(Trick::None)
    }

    fn with(trick: Trick) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let files = Arc::new(Mutex::new(HashMap::new()));
        let (known, own) = (Arc::clone(&files), address.clone());
        // Ends with the test's process; every connection is one request.
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let known = Arc::clone(&known);
                let own = own.clone();
                thread::spawn(move || answer(connection, &known, &own, trick));
            }
        });
        Self { address, files }
    }

    fn put(&self, path: &str, data: impl Into<Vec<u8>>) -> Digest {
        let data = data.into();
        let digest = digest_of(&data);
        self.files.lock().unwrap().insert(
            format!("/v2/app/{}", path.replace("DIGEST", digest.as_str())),
            data,
        );
        digest
    }

    /// An image of one layer behind a list of machines; the list's digest.
    fn put_image(&self) -> Digest {
        let layer = layer();
        let config =
            json!({"os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(&layer)]}});
        let config = self.put("blobs/DIGEST", config.to_string());
        let packed = zstd::encode_all(&layer[..], 1).unwrap();
        let size = packed.len();
        let packed = self.put("blobs/DIGEST", packed);
        let manifest =
            json!({"config": {"digest": config}, "layers": [{"digest": packed, "size": size}]});
        let manifest = self.put("manifests/DIGEST", manifest.to_string());
        let list = json!({"manifests": [
            {"digest": config, "platform": {"os": "linux", "architecture": "mips"}},
            {"digest": manifest, "platform": {"os": "linux", "architecture": host_architecture()}},
        ]});
        self.put("manifests/DIGEST", list.to_string());
        self.put("manifests/v1", list.to_string())
    }

    fn name(&self, tag: &str) -> ImageRef {
        format!("{}/app:{tag}", self.address).parse().unwrap()
    }
}

fn layer() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let mut entry = Entry::new("file", Kind::File, 0o644);
    entry.uid = rustix::process::geteuid().as_raw().into();
    entry.gid = rustix::process::getegid().as_raw().into();
    entry.size = 4;
    writer.start(&entry).unwrap();
    writer.write_all(b"data").unwrap();
    writer.finish().unwrap()
}

fn answer(
    mut connection: TcpStream,
    files: &Mutex<HashMap<String, Vec<u8>>>,
    address: &str,
    trick: Trick,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut has_token = false;
    for line in lines {
        let line = line?.to_lowercase();
        has_token |= line == "authorization: bearer sesame";
        if line.is_empty() {
            break;
        }
    }
    let layers: Vec<String> = {
        let files = files.lock().unwrap();
        let packed = files
            .iter()
            .filter(|(path, data)| path.contains("/blobs/") && !data.starts_with(b"{"));
        packed.map(|(path, _)| path.clone()).collect()
    };
    if has_token && trick != Trick::None && layers.contains(&path) {
        return play(&mut connection, trick, &path);
    }
    let (status, extra, body) = if path.starts_with("/token?") && path.contains("scope=repository")
    {
        ("200 OK", String::new(), br#"{"token":"sesame"}"#.to_vec())
    } else if !has_token {
        let scope = "repository:app:pull";
        let ask = format!(
            "WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"s\",scope=\"{scope}\"\r\n"
        );
        ("401 Unauthorized", ask, Vec::new())
    } else if let Some(data) = files.lock().unwrap().get(&path) {
        ("200 OK", String::new(), data.clone())
    } else {
        ("404 Not Found", String::new(), Vec::new())
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    connection.write_all(&body)
}

fn play(connection: &mut TcpStream, trick: Trick, path: &str) -> std::io::Result<()> {
    let place = match trick {
        Trick::Circle => path,
        _ => "ftp://192.0.2.1/blob",
    };
    if matches!(trick, Trick::Circle | Trick::Away) {
        let head = format!(
            "HTTP/1.1 307 Here\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        return connection.write_all(head.as_bytes());
    }
    connection.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    let piece = vec![0; if trick == Trick::Trickle { 1 } else { 65536 }];
    loop {
        connection.write_all(&piece)?;
        if trick == Trick::Trickle {
            thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

fn pull(
    store: &Store,
    name: &ImageRef,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<ImageId, RegistryError> {
    let pace = Pace {
        grace: std::time::Duration::from_millis(200),
        least: 1 << 10,
    };
    let options = Options {
        pace,
        ..Options::default()
    };
    pull_named(store, name, options, progress)
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("images")).unwrap();
    (dir, store)
}

#[test]
fn an_image_is_pulled_by_tag_and_known_by_digest() {
    let registry = Registry::start();
    let digest = registry.put_image();
    let (_dir, store) = store();
    let mut said = Vec::new();
    let mut progress = |p: Progress<'_>| said.push(p.message.to_owned());
    let id = pull(&store, &registry.name("v1"), &mut progress).unwrap();
    let image = store.image(&id).unwrap();
    assert_eq!(image.tags, [registry.name("v1")]);
    assert_eq!(image.digests[0].digest(), Some(&digest));
    assert_eq!(
        std::fs::read_to_string(image.layers[0].dir.join("file")).unwrap(),
        "data"
    );
    assert!(said.iter().any(|line| line.contains("layer 1 of 1")));
    let pinned = format!("{}/app@{digest}", registry.address);
    assert_eq!(store.resolve(&pinned).unwrap(), id);
    assert_eq!(
        pull(&store, &pinned.parse().unwrap(), &mut |_| ()).unwrap(),
        id
    );
}

#[test]
fn what_is_not_there_is_named_in_dockers_words() {
    let registry = Registry::start();
    let (_dir, store) = store();
    let error = pull(&store, &registry.name("v9"), &mut |_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("app:v9 not found: manifest unknown: manifest unknown"),
        "{error}"
    );
}

#[test]
fn a_layer_that_is_not_its_digest_leaves_nothing() {
    let registry = Registry::start();
    registry.put_image();
    let evil = zstd::encode_all(&layer()[..], 19).unwrap();
    for (path, data) in registry.files.lock().unwrap().iter_mut() {
        if path.contains("/blobs/") && !data.starts_with(b"{") {
            data.clone_from(&evil);
            data.push(0);
        }
    }
    let (_dir, store) = store();
    assert!(pull(&store, &registry.name("v1"), &mut |_| ()).is_err());
    assert_eq!(store.list().unwrap(), []);
    assert_eq!(
        std::fs::read_dir(store.root().join("layers"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_registry_that_is_down_is_named() {
    let registry = Registry::start();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (_dir, store) = store();
    let name: ImageRef = format!("127.0.0.1:{port}/app").parse().unwrap();
    let error = pull(&store, &name, &mut |_| ()).unwrap_err().to_string();
    assert!(
        error.contains(&format!("cannot reach 127.0.0.1:{port}")),
        "{error}"
    );
    drop(registry);
}

/// What is said of a hostile registry; nothing of what it sent stays.
fn said_of(registry: &Registry) -> String {
    registry.put_image();
    let (_dir, store) = store();
    let error = pull(&store, &registry.name("v1"), &mut |_| ()).unwrap_err();
    assert_eq!(store.list().unwrap(), []);
    for left in ["layers", "tmp"] {
        let left = std::fs::read_dir(store.root().join(left)).unwrap();
        assert_eq!(left.count(), 0);
    }
    error.to_string()
}

#[test]
fn hostile_registries_are_given_up_with_a_reason() {
    let said = |trick| said_of(&Registry::with(trick));
    assert!(said(Trick::Endless).contains("a layer of another digest"));
    assert!(said(Trick::Trickle).contains("more slowly than 1 KiB a second"));
    assert!(said(Trick::Circle).contains("more than 5 redirections"));
    assert!(said(Trick::Away).contains("a place that cannot be gone to"));
}

#[test]
fn a_manifest_without_bounds_is_not_read() {
    let registry = Registry::start();
    registry.put("manifests/v1", vec![b' '; 5 << 20]);
    let (_dir, store) = store();
    let error = pull(&store, &registry.name("v1"), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("more than 4 MiB"), "{error}");
}

#[test]
fn an_image_without_bounds_is_not_begun() {
    let registry = Registry::start();
    let config = registry.put("blobs/DIGEST", "{}");
    let layer = |size: u64| json!({"digest": config, "size": size});
    for layers in [vec![layer(9 << 30)], vec![layer(u64::MAX), layer(u64::MAX)]] {
        let manifest = json!({"config": {"digest": config}, "layers": layers});
        registry.put("manifests/v1", manifest.to_string());
        let (_dir, store) = store();
        let error = pull(&store, &registry.name("v1"), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("larger than 8 GiB"), "{error}");
    }
}
