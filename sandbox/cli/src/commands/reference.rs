//! Image references as the command line checks them.

use drydock_spec::{ImageRef, ParseRefError};

/// Parses a reference; mistakes in Docker's words.
///
/// # Errors
/// Docker's words.
pub fn parse(text: &str) -> Result<ImageRef, String> {
    text.parse::<ImageRef>().map_err(|error| match error {
        // Docker speaks of the full name here.
        ParseRefError::Uppercase(path) if !path.contains('/') => {
            format!("invalid reference format: repository name (library/{path}) must be lowercase")
        }
        other => other.to_string(),
    })
}

/// The reference with its registry, as `docker pull` ends with.
#[must_use]
pub fn full(reference: &ImageRef) -> String {
    reference.full_name()
}
