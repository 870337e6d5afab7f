//! `linux/amd64`.

/// What is built for where nobody says.
pub(super) const DEFAULT: &str = "linux/amd64";

pub(super) struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
}

const SYSTEMS: [&str; 12] = [
    "linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "android", "solaris", "plan9",
    "js", "wasip1", "aix",
];

const ARCHITECTURES: [&str; 12] = [
    "amd64", "386", "arm", "arm64", "ppc64le", "ppc64", "s390x", "riscv64", "mips64", "mips64le",
    "loong64", "wasm",
];

/// Reads `os/architecture[/variant]`, or one of the two alone.
pub(super) fn parse(text: &str) -> Option<Platform> {
    let parts: Vec<String> = text.split('/').map(str::to_ascii_lowercase).collect();
    let proper = |part: &String| {
        let part = part.split('(').next().unwrap_or_default();
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    if !parts.iter().all(proper) {
        return None;
    }
    let (own_os, own_architecture) = DEFAULT.split_once('/')?;
    let (os, architecture) = match parts.as_slice() {
        [one] if SYSTEMS.contains(&system(one)) => (system(one), own_architecture),
        [one] if ARCHITECTURES.contains(&architecture(one)) => (own_os, architecture(one)),
        [os, one] | [os, one, _] => (system(os), architecture(one)),
        _ => return None,
    };
    Some(Platform {
        os: os.to_owned(),
        architecture: architecture.to_owned(),
    })
}

fn system(written: &str) -> &str {
    match written {
        "macos" => "darwin",
        other => other.split('(').next().unwrap_or_default(),
    }
}

fn architecture(written: &str) -> &str {
    match written {
        "x86_64" | "x86-64" => "amd64",
        "i386" => "386",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        other => other,
    }
}
