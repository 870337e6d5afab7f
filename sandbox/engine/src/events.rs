//! What happened: a small ring of the past, and the present for those who listen.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::{doors::Door, filters::Filters};

/// Events that `--since` can still show, and that a slow listener may be behind.
const KEPT: usize = 256;

/// Filters by what an event is about: the beginning of its id or name.
const ABOUT: [&str; 9] = [
    "config",
    "container",
    "daemon",
    "network",
    "node",
    "plugin",
    "secret",
    "service",
    "volume",
];

/// One event, as on the wire.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Event {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: Actor,
    scope: &'static str,
    time: i64,
    #[serde(rename = "timeNano")]
    time_nano: i64,
    /// Only for the control door.
    #[serde(skip)]
    hidden: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes")]
    attributes: BTreeMap<String, String>,
}

impl Event {
    /// Something happened to `id`; `attributes` are what `docker events` shows in parentheses.
    pub(crate) fn new(
        kind: &'static str,
        action: impl Into<String>,
        id: &str,
        attributes: BTreeMap<String, String>,
    ) -> Self {
        let now = Timestamp::now();
        let action = action.into();
        let old_style = matches!(kind, "container" | "image");
        Self {
            status: old_style.then(|| action.clone()),
            id: old_style.then(|| id.to_owned()),
            from: (kind == "container")
                .then(|| attributes.get("image").cloned())
                .flatten(),
            kind,
            action,
            actor: Actor {
                id: id.to_owned(),
                attributes,
            },
            scope: "local",
            time: now.as_second(),
            time_nano: i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX),
            hidden: false,
        }
    }

    /// Of a container that the learner does not see.
    pub(crate) fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// When it happened.
    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.time_nano)).unwrap_or_default()
    }

    /// Whether somebody at `door` who asked for `filters` is told.
    pub(crate) fn is_for(&self, door: Door, filters: &Filters) -> bool {
        let name = self.actor.attributes.get("name");
        let named = |key: &'static str| {
            filters.any(key, |value| {
                self.actor.id.starts_with(value) || name.is_some_and(|name| name.starts_with(value))
            })
        };
        let image = filters.any("image", |value| {
            let name = self.actor.attributes.get(if self.kind == "image" {
                "name"
            } else {
                "image"
            });
            let bare = |name: &String| {
                name == value || name.rsplit_once(':').is_some_and(|(n, _)| n == value)
            };
            (self.kind == "image" && self.actor.id == value) || name.is_some_and(bare)
        });
        // `exec_start: sh` is asked for as `exec_start`.
        let verb = self.action.split(':').next().unwrap_or_default();
        (door == Door::Control || !self.hidden)
            && filters.any("type", |value| value == self.kind)
            && filters.any("event", |value| value == self.action || value == verb)
            && filters.any("scope", |value| value == self.scope)
            && filters.labels(Some(&self.actor.attributes))
            && image
            && ABOUT.into_iter().all(named)
    }
}

/// The past and the present.
#[derive(Debug)]
pub(crate) struct Events {
    past: Mutex<VecDeque<Event>>,
    present: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            past: Mutex::default(),
            present: broadcast::Sender::new(KEPT),
        }
    }
}

impl Events {
    /// Tells everybody.
    pub(crate) fn tell(&self, event: Event) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.len() == KEPT {
            past.pop_front();
        }
        past.push_back(event.clone());
        let _ = self.present.send(event);
    }

    /// What is still known of the past, and everything from now on, without a gap.
    pub(crate) fn listen(&self) -> (Vec<Event>, broadcast::Receiver<Event>) {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        (past.iter().cloned().collect(), self.present.subscribe())
    }

    /// How many listen, for `docker info`.
    pub(crate) fn listeners(&self) -> usize {
        self.present.receiver_count()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn event() -> Event {
        let attributes = [("name", "web"), ("image", "busybox:latest"), ("tier", "1")];
        let attributes = attributes.map(|(k, v)| (k.to_owned(), v.to_owned()));
        Event::new("container", "exec_start: sh", "abc123", attributes.into())
    }

    fn told(filters: &str) -> bool {
        event().is_for(Door::Learner, &Filters::parse_any(Some(filters)).unwrap())
    }

    #[test]
    fn filters_choose_by_what_docker_lets_them() {
        assert!(told(
            r#"{"type":["container"],"container":["web"],"event":["exec_start"]}"#
        ));
        assert!(told(r#"{"image":["busybox"],"label":["tier=1"]}"#));
        assert!(told(r#"{"container":["abc"]}"#));
        assert!(!told(r#"{"container":["db"]}"#));
        assert!(told(r#"{"container":["we"],"colour":["red"]}"#));
        assert!(!told(r#"{"event":["start"]}"#));
    }

    #[test]
    fn what_the_learner_does_not_see_is_told_at_the_other_door_only() {
        let hidden = event().hidden(true);
        assert!(!hidden.is_for(Door::Learner, &Filters::default()));
        assert!(hidden.is_for(Door::Control, &Filters::default()));
    }

    #[test]
    fn the_past_is_bounded() {
        let events = Events::default();
        (0..KEPT + 10).for_each(|_| events.tell(event()));
        assert_eq!(events.listen().0.len(), KEPT);
    }
}
