//! A store, and a sandbox's store above it.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

struct Host {
    dir: TempDir,
    store: Store,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("images")).unwrap();
        Self { dir, store }
    }

    fn upper(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let upper = self.dir.path().join(name);
        fs::create_dir(&upper).unwrap();
        for (name, data) in files {
            let path = upper.join(name);
            fs::write(&path, data).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        }
        upper
    }

    fn image(&self, store: &Store, layers: &[&Layer], cmd: &str) -> ImageId {
        let diff_ids: Vec<_> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "created": "2024-05-01T10:00:00Z",
            "config": {"Cmd": [cmd]}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        store.add_image(config.to_string().as_bytes()).unwrap()
    }

    fn sandbox(&self) -> Store {
        Store::layered(self.dir.path().join("own"), self.store.root()).unwrap()
    }
}

fn name(text: &str) -> ImageRef {
    text.parse().unwrap()
}

fn layers_on_disk(store: &Store) -> usize {
    fs::read_dir(store.root().join("layers")).unwrap().count()
}

#[test]
fn a_layer_is_moved_in_and_the_same_one_again_is_dropped() {
    let host = Host::new();
    let first = host.upper("u1", &[("a", "12345")]);
    let layer = host.store.add_layer(&first).unwrap();
    assert!(!first.exists());
    assert_eq!(layer.size, 5);
    assert_eq!(fs::read_to_string(layer.dir.join("a")).unwrap(), "12345");
    let again = host
        .store
        .add_layer(host.upper("u2", &[("a", "12345")]))
        .unwrap();
    assert_eq!(again, layer);
    assert_eq!(layers_on_disk(&host.store), 1);
    assert_eq!(
        fs::read_dir(host.store.root().join("tmp")).unwrap().count(),
        0
    );
}

#[test]
fn a_layer_from_another_file_system_is_copied() {
    let host = Host::new();
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("skipped: there is no /dev/shm");
        return;
    };
    let upper = elsewhere.path().join("upper");
    fs::create_dir(&upper).unwrap();
    fs::write(upper.join("a"), "12345").unwrap();
    let layer = host.store.add_layer(&upper).unwrap();
    assert_eq!(fs::read_to_string(layer.dir.join("a")).unwrap(), "12345");
    assert!(!upper.exists());
}

#[test]
fn an_image_keeps_its_exact_bytes_and_its_id_is_their_digest() {
    let host = Host::new();
    let layer = host
        .store
        .add_layer(host.upper("u", &[("a", "1")]))
        .unwrap();
    let raw = format!(
        "{{ \"os\":\"linux\",  \"odd\" : [1,2],\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"{}\"]}} }}\n",
        layer.diff_id
    );
    let id = host.store.add_image(raw.as_bytes()).unwrap();
    let image = host.store.image(&id).unwrap();
    assert_eq!(image.raw_config, raw.as_bytes());
    assert_eq!(image.layers, [layer]);
    assert_eq!(image.size, 1);
    let missing = raw.replace(image.layers[0].diff_id.hex(), &"0".repeat(64));
    let error = host.store.add_image(missing.as_bytes()).unwrap_err();
    assert!(matches!(error, StoreError::MissingLayer(_)));
}

#[test]
fn images_are_found_by_name_by_id_and_by_an_ids_beginning() {
    let host = Host::new();
    let id = host.image(&host.store, &[], "a");
    let other = host.image(&host.store, &[], "b");
    host.store.tag(&id, &name("app")).unwrap();
    host.store.tag(&id, &name("me/app:v1")).unwrap();
    for text in [
        "app",
        "app:latest",
        "me/app:v1",
        id.0.as_str(),
        id.0.hex(),
        id.short(),
    ] {
        assert_eq!(host.store.resolve(text).unwrap(), id, "{text}");
    }
    let missing = |text: &str| host.store.resolve(text).unwrap_err().to_string();
    assert_eq!(missing("nope"), "No such image: nope:latest");
    assert_eq!(missing("app:v2"), "No such image: app:v2");
    assert_eq!(missing("A B"), "invalid reference format");
    let common =
        id.0.hex()
            .bytes()
            .zip(other.0.hex().bytes())
            .take_while(|(a, b)| a == b)
            .count();
    if common > 0 {
        assert!(missing(&id.0.hex()[..common]).contains("multiple IDs"));
    }
}

