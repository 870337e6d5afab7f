//! What a client asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The files of a context, so that only those that changed are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What names the same directory from one build to the next: its path and the machine's name.
    pub key: String,
    /// Sorted by path, parents first.
    pub entries: Vec<ContextEntry>,
}

/// One file of a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextEntry {
    /// Relative to the context, `/` between names.
    pub path: String,
    /// What it is.
    pub kind: ContextKind,
    /// Permission bits with set-user-id and its like.
    pub mode: u32,
    /// Bytes of a regular file.
    #[serde(default)]
    pub size: u64,
    /// Last change of its content, in nanoseconds since 1970.
    #[serde(default)]
    pub mtime: i64,
    /// Last change of anything about it, in nanoseconds since 1970, and its inode number: two more reasons to believe
    /// that a file is unchanged.
    #[serde(default)]
    pub ctime: i64,
    /// See [`Self::ctime`].
    #[serde(default)]
    pub inode: u64,
    /// Where a symbolic link leads; of a regular file, the path of an entry before it that is the same file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// What a file of a context is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
}

/// What the engine has of a context already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextAnswer {
    /// Names the context in the requests that follow.
    pub id: String,
    /// Which entries are wanted, by their place in the manifest: regular files only.
    pub wanted: Vec<usize>,
}

/// One build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildRequest {
    /// The context, as [`ContextAnswer::id`] named it; without one the context is empty.
    pub context: Option<String>,
    /// The Dockerfile.
    pub dockerfile: DockerfileText,
    /// The text of `.dockerignore` or `<Dockerfile>.dockerignore`; the client has applied it already.
    pub ignore: Option<String>,
    /// `--tag`.
    pub tags: Vec<String>,
    /// `--build-arg`; a name without value has none.
    pub args: BTreeMap<String, Option<String>>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// `--annotation`.
    pub annotations: BTreeMap<String, String>,
    /// `--target`.
    pub target: Option<String>,
    /// `--no-cache`.
    pub no_cache: bool,
    /// `--no-cache-filter`: stages.
    pub no_cache_filter: Vec<String>,
    /// `--pull`.
    pub pull: bool,
    /// `--platform`.
    pub platform: Option<String>,
    /// `--secret`: by id, base64.
    pub secrets: BTreeMap<String, String>,
    /// `--add-host`: `name:address`.
    pub add_hosts: Vec<String>,
    /// `--ulimit`: as in a container's `HostConfig`.
    pub ulimits: Vec<Ulimit>,
    /// `--shm-size`, in bytes; zero is the default.
    pub shm_size: u64,
    /// `--network`: `default`, `none` or `host`.
    pub network: Option<String>,
    /// `--build-context`: by name, an image as `docker-image://…` or a context's id as `context:…`.
    pub contexts: BTreeMap<String, String>,
    /// `--output`.
    pub outputs: Vec<Output>,
    /// `--check`: only looks for mistakes.
    pub check: bool,
    /// `--explain`: says why steps ran.
    pub explain: bool,
}

/// The Dockerfile: its text, or where in the context it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerfileText {
    /// What messages call it: the last part of its path.
    pub name: String,
    /// Its text; without one it is read from the context, at `name`.
    pub text: Option<String>,
}

/// `--ulimit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Ulimit {
    /// `nofile` and the like.
    pub name: String,
    /// The limit in force.
    pub soft: i64,
    /// How far it can be raised.
    pub hard: i64,
}

/// Where a build's result goes besides the image store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its form.
    pub kind: OutputKind,
    /// `name=` and the like, for the engine.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// The form of a build's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// Into the image store: what a build does when nothing else is asked for.
    Image,
    /// The files of the result, unpacked at the client.
    Local,
    /// The files of the result, as one archive.
    Tar,
    /// As `docker save` writes it.
    Docker,
    /// An OCI image layout as one archive.
    Oci,
    /// Nothing is kept: the build only has to go well.
    #[serde(rename = "cacheonly")]
    CacheOnly,
}
