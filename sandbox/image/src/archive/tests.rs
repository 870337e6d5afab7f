//! Archives made by hand: both kinds, whole and spoilt.

use std::{
    fs,
    io::{self, Write as _},
};

use drydock_spec::ImageRef;
use serde_json::{Value, json};

use super::*;
use crate::{
    config::host_architecture,
    layer::digest_of,
    tar::{Entry, Kind, Writer},
};

type File = (String, Vec<u8>);

fn tar(files: &[File]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, data) in files {
        let mut entry = Entry::new(name.as_str(), Kind::File, 0o644);
        entry.uid = rustix::process::geteuid().as_raw().into();
        entry.gid = rustix::process::getegid().as_raw().into();
        if let Some(target) = name.strip_suffix(" ->") {
            entry = Entry::new(target, Kind::Symlink, 0o777);
            entry.link.clone_from(data);
            writer.start(&entry).unwrap();
            continue;
        }
        entry.size = data.len() as u64;
        writer.start(&entry).unwrap();
        writer.write_all(data).unwrap();
    }
    writer.finish().unwrap()
}

fn file(name: impl Into<String>, data: impl Into<Vec<u8>>) -> File {
    (name.into(), data.into())
}

fn layers() -> [Vec<u8>; 2] {
    [
        tar(&[file("a", "first")]),
        tar(&[file(".wh.a", ""), file("b", "second")]),
    ]
}

fn config(layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<_> = layers.iter().map(|layer| digest_of(layer)).collect();
    let config = json!({"architecture": host_architecture(), "os": "linux", "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    config.to_string().into_bytes()
}

fn blob(data: &[u8]) -> File {
    file(format!("blobs/sha256/{}", digest_of(data).hex()), data)
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(data).unwrap();
    gzip.finish().unwrap()
}

/// As Docker 20 writes it.
fn docker(tag: &str) -> Vec<File> {
    let layers = layers();
    let config = config(&layers);
    let name = format!("{}.json", digest_of(&config).hex());
    let manifest =
        json!([{"Config": name, "RepoTags": [tag], "Layers": ["1/layer.tar", "2/layer.tar"]}]);
    let [one, two] = layers;
    vec![
        file("1/VERSION", "1.0"),
        file("1/json", "{}"),
        file("1/layer.tar", one),
        file("2/layer.tar", two),
        file(name, config),
        file("manifest.json", manifest.to_string()),
        file("repositories", "{}"),
    ]
}

fn oci(layers: &[Vec<u8>], packed: &[Vec<u8>], annotations: &Value) -> Vec<File> {
    let config = config(layers);
    let describe = |data: &Vec<u8>| json!({"digest": digest_of(data), "size": data.len()});
    let packed_list: Vec<_> = packed.iter().map(describe).collect();
    let manifest = json!({"schemaVersion": 2, "config": describe(&config), "layers": packed_list});
    let manifest = manifest.to_string().into_bytes();
    let mut listed = describe(&manifest);
    listed["annotations"] = annotations.clone();
    let mut files: Vec<_> = packed.iter().map(|layer| blob(layer)).collect();
    files.extend([
        blob(&config),
        blob(&manifest),
        file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#),
        file("index.json", json!({"manifests": [listed]}).to_string()),
    ]);
    files
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("images")).unwrap();
    (dir, store)
}

/// Checks that nothing of a refused archive is in the store.
fn refused(archive: &[u8]) -> String {
    let (_dir, store) = store();
    let error = store.import_archive(archive).unwrap_err().to_string();
    assert_eq!(store.list().unwrap(), []);
    for dir in ["layers", "tmp", "blobs"] {
        assert_eq!(
            fs::read_dir(store.root().join(dir)).unwrap().count(),
            0,
            "{dir}"
        );
    }
    error
}

#[test]
fn a_docker_archive_keeps_its_id_whether_packed_or_not() {
    let plain = tar(&docker("app:v1"));
    let packed = [gzip(&plain), zstd::encode_all(&plain[..], 1).unwrap()];
    for archive in [plain, packed[0].clone(), packed[1].clone()] {
        let (_dir, store) = store();
        let imported = store.import_archive(&archive[..]).unwrap();
        let expected = ImageId(digest_of(&config(&layers())));
        assert_eq!(imported[0].id, expected);
        let image = store.image(&store.resolve("app:v1").unwrap()).unwrap();
        assert_eq!(image.id, expected);
        assert_eq!(image.size, 11);
        assert_eq!(
            fs::read_to_string(image.layers[1].dir.join("b")).unwrap(),
            "second"
        );
        assert_eq!(image.raw_config, config(&layers()));
    }
}

#[test]
fn importing_twice_changes_nothing() {
    let (_dir, store) = store();
    let archive = tar(&docker("app:v1"));
    let first = store.import_archive(&archive[..]).unwrap();
    let list = store.list().unwrap();
    assert_eq!(store.import_archive(&archive[..]).unwrap(), first);
    assert_eq!(store.list().unwrap(), list);
}

#[test]
fn a_layer_that_is_a_link_to_another_images_is_found() {
    let mut files = docker("app:v1");
    let layer = files[2].1.clone();
    files[2] = file("1/layer.tar ->", "../9/layer.tar");
    files.push(file("9/layer.tar", layer));
    let (_dir, store) = store();
    assert_eq!(store.import_archive(&tar(&files)[..]).unwrap().len(), 1);
}

#[test]
fn an_oci_layout_with_packed_layers_keeps_its_id() {
    let layers = layers();
    let packed = [
        gzip(&layers[0]),
        zstd::encode_all(&layers[1][..], 1).unwrap(),
    ];
    let name = json!({"org.opencontainers.image.ref.name": "app:v2"});
    let (_dir, store) = store();
    let imported = store
        .import_archive(&tar(&oci(&layers, &packed, &name))[..])
        .unwrap();
    assert_eq!(imported[0].id, ImageId(digest_of(&config(&layers))));
    assert_eq!(imported[0].refs, ["app:v2".parse().unwrap()]);
}

#[test]
fn a_bare_tag_is_no_name() {
    let layers = layers();
    let name = json!({"org.opencontainers.image.ref.name": "latest"});
    let (_dir, store) = store();
    let archive = tar(&oci(&layers, &layers, &name));
    let imported = store.import_archive(&archive[..]).unwrap();
    assert_eq!(imported[0].refs, []);
    // Now its layers are known by their names, and are not unpacked again.
    assert_eq!(store.import_archive(&archive[..]).unwrap(), imported);
}

#[test]
fn a_layer_that_is_not_the_configs_is_refused() {
    let mut files = docker("app:v1");
    files[3].1 = tar(&[file("b", "another")]);
    let error = refused(&tar(&files));
    assert!(error.contains("invalid diffID for layer 1"), "{error}");
}

#[test]
fn a_changed_config_is_refused() {
    let mut files = docker("app:v1");
    files[4].1.push(b' ');
    assert!(refused(&tar(&files)).contains("is damaged"));
}

#[test]
fn a_changed_blob_is_refused() {
    let layers = layers();
    let mut files = oci(&layers, &layers, &json!({}));
    files[0].1 = tar(&[file("a", "other")]);
    assert!(refused(&tar(&files)).contains("its digest is another"));
}

#[test]
fn what_is_missing_is_named() {
    let without = |name: &str| {
        let mut files = docker("app:v1");
        files.retain(|(path, _)| !path.ends_with(name));
        refused(&tar(&files))
    };
    assert!(without("manifest.json").contains("docker save"));
    assert!(without("2/layer.tar").contains("lacks the layer 2/layer.tar"));
    let mut files = docker("app:v1");
    files.remove(4);
    assert!(refused(&tar(&files)).contains("lacks the config"));
}

#[test]
fn what_is_no_archive_is_refused() {
    assert!(refused(b"hello, this is some text and not an archive").contains("cannot import"));
    assert!(refused(&gzip(b"neither is this")).contains("cannot import"));
    let whole = tar(&docker("app:v1"));
    for length in [700, 1024, 2000] {
        refused(&whole[..length]);
    }
}

#[test]
fn an_archive_with_a_hostile_layer_leaves_nothing() {
    let evil = tar(&[file("fine", "x"), file("../../../escaped", "x")]);
    let mut files = docker("app:v1");
    files[2].1 = evil;
    let error = refused(&tar(&files));
    assert!(error.contains("outside of it"), "{error}");
}

#[test]
fn an_image_for_another_system_or_with_a_bad_name_is_refused() {
    let mut files = docker("Not A Name");
    assert!(refused(&tar(&files)).contains("invalid reference format"));
    files = docker("app:v1");
    let config = String::from_utf8(files[4].1.clone()).unwrap();
    let config = config.replace("linux", "windows").into_bytes();
    let name = format!("{}.json", digest_of(&config).hex());
    let manifest = String::from_utf8(files[5].1.clone()).unwrap();
    files[5].1 = manifest.replace(&files[4].0, &name).into_bytes();
    files[4] = file(name, config);
    assert!(refused(&tar(&files)).contains("for windows"));
}

#[test]
fn a_reader_that_fails_fails_the_import() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the line went dead"))
        }
    }
    let (_dir, store) = store();
    let error = store.import_archive(Broken).unwrap_err();
    assert!(error.to_string().contains("the line went dead"));
}