#[test]
fn a_name_moves_from_one_image_to_another() {
    let host = Host::new();
    let (old, new) = (
        host.image(&host.store, &[], "a"),
        host.image(&host.store, &[], "b"),
    );
    host.store.tag(&old, &name("app")).unwrap();
    host.store.tag(&new, &name("app")).unwrap();
    let list = host.store.list().unwrap();
    let tags = |id: &ImageId| list.iter().find(|i| i.id == *id).unwrap().tags.clone();
    assert_eq!((tags(&old), tags(&new)), (vec![], vec![name("app:latest")]));
    assert_eq!(host.store.untag(&name("app")).unwrap(), new);
    assert!(host.store.untag(&name("app")).is_err());
}

#[test]
fn removing_an_image_frees_only_layers_that_nothing_else_uses() {
    let host = Host::new();
    let base = host
        .store
        .add_layer(host.upper("u1", &[("base", "1")]))
        .unwrap();
    let top = host
        .store
        .add_layer(host.upper("u2", &[("top", "2")]))
        .unwrap();
    let one = host.image(&host.store, &[&base], "a");
    let two = host.image(&host.store, &[&base, &top], "b");
    let gone = host.store.remove_image(&two).unwrap();
    assert_eq!(gone, [top.diff_id]);
    assert!(!top.dir.exists() && base.dir.exists());
    assert_eq!(host.store.remove_image(&one).unwrap(), [base.diff_id]);
    assert_eq!(layers_on_disk(&host.store), 0);
    assert!(matches!(
        host.store.image(&one),
        Err(StoreError::NoSuchImage(_))
    ));
}

#[test]
fn a_held_layer_outlives_its_image() {
    let host = Host::new();
    let layer = host
        .store
        .add_layer(host.upper("u", &[("a", "1")]))
        .unwrap();
    let id = host.image(&host.store, &[&layer], "a");
    let hold = host.store.hold([layer.diff_id.clone()]);
    let second = host.store.hold([layer.diff_id.clone()]);
    assert_eq!(host.store.remove_image(&id).unwrap(), []);
    drop(hold);
    assert!(layer.dir.exists());
    drop(second);
    assert!(!layer.dir.exists());
}

#[test]
fn a_sandbox_sees_what_it_is_shown_and_pulls_the_rest() {
    let host = Host::new();
    let id = host.image(&host.store, &[], "a");
    for text in ["shown", "other"] {
        host.store.tag(&id, &name(text)).unwrap();
    }
    let hidden = host.image(&host.store, &[], "b");
    host.store.tag(&hidden, &name("hidden:v1")).unwrap();

    let sandbox = host.sandbox();
    assert_eq!(sandbox.list().unwrap(), []);
    assert_eq!(
        sandbox.show(&[name("shown"), name("absent")]).unwrap(),
        [name("absent")]
    );
    assert_eq!(sandbox.list().unwrap()[0].tags, [name("shown:latest")]);
    assert!(sandbox.resolve("hidden:v1").is_err());
    assert!(sandbox.image(&hidden).is_err());

    assert_eq!(sandbox.pull(&name("hidden:v1")).unwrap(), hidden);
    assert_eq!(sandbox.image(&hidden).unwrap().tags, [name("hidden:v1")]);
    assert!(matches!(
        sandbox.pull(&name("absent")),
        Err(StoreError::NoSuchImage(_))
    ));
    sandbox.show_all().unwrap();
    assert_eq!(sandbox.resolve("other").unwrap(), id);
}

