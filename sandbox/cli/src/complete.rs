//! `docker __complete WORD…`: what the last word may become, one candidate per line.
//!
//! The bash completion asks it. It never complains: a shell that waits for a key has no place for errors.

use std::time::Duration;

use clap::Arg;
use serde::Deserialize;

use crate::{
    command::{Arity, Entry, Exit, Names},
    commands::{COMMANDS, GROUPS, is_group, summary},
    docker::Docker,
    error::CliError,
    tty,
};

/// The engine answers a key press within this, or is not asked further.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints the candidates for the last of `words`.
///
/// # Errors
/// When our own output fails.
pub async fn run(words: Vec<String>, docker: Docker) -> Result<Exit, CliError> {
    let (current, before) = words
        .split_last()
        .map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
    let found = tokio::time::timeout(PATIENCE, candidates(before, current, &docker))
        .await
        .unwrap_or_default();
    // Whoever writes no colon means the latest, and types on after the name.
    let shown = |candidate: &&String| {
        candidate.starts_with(current) && (current.contains(':') || !candidate.ends_with(":latest"))
    };
    let matching = found.iter().filter(shown);
    tty::print(
        &matching
            .map(|candidate| format!("{candidate}\n"))
            .collect::<String>(),
    )?;
    Ok(0)
}

async fn candidates(before: &[String], current: &str, docker: &Docker) -> Vec<String> {
    match before {
        [] => top_level(),
        [group] if is_group(group) => summary::members(group)
            .into_iter()
            .map(|(name, _)| name.into())
            .collect(),
        _ => match find(before) {
            Some((entry, rest)) => of_command(entry, rest, current, docker).await,
            None => Vec::new(),
        },
    }
}

fn top_level() -> Vec<String> {
    let commands = COMMANDS
        .iter()
        .map(|entry| entry.words.spellings[0])
        .filter(|name| !name.contains(' '));
    let mut names: Vec<String> = commands
        .chain(GROUPS.iter().map(|(name, _)| *name))
        .map(ToOwned::to_owned)
        .collect();
    names.sort_unstable();
    names
}

fn find(words: &[String]) -> Option<(&'static Entry, &[String])> {
    let by_name = |name: &str| {
        COMMANDS
            .iter()
            .find(|entry| entry.words.spellings.contains(&name))
    };
    if let [group, name, rest @ ..] = words
        && let Some(entry) = by_name(&format!("{group} {name}"))
    {
        return Some((entry, rest));
    }
    let (name, rest) = words.split_first()?;
    by_name(name).map(|entry| (entry, rest))
}

async fn of_command(
    entry: &Entry,
    typed: &[String],
    current: &str,
    docker: &Docker,
) -> Vec<String> {
    let flags = (entry.flags)();
    let args: Vec<&Arg> = flags
        .get_arguments()
        .filter(|arg| !arg.is_positional() && !arg.is_hide_set())
        .collect();
    let Position {
        arguments,
        value_of,
    } = position(typed, &args);
    if let Some(flag) = value_of {
        return match flag {
            "network" => names(Names::Networks, docker).await,
            "volumes-from" | "link" => names(Names::Containers, docker).await,
            "pull" => ["always", "missing", "never"].map(ToOwned::to_owned).into(),
            "progress" => ["auto", "plain", "quiet", "rawjson", "tty"]
                .map(ToOwned::to_owned)
                .into(),
            "call" => ["build", "check", "outline", "targets"]
                .map(ToOwned::to_owned)
                .into(),
            "output" => [
                "type=docker,dest=",
                "type=local,dest=",
                "type=oci,dest=",
                "type=tar,dest=",
            ]
            .map(ToOwned::to_owned)
            .into(),
            _ => Vec::new(),
        };
    }
    if current.starts_with('-') {
        return args
            .iter()
            .filter_map(|arg| arg.get_long())
            .map(|long| format!("--{long}"))
            .collect();
    }
    let runs_something = matches!(entry.words.spellings[0], "run" | "create" | "exec" | "top");
    let full = match entry.words.arity {
        Arity::None => true,
        Arity::Exactly(n) | Arity::Plainly(n) | Arity::AtMost(n) | Arity::Between(_, n) => {
            arguments.len() >= n
        }
        Arity::AtLeast(_) => runs_something && !arguments.is_empty(),
    };
    if full {
        return Vec::new();
    }
    let mut found = names(entry.words.names, docker).await;
    found.retain(|name| !arguments.contains(&name.as_str()));
    found
}