#[test]
fn what_is_saved_is_what_was_loaded_and_is_read_by_both_lists() {
    let (_dir, from) = store();
    let [image] = from
        .import_archive(&tar(&docker("app:v1"))[..])
        .unwrap()
        .try_into()
        .unwrap();
    let other: ImageRef = "me/other:2".parse().unwrap();
    from.tag(&image.id, &other).unwrap();
    let wanted = Wanted {
        id: image.id.clone(),
        refs: vec!["app:v1".parse().unwrap(), other.clone()],
    };
    let mut bytes = Vec::new();
    let archive = from.archive(vec![wanted.clone()]).unwrap();
    archive.write_to(&mut bytes).unwrap();

    let (_dir, to) = store();
    let [back] = to.import_archive(&bytes[..]).unwrap().try_into().unwrap();
    assert_eq!((&back.id, &back.refs), (&wanted.id, &wanted.refs));

    // Without Docker's list it is an OCI layout, with a line for each name.
    let mut oci = Vec::new();
    let mut reader = crate::tar::Reader::new(&bytes[..]);
    while let Some(entry) = reader.next().unwrap() {
        let name = String::from_utf8(entry.name).unwrap();
        let mut data = Vec::new();
        io::Read::read_to_end(&mut reader, &mut data).unwrap();
        if entry.kind == Kind::File && name != "manifest.json" {
            oci.push(file(name, data));
        }
    }
    let (_dir, to) = store();
    let names: Vec<_> = to
        .import_archive(&tar(&oci)[..])
        .unwrap()
        .into_iter()
        .flat_map(|image| image.refs)
        .collect();
    assert_eq!(names, wanted.refs);
    assert_eq!(to.resolve("app:v1").unwrap(), image.id);
}
