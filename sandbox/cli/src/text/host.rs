//! What this program was built for, in Go's names.

/// `amd64`, `arm64`, ….
#[must_use]
pub fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