/// Where the cursor is.
struct Position<'a> {
    /// The words before it that are no flags.
    arguments: Vec<&'a str>,
    /// The flag whose value it stands on.
    value_of: Option<&'a str>,
}

fn position<'a>(typed: &'a [String], args: &[&'a Arg]) -> Position<'a> {
    let mut position = Position {
        arguments: Vec::new(),
        value_of: None,
    };
    for word in typed {
        if position.value_of.take().is_some() {
            continue;
        }
        let takes_value = |arg: &&&Arg| arg.get_num_args().is_none_or(|n| n.min_values() > 0);
        let flag = match word.strip_prefix("--") {
            Some(long) => args.iter().find(|arg| arg.get_long() == Some(long)),
            None if word.starts_with('-') => word
                .chars()
                .last()
                .and_then(|c| args.iter().find(|arg| arg.get_short() == Some(c))),
            None => {
                position.arguments.push(word);
                None
            }
        };
        position.value_of = flag.filter(takes_value).and_then(|arg| arg.get_long());
    }
    position
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    names: Vec<String>,
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    id: String,
    repo_tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

/// The names of that sort that the engine knows.
async fn names(sort: Names, docker: &Docker) -> Vec<String> {
    match sort {
        Names::Nothing | Names::Files => Vec::new(),
        Names::Containers => containers(docker, |_| true).await,
        Names::Running => containers(docker, |state| matches!(state, "running" | "paused")).await,
        Names::Stopped => containers(docker, |state| matches!(state, "created" | "exited")).await,
        Names::Images => images(docker).await,
        Names::Networks => docker
            .try_get::<Vec<Named>>("/networks")
            .await
            .map(plain)
            .unwrap_or_default(),
        Names::Volumes => volumes(docker).await,
        Names::Anything => {
            let mut all = containers(docker, |_| true).await;
            all.extend(images(docker).await);
            all.extend(volumes(docker).await);
            all
        }
    }
}

async fn containers(docker: &Docker, wanted: fn(&str) -> bool) -> Vec<String> {
    let found: Vec<Container> = docker
        .try_get("/containers/json?all=1")
        .await
        .unwrap_or_default();
    found
        .into_iter()
        .filter(|container| wanted(&container.state))
        .flat_map(|container| container.names)
        .map(|name| name.trim_start_matches('/').to_owned())
        .collect()
}

async fn images(docker: &Docker) -> Vec<String> {
    let found: Vec<Image> = docker.try_get("/images/json").await.unwrap_or_default();
    let mut names = Vec::new();
    for image in found {
        let tags: Vec<String> = image
            .repo_tags
            .into_iter()
            .flatten()
            .filter(|tag| tag != "<none>:<none>")
            .collect();
        match Some(tags).filter(|tags| !tags.is_empty()) {
            // `busybox:latest` is also just `busybox`.
            Some(tags) => names.extend(tags.into_iter().flat_map(|tag| {
                let short = tag.strip_suffix(":latest").map(ToOwned::to_owned);
                short.into_iter().chain([tag])
            })),
            None => names.push(crate::text::quote::short_id(&image.id).to_owned()),
        }
    }
    names
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volumes {
    volumes: Option<Vec<Named>>,
}

async fn volumes(docker: &Docker) -> Vec<String> {
    let found = docker.try_get::<Volumes>("/volumes").await.ok();
    found
        .and_then(|answer| answer.volumes)
        .map(plain)
        .unwrap_or_default()
}

fn plain(named: Vec<Named>) -> Vec<String> {
    named.into_iter().map(|item| item.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> (Vec<String>, Option<String>) {
        let words: Vec<String> = line
            .split(' ')
            .filter(|w| !w.is_empty())
            .map(ToOwned::to_owned)
            .collect();
        let (entry, rest) = find(&words).unwrap();
        let flags = (entry.flags)();
        let args: Vec<&Arg> = flags
            .get_arguments()
            .filter(|arg| !arg.is_positional())
            .collect();
        let position = position(rest, &args);
        (
            position.arguments.iter().map(ToString::to_string).collect(),
            position.value_of.map(ToOwned::to_owned),
        )
    }

    #[test]
    fn values_of_flags_are_no_arguments() {
        assert_eq!(
            at("run -it --name box busybox"),
            (vec!["busybox".to_owned()], None)
        );
        assert_eq!(
            at("run --rm --network"),
            (vec![], Some("network".to_owned()))
        );
        assert_eq!(at("run -it"), (vec![], None));
        assert_eq!(
            at("container rm -f a b"),
            (vec!["a".to_owned(), "b".to_owned()], None)
        );
    }
}
