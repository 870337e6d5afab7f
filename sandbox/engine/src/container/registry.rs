//! All containers, by id and by name.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use drydock_spec::ContainerId;

use super::{Container, names};
use crate::{doors::Door, error::EngineError};

/// All containers.
#[derive(Debug)]
pub(crate) struct Registry {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_id: BTreeMap<ContainerId, Arc<Container>>,
    /// A name is taken before its container is complete. The server's containers have names of their own, so that
    /// they are never in the learner's way.
    names: HashMap<(Door, String), ContainerId>,
}

impl Registry {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The container that somebody at `door` means by an id, a name, or the beginning of an id.
    pub(crate) fn find(&self, door: Door, reference: &str) -> Result<Arc<Container>, EngineError> {
        let inner = self.lock();
        let missing = || EngineError::NoSuchContainer(reference.to_owned());
        let seen = |container: &&Arc<Container>| door == Door::Control || !container.hidden;
        let name = reference.strip_prefix('/').unwrap_or(reference);
        let doors = [door, Door::Learner].into_iter();
        let mut named = doors.filter_map(|door| inner.names.get(&(door, name.to_owned())));
        if let Some(container) = named.find_map(|id| inner.by_id.get(id)) {
            return Ok(container.clone());
        }
        if reference.is_empty() {
            return Err(missing());
        }
        let mut found = inner
            .by_id
            .values()
            .filter(seen)
            .filter(|c| c.id.as_str().starts_with(reference));
        match (found.next(), found.next()) {
            (Some(container), None) => Ok(container.clone()),
            (None, _) => Err(missing()),
            (Some(_), Some(_)) => Err(EngineError::AmbiguousPrefix(reference.into())),
        }
    }

    /// All that somebody at `door` sees, newest first.
    pub(crate) fn list(&self, door: Door) -> Vec<Arc<Container>> {
        let mut all: Vec<_> = self
            .lock()
            .by_id
            .values()
            .filter(|c| door == Door::Control || !c.hidden)
            .cloned()
            .collect();
        all.sort_by_key(|container| std::cmp::Reverse(container.created));
        all
    }

    /// All there are, whoever made them.
    pub(crate) fn all(&self) -> Vec<Arc<Container>> {
        self.list(Door::Control)
    }

    /// Takes a name, or makes one up, for a container that is about to be made.
    pub(crate) fn take_name(
        &self,
        id: &ContainerId,
        door: Door,
        wanted: Option<&str>,
    ) -> Result<NameLease<'_>, EngineError> {
        let mut inner = self.lock();
        if inner.names.len() >= self.limit {
            return Err(EngineError::Conflict(format!(
                "a sandbox holds {} containers at most; remove some with `docker container prune`",
                self.limit
            )));
        }
        let name = match wanted {
            Some(name) => names::check(name)?.to_owned(),
            None => names::random(|name| !inner.names.contains_key(&(door, name.to_owned()))),
        };
        let name = (door, name);
        inner.take(&name, id)?;
        Ok(NameLease {
            registry: self,
            name,
            kept: false,
        })
    }

    /// Adds a container whose name was taken.
    pub(crate) fn insert(&self, container: Arc<Container>, mut name: NameLease<'_>) {
        name.kept = true;
        self.lock().by_id.insert(container.id.clone(), container);
    }

    /// Gives a container another name, and answers with the old one.
    pub(crate) fn rename(&self, container: &Container, name: &str) -> Result<String, EngineError> {
        let old = container.name();
        let name = name.strip_prefix('/').unwrap_or(name);
        if name.is_empty() {
            return Err(EngineError::Invalid(
                "Neither old nor new names may be empty".into(),
            ));
        }
        if name == old {
            return Err(EngineError::Invalid(
                "Renaming a container with the same name as its current name".into(),
            ));
        }
        let slashed = format!("/{name}");
        let prefixed = |error: &EngineError| format!("Error when allocating new name: {error}");
        names::check(&slashed).map_err(|error| EngineError::Invalid(prefixed(&error)))?;
        let mut inner = self.lock();
        let new = (owner(container), name.to_owned());
        inner
            .take(&new, &container.id)
            .map_err(|error| EngineError::Conflict(prefixed(&error)))?;
        inner.names.remove(&(owner(container), old.clone()));
        container.set_name(name);
        Ok(old)
    }

    /// Forgets a container and frees its name.
    pub(crate) fn remove(&self, container: &Container) {
        let mut inner = self.lock();
        inner.names.remove(&(owner(container), container.name()));
        inner.by_id.remove(&container.id);
    }
}

/// At which door a container was made.
fn owner(container: &Container) -> Door {
    if container.hidden {
        Door::Control
    } else {
        Door::Learner
    }
}

impl Inner {
    fn take(&mut self, name: &(Door, String), id: &ContainerId) -> Result<(), EngineError> {
        if let Some(holder) = self.names.get(name) {
            return Err(EngineError::NameInUse {
                name: name.1.clone(),
                holder: holder.to_string(),
            });
        }
        self.names.insert(name.clone(), id.clone());
        Ok(())
    }
}

/// A name that is taken; given back unless its container was inserted.
#[derive(Debug)]
pub(crate) struct NameLease<'a> {
    registry: &'a Registry,
    name: (Door, String),
    kept: bool,
}

impl NameLease<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.name.1
    }
}

impl Drop for NameLease<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.registry.lock().names.remove(&self.name);
        }
    }
}
