#![allow(clippy::unwrap_used)]

use super::*;

fn storage() -> (tempfile::TempDir, Storage) {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(dir.path().join("registry")).unwrap();
    (dir, storage)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn upload(storage: &Storage, repository: &Name, bytes: &[u8]) -> Digest {
    let mut upload = storage.begin(repository).unwrap();
    upload.write(bytes).unwrap();
    storage.finish(upload, None).unwrap().0
}

fn files(storage: &Storage, room: &str) -> usize {
    fs::read_dir(storage.dir.join(room)).unwrap().count()
}

#[test]
fn a_blob_goes_with_the_last_repository_that_has_it() {
    let (_dir, storage) = storage();
    let (a, b) = (name("a"), name("b"));
    let blob = upload(&storage, &a, b"blob");
    assert!(matches!(storage.blob(&b, &blob), Err(HostedError::NoBlob)));
    assert!(storage.mount(&b, &a, &blob).unwrap());
    storage.remove_blob(&a, &blob).unwrap();
    assert_eq!(storage.blob(&b, &blob).unwrap().1, 4);
    storage.remove_blob(&b, &blob).unwrap();
    assert_eq!(files(&storage, "blobs"), 0);
}

#[test]
fn an_upload_of_another_digest_leaves_nothing() {
    let (_dir, storage) = storage();
    let mut upload = storage.begin(&name("a")).unwrap();
    upload.write(b"blob").unwrap();
    let wanted = Digest::from_sha256([0; 32]);
    assert!(matches!(
        storage.finish(upload, Some(&wanted)),
        Err(HostedError::Digest)
    ));
    assert_eq!(
        (files(&storage, "blobs"), files(&storage, "uploads")),
        (0, 0)
    );
}

#[test]
fn uploads_that_nobody_goes_on_with_are_bounded() {
    let (_dir, storage) = storage();
    let first = storage.keep(storage.begin(&name("a")).unwrap());
    for _ in 0..UPLOADS {
        storage.keep(storage.begin(&name("a")).unwrap());
    }
    assert_eq!(files(&storage, "uploads"), UPLOADS);
    assert!(storage.take(&name("a"), &first).is_err());
}

#[test]
fn a_manifest_needs_its_parts_and_takes_its_tags_along() {
    let (_dir, storage) = storage();
    let app = name("app");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let config = drydock_image::layer::digest_of(b"{}");
    let json = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{config}"}},"layers":[]}}"#);
    let tag = |tag: &str| Reference::Tag(tag.into());
    let put = |tag: &Reference| storage.put_manifest(&app, tag, kind, json.as_bytes());
    assert!(matches!(put(&tag("v1")), Err(HostedError::MissingBlob(_))));
    upload(&storage, &app, b"{}");
    let (digest, _) = put(&tag("v1")).unwrap();
    put(&tag("v2")).unwrap();
    assert_eq!(storage.tags(&app).unwrap(), ["v1", "v2"]);
    storage.remove_manifest(&app, &tag("v1")).unwrap();
    assert!(storage.manifest(&app, &tag("v1")).is_err());
    assert_eq!(storage.manifest(&app, &tag("v2")).unwrap().1, digest);
    storage
        .remove_manifest(&app, &Reference::Digest(digest))
        .unwrap();
    assert_eq!(storage.tags(&app).unwrap(), [""; 0]);
    assert_eq!(files(&storage, "blobs"), 1);
}
