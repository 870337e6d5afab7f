//! A step while it is done: shown, taken from the cache or made, and told of.

use std::{
    cell::RefCell,
    fs::{self, File},
    os::fd::AsFd as _,
};

use drydock_api::build::{Lines, Miss, StepReport};
use drydock_runtime::container::Rootfs;
use jiff::Timestamp;

use super::{
    cache::{self, Key, Made},
    error::{Failed, Failure},
    explain::{self, Before, Remembered},
    inputs::Inputs,
    plan::{self, PlannedStep},
    report::Shown,
    room::Desk,
    solve::Solver,
    stage::State,
};
use crate::build::tree::clamp;

/// Layers of an image, as in Docker.
const MAX_LAYERS: usize = 125;

/// A step while it is done.
#[derive(Debug)]
pub(super) struct Doing<'a> {
    pub(super) planned: &'a PlannedStep,
    /// As displays name it.
    pub(super) name: String,
    pub(super) stage: usize,
    pub(super) stage_name: &'a str,
    pub(super) index: usize,
    pub(super) ignores_cache: bool,
    pub(super) shown: RefCell<Option<Shown>>,
}

impl Doing<'_> {
    fn lines(&self) -> Lines {
        plan::lines(self.planned.step.lines)
    }
}

impl Solver<'_> {
    /// A step is shown from here on.
    pub(super) fn begin(&self, doing: &Doing<'_>, state: &mut State) -> Result<Shown, Failure> {
        let place = format!("{} {}", doing.stage, doing.index);
        let inputs = state.vertex.iter().cloned().collect();
        let shown = self.report.begin(&doing.name, &place, inputs)?;
        state.vertex = Some(shown.digest().to_owned());
        doing.shown.replace(Some(shown.clone()));
        Ok(shown)
    }

    /// A failure with the step's place; the display marks the step.
    pub(super) fn failed(&self, doing: &Doing<'_>, why: Failure) -> Failed {
        let why = why.with_meter(&self.engine.config.data);
        let shown = doing.shown.borrow();
        if let Some(shown) = shown.as_ref() {
            // Who has gone is told nothing.
            let _ = shown.failed(&why.to_string());
        }
        Failed {
            why: Box::new(why),
            lines: Some(doing.lines()),
            step: shown
                .as_ref()
                .map(|shown| (shown.name().to_owned(), shown.digest().to_owned())),
        }
    }

    /// A step's layer: from the cache, or made by `make` in an overlay's upper directory.
    pub(super) fn layer(
        &self,
        doing: &Doing<'_>,
        state: &mut State,
        inputs: Inputs,
        make: impl Fn(&Rootfs, &Desk) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let shown = doing.shown.borrow().clone();
        let shown = match shown {
            Some(shown) => shown,
            None => self.begin(doing, state)?,
        };
        let key = inputs.key();
        let cache = &self.engine.builder.cache;
        let known = match doing.ignores_cache {
            true => None,
            false => cache.get(&self.engine.store, &key),
        };
        let known = match known {
            Some(made) => Some(made),
            None => self.claim(key)?,
        };
        let cached = known.is_some();
        let misses = if cached {
            Vec::new()
        } else {
            self.misses(doing, state, &inputs)
        };
        let made = match known {
            Some(made) => made,
            None => {
                let made = self.made(state, &make);
                self.settle(key, made.as_ref().ok());
                let made = made?;
                let parent = Key::of([inputs.parent.as_slice()]);
                cache.put(
                    &self.engine.store,
                    key,
                    Some(parent),
                    &doing.name,
                    made.clone(),
                );
                state.before = Before::Step(doing.name.clone());
                made
            }
        };
        if cached {
            shown.cached()?
        } else {
            shown.done()?
        }
        self.told(doing, &shown, cached, misses, made.layer.size, inputs);
        state.push(&self.engine.store, made.layer, made.created);
        Ok(())
    }

    fn misses(&self, doing: &Doing<'_>, state: &State, inputs: &Inputs) -> Vec<Miss> {
        if doing.ignores_cache {
            return vec![Miss::Asked];
        }
        let last = self.last.as_ref().map(|steps| steps.as_slice());
        let place = (doing.stage_name.to_owned(), doing.index);
        explain::misses(last, &place, inputs, &state.before)
    }

    fn told(
        &self,
        doing: &Doing<'_>,
        shown: &Shown,
        cached: bool,
        misses: Vec<Miss>,
        size: u64,
        inputs: Inputs,
    ) {
        let report = StepReport {
            name: doing.name.clone(),
            lines: doing.lines(),
            cached,
            misses,
            size: Some(size),
            millis: shown.millis(),
        };
        let remembered = Remembered {
            place: (doing.stage_name.to_owned(), doing.index),
            inputs,
        };
        self.tell((doing.stage, doing.index), report, remembered);
    }

    /// Makes a layer; once more after making room, should there be none.
    fn made(
        &self,
        state: &State,
        make: &impl Fn(&Rootfs, &Desk) -> Result<(), Failure>,
    ) -> Result<Made, Failure> {
        if state.layers.len() >= MAX_LAYERS {
            return Err(Failure::Wrong("max depth exceeded".into()));
        }
        match self.made_once(state, make) {
            Err(error) if error.is_full() && cache::make_room(self.engine, self.begun) > 0 => {
                self.made_once(state, make)
            }
            other => other,
        }
    }

    fn made_once(
        &self,
        state: &State,
        make: &impl Fn(&Rootfs, &Desk) -> Result<(), Failure>,
    ) -> Result<Made, Failure> {
        let desk = self
            .room
            .desk()
            .map_err(Failure::os("make a step's directory"))?;
        let rootfs = self.room.rootfs(&state.directories(), &desk);
        let made = make(&rootfs, &desk).and_then(|()| {
            if let Some(epoch) = self.epoch {
                let upper = File::open(&desk.upper).map_err(Failure::os("open a step's layer"))?;
                clamp::clamp(upper.as_fd(), epoch.as_second())
                    .map_err(Failure::os("set the times of a step's layer"))?;
            }
            Ok(self.engine.store.add_layer(&desk.upper)?)
        });
        // Nothing of a step stays but its layer; a failed one's files would fill the disk until the build ends.
        let _ = fs::remove_dir_all(&desk.path);
        Ok(Made {
            layer: made?,
            created: Timestamp::now(),
        })
    }
}
