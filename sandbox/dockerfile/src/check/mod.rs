//! Build checks: what is allowed in a Dockerfile but most likely not meant.
//!
//! The rules, their order and their words are BuildKit's; <https://docs.docker.com/reference/build-checks/> lists them.
//!
//! ```text
//! style:  how it is written       stages: FROM and its arguments       steps: what each stage does, with its variables
//! ```

mod platform;
mod reference;
mod report;
mod rules;
mod scope;
mod stages;
mod steps;
mod style;
mod text;

use std::collections::HashSet;

use self::report::Report;
pub use self::{
    report::Finding,
    rules::{RULES, Rule, rule},
};
use crate::{
    DockerIgnore, GivenArgs, Lines, directive::CheckDirective, error::Problem, plan::Dockerfile,
};

/// The build argument that stands in for `# check=`.
const DIRECTIVE_ARG: &str = "BUILDKIT_DOCKERFILE_CHECK";

/// What the checks are told besides the Dockerfile.
#[derive(Default, Clone)]
pub struct CheckOptions<'a> {
    /// `.dockerignore`.
    pub ignore: Option<&'a DockerIgnore>,
    /// `--build-arg`.
    pub args: GivenArgs,
    /// `--target`; none is the last stage.
    pub target: Option<&'a str>,
    /// Looks at all stages, not only at those that the target needs: what `--check` without `--target` does.
    pub every_stage: bool,
    /// What is built for; none is `linux/amd64`.
    pub platform: Option<&'a str>,
    /// What is known of base images. Variables in stages on an image that it does not know are not checked.
    pub images: Option<BaseImages<'a>>,
}

/// Looks a base image up by the name that FROM gives it.
pub type BaseImages<'a> = &'a dyn Fn(&str) -> Option<BaseImage>;

/// What the checks want to know of a base image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseImage {
    /// Its variables, as `name=value`.
    pub env: Vec<String>,
    /// Whether its config has a `Shell`.
    pub has_shell: bool,
}

/// Looks for what is most likely not meant, in the order in which BuildKit finds it. A mistake that ends a build ends
/// the search as well.
#[must_use]
pub fn check(file: &Dockerfile, options: &CheckOptions<'_>) -> Vec<Finding> {
    let directive = directive(file, &options.args).unwrap_or_else(|_| file.check.clone());
    let mut report = Report::new(directive);
    style::check(file, &mut report);
    stages::names(file, &mut report);
    style::casing(file, &mut report);
    if stages::bases(file, options, &mut report).is_some() {
        steps::check(file, options, &mut report);
    }
    report.findings
}

/// What `# check=` says, or the build argument `BUILDKIT_DOCKERFILE_CHECK` in its stead.
///
/// # Errors
/// The build argument is malformed.
pub fn directive(file: &Dockerfile, args: &GivenArgs) -> Result<CheckDirective, Problem> {
    match args.get(DIRECTIVE_ARG).and_then(Option::as_deref) {
        Some(text) => CheckDirective::parse(text),
        None => Ok(file.check.clone()),
    }
}

/// What a build ends with that must not have findings (`error=true`).
#[must_use]
pub fn violation(findings: &[Finding]) -> String {
    let mut seen = HashSet::new();
    let rules = findings.iter().map(|finding| finding.rule.name);
    let rules: Vec<&str> = rules.filter(|rule| seen.insert(*rule)).collect();
    format!("lint violation found for rules: {}", rules.join(", "))
}

/// The finding that a base image is for another platform than the one that is built for. Who pulls it knows.
#[must_use]
pub fn base_platform(image: &str, actual: &str, expected: &str, lines: Lines) -> Finding {
    Finding {
        rule: rules::INVALID_BASE_IMAGE_PLATFORM,
        message: format!(
            "Base image {image} was pulled with platform {actual:?}, expected {expected:?} for current build"
        ),
        lines,
    }
}

#[cfg(test)]
mod tests;
