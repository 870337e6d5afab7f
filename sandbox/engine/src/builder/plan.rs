//! The Dockerfile as a graph of stages: which are needed, and what each one waits for.

mod order;

use std::collections::{BTreeSet, HashMap};

use drydock_api::build::{BuildRequest, Lines};
use drydock_dockerfile::{
    Dialect, Dockerfile, Instruction, Step, expand, parse_trigger, suggestion,
};
use drydock_image::ImageId;

use super::{
    error::{Failed, Failure},
    names,
};

/// Rounds of ONBUILD that may bring stages in.
const MAX_ROUNDS: usize = 16;
/// Stages at most, with the images that are copied from.
const MAX_STAGES: usize = 1000;

/// What a build does.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order of the Dockerfile; then the images that are only copied from or mounted.
    pub(super) stages: Vec<Stage>,
    /// The one whose image is wanted.
    pub(super) target: usize,
    /// Those that are needed, each after those it waits for.
    pub(super) needed: BTreeSet<usize>,
    /// What `ARG` before the first FROM gives, as `name=value`, with the platform's.
    pub(super) globals: Vec<String>,
}

/// A FROM and what follows it.
#[derive(Debug)]
pub(super) struct Stage {
    /// As displays have it.
    pub(super) name: String,
    pub(super) base: Base,
    pub(super) lines: Lines,
    pub(super) steps: Vec<PlannedStep>,
    /// Nothing is taken from the cache.
    pub(super) ignores_cache: bool,
    /// Only copied from or mounted.
    pub(super) is_source: bool,
}

/// What a stage begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    Scratch,
    Stage(usize),
    Image(String),
    /// A context that the client named.
    Context(String),
}

/// An instruction in its place.
#[derive(Debug, Clone)]
pub(super) struct PlannedStep {
    pub(super) step: Step,
    pub(super) on_build: bool,
    /// The stage that COPY takes from.
    pub(super) from: Option<usize>,
    /// For each mount of RUN, the stage that it shows.
    pub(super) mounts: Vec<Option<usize>>,
}

impl Stage {
    /// The stages that it waits for.
    pub(super) fn dependencies(&self) -> BTreeSet<usize> {
        let base = match self.base {
            Base::Stage(index) => Some(index),
            _ => None,
        };
        let steps = self.steps.iter();
        let used = steps.flat_map(|step| step.mounts.iter().flatten().chain(&step.from));
        base.iter().chain(used).copied().collect()
    }

    /// How many steps are numbered.
    pub(super) fn total(&self) -> usize {
        let steps = self.steps.iter();
        let counted = steps.filter(|step| names::counts(&step.step.instruction));
        counted.count() + usize::from(matches!(self.base, Base::Image(_) | Base::Context(_)))
    }
}

/// Where images come from; the planner asks for those that are needed.
pub(super) trait Images {
    /// An image by name, and what its ONBUILD keeps.
    fn load(&mut self, name: &str, lines: Lines) -> Result<(ImageId, Vec<String>), Failed>;
}

/// Makes the plan.
///
/// # Errors
/// What BuildKit refuses before the first step, at its line.
pub(super) fn plan(
    file: &Dockerfile,
    request: &BuildRequest,
    globals: Vec<String>,
    images: &mut dyn Images,
) -> Result<Plan, Failed> {
    let mut planner = Planner {
        request,
        named: HashMap::new(),
        stages: Vec::new(),
        sources: HashMap::new(),
        escape: file.escape,
        written: file.stages.len(),
    };
    if file.stages.len() > MAX_STAGES {
        return Err(Failure::Wrong(format!("a Dockerfile may have {MAX_STAGES} stages")).into());
    }
    for (index, stage) in file.stages.iter().enumerate() {
        planner.add(file, index, stage, &globals)?;
    }
    for (index, stage) in file.stages.iter().enumerate() {
        for step in &stage.steps {
            let step = planner.step(step.clone(), false)?;
            planner.stages[index].steps.push(step);
        }
    }
    let target = match &request.target {
        None => file.stages.len() - 1,
        Some(name) => planner.find(name).ok_or_else(|| planner.no_target(name))?,
    };
    planner.check_order()?;
    let needed = planner.resolve(target, images)?;
    Ok(Plan {
        stages: planner.stages,
        target,
        needed,
        globals,
    })
}

