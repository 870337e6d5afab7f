//! `docker ps`: which containers, and one line of each.

use std::{collections::BTreeMap, sync::Arc};

use drydock_spec::{ContainerState, ImageId};

use super::{Container, State, files, port_filter::Ports};
use crate::{
    Engine,
    doors::Door,
    error::EngineError,
    filters::Filters,
    network,
    wire::{
        container::{Port, Summary},
        mount::MountKind,
    },
};

/// Filters that `docker ps` takes.
pub(crate) const FILTERS: &[&str] = &[
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
];

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct ListOptions {
    pub all: bool,
    pub limit: Option<usize>,
    pub size: bool,
    pub filters: Filters,
}

/// `GET /containers/json`, newest first. Blocks.
pub(crate) fn list(
    engine: &Engine,
    door: Door,
    options: &ListOptions,
) -> Result<Vec<Summary>, EngineError> {
    let choice = Choice::new(engine, door, &options.filters)?;
    // Asking for a state or for the last ones means asking for those that do not run too.
    let all = options.all || options.limit.is_some() || choice.filters.has("status");
    let names = image_names(engine);
    let mut lines = Vec::new();
    for container in engine.containers.list(door) {
        let state = container.state();
        let shown = all || state.is_running() || state.status == ContainerState::Restarting;
        if shown && choice.fits(&container, &state)? {
            lines.push(line(
                &engine.networks,
                &container,
                &state,
                &names,
                options.size,
            ));
        }
        if options.limit.is_some_and(|limit| lines.len() == limit) {
            break;
        }
    }
    Ok(lines)
}

/// The filters, with what they refer to looked up.
struct Choice<'a> {
    filters: &'a Filters,
    ancestors: Vec<ImageId>,
    before: Option<Arc<Container>>,
    since: Option<Arc<Container>>,
    exited: Vec<i32>,
    expose: Vec<Ports>,
    publish: Vec<Ports>,
    engine: &'a Engine,
}

