//! `ARG`: which build arguments an instruction sees.

use std::collections::{BTreeMap, BTreeSet};

/// Arguments that need no `ARG`, and that do not invalidate the cache.
const PREDEFINED: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The arguments of one build: given with `--build-arg`, declared before FROM, declared in the stage.
#[derive(Debug, Clone, Default)]
pub struct BuildArgs {
    given: BTreeMap<String, Option<String>>,
    global: BTreeMap<String, Option<String>>,
    stage: BTreeMap<String, Option<String>>,
    used: BTreeSet<String>,
}

impl BuildArgs {
    /// With what the client gave; `None` is a name without value.
    #[must_use]
    pub fn new(given: BTreeMap<String, Option<String>>) -> Self {
        Self {
            given,
            ..Self::default()
        }
    }

    /// `ARG` before the first FROM.
    pub fn declare_global(&mut self, name: &str, default: Option<&str>) {
        self.global.insert(name.into(), default.map(Into::into));
        self.used.insert(name.into());
    }

    /// `ARG` in a stage.
    pub fn declare(&mut self, name: &str, default: Option<&str>) {
        self.stage.insert(name.into(), default.map(Into::into));
        self.used.insert(name.into());
    }

    /// A new stage begins: it sees none of the last one's.
    pub fn leave_stage(&mut self) {
        self.stage.clear();
    }

    /// What FROM's words and global ARGs may use, as `name=value`.
    #[must_use]
    pub fn global_env(&self) -> Vec<String> {
        let value =
            |name: &String, default: &Option<String>| self.given(name).or_else(|| default.clone());
        self.global
            .iter()
            .filter_map(|(name, default)| Some(format!("{name}={}", value(name, default)?)))
            .collect()
    }

    /// What a stage's instructions see besides `env`, whose names win, sorted.
    #[must_use]
    pub fn stage_env(&self, env: &[String]) -> Vec<String> {
        let names: BTreeSet<&str> = self
            .stage
            .keys()
            .map(String::as_str)
            .chain(PREDEFINED)
            .collect();
        let hidden = |name: &str| {
            env.iter()
                .any(|entry| entry.split('=').next() == Some(name))
        };
        names
            .into_iter()
            .filter(|name| !hidden(name))
            .filter_map(|name| Some(format!("{name}={}", self.stage_value(name)?)))
            .collect()
    }

    /// Of [`Self::stage_env`], what the cache and the history record: not the predefined ones, unless declared.
    #[must_use]
    pub fn recorded<'a>(&self, stage_env: &'a [String]) -> Vec<&'a str> {
        let counts = |entry: &&str| {
            let name = entry.split('=').next().unwrap_or_default();
            self.stage.contains_key(name) || !PREDEFINED.contains(&name)
        };
        stage_env
            .iter()
            .map(String::as_str)
            .filter(counts)
            .collect()
    }

    /// Given arguments that nothing declared.
    #[must_use]
    pub fn unused(&self) -> Vec<&str> {
        let unused = |name: &&str| !self.used.contains(*name) && !PREDEFINED.contains(name);
        self.given
            .keys()
            .map(String::as_str)
            .filter(unused)
            .collect()
    }

    fn given(&self, name: &str) -> Option<String> {
        self.given.get(name).cloned().flatten()
    }

    /// Given, else the stage's default, else the global one.
    fn stage_value(&self, name: &str) -> Option<String> {
        let declared = || self.stage.get(name).cloned().flatten();
        let global = || {
            self.stage
                .get(name)
                .and_then(|_| self.global.get(name).cloned().flatten())
        };
        self.given(name).or_else(declared).or_else(global)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> BuildArgs {
        BuildArgs::new(
            pairs
                .iter()
                .map(|(k, v)| (k.to_string(), Some(v.to_string())))
                .collect(),
        )
    }

    #[test]
    fn a_stage_sees_only_what_it_declared() {
        let mut args = given(&[("A", "given")]);
        assert!(args.stage_env(&[]).is_empty());
        args.declare("A", Some("default"));
        args.declare("B", Some("default"));
        args.declare("C", None);
        assert_eq!(args.stage_env(&[]), ["A=given", "B=default"]);
        args.leave_stage();
        assert!(args.stage_env(&[]).is_empty());
    }

    #[test]
    fn a_global_default_enters_a_stage_that_declares_the_name() {
        let mut args = BuildArgs::default();
        args.declare_global("T", Some("1"));
        assert_eq!(args.global_env(), ["T=1"]);
        assert!(args.stage_env(&[]).is_empty());
        args.declare("T", None);
        assert_eq!(args.stage_env(&[]), ["T=1"]);
    }

    #[test]
    fn env_hides_an_argument_of_the_same_name() {
        let mut args = BuildArgs::default();
        args.declare("A", Some("arg"));
        assert!(args.stage_env(&["A=env".into()]).is_empty());
    }

    #[test]
    fn predefined_arguments_work_undeclared_and_are_not_recorded() {
        let args = given(&[("http_proxy", "x")]);
        let env = args.stage_env(&[]);
        assert_eq!(env, ["http_proxy=x"]);
        assert!(args.recorded(&env).is_empty());
        assert!(args.unused().is_empty());
    }

    #[test]
    fn an_argument_nobody_declared_is_reported() {
        assert_eq!(given(&[("X", "1")]).unused(), ["X"]);
    }
}
