//! The flags as the request that the engine gets.

use std::{collections::BTreeMap, env, path::PathBuf};

use drydock_api::build::{BuildRequest, Ulimit};

use super::{
    output::{self, Export},
    place, secret,
};
use crate::{commands::build::Build, text::quote::quote};

/// A directory that the Dockerfile knows by a name, `--build-context`.
#[derive(Debug)]
pub struct NamedContext {
    /// That name.
    pub name: String,
    /// Where it is.
    pub root: PathBuf,
}

/// What is asked for, without the contexts: those are sent first.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub request: BuildRequest,
    /// What is sent besides the context.
    pub contexts: Vec<NamedContext>,
    /// Where results go.
    pub exports: Vec<Export>,
}

/// Reads the flags.
///
/// # Errors
/// In buildx's words.
pub fn of(build: &Build) -> Result<Asked, String> {
    let exports = output::parse(&build.output, build.load, build.push)?;
    let keeps_files = |export: &Export| {
        use drydock_api::build::OutputKind::{Local, Tar};
        matches!(export.output.kind, Local | Tar)
    };
    if build.iidfile.is_some() && exports.iter().any(keeps_files) {
        return Err("local and tar exporters are incompatible with image ID file".into());
    }
    let (images, contexts) = named_contexts(&build.build_context)?;
    let request = BuildRequest {
        tags: build.tag.clone(),
        args: args(&build.build_arg)?,
        labels: pairs(&build.label)?,
        annotations: pairs(&build.annotation)?,
        target: build.target.clone().filter(|target| !target.is_empty()),
        no_cache: build.no_cache,
        no_cache_filter: build
            .no_cache_filter
            .iter()
            .flat_map(|value| value.split(','))
            .map(ToOwned::to_owned)
            .collect(),
        pull: build.pull,
        platform: build.platform.first().cloned().or_else(|| {
            let own = env::var("DOCKER_DEFAULT_PLATFORM").ok();
            own.filter(|platform| !platform.is_empty())
        }),
        secrets: build
            .secret
            .iter()
            .map(|value| secret::parse(value))
            .collect::<Result<_, _>>()?,
        add_hosts: build.add_host.clone(),
        ulimits: ulimits(build),
        shm_size: u64::try_from(build.shm_size.unwrap_or(0)).unwrap_or(0),
        network: network(build.network.as_deref())?,
        contexts: images,
        outputs: exports.iter().map(|export| export.output.clone()).collect(),
        check: build.check,
        explain: build.explain,
        ..BuildRequest::default()
    };
    Ok(Asked {
        request,
        contexts,
        exports,
    })
}

/// A build argument without a value takes the one it has here; without that it is none. `SOURCE_DATE_EPOCH` counts by
/// itself.
fn args(values: &[String]) -> Result<BTreeMap<String, Option<String>>, String> {
    let mut args = BTreeMap::new();
    for value in values {
        let (name, given) = pair(value)?;
        if let Some(given) = given.map(ToOwned::to_owned).or_else(|| env::var(name).ok()) {
            args.insert(name.to_owned(), Some(given));
        }
    }
    if let Ok(epoch) = env::var("SOURCE_DATE_EPOCH")
        && !epoch.is_empty()
    {
        args.entry("SOURCE_DATE_EPOCH".into())
            .or_insert(Some(epoch));
    }
    Ok(args)
}

fn pairs(values: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut map = BTreeMap::new();
    for value in values {
        let (name, given) = pair(value)?;
        map.insert(name.to_owned(), given.unwrap_or_default().to_owned());
    }
    Ok(map)
}

fn pair(value: &str) -> Result<(&str, Option<&str>), String> {
    let (name, given) = match value.split_once('=') {
        Some((name, given)) => (name, Some(given)),
        None => (value, None),
    };
    if name.is_empty() {
        return Err(format!(
            "invalid key-value pair {}: empty key",
            quote(value)
        ));
    }
    Ok((name, given))
}

fn ulimits(build: &Build) -> Vec<Ulimit> {
    let limits = crate::options::limits::last_of_each(&build.ulimit);
    let limits = limits.into_iter();
    limits
        .filter_map(|limit| serde_json::from_value(limit.clone()).ok())
        .collect()
}

fn network(mode: Option<&str>) -> Result<Option<String>, String> {
    match mode {
        None | Some("" | "default") => Ok(None),
        Some(mode @ ("none" | "host")) => Ok(Some(mode.into())),
        Some(mode) => Err(format!(
            "network mode {} not supported by buildkit: use 'default', 'none' or 'host'",
            quote(mode)
        )),
    }
}

type Contexts = (BTreeMap<String, String>, Vec<NamedContext>);

/// Images go into the request as they are; directories are sent.
fn named_contexts(values: &[String]) -> Result<Contexts, String> {
    let mut images = BTreeMap::new();
    let mut directories: Vec<NamedContext> = Vec::new();
    for value in values {
        let (name, source) = value
            .split_once('=')
            .ok_or_else(|| format!("invalid context value: {value}, expected key=value"))?;
        let name = name.trim().to_ascii_lowercase();
        if source.starts_with("docker-image://") {
            images.insert(name, source.to_owned());
        } else if place::is_url(source) || source.contains("://") {
            return Err(format!(
                "the build context {name} cannot be {source} here: use a directory, or docker-image://NAME"
            ));
        } else {
            let root = place::local(source)
                .map_err(|why| format!("failed to get build context {name}: {why}"))?;
            directories.push(NamedContext { name, root });
        }
    }
    Ok((images, directories))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_without_a_value_take_their_own_or_are_none() {
        let path = env::var("PATH").unwrap();
        let args = args(&["A=1".into(), "PATH".into(), "NO_SUCH_VARIABLE".into()]).unwrap();
        assert_eq!(args.get("A"), Some(&Some("1".into())));
        assert_eq!(args.get("PATH"), Some(&Some(path)));
        assert!(!args.contains_key("NO_SUCH_VARIABLE"));
    }

    #[test]
    fn mistakes_are_told_in_buildx_words() {
        assert_eq!(
            pairs(&["=x".into()]).unwrap_err(),
            "invalid key-value pair \"=x\": empty key"
        );
        assert!(network(Some("bridge")).is_err());
        assert_eq!(
            named_contexts(&["x".into()]).unwrap_err(),
            "invalid context value: x, expected key=value"
        );
        let (images, directories) =
            named_contexts(&["Base=docker-image://busybox".into(), "src=/etc".into()]).unwrap();
        assert_eq!(images["base"], "docker-image://busybox");
        assert_eq!(directories[0].name, "src");
    }
}
