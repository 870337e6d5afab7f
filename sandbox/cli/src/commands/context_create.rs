//! `docker context create` and `update`.

use std::path::Path;

use clap::Args;

use super::context::default;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    context_store::{Context, ContextStore, DEFAULT, check_name},
    docker::Docker,
    error::{CliError, os_words},
    flags::values::boolean,
    text::csv,
    tty,
};

/// `docker context create`.
#[derive(Debug, Args)]
pub struct ContextCreate {
    /// Description of the context
    #[arg(long, value_name = "string")]
    description: Option<String>,
    /// set the docker endpoint (default [])
    #[arg(long, value_name = "stringToString", value_parser = pairs)]
    docker: Option<Pairs>,
    /// create context from a named context
    #[arg(long, value_name = "string", default_value = "")]
    from: String,
    arguments: Vec<String>,
}

/// `key=value,key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pairs(Vec<(String, String)>);

fn pairs(text: &str) -> Result<Pairs, String> {
    let pair = |field: &String| {
        let pair = field.split_once('=');
        let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
        pair.ok_or_else(|| format!("{field} must be formatted as key=value"))
    };
    if text.is_empty() {
        return pair(&String::new()).map(|_| Pairs(Vec::new()));
    }
    csv::fields(text)?
        .iter()
        .map(pair)
        .collect::<Result<_, _>>()
        .map(Pairs)
}

impl Command for ContextCreate {
    const WORDS: Words = Words {
        spellings: &["context create"],
        about: "Create a context",
        usage: "[OPTIONS] CONTEXT",
        arity: Arity::Exactly(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let name = &self.arguments[0];
        let store = ContextStore::new(docker.config_directory());
        if !self.from.is_empty() && self.docker.is_some() {
            return Err(CliError::failed(
                "cannot use --docker flag when --from is set",
            ));
        }
        check_name(name).map_err(CliError::failed)?;
        if store.has(name) {
            return Err(CliError::failed(format!(
                "context \"{name}\" already exists"
            )));
        }
        let named = |name: &str| named(&docker, &store, name);
        let mut context = match &self.docker {
            Some(pairs) => endpoint(pairs, named).map_err(|why| {
                CliError::failed(format!("unable to create docker endpoint config: {why}"))
            })?,
            None if self.from.is_empty() => named(docker.context()).map_err(CliError::failed)?,
            None => named(&self.from).map_err(CliError::failed)?,
        };
        context.name.clone_from(name);
        let described = self.description.filter(|text| !text.is_empty());
        context.description = described.or(context.description);
        keep(&store, &context, "created")
    }
}

/// `docker context update`.
#[derive(Debug, Args)]
pub struct ContextUpdate {
    /// Description of the context
    #[arg(long, value_name = "string")]
    description: Option<String>,
    /// set the docker endpoint (default [])
    #[arg(long, value_name = "stringToString", value_parser = pairs)]
    docker: Option<Pairs>,
    arguments: Vec<String>,
}

impl Command for ContextUpdate {
    const WORDS: Words = Words {
        spellings: &["context update"],
        about: "Update a context",
        usage: "[OPTIONS] CONTEXT",
        arity: Arity::Exactly(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let name = &self.arguments[0];
        check_name(name).map_err(CliError::failed)?;
        let store = ContextStore::new(docker.config_directory());
        let mut context = store.get(name).map_err(CliError::failed)?;
        if let Some(pairs) = &self.docker {
            let of_named = |name: &str| named(&docker, &store, name);
            let changed = endpoint(pairs, of_named).map_err(|why| {
                CliError::failed(format!("unable to create docker endpoint config: {why}"))
            })?;
            context.host = changed.host;
            context.skip_tls_verify = changed.skip_tls_verify;
        }
        let described = self.description.filter(|text| !text.is_empty());
        context.description = described.or(context.description);
        keep(&store, &context, "updated")
    }
}

fn named(docker: &Docker, store: &ContextStore, name: &str) -> Result<Context, String> {
    match name {
        DEFAULT => Ok(default(docker)),
        name => store.get(name),
    }
}

fn keep(store: &ContextStore, context: &Context, done: &str) -> Result<Exit, CliError> {
    let name = &context.name;
    store
        .keep(context)
        .map_err(|error| CliError::io("could not keep the context", error))?;
    tty::print(&format!("{name}\n"))?;
    tty::complain(&format!("Successfully {done} context \"{name}\""))?;
    Ok(0)
}

/// A context without a name, of what `--docker` says.
fn endpoint(
    Pairs(pairs): &Pairs,
    named: impl Fn(&str) -> Result<Context, String>,
) -> Result<Context, String> {
    let known = ["ca", "cert", "from", "host", "key", "skip-tls-verify"];
    if let Some((key, _)) = pairs.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(format!("unrecognized config key: {key}"));
    }
    let value = |wanted: &str| {
        let found = pairs.iter().rev().find(|(key, _)| key == wanted);
        found.map_or("", |(_, value)| value.as_str())
    };
    if !value("from").is_empty() {
        return named(value("from")).map(|context| Context {
            description: None,
            ..context
        });
    }
    let files = ["ca", "cert", "key"];
    if let Some(key) = files.into_iter().find(|key| !value(key).is_empty()) {
        std::fs::metadata(Path::new(value(key)))
            .map_err(|error| format!("open {}: {}", value(key), os_words(&error)))?;
        return Err(format!(
            "{key}: the engine of a sandbox is reached by a Unix socket, which needs no TLS"
        ));
    }
    let skip_tls_verify = match value("skip-tls-verify") {
        "" => false,
        text => boolean(text)
            .map_err(|_| format!("skip-tls-verify: parsing \"{text}\": invalid syntax"))?,
    };
    let host = value("host");
    let protocol = host.split_once("://").map_or("", |(protocol, _)| protocol);
    if !host.is_empty()
        && !matches!(
            protocol,
            "unix" | "tcp" | "ssh" | "npipe" | "http" | "https" | "fd"
        )
    {
        return Err(format!(
            "unable to apply docker endpoint options: unable to parse docker host `{host}`"
        ));
    }
    Ok(Context {
        name: String::new(),
        description: None,
        host: host.into(),
        skip_tls_verify,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Context, String> {
        endpoint(&pairs(text)?, |name| Err(format!("no {name}")))
    }

    #[test]
    fn an_endpoint_is_read_from_pairs() {
        let context = read("host=tcp://1.2.3.4:2376,skip-tls-verify=true").unwrap();
        assert!(context.host == "tcp://1.2.3.4:2376" && context.skip_tls_verify);
        for (text, words) in [
            ("host", "host must be formatted as key=value"),
            ("nope=1", "unrecognized config key: nope"),
            (
                "host=nope",
                "unable to apply docker endpoint options: unable to parse docker host `nope`",
            ),
            ("from=x", "no x"),
            (
                "host=tcp://x:1,ca=/nonexistent",
                "open /nonexistent: no such file or directory",
            ),
        ] {
            assert_eq!(read(text), Err(words.into()), "{text}");
        }
    }
}
