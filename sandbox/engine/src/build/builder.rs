//! Stage by stage, step by step.

use drydock_dockerfile::{
    BuildArgs, Dialect, Dockerfile, Instruction, Lines, Stage as Plan, Step, parse_trigger,
};
use drydock_image::ImageId;

use super::{
    cancel::Cancel, error::BuildError, output::Output, request::BuildRequest, stage::Stage,
    workspace::Workspace,
};
use crate::{Engine, image};

/// One build.
pub(super) struct Builder<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a BuildRequest,
    pub(super) workspace: Workspace,
    pub(super) output: Output,
    pub(super) cancel: Cancel,
    pub(super) args: BuildArgs,
    file: Dockerfile,
    done: Vec<Stage>,
    /// A step of this stage was not in the cache, so none that follows is.
    missed: bool,
    step: usize,
    steps: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        request: &'a BuildRequest,
        mut file: Dockerfile,
        workspace: Workspace,
        output: Output,
        cancel: Cancel,
    ) -> Self {
        add_labels(&mut file, request);
        Self {
            engine,
            request,
            workspace,
            output,
            cancel,
            args: BuildArgs::new(request.args.clone()),
            steps: file.step_count(),
            file,
            done: Vec::new(),
            missed: false,
            step: 0,
        }
    }

    /// Builds, and tells the client how it ended.
    pub(super) fn build(mut self) {
        let ended = self.stages().and_then(|id| self.finish(&id));
        match ended {
            Ok(()) => {}
            Err(BuildError::Cancelled) => tracing::debug!("a build was cancelled"),
            Err(error) => {
                tracing::debug!(%error, "a build failed");
                // A client that has gone is told nothing.
                let _ = self
                    .output
                    .fail(&error.with_meter(&self.engine.config.data));
            }
        }
    }

    fn stages(&mut self) -> Result<ImageId, BuildError> {
        if !self.file.warnings.is_empty() {
            let warnings = self.file.warnings.join("\n");
            self.output.say_red(&format!("{warnings}\n"))?;
        }
        for step in self.file.global_args.clone() {
            self.global_arg(&step)?;
        }
        for plan in self.file.stages.clone() {
            let stage = self.stage(&plan)?;
            if let Some(id) = &stage.id {
                self.output.built(&id.to_string())?;
            }
            self.done.push(stage);
        }
        self.done
            .last()
            .and_then(|stage| stage.id.clone())
            .ok_or(BuildError::NoImage)
    }

    fn finish(&mut self, id: &ImageId) -> Result<(), BuildError> {
        let unused = self.args.unused();
        if !unused.is_empty() {
            let text = format!(
                "[Warning] One or more build-args [{}] were not consumed\n",
                unused.join(" ")
            );
            self.output.say(&text)?;
        }
        self.output
            .say(&format!("Successfully built {}\n", id.short()))?;
        for tag in &self.request.tags {
            image::tag(self.engine, id, tag)?;
            self.output.say(&format!("Successfully tagged {tag}\n"))?;
        }
        Ok(self.output.finish(&id.to_string())?)
    }

    /// The stages that are built.
    pub(super) fn done(&self) -> &[Stage] {
        &self.done
    }

    /// The Dockerfile's escape character.
    pub(super) fn escape(&self) -> char {
        self.file.escape
    }

    /// Whether the cache is not asked any more.
    pub(super) fn missed(&self) -> bool {
        self.missed
    }

    /// The cache did not have a step.
    pub(super) fn miss(&mut self) {
        self.missed = true;
    }

    fn say_step(&mut self, text: &str) -> Result<(), BuildError> {
        self.cancel.check()?;
        self.step += 1;
        self.output
            .say(&format!("Step {}/{} : {text}", self.step, self.steps))?;
        Ok(self.output.say("\n")?)
    }

    fn global_arg(&mut self, step: &Step) -> Result<(), BuildError> {
        self.say_step(&step.text)?;
        let resolved = step
            .instruction
            .resolve_classic(&self.args.global_env(), self.file.escape)?;
        if let Instruction::Arg(args) = resolved {
            for (name, value) in args {
                self.args.declare_global(&name, value.as_deref());
            }
        }
        Ok(())
    }

    fn stage(&mut self, plan: &Plan) -> Result<Stage, BuildError> {
        if let Some(name) = &plan.name
            && self
                .done
                .iter()
                .any(|stage| stage.name.as_ref() == Some(name))
        {
            return Err(BuildError::StageName(name.clone()));
        }
        self.say_step(&plan.text)?;
        self.args.leave_stage();
        self.missed = self.request.no_cache;
        let mut stage = self.from(&plan.base)?;
        stage.name.clone_from(&plan.name);
        self.triggers(&mut stage)?;
        self.say_image(&stage)?;
        for step in &plan.steps {
            self.say_step(&step.text)?;
            self.dispatch(&mut stage, &step.instruction)?;
            self.say_image(&stage)?;
        }
        Ok(stage)
    }

    /// What the base image's ONBUILD kept for this build.
    fn triggers(&mut self, stage: &mut Stage) -> Result<(), BuildError> {
        let triggers = stage.run.on_build.take().unwrap_or_default();
        match triggers.len() {
            0 => return Ok(()),
            1 => self.output.say("# Executing 1 build trigger\n")?,
            n => self
                .output
                .say(&format!("# Executing {n} build triggers\n"))?,
        }
        for trigger in triggers {
            let step = parse_trigger(&trigger, Dialect::Classic)?;
            self.dispatch(stage, &step.instruction)?;
        }
        Ok(())
    }

    fn dispatch(&mut self, stage: &mut Stage, instruction: &Instruction) -> Result<(), BuildError> {
        let mut env = self.args.stage_env(stage.env());
        env.extend(stage.env().iter().cloned());
        match instruction.resolve_classic(&env, self.file.escape)? {
            Instruction::Run(run) => self.run(stage, &run),
            Instruction::Copy(copy) => self.copy(stage, "COPY", &copy),
            Instruction::Add(copy) => self.copy(stage, "ADD", &copy),
            Instruction::Workdir(path) => self.workdir(stage, &path),
            other => self.metadata(stage, &other),
        }
    }

    fn say_image(&mut self, stage: &Stage) -> Result<(), BuildError> {
        let id = stage.id.as_ref().map_or("", |id| id.short());
        Ok(self.output.say(&format!(" ---> {id}\n"))?)
    }
}

/// `--label` is a LABEL at the end of the last stage, one step each.
fn add_labels(file: &mut Dockerfile, request: &BuildRequest) {
    if let Some(stage) = file.stages.last_mut() {
        stage
            .steps
            .extend(request.labels.iter().map(|(name, value)| Step {
                text: format!("LABEL {name}={value}"),
                lines: Lines::default(),
                comments: Vec::new(),
                // In single quotes nothing is expanded.
                instruction: Instruction::Label(vec![(literal(name), literal(value))]),
            }));
    }
}

/// A word that expands to `text`.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', r#"'"'"'"#))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::literal;
    use drydock_dockerfile::expand::word;

    #[test]
    fn a_label_of_the_command_line_is_taken_as_it_is() {
        for text in ["$HOME", "it's", r"a\b", "", "\"q\""] {
            assert_eq!(word(&literal(text), &[], '\\').unwrap(), text);
        }
    }
}
