//! What a request says about networks and cannot have: Docker's own rules, then what a sandbox lacks.

use super::Door;
use crate::{
    Engine,
    error::EngineError,
    network::Mode,
    wire::{HostConfig, RunConfig},
};

/// Begins the mode that shares another container's network.
const CONTAINER: &str = "container:";

/// Options that exclude each other, in Docker's words and order.
pub(super) fn conflicts(config: &RunConfig, host: &HostConfig) -> Result<(), EngineError> {
    let invalid = |text: &str| Err(EngineError::Invalid(text.into()));
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if let Some(name) = host.network_mode.strip_prefix(CONTAINER) {
        let exposed = config.exposed_ports.as_ref();
        let asked = [
            (!config.hostname.is_empty(), "hostname and the network mode"),
            (
                some(&host.links),
                "container type network can't be used with links. This would result in undefined behavior",
            ),
            (some(&host.dns), "dns and the network mode"),
            (
                some(&host.extra_hosts),
                "custom host-to-IP mapping and the network mode",
            ),
            (
                !config.mac_address.is_empty(),
                "mac-address and the network mode",
            ),
            (
                has_bindings(host) || host.publish_all_ports,
                "port publishing and the container type network mode",
            ),
            (
                exposed.is_some_and(|ports| !ports.is_empty()),
                "port exposing and the container type network mode",
            ),
        ];
        if name.is_empty() {
            return invalid("Invalid network mode: invalid container format container:<name|id>");
        }
        if let Some((_, what)) = asked.into_iter().find(|(is_asked, _)| *is_asked) {
            return invalid(&format!("conflicting options: {what}"));
        }
    }
    if host.uts_mode == "host" && !config.hostname.is_empty() {
        return invalid("conflicting options: hostname and the UTS mode");
    }
    if host.network_mode == "host" && some(&host.links) {
        return invalid(
            "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
        );
    }
    Ok(())
}

/// What only networks of one's own would give. What Docker refuses too is refused in its words.
pub(super) fn refuse(engine: &Engine, door: Door, host: &HostConfig) -> Result<(), EngineError> {
    if let Some(link) = host.links.iter().flatten().next() {
        return Err(link_error(engine, door, link));
    }
    match host.network_mode.strip_prefix(CONTAINER) {
        // Docker looks for it when the container is started.
        Some(name) if engine.containers.find(door, name).is_ok() => Err(shared_network()),
        _ => Ok(()),
    }
}

/// Of a container that is about to start: the one whose network it would share is not there, or it is.
pub(crate) fn at_start(engine: &Engine, door: Door, host: &HostConfig) -> Result<(), EngineError> {
    let Some(name) = host.network_mode.strip_prefix(CONTAINER) else {
        return Ok(());
    };
    engine.containers.find(door, name)?;
    Err(shared_network())
}

fn shared_network() -> EngineError {
    EngineError::Unsupported {
        what: "share a container's network (--network container:…)".into(),
        next: "containers share only the networks bridge, host and none here; leave the flag out",
    }
}

fn link_error(engine: &Engine, door: Door, link: &str) -> EngineError {
    let mut parts = link.split(':');
    let name = parts.next().unwrap_or_default();
    if parts.nth(1).is_some() {
        return EngineError::Failed(format!("bad format for links: {link}"));
    }
    match engine.containers.find(door, name) {
        Err(error) => EngineError::Invalid(format!("could not get container for {name}: {error}")),
        Ok(_) => EngineError::Unsupported {
            what: "link containers (--link)".into(),
            next: "reach the other container by its address: see docker inspect",
        },
    }
}

/// Ports are published on the bridge alone; elsewhere Docker drops them too. Answers with what it says about that.
pub(super) fn ports(config: &RunConfig, host: &HostConfig) -> Result<Option<String>, EngineError> {
    let exposed = config.exposed_ports.as_ref();
    let all = host.publish_all_ports && exposed.is_some_and(|ports| !ports.is_empty());
    match Mode::parse(&host.network_mode) {
        Some(Mode::Host) if has_bindings(host) => Ok(Some(
            "Published ports are discarded when using host network mode".into(),
        )),
        Some(Mode::Bridge) if all || has_bindings(host) => Err(EngineError::Unsupported {
            what: "publish ports (-p, --publish, -P)".into(),
            next: "every port of a container is open to the workstation at its address: see docker inspect",
        }),
        _ => Ok(None),
    }
}

fn has_bindings(host: &HostConfig) -> bool {
    host.port_bindings
        .as_ref()
        .is_some_and(|ports| !ports.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn host(mode: &str) -> HostConfig {
        HostConfig {
            network_mode: mode.into(),
            ..HostConfig::default()
        }
    }

    #[test]
    fn a_shared_network_comes_with_its_names_and_its_dns() {
        let named = RunConfig {
            hostname: "x".into(),
            ..RunConfig::default()
        };
        let said = |config: &RunConfig, host: &HostConfig| {
            conflicts(config, host).unwrap_err().to_string()
        };
        assert_eq!(
            said(&named, &host("container:a")),
            "conflicting options: hostname and the network mode"
        );
        let dns = HostConfig {
            dns: Some(vec!["1.1.1.1".into()]),
            ..host("container:a")
        };
        assert_eq!(
            said(&RunConfig::default(), &dns),
            "conflicting options: dns and the network mode"
        );
        assert!(conflicts(&named, &host("bridge")).is_ok());
        assert!(said(&RunConfig::default(), &host("container:")).contains("<name|id>"));
    }

    #[test]
    fn ports_are_refused_on_the_bridge_and_dropped_elsewhere() {
        let published = |mode: &str| HostConfig {
            port_bindings: Some([("80/tcp".into(), serde_json::Value::Null)].into()),
            ..host(mode)
        };
        let config = RunConfig::default();
        let refused = ports(&config, &published("bridge")).unwrap_err();
        assert!(refused.to_string().contains("--publish"));
        assert!(ports(&config, &published("host")).unwrap().is_some());
        assert_eq!(ports(&config, &published("none")).unwrap(), None);
        let all = HostConfig {
            publish_all_ports: true,
            ..host("default")
        };
        assert_eq!(ports(&config, &all).unwrap(), None, "there is none");
    }
}
