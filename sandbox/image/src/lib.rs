//! The image store of Drydock: content-addressed configs, unpacked layers, names.
//!
//! - [`store`]: [`Store`], the host's store or a sandbox's view of it.
//! - [`config`]: an image's config, as serde types that keep what they do not know.
//! - [`tar`]: a bounded reader and writer of tar streams; no I/O of its own.
//! - [`layer`]: layer tar → directory, and overlay upper directory → layer tar or digest.
//! - [`archive`]: `docker save` archives and OCI layouts, in and out.
//! - [`provision`]: makes or fetches the default images; [`workstation`]: the learner's machine's root.
//! - [`catalogue`]: which images lessons need and where each may come from.
//! - [`registry`]: pulls and pushes, for the server only.
//! - [`commands`]: the texts of `drydock image list|import|pull`.
//!
//! # On disk
//! ```text
//! <root>/lock                     flock(2)ed by writers while they publish
//! <root>/refs.json                names → image ids, and which images of a lower store are present
//! <root>/images/<hex>.json        what `docker images` shows of an image: created, size, layers, parent
//! <root>/blobs/<hex>              an image's config, its exact bytes; the name is their SHA-256
//! <root>/layers/<hex>/fs/         an unpacked layer, named by its diff id; usable as an overlay lower:
//!                                 whiteouts are char devices 0:0, opaque directories have `user.overlay.opaque`
//! <root>/layers/<hex>/meta.json   its size as Docker counts it, and the length of its tar stream
//! <root>/layers/<hex>/split.zst   the tar stream without the files' bytes, see `layer::split`; layers made here have
//!                                 none, their stream is the one that `layer::write_tar` makes
//! <root>/layers/<hex>/replaced/   files that the stream has twice: the earlier ones
//! <root>/workstation/<hex>/fs/    a root file system for workstations, named by what it was made of
//! <root>/tmp/                     staging; what no living process has locked is removed at the next opening
//! ```
//! Every file is written beside its place and renamed into it; every layer is unpacked in `tmp` and renamed.
//! Layers are published before configs, configs before records, records before names, so that whatever a crash
//! leaves behind is unused, never broken.
//!
//! A sandbox opens two such directories, its own above the host's read-only one. Ids of both resolve; of the lower
//! store only what was shown or pulled is present.
//!
//! Deliberately absent: caches. Everything is read when asked for, so that an idle engine holds nothing.

pub mod archive;
pub mod catalogue;
pub mod commands;
pub mod config;
mod error;
pub mod layer;
pub mod provision;
#[cfg(feature = "registry")]
pub mod registry;
pub mod store;
pub mod tar;
pub mod workstation;

pub use config::ImageConfig;
pub use drydock_spec::{Digest, ImageId, ImageRef};
pub use error::{LayerError, StoreError};
pub use store::{Hold, Image, ImageSummary, ImportedImage, Layer, LayerTar, NewLayer, Store};
