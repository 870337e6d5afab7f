//! Volumes: directories that outlive containers.
//!
//! - [`copy_up`]: a new volume begins with what the image has at its place.

pub(crate) mod copy_up;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use drydock_spec::ContainerId;
use jiff::Timestamp;
use serde::Serialize;

use crate::{clock, container::names, error::EngineError};

/// Volumes at most, in one sandbox.
const MOST: usize = 500;

/// Bytes of a name, which is a directory's (NAME_MAX).
const LONGEST: usize = 255;

/// The label of volumes that were made without a name.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// Where the workstation sees them.
pub(crate) const SEEN_AT: &str = "/var/lib/docker/volumes";

/// One volume.
#[derive(Debug)]
pub(crate) struct Volume {
    pub name: String,
    pub created: Timestamp,
    pub labels: Option<BTreeMap<String, String>>,
    pub options: Option<BTreeMap<String, String>>,
    /// Made for one container, without a name of its own.
    pub anonymous: bool,
    /// Its files, as the engine sees them.
    pub data: PathBuf,
}

/// A volume on the wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VolumeInfo {
    pub created_at: String,
    pub driver: &'static str,
    pub labels: Option<BTreeMap<String, String>>,
    pub mountpoint: String,
    pub name: String,
    pub options: Option<BTreeMap<String, String>>,
    pub scope: &'static str,
}

impl Volume {
    pub(crate) fn info(&self) -> VolumeInfo {
        VolumeInfo {
            created_at: clock::rfc3339_seconds(self.created),
            driver: "local",
            labels: self.labels.clone(),
            mountpoint: seen_at(&self.name),
            name: self.name.clone(),
            options: self.options.clone(),
            scope: "local",
        }
    }
}

/// Where the workstation sees a volume's files.
pub(crate) fn seen_at(name: &str) -> String {
    format!("{SEEN_AT}/{name}/_data")
}

/// What a new volume is to be.
#[derive(Debug, Default)]
pub(crate) struct NewVolume {
    /// Made up when missing.
    pub name: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
    pub options: Option<BTreeMap<String, String>>,
}

/// All volumes.
#[derive(Debug)]
pub(crate) struct Volumes {
    root: PathBuf,
    all: Mutex<BTreeMap<String, Arc<Volume>>>,
}

impl Volumes {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            all: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Volume>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The volume of that name, made when there is none; says whether it was made.
    pub(crate) fn create(&self, new: NewVolume) -> Result<(Arc<Volume>, bool), EngineError> {
        let anonymous = new.name.is_none();
        let name = new
            .name
            .unwrap_or_else(|| ContainerId::random().to_string());
        check_name(&name)?;
        let mut all = self.lock();
        if let Some(volume) = all.get(&name) {
            return Ok((volume.clone(), false));
        }
        if all.len() >= MOST {
            return Err(EngineError::Conflict(format!(
                "a sandbox holds {MOST} volumes at most; remove some with `docker volume prune`"
            )));
        }
        let data = self.root.join(&name).join("_data");
        std::fs::create_dir_all(&data).map_err(EngineError::os("create a volume"))?;
        let volume = Volume {
            name: name.clone(),
            created: Timestamp::now(),
            labels: labels(new.labels, anonymous),
            options: new.options,
            anonymous,
            data,
        };
        let volume = Arc::new(volume);
        all.insert(name, volume.clone());
        Ok((volume, true))
    }

    /// The volume of that name.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Volume>, EngineError> {
        self.lock()
            .get(name)
            .cloned()
            .ok_or_else(|| EngineError::NoSuchVolume(name.into()))
    }

    /// All of them, by name.
    pub(crate) fn list(&self) -> Vec<Arc<Volume>> {
        self.lock().values().cloned().collect()
    }

    /// Removes a volume and its files, and answers how many bytes they had. The caller knows that nobody uses it.
    pub(crate) fn remove(&self, name: &str) -> Result<u64, EngineError> {
        let volume = self
            .lock()
            .remove(name)
            .ok_or_else(|| EngineError::NoSuchVolume(name.into()))?;
        let bytes = crate::container::files::bytes_under(&volume.data);
        match std::fs::remove_dir_all(self.root.join(&volume.name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(EngineError::Os {
                action: "remove a volume",
                source: error,
            }),
            _ => Ok(bytes),
        }
    }
}

/// Docker marks volumes without a name of their own since 23.0, and prunes by that mark.
fn labels(
    labels: Option<BTreeMap<String, String>>,
    anonymous: bool,
) -> Option<BTreeMap<String, String>> {
    if !anonymous {
        return labels;
    }
    let mut labels = labels.unwrap_or_default();
    labels.insert(ANONYMOUS.into(), String::new());
    Some(labels)
}

/// What is answered to `--opt`: with it Docker mounts devices and other machines' directories.
pub(crate) fn driver_options(option: &str) -> EngineError {
    EngineError::Unsupported {
        what: format!("set volume options (--opt {option})"),
        next: "leave the option out: volumes are directories of the sandbox",
    }
}

/// Volume names follow the rule of container names.
fn check_name(name: &str) -> Result<(), EngineError> {
    if names::is_name(name) {
        return if name.len() <= LONGEST {
            Ok(())
        } else {
            Err(too_long(name))
        };
    }
    if name.len() == 1 {
        return Err(EngineError::Invalid(format!(
            "create {name}: volume name is too short, names should be at least two alphanumeric characters"
        )));
    }
    Err(EngineError::Invalid(format!(
        "create {name}: {name:?} includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
    )))
}

/// The kernel's own limit, in the words that Docker makes of it.
fn too_long(name: &str) -> EngineError {
    let path = format!("{SEEN_AT}/{name}");
    EngineError::Failed(format!(
        "create {name}: error while creating volume root path '{path}': mkdir {path}: file name too long"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn named(name: &str) -> NewVolume {
        NewVolume {
            name: Some(name.into()),
            ..NewVolume::default()
        }
    }

    #[test]
    fn a_volume_is_made_once_and_removed_with_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let volumes = Volumes::new(dir.path().into());
        let (first, made) = volumes.create(named("data")).unwrap();
        assert!(made && first.data.is_dir());
        assert!(!volumes.create(named("data")).unwrap().1);
        std::fs::write(first.data.join("f"), "12345").unwrap();
        assert_eq!(volumes.remove("data").unwrap(), 5);
        assert!(volumes.get("data").is_err() && !first.data.exists());
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let volumes = Volumes::new(dir.path().into());
        for name in ["../x", "a/b", "..", "a\0b", "", "x", &"a".repeat(256)] {
            assert!(volumes.create(named(name)).is_err(), "{name:?}");
        }
    }
}
