//! The request's configuration over the image's, by Docker's rules.

use std::collections::BTreeMap;

use crate::{container::health::plan, error::EngineError, signals, wire::RunConfig};

/// The request's configuration, completed by the image's.
pub(crate) fn merge(
    mut user: RunConfig,
    image: Option<&RunConfig>,
) -> Result<RunConfig, EngineError> {
    user.extra.clear();
    if let Some(image) = image {
        merge_with(&mut user, image);
    }
    if user.entrypoint.as_deref() == Some(&[String::new()]) {
        user.entrypoint = None;
    }
    if is_empty(user.entrypoint.as_ref()) && is_empty(user.cmd.as_ref()) {
        return Err(EngineError::Invalid("no command specified".into()));
    }
    check(&user)?;
    user.volumes = user.volumes.filter(|volumes| !volumes.is_empty());
    user.labels.get_or_insert_default();
    Ok(user)
}

fn is_empty(words: Option<&Vec<String>>) -> bool {
    words.is_none_or(Vec::is_empty)
}

/// Fills the gaps in `user`.
pub(crate) fn merge_with(user: &mut RunConfig, image: &RunConfig) {
    if user.user.is_empty() {
        user.user.clone_from(&image.user);
    }
    add_missing(&mut user.exposed_ports, image.exposed_ports.as_ref());
    add_missing(&mut user.volumes, image.volumes.as_ref());
    add_missing(&mut user.labels, image.labels.as_ref());
    merge_env(user, image);
    if is_empty(user.entrypoint.as_ref()) {
        if is_empty(user.cmd.as_ref()) {
            user.cmd.clone_from(&image.cmd);
            user.args_escaped = image.args_escaped;
        }
        if user.entrypoint.is_none() {
            user.entrypoint.clone_from(&image.entrypoint);
        }
    }
    if user.working_dir.is_empty() {
        user.working_dir.clone_from(&image.working_dir);
    }
    if user.stop_signal.as_deref().is_none_or(str::is_empty) {
        user.stop_signal.clone_from(&image.stop_signal);
    }
    plan::merge(&mut user.healthcheck, image.healthcheck.as_ref());
    if is_empty(user.shell.as_ref()) {
        user.shell.clone_from(&image.shell);
    }
}