struct Planner<'a> {
    request: &'a BuildRequest,
    /// Stages by name, in lower case; the last of a name counts.
    named: HashMap<String, usize>,
    stages: Vec<Stage>,
    /// Images that are only copied from, by name.
    sources: HashMap<String, usize>,
    escape: char,
    /// Stages of the Dockerfile itself.
    written: usize,
}

impl Planner<'_> {
    fn add(
        &mut self,
        file: &Dockerfile,
        index: usize,
        stage: &drydock_dockerfile::Stage,
        globals: &[String],
    ) -> Result<(), Failed> {
        let lines = lines(stage.lines);
        let at = |error: Failure| error.at(lines);
        let base =
            expand::word(&stage.base, globals, self.escape).map_err(|error| at(error.into()))?;
        if base.is_empty() {
            let blank = format!("base name ({}) should not be blank", stage.base);
            return Err(at(Failure::Wrong(blank)));
        }
        if let Some(platform) = &stage.platform {
            let platform =
                expand::word(platform, globals, self.escape).map_err(|error| at(error.into()))?;
            check_platform(&platform, &base).map_err(at)?;
        }
        let name = names::stage(file, index, stage);
        let filter = &self.request.no_cache_filter;
        let ignores_cache = self.request.no_cache
            || filter
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(&name) || wanted.parse() == Ok(index));
        let base = match self.named.get(&base.to_lowercase()) {
            Some(earlier) => Base::Stage(*earlier),
            None => self.outside(&base),
        };
        self.stages.push(Stage {
            name,
            base,
            lines,
            steps: Vec::new(),
            ignores_cache,
            is_source: false,
        });
        if let Some(name) = &stage.name {
            self.named.insert(name.to_lowercase(), index);
        }
        Ok(())
    }

    /// What is no stage: scratch, a context that the client named, or an image.
    fn outside(&self, name: &str) -> Base {
        match self.request.contexts.get(name) {
            Some(context) => match context.strip_prefix("context:") {
                Some(id) => Base::Context(id.into()),
                None => Base::Image(context.trim_start_matches("docker-image://").into()),
            },
            None if name == "scratch" => Base::Scratch,
            None => Base::Image(name.into()),
        }
    }

    fn no_target(&self, name: &str) -> Failure {
        let names = self.stages.iter().map(|stage| stage.name.as_str());
        let hint = suggestion(name, names.filter(|name| !name.is_empty()));
        Failure::Wrong(format!("target stage {name:?} could not be found{hint}"))
    }

    fn find(&self, name: &str) -> Option<usize> {
        let number = || name.parse().ok().filter(|number| *number < self.written);
        self.named
            .get(&name.to_lowercase())
            .copied()
            .or_else(number)
    }

    /// An instruction with the stages that it names.
    fn step(&mut self, step: Step, on_build: bool) -> Result<PlannedStep, Failed> {
        let at = lines(step.lines);
        let mut planned = PlannedStep {
            on_build,
            from: None,
            mounts: Vec::new(),
            step,
        };
        match &planned.step.instruction {
            Instruction::Copy(copy) => {
                if let Some(from) = &copy.from {
                    planned.from = Some(self.source(from, at)?);
                }
            }
            Instruction::Run(run) => {
                for mount in &run.mounts {
                    let from = mount.from.as_deref().map(|from| self.source(from, at));
                    planned.mounts.push(from.transpose()?);
                }
            }
            _ => {}
        }
        Ok(planned)
    }

    /// The stage that `--from` or `from=` names.
    fn source(&mut self, name: &str, lines: Lines) -> Result<usize, Failed> {
        let expanded =
            expand::word(name, &[], self.escape).map_err(|error| Failure::from(error).at(lines))?;
        if expanded != name {
            let words = "variable expansion is not supported for --from, define a new stage with FROM using ARG from \
                         global scope as a workaround";
            return Err(Failure::Wrong(words.into()).at(lines));
        }
        if let Ok(number) = name.parse::<i64>() {
            let index = usize::try_from(number)
                .ok()
                .filter(|index| *index < self.written);
            let wrong = || Failure::Wrong(format!("invalid stage index {number}")).at(lines);
            return index.ok_or_else(wrong);
        }
        if let Some(index) = self.named.get(&name.to_lowercase()) {
            return Ok(*index);
        }
        if let Some(index) = self.sources.get(name) {
            return Ok(*index);
        }
        if self.stages.len() >= MAX_STAGES {
            return Err(
                Failure::Wrong(format!("more than {MAX_STAGES} images are copied from")).at(lines),
            );
        }
        let index = self.stages.len();
        self.stages.push(Stage {
            name: String::new(),
            base: self.outside(name),
            lines,
            steps: Vec::new(),
            ignores_cache: false,
            is_source: true,
        });
        self.sources.insert(name.into(), index);
        Ok(index)
    }

    /// Loads the images of the stages that are needed. Their ONBUILD may need more stages.
    fn resolve(
        &mut self,
        target: usize,
        images: &mut dyn Images,
    ) -> Result<BTreeSet<usize>, Failed> {
        let mut loaded = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            let needed = self.reachable(target);
            let fresh: Vec<usize> = needed.difference(&loaded).copied().collect();
            if fresh.is_empty() {
                return Ok(needed);
            }
            for index in fresh {
                loaded.insert(index);
                self.load(index, images)?;
            }
        }
        Err(
            Failure::Wrong("the ONBUILD triggers of the base images do not come to an end".into())
                .into(),
        )
    }

    fn load(&mut self, index: usize, images: &mut dyn Images) -> Result<(), Failed> {
        let stage = &self.stages[index];
        let (lines, Base::Image(name)) = (stage.lines, stage.base.clone()) else {
            return Ok(());
        };
        let (_, triggers) = images.load(&name, lines)?;
        if self.stages[index].is_source {
            return Ok(());
        }
        let mut steps = Vec::new();
        for trigger in triggers {
            let mut step = parse_trigger(&trigger, Dialect::BuildKit)
                .map_err(|error| Failure::Wrong(error.to_string()).at(lines))?;
            step.lines = drydock_dockerfile::Lines {
                first: lines.first,
                last: lines.last,
            };
            let step = self.step(step, true)?;
            let used = step.mounts.iter().flatten().chain(&step.from);
            if let Some(later) = used
                .copied()
                .find(|used| *used >= index && !self.stages[*used].is_source)
            {
                let (from, name) = (&self.stages[later].name, &self.stages[index].name);
                let words = format!(
                    "cannot copy from stage {from:?}, it needs to be defined before current stage {name:?}"
                );
                return Err(Failure::Wrong(words).at(lines));
            }
            steps.push(step);
        }
        self.stages[index].steps.splice(0..0, steps);
        Ok(())
    }

    fn reachable(&self, target: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![target];
        while let Some(index) = open.pop() {
            if found.insert(index) {
                open.extend(self.stages[index].dependencies());
            }
        }
        found
    }
}

/// A sandbox builds for the machine it is on.
pub(super) fn check_platform(platform: &str, name: &str) -> Result<(), Failure> {
    let own = super::settings::platform();
    let mut parts = platform.split('/');
    let (os, architecture) = (parts.next().unwrap_or_default(), parts.next());
    let same = os == "linux"
        && architecture.is_none_or(|architecture| own.ends_with(&format!("/{architecture}")));
    let local = platform == "local" || own.strip_prefix("linux/") == Some(platform);
    if platform.is_empty() || same || local {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "{}: no match for platform in manifest: a sandbox builds for {own} only, not for {platform}",
        names::image(name)
    )))
}

/// As the wire has them.
pub(super) fn lines(lines: drydock_dockerfile::Lines) -> Lines {
    Lines {
        first: lines.first,
        last: lines.last,
    }
}

#[cfg(test)]
mod tests;
