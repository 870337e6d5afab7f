//! What each layer of an image holds: `docker image layers`.

use serde::{Deserialize, Serialize};

/// An image, layer by layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageLayers {
    /// The image's id.
    pub id: String,
    /// One for each line of its history, oldest first; lines without files have no digest.
    pub layers: Vec<ImageLayer>,
    /// Bytes of all layers.
    pub size: u64,
    /// Bytes of files that a later layer hides: they are carried along and never seen.
    pub wasted: u64,
}

/// A layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageLayer {
    /// The instruction that made it, without the shell and the builder's marks.
    pub instruction: String,
    /// As the history has it.
    pub created_by: String,
    /// Of its uncompressed tar stream; `None` when the line made no layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<String>,
    /// Bytes of its files.
    pub size: u64,
    /// Bytes of its files that later layers hide.
    pub wasted: u64,
    /// How many files it adds, changes, deletes.
    pub added: usize,
    /// See [`Self::added`].
    pub changed: usize,
    /// See [`Self::added`].
    pub deleted: usize,
    /// Sorted by path; the largest ones when there are too many.
    pub files: Vec<LayerFile>,
    /// More files than are listed.
    pub truncated: bool,
}

/// A file of a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFile {
    /// From the root, without a slash before it; not UTF-8 bytes replaced.
    pub path: String,
    /// What the layer does to it.
    pub change: LayerChange,
    /// Bytes.
    pub size: u64,
    /// A later layer overwrites or deletes it.
    pub hidden: bool,
}

/// What a layer does to a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerChange {
    /// It was not there.
    #[default]
    Added,
    /// It was there.
    Changed,
    /// It is no more.
    Deleted,
}