fn add_missing<T: Clone>(
    user: &mut Option<BTreeMap<String, T>>,
    image: Option<&BTreeMap<String, T>>,
) {
    if let Some(image) = image.filter(|image| !image.is_empty()) {
        let user = user.get_or_insert_default();
        for (key, value) in image {
            user.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn merge_env(user: &mut RunConfig, image: &RunConfig) {
    let Some(defaults) = &image.env else { return };
    let env = user.env.get_or_insert_default();
    let given: Vec<String> = env.iter().map(|pair| key(pair).to_owned()).collect();
    env.extend(
        defaults
            .iter()
            .filter(|pair| !given.iter().any(|k| k == key(pair)))
            .cloned(),
    );
}

/// The name before the `=`.
pub(crate) fn key(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(key, _)| key)
}

fn check(config: &RunConfig) -> Result<(), EngineError> {
    let invalid = |text: String| Err(EngineError::Invalid(text));
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        return invalid(format!(
            "the working directory '{}' is invalid, it needs to be an absolute path",
            config.working_dir
        ));
    }
    if let Some(odd) = config
        .env
        .iter()
        .flatten()
        .find(|pair| pair.is_empty() || pair.starts_with('='))
    {
        return invalid(format!("invalid environment variable: {odd}"));
    }
    let words = config
        .env
        .iter()
        .chain(&config.cmd)
        .chain(&config.entrypoint)
        .flatten();
    if words
        .chain([&config.hostname, &config.working_dir, &config.user])
        .any(|word| word.contains('\0'))
    {
        return invalid("invalid argument: a NUL byte in the configuration".into());
    }
    if !is_hostname(&config.hostname) {
        return invalid(format!("invalid hostname format: {}", config.hostname));
    }
    if let Some(asked) = &config.healthcheck {
        plan::check(asked)?;
    }
    if let Some(signal) = config
        .stop_signal
        .as_deref()
        .filter(|signal| !signal.is_empty())
    {
        signals::parse(signal)?;
    }
    Ok(())
}

/// Docker takes anything, and the kernel refuses what is too long. Only what would be lines of its own in `/etc/hosts`
/// is no name here.
fn is_hostname(name: &str) -> bool {
    !name.contains(char::is_control)
}

/// What a container's processes find in their environment: Docker's own, then the configured.
pub(crate) fn environment(config: &RunConfig, tty: bool) -> Vec<String> {
    const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut env = vec![PATH.to_owned(), format!("HOSTNAME={}", config.hostname)];
    if tty {
        env.push("TERM=xterm".into());
    }
    overlay(&mut env, config.env.iter().flatten());
    env
}

/// Replaces or appends; `NAME` without a value removes.
pub(crate) fn overlay<'a>(env: &mut Vec<String>, more: impl Iterator<Item = &'a String>) {
    for pair in more {
        let at = env.iter().position(|old| key(old) == key(pair));
        match (at, pair.contains('=')) {
            (Some(at), true) => env[at].clone_from(pair),
            (Some(at), false) => drop(env.remove(at)),
            (None, true) => env.push(pair.clone()),
            (None, false) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Option<Vec<String>> {
        Some(list.iter().map(|word| (*word).to_owned()).collect())
    }

    fn argv(
        entrypoint: Option<Vec<String>>,
        cmd: Option<Vec<String>>,
    ) -> Result<Vec<String>, String> {
        let image = RunConfig {
            entrypoint: words(&["say"]),
            cmd: words(&["hi"]),
            ..RunConfig::default()
        };
        let user = RunConfig {
            entrypoint,
            cmd,
            ..RunConfig::default()
        };
        let merged = merge(user, Some(&image)).map_err(|e| e.to_string())?;
        Ok(merged
            .entrypoint
            .into_iter()
            .chain(merged.cmd)
            .flatten()
            .collect())
    }

    #[test]
    fn entrypoint_and_command_combine_by_dockers_rules() {
        assert_eq!(argv(None, None).unwrap(), ["say", "hi"]);
        assert_eq!(argv(None, words(&["bye"])).unwrap(), ["say", "bye"]);
        assert_eq!(
            argv(words(&["sh"]), None).unwrap(),
            ["sh"],
            "another entrypoint drops the image's command"
        );
        assert_eq!(
            argv(words(&[""]), words(&["ls"])).unwrap(),
            ["ls"],
            "an empty one drops the image's"
        );
        assert_eq!(
            argv(words(&[""]), None).unwrap_err(),
            "no command specified"
        );
    }

    #[test]
    fn environment_is_docker_s_then_the_image_s_and_the_user_s() {
        let image = RunConfig {
            env: words(&["PATH=/bin", "A=1", "B=2"]),
            cmd: words(&["sh"]),
            ..RunConfig::default()
        };
        let user = RunConfig {
            env: words(&["A=x", "HOSTNAME"]),
            hostname: "web".into(),
            ..RunConfig::default()
        };
        let merged = merge(user, Some(&image)).unwrap();
        assert_eq!(
            merged.env.as_deref().unwrap(),
            ["A=x", "HOSTNAME", "PATH=/bin", "B=2"]
        );
        assert_eq!(
            environment(&merged, true),
            ["PATH=/bin", "TERM=xterm", "A=x", "B=2"]
        );
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        let refused = |config: RunConfig| {
            merge(
                RunConfig {
                    cmd: words(&["sh"]),
                    ..config
                },
                None,
            )
            .is_err()
        };
        assert!(refused(RunConfig {
            working_dir: "rel".into(),
            ..RunConfig::default()
        }));
        assert!(refused(RunConfig {
            stop_signal: Some("SIGNAL".into()),
            ..RunConfig::default()
        }));
        assert!(refused(RunConfig {
            env: words(&["=x"]),
            ..RunConfig::default()
        }));
        assert!(refused(RunConfig {
            hostname: "a\nb".into(),
            ..RunConfig::default()
        }));
        assert!(!refused(RunConfig {
            hostname: "web 1".into(),
            ..RunConfig::default()
        }));
    }
}
