//! Stages side by side, each step by step, from the cache where it has them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fs::File,
    os::fd::AsFd as _,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use drydock_api::build::{BuildRequest, StepReport};
use drydock_dockerfile::Instruction;
use drydock_image::ImageId;
use jiff::Timestamp;

use super::{
    cache::{Key, Made},
    context::ContextDir,
    error::{Failed, Failure},
    explain::Remembered,
    names::{self, Counter},
    plan::{Base, Plan},
    report::Report,
    room::Room,
    stage::State,
    step::Doing,
};
use crate::{Engine, build::cancel::Cancel};

/// Stages that are built at the same time.
const SIDE_BY_SIDE: usize = 4;

/// One build.
#[derive(Debug)]
pub(super) struct Solver<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a BuildRequest,
    pub(super) plan: &'a Plan,
    pub(super) escape: char,
    pub(super) images: &'a HashMap<String, ImageId>,
    pub(super) context: Option<Arc<ContextDir>>,
    pub(super) room: &'a Room,
    pub(super) report: &'a Report,
    pub(super) cancel: &'a Cancel,
    /// What the last build of the same thing depended on.
    pub(super) last: Option<Arc<Vec<Remembered>>>,
    /// `SOURCE_DATE_EPOCH`.
    pub(super) epoch: Option<Timestamp>,
    pub(super) begun: Timestamp,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Progress {
    /// Stages that nobody has begun, in the order in which they are begun.
    open: Vec<usize>,
    done: HashMap<usize, Arc<State>>,
    failed: Option<Failed>,
    /// What steps of this build made; nothing while one is at it.
    steps: HashMap<Key, Option<Made>>,
    /// By stage and step.
    reports: BTreeMap<(usize, usize), StepReport>,
    remembered: Vec<Remembered>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Solved {
    /// The target, or why there is none.
    pub(super) ended: Result<Arc<State>, Failed>,
    pub(super) reports: Vec<StepReport>,
    pub(super) remembered: Vec<Remembered>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a BuildRequest,
    pub(super) plan: &'a Plan,
    pub(super) escape: char,
    pub(super) images: &'a HashMap<String, ImageId>,
    pub(super) room: &'a Room,
    pub(super) report: &'a Report,
    pub(super) cancel: &'a Cancel,
}

impl<'a> Solver<'a> {
    pub(super) fn new(
        parts: Parts<'a>,
        context: Option<Arc<ContextDir>>,
        last: Option<Arc<Vec<Remembered>>>,
        epoch: Option<Timestamp>,
    ) -> Self {
        // Sources wait for nobody, and a stage only for those before it: so whoever is waited for was begun.
        let is_source = |stage: &&usize| parts.plan.stages[**stage].is_source;
        let (sources, stages): (Vec<&usize>, Vec<&usize>) =
            parts.plan.needed.iter().partition(is_source);
        let open = stages.into_iter().rev().chain(sources).copied().collect();
        Self {
            engine: parts.engine,
            request: parts.request,
            plan: parts.plan,
            escape: parts.escape,
            images: parts.images,
            context,
            room: parts.room,
            report: parts.report,
            cancel: parts.cancel,
            last,
            epoch,
            begun: Timestamp::now(),
            progress: Mutex::new(Progress {
                open,
                ..Progress::default()
            }),
            changed: Condvar::new(),
        }
    }

    /// Builds all stages that are needed.
    pub(super) fn solve(self) -> Solved {
        let workers = self.plan.needed.len().min(SIDE_BY_SIDE);
        thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(|| self.work());
            }
            self.work();
        });
        let target = self.plan.target;
        let progress = self
            .progress
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let ended = match (progress.failed, progress.done.get(&target)) {
            (Some(failed), _) => Err(failed),
            (None, Some(state)) => Ok(state.clone()),
            (None, None) => Err(Failure::Cancelled.into()),
        };
        Solved {
            ended,
            reports: progress.reports.into_values().collect(),
            remembered: progress.remembered,
        }
    }

    /// Takes stage after stage until there is none or one has failed.
    fn work(&self) {
        let _alarm = Alarm(self);
        while let Some(index) = self.next() {
            match self.stage(index) {
                Ok(state) => drop(self.lock().done.insert(index, Arc::new(state))),
                Err(failed) => self.fail(failed),
            }
            self.changed.notify_all();
        }
    }

    fn next(&self) -> Option<usize> {
        let mut progress = self.lock();
        if progress.failed.is_some() {
            return None;
        }
        progress.open.pop()
    }

    /// The first failure counts; the others are its consequences.
    fn fail(&self, failed: Failed) {
        let mut progress = self.lock();
        let known = progress.failed.as_ref().map(|known| &*known.why);
        if matches!(known, None | Some(Failure::Cancelled)) {
            progress.failed = Some(failed);
        }
        drop(progress);
        self.cancel.cancel();
        self.changed.notify_all();
    }

    /// A stage that this one needs, once it is built.
    pub(super) fn wait_for(&self, index: usize) -> Result<Arc<State>, Failure> {
        let mut progress = self.lock();
        loop {
            if progress.failed.is_some() {
                return Err(Failure::Cancelled);
            }
            if let Some(state) = progress.done.get(&index) {
                return Ok(state.clone());
            }
            progress = self
                .changed
                .wait(progress)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The result of a step that another stage of this build does or did. Without one it is the caller's to do, who says
    /// how it went: [`Self::settle`].
    pub(super) fn claim(&self, key: Key) -> Result<Option<Made>, Failure> {
        let mut progress = self.lock();
        loop {
            if progress.failed.is_some() {
                return Err(Failure::Cancelled);
            }
            match progress.steps.get(&key) {
                Some(Some(made)) => return Ok(Some(made.clone())),
                Some(None) => {}
                None => {
                    progress.steps.insert(key, None);
                    return Ok(None);
                }
            }
            progress = self
                .changed
                .wait(progress)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A claimed step is done, or could not be.
    pub(super) fn settle(&self, key: Key, made: Option<&Made>) {
        let mut progress = self.lock();
        match made {
            Some(made) => drop(progress.steps.insert(key, Some(made.clone()))),
            None => drop(progress.steps.remove(&key)),
        }
        drop(progress);
        self.changed.notify_all();
    }

    /// What is told of a step, and what the next build will be compared with.
    pub(super) fn tell(&self, place: (usize, usize), report: StepReport, remembered: Remembered) {
        let mut progress = self.lock();
        progress.reports.insert(place, report);
        progress.remembered.push(remembered);
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage(&self, index: usize) -> Result<State, Failed> {
        let stage = &self.plan.stages[index];
        let mut counter = Counter::new(&stage.name, stage.total());
        let mut state = self
            .base(index, &mut counter)
            .map_err(|why| why.at(stage.lines))?;
        for (at, planned) in stage.steps.iter().enumerate() {
            self.cancel.check().map_err(|_| Failure::Cancelled)?;
            let numbered = names::counts(&planned.step.instruction);
            let doing = Doing {
                planned,
                name: match numbered {
                    true => counter.name(
                        &planned.step.display(&state.env, self.escape),
                        planned.on_build,
                    ),
                    false => planned.step.text.clone(),
                },
                stage: index,
                stage_name: &stage.name,
                index: at,
                ignores_cache: stage.ignores_cache,
                shown: RefCell::new(None),
            };
            self.step(&doing, &mut state)
                .map_err(|why| self.failed(&doing, why))?;
        }
        Ok(state)
    }

    /// What a stage begins with.
    fn base(&self, index: usize, counter: &mut Counter) -> Result<State, Failure> {
        let stage = &self.plan.stages[index];
        let name = match &stage.base {
            Base::Scratch => return Ok(State::scratch()),
            Base::Stage(earlier) => return Ok(self.wait_for(*earlier)?.inherit()),
            Base::Image(name) => name,
            Base::Context(id) => return self.context_stage(id),
        };
        let shown = format!("FROM {}", names::image(name));
        let shown = match stage.is_source {
            true => shown,
            false => counter.name(&shown, false),
        };
        let shown = self.report.begin(&shown, &format!("{index}"), Vec::new())?;
        let id = self.images.get(name).ok_or(Failure::Cancelled)?;
        let mut state = State::from(&self.engine.store, id, name)?;
        shown.cached()?;
        state.vertex = Some(shown.digest().to_owned());
        Ok(state)
    }

    fn step(&self, doing: &Doing<'_>, state: &mut State) -> Result<(), Failure> {
        let instruction = &doing.planned.step.instruction;
        if let Instruction::Arg(_) = instruction {
            return self.setting(state, instruction);
        }
        match instruction.resolve(&state.env, self.escape)? {
            Instruction::Run(run) => self.run(doing, state, &run),
            Instruction::Copy(copy) => self.copy(doing, state, "COPY", &copy),
            Instruction::Add(copy) => self.copy(doing, state, "ADD", &copy),
            Instruction::Workdir(path) => self.workdir(doing, state, &path),
            other => self.setting(state, &other),
        }
    }

    /// A context that the client named, as a stage.
    fn context_stage(&self, id: &str) -> Result<State, Failure> {
        let context = self.engine.builder.contexts.take(id);
        let context =
            context.ok_or_else(|| Failure::Wrong(format!("no such build context: {id}")))?;
        context
            .settle()
            .map_err(Failure::os("read a build context"))?;
        let desk = self
            .room
            .desk()
            .map_err(Failure::os("make a step's directory"))?;
        let upper = File::open(&desk.upper).map_err(Failure::os("open a step's layer"))?;
        super::copy::whole(context.root(), upper.as_fd())?;
        let layer = self.engine.store.add_layer(&desk.upper)?;
        let mut state = State::scratch();
        state.push(&self.engine.store, layer, Timestamp::now());
        Ok(state)
    }
}

/// A bug in one stage must not leave the others waiting.
struct Alarm<'a>(&'a Solver<'a>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(Failure::Cancelled.into());
        }
    }
}
