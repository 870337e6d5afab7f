//! Which builder reads a Dockerfile.

/// The two builders that read Dockerfiles: they know different parts of the language and word mistakes differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// BuildKit with `docker/dockerfile:1`: the whole language.
    #[default]
    BuildKit,
    /// The classic builder of Docker 20.10, which `POST /build` is.
    Classic,
}
