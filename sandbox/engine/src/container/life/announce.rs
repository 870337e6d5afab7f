//! What other nouns' events say about a run: networks and volumes, as Docker tells of them around `start` and `die`.

use std::collections::BTreeMap;

use crate::{
    Engine,
    container::Container,
    events::Event,
    network::Seat,
    wire::mount::{MountKind, MountPoint},
};

/// `network connect` and `volume mount`, before `start`.
pub(super) fn attached(engine: &Engine, container: &Container, seat: &Seat) {
    network(engine, container, seat, "connect");
    for point in volumes(container) {
        let attributes = [
            ("driver", "local"),
            ("destination", &point.destination),
            ("read/write", if point.rw { "true" } else { "false" }),
            ("propagation", &point.propagation),
        ];
        volume(engine, container, point, "mount", &attributes);
    }
}

/// `network disconnect` and `volume unmount`, after `die`.
pub(super) fn detached(engine: &Engine, container: &Container, seat: &Seat) {
    network(engine, container, seat, "disconnect");
    for point in volumes(container) {
        volume(engine, container, point, "unmount", &[("driver", "local")]);
    }
}

fn volumes(container: &Container) -> impl Iterator<Item = &MountPoint> {
    container
        .mounts
        .iter()
        .filter(|point| point.kind == MountKind::Volume)
}

fn network(engine: &Engine, container: &Container, seat: &Seat, action: &str) {
    let attributes = [
        ("container", container.id.as_str()),
        ("name", seat.network_name()),
        ("type", seat.network_driver()),
    ];
    tell(
        engine,
        container,
        "network",
        action,
        seat.network_id(),
        &attributes,
    );
}

fn volume(
    engine: &Engine,
    container: &Container,
    point: &MountPoint,
    action: &str,
    more: &[(&str, &str)],
) {
    let mut attributes = vec![("container", container.id.as_str())];
    attributes.extend_from_slice(more);
    tell(
        engine,
        container,
        "volume",
        action,
        &point.name,
        &attributes,
    );
}

fn tell(
    engine: &Engine,
    container: &Container,
    kind: &'static str,
    action: &str,
    id: &str,
    attributes: &[(&str, &str)],
) {
    let attributes: BTreeMap<_, _> = attributes
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let event = Event::new(kind, action, id, attributes);
    engine.events.tell(event.hidden(container.hidden));
}