#[test]
fn a_sandbox_builds_on_the_hosts_layers_and_never_writes_them() {
    let host = Host::new();
    let base = host
        .store
        .add_layer(host.upper("u1", &[("base", "1")]))
        .unwrap();
    let id = host.image(&host.store, &[&base], "a");
    host.store.tag(&id, &name("base")).unwrap();
    let before = host.store.list().unwrap();

    let sandbox = host.sandbox();
    sandbox.show_all().unwrap();
    let same = sandbox
        .add_layer(host.upper("u2", &[("base", "1")]))
        .unwrap();
    assert_eq!(same.dir, base.dir);
    let top = sandbox
        .add_layer(host.upper("u3", &[("top", "2")]))
        .unwrap();
    let own = host.image(&sandbox, &[&base, &top], "b");
    sandbox.tag(&own, &name("base")).unwrap();
    let image = sandbox.image(&own).unwrap();
    assert_eq!(image.layers, [base.clone(), top]);
    assert_eq!(sandbox.image(&id).unwrap().tags, []);

    assert_eq!(sandbox.remove_image(&own).unwrap().len(), 1);
    assert_eq!(sandbox.remove_image(&id).unwrap(), []);
    assert_eq!(sandbox.list().unwrap(), []);
    assert!(base.dir.exists());
    assert_eq!(host.store.list().unwrap(), before);
    assert_eq!(sandbox.pull(&name("base")).unwrap(), id);
}

#[test]
fn a_store_opened_for_reading_is_not_written() {
    let host = Host::new();
    let id = host.image(&host.store, &[], "a");
    host.store.tag(&id, &name("app")).unwrap();
    let reader = Store::open_read_only(host.store.root()).unwrap();
    assert_eq!(reader.resolve("app").unwrap(), id);
    assert!(matches!(
        reader.tag(&id, &name("b")),
        Err(StoreError::ReadOnly)
    ));
    assert!(matches!(
        reader.remove_image(&id),
        Err(StoreError::ReadOnly)
    ));
    assert!(Store::open_read_only(host.dir.path().join("nowhere")).is_err());
}

#[test]
fn what_a_dead_writer_left_is_removed_and_a_live_ones_is_not() {
    let host = Host::new();
    let live = Staging::new(host.store.own()).unwrap();
    let dead = host.store.root().join("tmp/99-1");
    fs::create_dir_all(dead.join("layer/fs")).unwrap();
    let again = Store::open(host.store.root()).unwrap();
    assert!(live.path().exists() && !dead.exists());
    drop(again);
}

#[test]
fn a_damaged_file_is_told_by_name() {
    let host = Host::new();
    fs::write(host.store.root().join("refs.json"), "{").unwrap();
    let error = host.store.list().unwrap_err().to_string();
    assert!(
        error.contains("refs.json") && error.contains("damaged"),
        "{error}"
    );
}

#[test]
fn many_writers_lose_no_name() {
    let host = Host::new();
    let id = host.image(&host.store, &[], "a");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (store, id) = (Store::open(host.store.root()).unwrap(), id.clone());
            scope.spawn(move || {
                for n in 0..10 {
                    store.tag(&id, &name(&format!("app:{thread}-{n}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(host.store.list().unwrap()[0].tags.len(), 40);
}

#[test]
fn the_time_of_a_tag_is_kept_until_the_image_goes() {
    let host = Host::new();
    let layer = host.store.add_layer(host.upper("u1", &[])).unwrap();
    let id = host.image(&host.store, &[&layer], "a");
    let tagged = || host.store.image(&id).unwrap().tagged;
    host.store.tag(&id, &name("loaded:1")).unwrap();
    assert_eq!(tagged(), None, "a load is no tag");
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    host.store.tag_at(&id, &name("mine:1"), now).unwrap();
    host.store.untag(&name("mine:1")).unwrap();
    assert_eq!(tagged(), Some(now));
    host.store.remove_image(&id).unwrap();
    let again = host.store.add_layer(host.upper("u2", &[])).unwrap();
    assert_eq!(host.image(&host.store, &[&again], "a"), id);
    assert_eq!(tagged(), None);
}
