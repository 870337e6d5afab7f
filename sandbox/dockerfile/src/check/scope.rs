//! The variables of stages: each has its own, and those of the stage that it stands on.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use crate::expand::Variables;

/// Bytes of all values together, over all stages.
const MAX_BYTES: usize = 4 << 20;
/// Stages on stages before they are put into one, so that a variable is found soon.
const MAX_DEPTH: usize = 16;

/// What one stage sees.
#[derive(Debug, Default, Clone)]
pub(super) struct Scope {
    base: Option<Rc<Self>>,
    depth: usize,
    own: HashMap<Rc<str>, Rc<str>>,
    /// Declared with `ARG`, with or without a value.
    args: HashSet<Rc<str>>,
}

/// What may be spent on values.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_BYTES)
    }
}

impl Scope {
    /// Of a stage on an image with these variables.
    pub(super) fn on_image(env: &[String]) -> Self {
        let mut scope = Self::default();
        let pairs = env.iter().filter_map(|entry| entry.split_once('='));
        // Every stage has a PATH.
        for (name, value) in [("PATH", "")].into_iter().chain(pairs) {
            scope.own.insert(name.into(), value.into());
        }
        scope
    }

    /// Of a stage on another one.
    pub(super) fn on_stage(base: &Rc<Self>) -> Self {
        if base.depth >= MAX_DEPTH {
            return base.flat();
        }
        Self {
            base: Some(base.clone()),
            depth: base.depth + 1,
            ..Self::default()
        }
    }

    fn flat(&self) -> Self {
        let mut flat = Self::default();
        let chain: Vec<&Self> = self.chain().collect();
        for scope in chain.into_iter().rev() {
            let own = scope.own.iter();
            flat.own
                .extend(own.map(|(name, value)| (name.clone(), value.clone())));
            flat.args.extend(scope.args.iter().cloned());
        }
        flat
    }

    /// Sets a variable; `None` when all values together are too large.
    pub(super) fn set(&mut self, name: &str, value: &str, budget: &mut Budget) -> Option<()> {
        budget.0 = budget.0.checked_sub(name.len() + value.len())?;
        self.own.insert(name.into(), value.into());
        Some(())
    }

    pub(super) fn declare(&mut self, name: &str) {
        self.args.insert(name.into());
    }

    pub(super) fn is_declared(&self, name: &str) -> bool {
        self.chain().any(|scope| scope.args.contains(name))
    }

    /// All names that have a value, sorted.
    pub(super) fn names(&self) -> Vec<&str> {
        let own = self.chain().flat_map(|scope| scope.own.keys());
        let mut names: Vec<&str> = own.map(|name| &**name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.base.as_deref())
    }
}

impl Variables for Scope {
    fn get(&self, name: &str) -> Option<&str> {
        self.chain()
            .find_map(|scope| scope.own.get(name))
            .map(|value| &**value)
    }
}
