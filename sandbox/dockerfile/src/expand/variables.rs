//! Where variables come from.

use std::{cell::OnceCell, collections::HashMap};

use super::Env;

/// Values by name.
pub trait Variables {
    /// The value of a variable that is set.
    fn get(&self, name: &str) -> Option<&str>;
}

/// An environment, indexed when a variable is first asked for.
#[derive(Debug)]
pub struct Indexed<'a> {
    env: &'a Env,
    index: OnceCell<HashMap<&'a str, &'a str>>,
}

impl<'a> Indexed<'a> {
    /// Of `name=value` entries; the last one of a name counts.
    #[must_use]
    pub fn new(env: &'a Env) -> Self {
        Self {
            env,
            index: OnceCell::new(),
        }
    }
}

impl Variables for Indexed<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let index = || {
            let pairs = self.env.iter().filter_map(|entry| entry.split_once('='));
            pairs.collect::<HashMap<_, _>>()
        };
        self.index.get_or_init(index).get(name).copied()
    }
}
