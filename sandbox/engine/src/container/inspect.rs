//! `docker inspect` of a container.

use std::collections::BTreeMap;

use super::{Container, files};
use crate::{
    Engine, clock,
    network::{self, Seat},
    wire::{
        container::{GraphDriver, Inspect},
        network::NetworkSettings,
    },
};

/// Where Docker would keep it; shown, and never used.
const DOCKER: &str = "/var/lib/docker";

/// `GET /containers/{id}/json`.
pub(crate) fn inspect(engine: &Engine, container: &Container, size: bool) -> Inspect {
    let state = container.state();
    let mut argv = container.argv().into_iter();
    let dir = format!("{DOCKER}/containers/{}", container.id);
    // A container that never ran has none of these files yet.
    let file = |name: &str| match state.started_at {
        Some(_) => format!("{dir}/{name}"),
        None => String::new(),
    };
    let bytes = size.then(|| files::bytes_under(&files::upper(&container.dir)));
    Inspect {
        id: container.id.to_string(),
        created: clock::rfc3339(container.created),
        path: argv.next().unwrap_or_default(),
        args: argv.collect(),
        state: state.info(),
        image: container.image.to_string(),
        resolv_conf_path: file("resolv.conf"),
        hostname_path: file("hostname"),
        hosts_path: file("hosts"),
        log_path: file(&format!("{}-json.log", container.id)),
        name: format!("/{}", container.name()),
        restart_count: state.restarts,
        driver: "overlay2",
        platform: "linux",
        mount_label: String::new(),
        process_label: String::new(),
        app_armor_profile: String::new(),
        exec_ids: engine.execs.ids_of(&container.id),
        host_config: container.host_config(),
        graph_driver: graph_driver(container),
        size_rw: bytes,
        size_root_fs: bytes.map(|bytes| bytes + container.image_size),
        mounts: container.shown_mounts(),
        config: container.config.clone(),
        network_settings: network_settings(engine, container, state.seat.as_ref()),
    }
}

fn graph_driver(container: &Container) -> GraphDriver {
    let dir = format!("{DOCKER}/overlay2/{}", container.id);
    let lowers = container.layers.layers().iter().rev();
    let lowers = lowers.map(|layer| format!("{DOCKER}/overlay2/{}/diff", layer.hex()));
    GraphDriver {
        data: BTreeMap::from([
            ("LowerDir", lowers.collect::<Vec<_>>().join(":")),
            ("MergedDir", format!("{dir}/merged")),
            ("UpperDir", format!("{dir}/diff")),
            ("WorkDir", format!("{dir}/work")),
        ]),
        name: "overlay2",
    }
}

fn network_settings(
    engine: &Engine,
    container: &Container,
    seat: Option<&Seat>,
) -> NetworkSettings {
    let has_run = container.state().started_at.is_some();
    let mode = container.host.network_mode.as_str();
    let networks = network::endpoints(&engine.networks, mode, seat, has_run);
    let mut settings = NetworkSettings::default();
    // Kept when it ends, as Docker keeps them.
    if has_run {
        let name = match mode {
            "host" => "default",
            _ => container.id.short(),
        };
        settings.sandbox_id = container.id.to_string();
        settings.sandbox_key = format!("/var/run/docker/netns/{name}");
    }
    if seat.is_some_and(|seat| seat.address().is_some()) {
        let ports = container.config.exposed_ports.iter().flatten();
        settings.ports = ports.map(|(port, _)| (port.clone(), None)).collect();
    }
    if let Some(bridge) = networks
        .get("bridge")
        .filter(|bridge| !bridge.ip_address.is_empty())
    {
        settings.endpoint_id.clone_from(&bridge.endpoint_id);
        settings.gateway.clone_from(&bridge.gateway);
        settings.ip_address.clone_from(&bridge.ip_address);
        settings.ip_prefix_len = bridge.ip_prefix_len;
        settings.mac_address.clone_from(&bridge.mac_address);
    }
    settings.networks = networks;
    settings
}
