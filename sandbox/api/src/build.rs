//! What `docker build` and a sandbox's engine say to each other: our own paths beside Docker's `POST /build`.
//!
//! ```text
//! POST /drydock/v1/build/contexts        Manifest  → ContextAnswer: which files are wanted
//! PUT  /drydock/v1/build/contexts/{id}   tar of the wanted files (or, for id `new`, a whole archive → ContextAnswer)
//! POST /drydock/v1/build                 BuildRequest → one BuildMessage a line, the last is `result` or `error`
//! GET  /drydock/v1/build/outputs/{token} what `--output` asked for, as a tar stream
//! GET  /drydock/v1/build/cache           the records of the cache
//! GET  /drydock/v1/images/{name}/layers  ImageLayers
//! ```
//!
//! [`status`] is the progress of a build as `docker buildx build --progress=rawjson` prints it.
//!
//! Source: BuildKit's `client.SolveStatus` for the fields of [`status`]; the rest is ours.

pub mod layers;
pub mod message;
pub mod request;
pub mod status;

pub use layers::{ImageLayer, ImageLayers, LayerChange, LayerFile};
pub use message::{
    BuildFailure, BuildMessage, BuildOutcome, BuildWarning, CacheRecord, Lines, Miss, SourceFile,
    StepReport,
};
pub use request::{
    BuildRequest, ContextAnswer, ContextEntry, ContextKind, DockerfileText, Manifest, Output,
    OutputKind, Ulimit,
};
pub use status::{Log, SolveStatus, Status, Vertex, Warning};
