//! One build, from the request to its end.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use drydock_api::build::{
    BuildFailure, BuildMessage, BuildOutcome, BuildRequest, BuildWarning, OutputKind, SourceFile,
    StepReport,
};
use drydock_dockerfile::{Dockerfile, MAX_BYTES, is_built_in, syntax};
use drydock_image::{ImageId, ImageRef};
use jiff::Timestamp;
use serde_json::json;

use super::{
    checks, config,
    context::ContextDir,
    error::{Failed, Failure},
    image::Loader,
    output::Ready,
    plan::{self, Plan},
    report::Report,
    room::Room,
    settings,
    solve::{Parts, Solver},
    stage::State,
};
use crate::{
    Engine,
    build::{cancel::Cancel, tree},
    image,
};

/// One build; it blocks.
#[derive(Debug)]
pub(super) struct Build<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a BuildRequest,
    pub(super) report: &'a Report,
    pub(super) cancel: &'a Cancel,
}

/// What is told besides how it ended.
#[derive(Debug, Default)]
pub(super) struct Told {
    source: Option<SourceFile>,
    pub(super) warnings: Vec<BuildWarning>,
    steps: Vec<StepReport>,
}

impl Build<'_> {
    /// Builds, and tells the client how it ended.
    pub(super) fn run(&self) {
        let mut told = Told::default();
        let message = match self.build(&mut told) {
            Ok(outcome) => BuildMessage::Result(Box::new(BuildOutcome {
                steps: told.steps,
                source: told.source.filter(|_| !told.warnings.is_empty()),
                warnings: told.warnings,
                ..outcome
            })),
            Err(failed) => {
                tracing::debug!(error = %failed.why, "a build failed");
                BuildMessage::Error(Box::new(failure(failed, told)))
            }
        };
        // A client that has gone is told nothing.
        let _ = self.report.end(&message);
    }

    fn build(&self, told: &mut Told) -> Result<BuildOutcome, Failed> {
        let context = self.context()?;
        let text = self.dockerfile(context.as_deref())?;
        let name = &self.request.dockerfile.name;
        told.source = Some(SourceFile {
            name: name.clone(),
            text: text.clone(),
        });
        if let Some(syntax) = syntax(&text).filter(|syntax| !is_built_in(syntax)) {
            return Err(Failure::Wrong(format!(
                "the syntax {syntax} is not available in a sandbox: leave the line out, or write docker/dockerfile:1"
            ))
            .into());
        }
        let file = Dockerfile::parse(&text, name).map_err(|error| Failed {
            lines: error.lines().map(plan::lines),
            ..Failure::Wrong(error.to_string()).into()
        })?;
        self.check(&file, told)?;
        if self.request.check {
            return Ok(BuildOutcome::default());
        }
        let tags = self.tags()?;
        let epoch = self.epoch()?;
        told.warnings
            .extend(checks::unconsumed(&file, self.request));
        let globals = self.globals(&file)?;
        let mut loader = Loader {
            engine: self.engine,
            report: self.report,
            pull: self.request.pull,
            found: Default::default(),
        };
        if let Some(platform) = &self.request.platform {
            plan::check_platform(platform, "the build").map_err(Failed::from)?;
        }
        let plan = plan::plan(&file, self.request, globals, &mut loader)?;
        let state = self.solve(&file, &plan, &loader, context, epoch, told)?;
        self.finish(&state, &tags, epoch)
    }

    fn context(&self) -> Result<Option<Arc<ContextDir>>, Failure> {
        let Some(id) = &self.request.context else {
            return Ok(None);
        };
        let context = self.engine.builder.contexts.take(id);
        let context =
            context.ok_or_else(|| Failure::Wrong(format!("no such build context: {id}")))?;
        context
            .settle()
            .map_err(Failure::os("read the build context"))?;
        Ok(Some(context))
    }

    fn dockerfile(&self, context: Option<&ContextDir>) -> Result<String, Failure> {
        if let Some(text) = &self.request.dockerfile.text {
            return Ok(text.clone());
        }
        let name = self.request.dockerfile.name.as_str();
        let read = |name: &str| {
            let context = context?;
            tree::read(context.root(), Path::new(name), MAX_BYTES as u64 + 1).ok()
        };
        // Docker takes the lower-case spelling too.
        let lower = || (name == "Dockerfile").then(|| read("dockerfile")).flatten();
        let bytes = read(name).or_else(lower).ok_or_else(|| {
            Failure::Wrong(format!(
                "failed to read dockerfile: open {name}: no such file or directory"
            ))
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn globals(&self, file: &Dockerfile) -> Result<Vec<String>, Failed> {
        let target = self.request.target.as_deref();
        let globals = file.globals(&self.request.args, &settings::platform(), target);
        globals.map_err(|error| {
            let lines = plan::lines(error.lines);
            Failure::from(error.error).at(lines)
        })
    }

    fn tags(&self) -> Result<Vec<ImageRef>, Failure> {
        let mut tags: Vec<ImageRef> = Vec::new();
        for text in &self.request.tags {
            let tag = text
                .parse::<ImageRef>()
                .map_err(|error| Failure::Image(error.into()))?;
            if tag.digest().is_some() {
                return Err(Failure::Wrong("build tag cannot contain a digest".into()));
            }
            let tag = tag.with_default_tag();
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Ok(tags)
    }

    /// `SOURCE_DATE_EPOCH`: seconds since 1970.
    fn epoch(&self) -> Result<Option<Timestamp>, Failure> {
        let given = self
            .request
            .args
            .get("SOURCE_DATE_EPOCH")
            .cloned()
            .flatten();
        let Some(text) = given.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let seconds = text.parse::<i64>().ok();
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let wrong = || Failure::Wrong(format!("invalid SOURCE_DATE_EPOCH: {text}"));
        time.map(Some).ok_or_else(wrong)
    }

    fn solve(
        &self,
        file: &Dockerfile,
        plan: &Plan,
        loader: &Loader<'_>,
        context: Option<Arc<ContextDir>>,
        epoch: Option<Timestamp>,
        told: &mut Told,
    ) -> Result<Arc<State>, Failed> {
        let room = Room::create(&self.engine.config.data.join("build"));
        let room = room.map_err(|error| {
            Failure::os("make the build's directory")(error).with_meter(&self.engine.config.data)
        })?;
        let name = format!(
            "{} {} {}",
            self.request.context.as_deref().unwrap_or("-"),
            self.request.dockerfile.name,
            self.request.target.as_deref().unwrap_or_default(),
        );
        let memory = &self.engine.builder.memory;
        let parts = Parts {
            engine: self.engine,
            request: self.request,
            plan,
            escape: file.escape,
            images: &loader.found,
            room: &room,
            report: self.report,
            cancel: self.cancel,
        };
        let solved = Solver::new(parts, context, memory.last(&name), epoch).solve();
        memory.keep(&name, solved.remembered);
        told.steps = solved.reports;
        solved.ended
    }

    /// The image, its names, and what else was asked for.
    fn finish(
        &self,
        state: &Arc<State>,
        tags: &[ImageRef],
        epoch: Option<Timestamp>,
    ) -> Result<BuildOutcome, Failed> {
        let outputs = &self.request.outputs;
        let is = |kinds: &[OutputKind]| outputs.iter().any(|output| kinds.contains(&output.kind));
        let mut outcome = BuildOutcome::default();
        let stores = outputs.is_empty() || is(&[OutputKind::Image]);
        if stores || is(&[OutputKind::Docker, OutputKind::Oci]) {
            let tags = if stores { tags } else { &[] };
            let id = self
                .export(state, tags, epoch)
                .map_err(|why| Failed::from(why.with_meter(&self.engine.config.data)))?;
            outcome.metadata = metadata(&id, tags);
            outcome.id = Some(id.to_string());
        }
        for output in outputs {
            let ready = match output.kind {
                OutputKind::Image | OutputKind::CacheOnly => continue,
                OutputKind::Local | OutputKind::Tar => Ready::Files(state.clone()),
                OutputKind::Docker | OutputKind::Oci => {
                    let named = tags.iter().map(ToString::to_string).collect::<Vec<_>>();
                    let id = outcome.id.clone().unwrap_or_default();
                    Ready::Images(if named.is_empty() || !stores {
                        vec![id]
                    } else {
                        named
                    })
                }
            };
            outcome
                .outputs
                .push(self.engine.builder.outputs.keep(ready));
        }
        Ok(outcome)
    }

    fn export(
        &self,
        state: &State,
        tags: &[ImageRef],
        epoch: Option<Timestamp>,
    ) -> Result<ImageId, Failure> {
        self.cancel.check().map_err(|_| Failure::Cancelled)?;
        let inputs = state.vertex.iter().cloned().collect();
        let shown = self.report.begin("exporting to image", "export", inputs)?;
        let began = Timestamp::now();
        shown.part("exporting layers", || began)?;
        let id = config::image(self.engine, state, &self.request.labels, epoch)?;
        shown.part(&format!("writing image {id}"), || began)?;
        for tag in tags {
            image::tag(self.engine, &id, tag)?;
            shown.part(&format!("naming to {}", tag.full_name()), || began)?;
        }
        shown.done()?;
        Ok(id)
    }
}

fn metadata(id: &ImageId, tags: &[ImageRef]) -> BTreeMap<String, serde_json::Value> {
    let mut metadata = BTreeMap::from([
        (
            "containerimage.config.digest".to_owned(),
            json!(id.to_string()),
        ),
        ("containerimage.digest".to_owned(), json!(id.to_string())),
    ]);
    if !tags.is_empty() {
        let names: Vec<String> = tags.iter().map(ImageRef::full_name).collect();
        metadata.insert("image.name".into(), json!(names.join(",")));
    }
    metadata
}

fn failure(failed: Failed, told: Told) -> BuildFailure {
    let (step, vertex) = failed.step.unwrap_or_default();
    BuildFailure {
        message: format!("failed to solve: {}", failed.why),
        code: 1,
        step,
        vertex,
        source: told.source,
        lines: failed.lines,
        steps: told.steps,
        warnings: told.warnings,
    }
}
