//! The order of steps on the display: ours are put between the engine's, where BuildKit has them.
//!
//! We know how the context was sent before the engine begins. So our steps are held until the engine's that come before
//! them have been told, or until they have been held long enough for a person to wonder.

use drydock_api::build::{SolveStatus, Vertex};
use std::time::{Duration, Instant};

use super::own::{Slot, Told};

/// A step is held no longer than this.
const PATIENCE: Duration = Duration::from_millis(250);

/// Steps of ours that are held.
#[derive(Debug, Default)]
pub struct Arrange {
    held: Vec<(Slot, SolveStatus)>,
    since: Option<Instant>,
    open: Option<Slot>,
}

impl Arrange {
    /// Takes a message and gives those that can be shown, in order.
    pub fn take(&mut self, told: Told) -> Vec<SolveStatus> {
        match told {
            Told::Own(slot, status) if slot == Slot::Now || self.open >= Some(slot) => vec![status],
            Told::Own(slot, status) => {
                self.since.get_or_insert_with(Instant::now);
                self.held.push((slot, status));
                Vec::new()
            }
            Told::Engine(status) => self.engine(status),
        }
    }

    /// What has been held too long.
    pub fn overdue(&mut self) -> Vec<SolveStatus> {
        match self.since {
            Some(since) if since.elapsed() >= PATIENCE => self.release(Slot::Context),
            _ => Vec::new(),
        }
    }

    /// Everything that is held still.
    pub fn rest(&mut self) -> Vec<SolveStatus> {
        self.release(Slot::Context)
    }

    fn engine(&mut self, mut status: SolveStatus) -> Vec<SolveStatus> {
        let mut out = Vec::new();
        let mut before = Vec::new();
        for vertex in std::mem::take(&mut status.vertexes) {
            if let Some(slot) = follows(&vertex)
                && self.open < Some(slot)
            {
                if !before.is_empty() {
                    out.push(SolveStatus {
                        vertexes: std::mem::take(&mut before),
                        ..SolveStatus::default()
                    });
                }
                out.extend(self.release(slot));
            }
            before.push(vertex);
        }
        status.vertexes = before;
        out.push(status);
        out
    }

    fn release(&mut self, up_to: Slot) -> Vec<SolveStatus> {
        self.open = self.open.max(Some(up_to));
        let held = std::mem::take(&mut self.held);
        let (out, held): (Vec<_>, Vec<_>) = held.into_iter().partition(|(slot, _)| *slot <= up_to);
        self.held = held;
        if self.held.is_empty() {
            self.since = None;
        }
        out.into_iter().map(|(_, status)| status).collect()
    }
}

/// Up to which of our steps stand before one of the engine's.
fn follows(vertex: &Vertex) -> Option<Slot> {
    let name = vertex.name.as_str();
    let instruction = name.split_once("] ").map_or("", |(_, text)| text);
    vertex.started.as_ref()?;
    if name.starts_with("[internal] load metadata")
        || name.starts_with("resolve image config")
        || name.starts_with("docker-image://")
    {
        None
    } else if instruction.starts_with("FROM ") {
        Some(Slot::Ignore)
    } else {
        Some(Slot::Context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> SolveStatus {
        SolveStatus {
            vertexes: vec![Vertex {
                name: name.into(),
                started: Some("x".into()),
                ..Vertex::default()
            }],
            ..SolveStatus::default()
        }
    }

    fn names(statuses: Vec<SolveStatus>) -> Vec<String> {
        let vertexes = statuses.into_iter().flat_map(|status| status.vertexes);
        vertexes.map(|vertex| vertex.name).collect()
    }

    #[test]
    fn steps_stand_where_buildkit_has_them() {
        let mut arrange = Arrange::default();
        let mut shown = names(arrange.take(Told::Own(Slot::Now, named("definition"))));
        for told in [
            Told::Own(Slot::Context, named("context")),
            Told::Own(Slot::Ignore, named("ignore")),
            Told::Engine(named(
                "[internal] load metadata for docker.io/library/busybox:latest",
            )),
            Told::Engine(named("[1/2] FROM docker.io/library/busybox:latest")),
            Told::Engine(named("[2/2] COPY . .")),
        ] {
            shown.extend(names(arrange.take(told)));
        }
        let short: Vec<&str> = shown
            .iter()
            .map(|name| &name[..name.len().min(13)])
            .collect();
        assert_eq!(
            short,
            [
                "definition",
                "[internal] lo",
                "ignore",
                "[1/2] FROM do",
                "context",
                "[2/2] COPY . "
            ]
        );
    }

    #[test]
    fn nothing_is_held_for_ever() {
        let mut arrange = Arrange::default();
        arrange.take(Told::Own(Slot::Context, named("context")));
        assert_eq!(names(arrange.rest()), ["context"]);
        assert_eq!(
            names(arrange.take(Told::Own(Slot::Context, named("again")))),
            ["again"]
        );
    }
}
