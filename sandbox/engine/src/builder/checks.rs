//! Build checks, as a build tells of them.

use drydock_api::build::{BuildRequest, BuildWarning};
use drydock_dockerfile::{
    DockerIgnore, Dockerfile, Instruction,
    check::{self, BaseImage, CheckOptions, Finding},
};

use super::{
    build::{Build, Told},
    error::Failure,
    plan, settings,
};

impl Build<'_> {
    /// Build checks: what they find is told, and ends the build where the Dockerfile says so.
    pub(super) fn check(&self, file: &Dockerfile, told: &mut Told) -> Result<(), Failure> {
        let request = self.request;
        let directive = check::directive(file, &request.args)
            .map_err(|error| Failure::Wrong(error.to_string()))?;
        let ignore = request.ignore.as_deref();
        let ignore = ignore.and_then(|text| DockerIgnore::parse(text).ok());
        let base = |name: &str| self.base(name);
        let platform = settings::platform();
        let options = CheckOptions {
            ignore: ignore.as_ref(),
            args: request.args.clone(),
            target: request.target.as_deref(),
            every_stage: request.check && request.target.is_none(),
            platform: Some(&platform),
            images: Some(&base),
        };
        let findings = check::check(file, &options);
        let fatal = directive.error && !findings.is_empty() && !request.check;
        let words = check::violation(&findings);
        told.warnings = findings.into_iter().map(warning).collect();
        if fatal {
            return Err(Failure::Wrong(words));
        }
        Ok(())
    }

    /// What the checks want to know of an image, if it is here.
    fn base(&self, name: &str) -> Option<BaseImage> {
        let id = self.engine.store.resolve(name).ok()?;
        let run = self
            .engine
            .store
            .image(&id)
            .ok()?
            .config
            .config
            .unwrap_or_default();
        Some(BaseImage {
            env: run.env.unwrap_or_default(),
            has_shell: run.shell.is_some_and(|shell| !shell.is_empty()),
        })
    }
}

fn warning(finding: Finding) -> BuildWarning {
    BuildWarning {
        rule: finding.rule.name.into(),
        description: finding.rule.description.into(),
        message: finding.message,
        url: finding.rule.url(),
        lesson: finding.rule.lesson.map(Into::into),
        lines: plan::lines(finding.lines),
    }
}

/// Given arguments that nothing in the Dockerfile declares.
pub(super) fn unconsumed(file: &Dockerfile, request: &BuildRequest) -> Option<BuildWarning> {
    let steps = file.global_args.iter();
    let steps = steps.chain(file.stages.iter().flat_map(|stage| &stage.steps));
    let declared: Vec<&str> = steps
        .filter_map(|step| match &step.instruction {
            Instruction::Arg(args) => Some(args),
            _ => None,
        })
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let own = |name: &str| {
        settings::PROXIES.contains(&name)
            || ["BUILDKIT_", "SOURCE_DATE_EPOCH", "TARGET", "BUILD"]
                .iter()
                .any(|own| name.starts_with(own))
    };
    let names = request.args.keys().map(String::as_str);
    let unused: Vec<&str> = names
        .filter(|name| !declared.contains(name) && !own(name))
        .collect();
    (!unused.is_empty()).then(|| BuildWarning {
        message: format!(
            "[Warning] One or more build-args [{}] were not consumed",
            unused.join(" ")
        ),
        ..BuildWarning::default()
    })
}