impl<'a> Choice<'a> {
    fn new(engine: &'a Engine, door: Door, filters: &'a Filters) -> Result<Self, EngineError> {
        for status in filters.get("status") {
            let known = [
                "created",
                "restarting",
                "running",
                "removing",
                "paused",
                "exited",
                "dead",
            ];
            if !known.contains(&status) {
                return Err(EngineError::Invalid(format!(
                    "Invalid filter 'status={status}'"
                )));
            }
        }
        for health in filters.get("health") {
            if !["starting", "healthy", "unhealthy", "none"].contains(&health) {
                return Err(EngineError::Invalid(format!(
                    "Unrecognised filter value for health: {health}"
                )));
            }
        }
        filters.flag("is-task")?;
        let ports = |key| -> Result<Vec<Ports>, EngineError> {
            filters
                .get(key)
                .map(|text| Ports::parse(key, text))
                .collect()
        };
        let number = |text: &str| {
            text.parse().map_err(|_| {
                EngineError::Invalid(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
            })
        };
        let find = |key| {
            filters
                .get(key)
                .next()
                .map(|name| engine.containers.find(door, name))
                .transpose()
        };
        Ok(Self {
            // An image that does not exist is nobody's ancestor.
            ancestors: filters
                .get("ancestor")
                .filter_map(|name| engine.store.resolve(name).ok())
                .collect(),
            before: find("before")?,
            since: find("since")?,
            expose: ports("expose")?,
            publish: ports("publish")?,
            exited: filters
                .get("exited")
                .map(number)
                .collect::<Result<_, _>>()?,
            filters,
            engine,
        })
    }

    fn fits(&self, container: &Container, state: &State) -> Result<bool, EngineError> {
        let filters = self.filters;
        let name = container.name();
        let labels = container.labels();
        Ok(
            filters.any("status", |status| status == state.status.as_str())
                && filters.matches("id", container.id.as_str())
                && (filters.matches("name", &name) || filters.matches("name", &format!("/{name}")))
                && filters.labels(Some(&labels))
                && filters.any("health", |health| health == state.health_word())
                && filters.any("network", |network| self.is_on(container, network))
                && filters.any("volume", |volume| mounts(container, volume))
                && (self.expose.is_empty()
                    || state.is_running() && exposes(container, &self.expose))
                && self.publish.is_empty()
                && filters.any("is-task", |value| matches!(value, "0" | "false"))
                && (self.exited.is_empty()
                    || (state.status == ContainerState::Exited
                        && self.exited.contains(&state.exit_code)))
                && self
                    .before
                    .as_ref()
                    .is_none_or(|other| container.created < other.created)
                && self
                    .since
                    .as_ref()
                    .is_none_or(|other| container.created > other.created)
                && (!filters.has("ancestor") || self.descends(container)),
        )
    }

    fn is_on(&self, container: &Container, network: &str) -> bool {
        let own = network::Mode::parse(&container.host.network_mode);
        own.is_some() && self.engine.networks.find(network).ok() == own
    }

    /// From the image itself, or from one whose layers begin with all of its layers.
    fn descends(&self, container: &Container) -> bool {
        self.ancestors.iter().any(|ancestor| {
            *ancestor == container.image
                || self.engine.store.image(ancestor).is_ok_and(|image| {
                    let own = container.layers.layers();
                    !image.layers.is_empty()
                        && own.len() >= image.layers.len()
                        && image.layers.iter().zip(own).all(|(a, b)| a.diff_id == *b)
                })
        })
    }
}

fn mounts(container: &Container, volume: &str) -> bool {
    container
        .mounts
        .iter()
        .any(|point| point.name == volume || point.source == volume || point.destination == volume)
}

fn exposes(container: &Container, wanted: &[Ports]) -> bool {
    let mut exposed = container.config.exposed_ports.iter().flatten();
    exposed.any(|(port, _)| wanted.iter().any(|wanted| wanted.contain(port)))
}

/// Which names lead to which image now.
fn image_names(engine: &Engine) -> BTreeMap<ImageId, Vec<String>> {
    let images = engine.store.list().unwrap_or_default();
    images
        .into_iter()
        .map(|image| {
            (
                image.id,
                image.tags.iter().map(ToString::to_string).collect(),
            )
        })
        .collect()
}

fn line(
    networks: &network::Networks,
    container: &Container,
    state: &State,
    names: &BTreeMap<ImageId, Vec<String>>,
    size: bool,
) -> Summary {
    let bytes = size.then(|| files::bytes_under(&files::upper(&container.dir)));
    let mut mounts = container.shown_mounts();
    for mount in &mut mounts {
        // Docker does not tell here where the volumes are that have no name of their own, and so no mode.
        if mount.kind == MountKind::Volume && mount.mode.is_empty() {
            mount.source.clear();
        }
    }
    Summary {
        id: container.id.to_string(),
        names: vec![format!("/{}", container.name())],
        image: image_name(container, names),
        image_id: container.image.to_string(),
        command: command(&container.argv()),
        created: container.created.as_second(),
        ports: if state
            .seat
            .as_ref()
            .is_some_and(|seat| seat.address().is_some())
        {
            ports(container)
        } else {
            Vec::new()
        },
        // Go leaves a zero out here.
        size_rw: bytes.filter(|bytes| *bytes > 0),
        size_root_fs: bytes.map(|bytes| bytes + container.image_size),
        labels: container.labels(),
        state: state.status.as_str(),
        status: state.sentence(),
        host_config: BTreeMap::from([("NetworkMode", container.host.network_mode.clone())]),
        network_settings: BTreeMap::from([(
            "Networks",
            network::endpoints(
                networks,
                &container.host.network_mode,
                state.seat.as_ref(),
                state.started_at.is_some(),
            ),
        )]),
        mounts,
    }
}

/// The name it was made from, unless that now leads to another image.
fn image_name(container: &Container, names: &BTreeMap<ImageId, Vec<String>>) -> String {
    let asked = &container.config.image;
    let full = asked
        .parse::<drydock_spec::ImageRef>()
        .map(|r| r.with_default_tag().to_string());
    let holder = full
        .ok()
        .and_then(|full| names.iter().find(|(_, names)| names.contains(&full)));
    match holder {
        Some((id, _)) if *id != container.image => container.image.to_string(),
        None if !container
            .image
            .0
            .hex()
            .starts_with(asked.trim_start_matches("sha256:")) =>
        {
            container.image.to_string()
        }
        _ => asked.clone(),
    }
}

/// As Docker joins it: words with spaces in quotes.
fn command(argv: &[String]) -> String {
    let quote = |word: &String| {
        if word.contains(' ') {
            format!("'{word}'")
        } else {
            word.clone()
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn ports(container: &Container) -> Vec<Port> {
    let exposed = container.config.exposed_ports.iter().flatten();
    let port = |name: &String| {
        let (number, kind) = name.split_once('/').unwrap_or((name, "tcp"));
        Some(Port {
            private_port: number.parse().ok()?,
            kind: kind.into(),
        })
    };
    exposed.filter_map(|(name, _)| port(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_joined_as_docker_joins_them() {
        let argv = ["sh", "-c", "echo hi"].map(str::to_owned);
        assert_eq!(command(&argv), "sh -c 'echo hi'");
    }
}
