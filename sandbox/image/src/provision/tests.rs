//! Provisioning from programs that are kept in the data directory: nothing is fetched here.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;
use crate::{ImageId, workstation};

struct Data {
    dir: tempfile::TempDir,
    store: Store,
}

impl Data {
    /// With a busybox and a bash that can only say who they are. `None`, aloud, where files cannot be root's.
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: needs root, or root of a user namespace");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let tools = dir.path().join("tools");
        fs::create_dir(&tools).unwrap();
        for (name, text) in [
            ("busybox", "BusyBox v9.8.7 (test)\nsh\nls\n../evil\n"),
            ("bash", ""),
        ] {
            let program = elf::printing(text, elf::host_machine()).unwrap();
            fs::write(tools.join(name), program).unwrap();
            fs::set_permissions(tools.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let store = Store::open(dir.path().join("images")).unwrap();
        Some(Self { dir, store })
    }

    fn ensure(&self) -> Vec<ImageId> {
        ensure_default_images(&self.store, self.dir.path(), &mut |_| ()).unwrap();
        ["busybox:9.8", "busybox", "hello-world"]
            .map(|name| self.store.resolve(name).unwrap())
            .to_vec()
    }

    fn workstation(&self, completion: &str) -> PathBuf {
        workstation::ensure(&self.store, self.dir.path(), completion, &mut |_| ()).unwrap()
    }
}

#[test]
fn the_same_programs_give_the_same_images_anywhere() {
    let (Some(one), Some(two)) = (Data::new(), Data::new()) else {
        return;
    };
    assert_eq!(one.ensure(), two.ensure());
}

#[test]
fn what_is_there_is_not_made_again() {
    let Some(data) = Data::new() else { return };
    let ids = data.ensure();
    fs::remove_dir_all(data.dir.path().join("tools")).unwrap();
    assert_eq!(data.ensure(), ids);
    assert_eq!(data.store.list().unwrap().len(), 2);
}

#[test]
fn busybox_has_its_names_and_only_those() {
    let Some(data) = Data::new() else { return };
    let image = data.store.image(&data.ensure()[0]).unwrap();
    let root = &image.layers[0].dir;
    let mut names: Vec<_> = fs::read_dir(root.join("bin"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["busybox", "ls", "sh"]);
    assert_eq!(
        fs::metadata(root.join("tmp")).unwrap().permissions().mode() & 0o7777,
        0o1777
    );
    let config = image.config.config.unwrap();
    assert_eq!(config.cmd, Some(vec!["sh".to_owned()]));
    assert_eq!(config.env, Some(vec![image::PATH.to_owned()]));
    assert_eq!(image.config.history.len(), 2);
}

#[test]
fn a_workstation_is_made_once_and_an_older_one_stays() {
    let Some(data) = Data::new() else { return };
    let first = data.workstation("complete one");
    assert_eq!(data.workstation("complete one"), first);
    assert_eq!(workstation::current(data.store.root()), Some(first.clone()));
    let second = data.workstation("complete two");
    assert!(first.is_dir() && first != second);
    let current = workstation::current(data.store.root()).unwrap();
    let text = fs::read_to_string(current.join("etc/bash_completion.d/docker")).unwrap();
    assert_eq!(text, "complete two");
    assert!(current.join("bin/bash").exists() && current.join("usr/local/bin/docker").exists());
    assert_eq!(data.store.list().unwrap(), []);
}
