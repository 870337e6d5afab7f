//! Why a step ran again: what it depends on now against what the last build of the same thing had.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use drydock_api::build::Miss;

use super::inputs::{Content, Inputs};

/// Builds that are remembered; the oldest is forgotten first.
const BUILDS: usize = 16;
/// Files of one step that are remembered. A step with more says only that one of them is different.
const FILES: usize = 10_000;
/// Reasons of one kind that are told.
const TOLD: usize = 8;

/// A step of a build, for the next one.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    /// Its stage, and its place among the stage's steps.
    pub(super) place: (String, usize),
    pub(super) inputs: Inputs,
}

/// What the last builds depended on, by what names the same build again: its context and Dockerfile.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<VecDeque<(String, Arc<Vec<Remembered>>)>>);

impl Memory {
    /// The last build of that name.
    pub(super) fn last(&self, name: &str) -> Option<Arc<Vec<Remembered>>> {
        let builds = self.lock();
        let (_, steps) = builds.iter().find(|(known, _)| known == name)?;
        Some(steps.clone())
    }

    /// Remembers a build. Steps that it did not come to are kept as they were.
    pub(super) fn keep(&self, name: &str, mut steps: Vec<Remembered>) {
        for step in &mut steps {
            if step.inputs.files.len() > FILES {
                let all = Inputs {
                    files: std::mem::take(&mut step.inputs.files),
                    ..Inputs::default()
                };
                let mut content = [0; 32];
                content.copy_from_slice(all.key().bytes());
                step.inputs.files.insert(String::new(), content);
            }
        }
        let mut builds = self.lock();
        if let Some(at) = builds.iter().position(|(known, _)| known == name)
            && let Some((_, old)) = builds.remove(at)
        {
            let missing = old
                .iter()
                .filter(|old| !steps.iter().any(|new| new.place == old.place));
            let missing: Vec<Remembered> = missing.cloned().collect();
            steps.extend(missing);
        }
        builds.push_front((name.into(), Arc::new(steps)));
        builds.truncate(BUILDS);
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Arc<Vec<Remembered>>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came before a step, in words.
#[derive(Debug, Clone)]
pub(super) enum Before {
    /// The step of this build that ran last below it.
    Step(String),
    /// None: it stands on a base image.
    Base(String),
}

/// Why `now` missed the cache, most telling first.
pub(super) fn misses(
    last: Option<&[Remembered]>,
    place: &(String, usize),
    now: &Inputs,
    before: &Before,
) -> Vec<Miss> {
    let Some(last) = last else {
        return vec![Miss::First];
    };
    let in_stage = || last.iter().filter(|step| step.place.0 == place.0);
    let same_text = in_stage()
        .filter(|step| step.inputs.text == now.text)
        .min_by_key(|step| step.place.1.abs_diff(place.1));
    let Some(old) = same_text.or_else(|| in_stage().find(|step| step.place == *place)) else {
        return vec![Miss::First];
    };
    let old = &old.inputs;
    if old.text != now.text {
        // That other files are copied, or other variables seen, follows from it.
        return vec![Miss::Instruction {
            before: old.text.clone(),
            now: now.text.clone(),
        }];
    }
    let mut misses = files(&old.files, &now.files);
    let changed = different(&old.variables, &now.variables);
    misses.extend(
        changed
            .into_iter()
            .take(TOLD)
            .map(|name| Miss::Variable { name }),
    );
    let changed = different(&old.sources, &now.sources);
    misses.extend(
        changed
            .into_iter()
            .take(TOLD)
            .map(|name| Miss::Source { name }),
    );
    for (name, value) in &now.settings {
        if old.settings.get(name) != Some(value) {
            misses.push(Miss::Setting {
                name: (*name).into(),
            });
        }
    }
    if old.parent != now.parent {
        misses.push(match before {
            Before::Step(step) => Miss::Parent { step: step.clone() },
            Before::Base(name) => Miss::Base { name: name.clone() },
        });
    }
    if misses.is_empty() {
        misses.push(Miss::Pruned);
    }
    misses
}

fn files(old: &BTreeMap<String, Content>, now: &BTreeMap<String, Content>) -> Vec<Miss> {
    let mut found: Vec<Miss> = Vec::new();
    for (path, content) in now {
        let path = || path.clone();
        match old.get(&path()) {
            None => found.push(Miss::FileAdded { path: path() }),
            Some(before) if before != content => found.push(Miss::FileChanged { path: path() }),
            Some(_) => {}
        }
    }
    let gone = old.keys().filter(|path| !now.contains_key(*path));
    found.extend(gone.map(|path| Miss::FileRemoved { path: path.clone() }));
    // A directory is different when a file in it is; the file is what is told.
    let more = found.len().saturating_sub(TOLD);
    found.truncate(TOLD);
    if more > 0 {
        found.push(Miss::MoreFiles { count: more });
    }
    found
}

fn different(old: &BTreeMap<String, Content>, now: &BTreeMap<String, Content>) -> Vec<String> {
    let names = old.keys().chain(now.keys());
    let mut names: Vec<String> = names
        .filter(|name| old.get(*name) != now.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(files: &[(&str, u8)]) -> Inputs {
        Inputs {
            text: "COPY . .".into(),
            files: files
                .iter()
                .map(|(path, content)| ((*path).into(), [*content; 32]))
                .collect(),
            ..Inputs::default()
        }
    }

    fn why(old: Inputs, now: &Inputs) -> Vec<Miss> {
        let place = (String::new(), 1);
        let last = [Remembered {
            place: place.clone(),
            inputs: old,
        }];
        misses(
            Some(&last),
            &place,
            now,
            &Before::Step("[1/2] RUN x".into()),
        )
    }

    #[test]
    fn the_file_that_changed_is_named() {
        let path = || String::from("app.py");
        assert_eq!(
            why(
                copy(&[("app.py", 1), ("b", 1)]),
                &copy(&[("app.py", 2), ("b", 1)])
            ),
            [Miss::FileChanged { path: path() }]
        );
        assert_eq!(
            why(copy(&[]), &copy(&[("app.py", 2)])),
            [Miss::FileAdded { path: path() }]
        );
        assert_eq!(
            why(copy(&[("app.py", 2)]), &copy(&[])),
            [Miss::FileRemoved { path: path() }]
        );
    }

    #[test]
    fn a_step_below_that_ran_again_is_the_reason_and_so_is_an_edit() {
        let mut now = copy(&[]);
        now.parent = vec![1];
        assert_eq!(
            why(copy(&[]), &now),
            [Miss::Parent {
                step: "[1/2] RUN x".into()
            }]
        );
        let mut old = copy(&[]);
        old.text = "COPY a b".into();
        assert!(matches!(
            why(old, &copy(&[]))[..],
            [Miss::Instruction { .. }]
        ));
    }

    #[test]
    fn the_first_build_and_a_pruned_one_are_told_apart() {
        let place = (String::new(), 1);
        let before = Before::Base("busybox".into());
        assert_eq!(misses(None, &place, &copy(&[]), &before), [Miss::First]);
        assert_eq!(why(copy(&[]), &copy(&[])), [Miss::Pruned]);
    }

    #[test]
    fn memory_is_bounded_and_keeps_steps_that_a_failed_build_did_not_reach() {
        let memory = Memory::default();
        let step = |at: usize| Remembered {
            place: (String::new(), at),
            inputs: copy(&[]),
        };
        memory.keep("a", vec![step(1), step(2)]);
        memory.keep("a", vec![step(1)]);
        assert_eq!(memory.last("a").map(|steps| steps.len()), Some(2));
        for n in 0..BUILDS {
            memory.keep(&n.to_string(), vec![step(1)]);
        }
        assert!(memory.last("a").is_none());
    }
}
