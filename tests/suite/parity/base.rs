//! The image that both daemons have: busybox, as one archive that is the same in every run.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::harness::dockerd::busybox_root;

/// Its name on both sides.
pub const NAME: &str = "busybox:latest";
/// A fixed day, so that the image's id follows from its files alone.
const CREATED: &str = "2024-09-26T21:31:42Z";
const SECONDS: u64 = 1_727_386_302;

/// The image, as `docker save` would write it.
#[derive(Clone)]
pub struct Base {
    pub archive: Vec<u8>,
    /// Image id and layer digest, in hexadecimal digits.
    pub ids: Vec<String>,
}

impl Base {
    /// `sha256:` and the digits.
    pub fn image_id(&self) -> String {
        format!("sha256:{}", self.ids[0])
    }

    /// What it says of itself.
    pub fn config(&self) -> serde_json::Value {
        serde_json::from_slice(&config(&self.ids[1])).unwrap()
    }

    pub fn build() -> Self {
        let layer = layer();
        let diff_id = sha256(&layer);
        let config = config(&diff_id);
        let id = sha256(&config);
        let manifest = json!([{
            "Config": format!("{id}.json"), "RepoTags": [NAME], "Layers": [format!("{diff_id}/layer.tar")],
        }]);
        let mut archive = tar::Builder::new(Vec::new());
        let files = [
            (format!("{diff_id}/layer.tar"), layer),
            (format!("{id}.json"), config),
            ("manifest.json".into(), manifest.to_string().into_bytes()),
        ];
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_mtime(SECONDS);
            header.set_size(bytes.len() as u64);
            archive
                .append_data(&mut header, path, bytes.as_slice())
                .unwrap();
        }
        Self {
            archive: archive.into_inner().unwrap(),
            ids: vec![id, diff_id],
        }
    }
}

/// The userland with owners and times of its own, in the order of names.
fn layer() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    busybox_root(folder.path());
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(false);
    archive.mode(tar::HeaderMode::Deterministic);
    let mut pending = vec![folder.path().to_path_buf()];
    while let Some(path) = pending.pop() {
        if path != folder.path() {
            let name = path.strip_prefix(folder.path()).unwrap();
            archive.append_path_with_name(&path, name).unwrap();
        }
        if path.is_dir() && !path.is_symlink() {
            let mut below: Vec<_> = std::fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            below.sort_by(|one, other| other.cmp(one));
            pending.extend(below);
        }
    }
    archive.into_inner().unwrap()
}

fn config(diff_id: &str) -> Vec<u8> {
    json!({
        "architecture": "amd64", "os": "linux", "created": CREATED,
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Cmd": ["sh"],
        },
        "history": [
            { "created": CREATED, "created_by": "ADD busybox.tar / # buildkit", "comment": "a base" },
            { "created": CREATED, "created_by": "CMD [\"sh\"]", "empty_layer": true },
        ],
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff_id}")] },
    })
    .to_string()
    .into_bytes()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
