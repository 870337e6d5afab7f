//! Flags that a sandbox has no use for: refused with what to do instead, or passed over with a word.

use crate::commands::build::Build;

/// The name of the only builder.
pub const BUILDER: &str = "default";

/// The first flag that cannot be obeyed, in words.
///
/// # Errors
/// Those words.
pub fn check(build: &Build) -> Result<(), String> {
    if let Some(name) = build.builder.as_deref().filter(|name| *name != BUILDER) {
        return Err(format!(
            "no builder {name:?} found: a sandbox has one, '{BUILDER}'; leave --builder out"
        ));
    }
    if let Some(entitlement) = build.allow.iter().find(|name| *name != "network.host") {
        return Err(format!(
            "granting entitlement {entitlement} is not allowed in a sandbox; build without --allow"
        ));
    }
    if !build.ssh.is_empty() {
        return Err(
            "--ssh cannot be used here: a sandbox reaches no SSH agent. Give the step a key with --secret, and RUN --mount=type=secret"
                .into(),
        );
    }
    if build.cgroup_parent.is_some() {
        return Err("--cgroup-parent cannot be used here: the sandbox is the parent".into());
    }
    attestations(build)?;
    cache(build)?;
    platforms(build)
}

fn attestations(build: &Build) -> Result<(), String> {
    let off = |value: &Option<String>| {
        value
            .as_deref()
            .is_none_or(|value| matches!(value, "false" | "0" | "f" | ""))
    };
    let disabled = |value: &String| value.contains("disabled=true");
    if off(&build.sbom) && off(&build.provenance) && build.attest.iter().all(disabled) {
        return Ok(());
    }
    Err(
        "attestations are not supported here, as they are not by Docker's default builder: build without --attest, --sbom and --provenance"
            .into(),
    )
}

fn cache(build: &Build) -> Result<(), String> {
    let inline = |value: &String| value == "type=inline";
    if build.cache_to.iter().all(inline) {
        return Ok(());
    }
    Err("the cache is exported nowhere here: it stays in the sandbox, and the next build finds it. Leave --cache-to out".into())
}

fn platforms(build: &Build) -> Result<(), String> {
    let several = build.platform.len() > 1 || build.platform.iter().any(|p| p.contains(','));
    if several {
        return Err("a build for several platforms is not supported here, as it is not by Docker's default builder: build for one".into());
    }
    Ok(())
}

/// Flags that are passed over, in the words that buildx warns with, and ours.
#[must_use]
pub fn warnings(build: &Build) -> Vec<&'static str> {
    let mut words = Vec::new();
    if build.isolation.is_some() {
        words.push("isolation flag is deprecated with BuildKit.");
    }
    if !build.security_opt.is_empty() {
        words.push(
            "security-opt flag is deprecated. \"RUN --security=insecure\" should be used with BuildKit.",
        );
    }
    if build.squash {
        words.push(
            "experimental flag squash is removed with BuildKit. You should squash inside build using a multi-stage Dockerfile for efficiency.",
        );
    }
    if !build.cache_from.is_empty() {
        words.push("--cache-from changes nothing here: the sandbox's own cache is used.");
    }
    words
}
