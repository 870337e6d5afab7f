//! `--platform`: `os[/arch[/variant]]` in containerd's normal form.

use crate::text::host::arch;

const SYSTEMS: [&str; 17] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const MACHINES: [&str; 18] = [
    "386", "amd64", "arm", "arm64", "armbe", "arm64be", "loong64", "mips", "mipsle", "mips64",
    "mips64le", "ppc", "ppc64", "ppc64le", "riscv64", "s390x", "sparc64", "wasm",
];

/// Reads a platform and writes it in full: `linux` becomes `linux/amd64` here.
///
/// # Errors
/// Docker's words.
pub fn normal(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('/').collect();
    let plain = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };
    if let Some(bad) = text.split('/').find(|part| !plain(part)) {
        return Err(format!(
            "error parsing specified platform: \"{bad}\" is an invalid component of \"{text}\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument"
        ));
    }
    let (os, (arch, variant)) = match parts.as_slice() {
        [os] if SYSTEMS.contains(os) => (*os, (arch(), "")),
        [arch] => match machine(arch, "") {
            known if MACHINES.contains(&known.0) => ("linux", known),
            _ => {
                return Err(format!(
                    "error parsing specified platform: \"{text}\": unknown operating system or architecture: invalid argument"
                ));
            }
        },
        [os, arch] => (*os, machine(arch, "")),
        [os, arch, variant] => (*os, machine(arch, variant)),
        _ => {
            return Err(format!(
                "error parsing specified platform: \"{text}\": cannot parse platform specifier: invalid argument"
            ));
        }
    };
    let os = if os == "macos" { "darwin" } else { os };
    Ok(match variant {
        "" => format!("{os}/{arch}"),
        variant => format!("{os}/{arch}/{variant}"),
    })
}

/// The platform as the API has it: `{"architecture":"amd64","os":"linux"}`.
///
/// # Errors
/// As [`normal`].
pub fn json(text: &str) -> Result<String, String> {
    let full = normal(text)?;
    let mut parts = full.split('/');
    let mut platform = serde_json::Map::new();
    for field in ["os", "architecture", "variant"] {
        if let Some(part) = parts.next() {
            platform.insert(field.into(), part.into());
        }
    }
    Ok(serde_json::Value::Object(platform).to_string())
}

/// A machine's usual name and variant.
fn machine<'a>(arch: &'a str, variant: &'a str) -> (&'a str, &'a str) {
    match (arch, variant) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn platforms_are_written_in_full() {
        for (text, full) in [
            ("LINUX/AMD64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm/v7", "linux/arm/v7"),
            ("arm64", "linux/arm64"),
        ] {
            assert_eq!(normal(text).as_deref(), Ok(full));
        }
        assert!(
            normal("foo")
                .unwrap_err()
                .contains("unknown operating system")
        );
        assert!(normal("a/b/c/d").unwrap_err().contains("cannot parse"));
    }
}
