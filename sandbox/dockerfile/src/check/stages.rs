//! FROM: names of stages, and the arguments in it.

use std::collections::{BTreeMap, HashSet};

use super::{CheckOptions, platform, reference, report::Report, rules};
use crate::{
    expand::{Expansion, Indexed, Lexer, Names},
    hint,
    instruction::Instruction,
    plan::{Dockerfile, Stage},
};

/// Names that are taken, by Docker or by another stage.
pub(super) fn names(file: &Dockerfile, report: &mut Report) {
    let mut seen = HashSet::new();
    for stage in &file.stages {
        let Some(name) = &stage.name else { continue };
        if matches!(name.as_str(), "context" | "scratch") {
            report.find(rules::RESERVED_STAGE_NAME, stage.lines, || {
                format!("Stage name should not use the same name as reserved stage {name:?}")
            });
        }
        if !seen.insert(name) {
            report.find(rules::DUPLICATE_STAGE_NAME, stage.lines, || {
                format!("Duplicate stage name {name:?}, stage names should be unique")
            });
        }
    }
}

/// Base images and platforms; `None` when a build would end here.
pub(super) fn bases(
    file: &Dockerfile,
    options: &CheckOptions<'_>,
    report: &mut Report,
) -> Option<()> {
    let platform = options.platform.unwrap_or(platform::DEFAULT);
    let lexer = Lexer::new(file.escape);
    if let Ok(defaults) = file.globals(&BTreeMap::new(), platform, options.target) {
        defaults_make_names(file, &lexer, &defaults, report);
    }
    let globals = file.globals(&options.args, platform, options.target).ok()?;
    let variables = Indexed::new(&globals);
    let known = known(file, &globals);
    for stage in &file.stages {
        let base = lexer.expand_in(&stage.base, &variables).ok()?;
        undeclared(stage, &base.names, &known, report);
        if let Some(written) = &stage.platform {
            let expanded = lexer.expand_in(written, &variables).ok()?;
            undeclared(stage, &expanded.names, &known, report);
            redundant(stage, written, &expanded, platform, options, report);
            constant(stage, &expanded, report);
        }
    }
    Some(())
}

/// A base image must have a name also where no build argument is given.
fn defaults_make_names(file: &Dockerfile, lexer: &Lexer, defaults: &[String], report: &mut Report) {
    let variables = Indexed::new(defaults);
    for stage in &file.stages {
        let Ok(expanded) = lexer.expand_in(&stage.base, &variables) else {
            return;
        };
        if !reference::is_valid(&expanded.text) {
            report.find(rules::INVALID_DEFAULT_ARG_IN_FROM, stage.lines, || {
                format!(
                    "Default value for ARG {} results in empty or invalid base image name",
                    stage.base
                )
            });
        }
    }
}

/// The names that FROM may use: those with a value, and those that are declared without one.
fn known<'a>(file: &'a Dockerfile, globals: &'a [String]) -> HashSet<&'a str> {
    let declared = file
        .global_args
        .iter()
        .flat_map(|step| match &step.instruction {
            Instruction::Arg(args) => args.as_slice(),
            _ => &[],
        });
    let set = globals.iter().filter_map(|entry| entry.split('=').next());
    set.chain(declared.map(|(name, _)| name.as_str())).collect()
}

fn undeclared(stage: &Stage, names: &Names, known: &HashSet<&str>, report: &mut Report) {
    for name in names
        .unset
        .iter()
        .filter(|name| !known.contains(name.as_str()))
    {
        if report.is_full() {
            return;
        }
        let hint = report.nearest(name, || {
            let mut options: Vec<&str> = known.iter().copied().collect();
            options.sort_unstable();
            options
        });
        report.find(rules::UNDEFINED_ARG_IN_FROM, stage.lines, || {
            format!(
                "FROM argument '{name}' is not declared{}",
                hint::question(hint)
            )
        });
    }
}

/// `--platform=$TARGETPLATFORM` and nothing else.
fn redundant(
    stage: &Stage,
    written: &str,
    expanded: &Expansion,
    platform: &str,
    options: &CheckOptions<'_>,
    report: &mut Report,
) {
    let names = &expanded.names;
    let only = names.used.len() == 1 && names.unset.is_empty();
    let given = options
        .args
        .get("TARGETPLATFORM")
        .and_then(Option::as_deref);
    if only && names.used.contains("TARGETPLATFORM") && expanded.text == given.unwrap_or(platform) {
        report.find(rules::REDUNDANT_TARGET_PLATFORM, stage.lines, || {
            format!(
                "Setting platform to predefined {written} in FROM is redundant as this is the default behavior"
            )
        });
    }
}

/// A platform without variables, in a stage whose name does not say which.
fn constant(stage: &Stage, expanded: &Expansion, report: &mut Report) {
    if !expanded.names.used.is_empty() || !expanded.names.unset.is_empty() {
        return;
    }
    let Some(platform) = platform::parse(&expanded.text) else {
        return;
    };
    let name = stage.name.as_deref().unwrap_or_default();
    if !name.contains(&platform.os) && !name.contains(&platform.architecture) {
        report.find(
            rules::FROM_PLATFORM_FLAG_CONST_DISALLOWED,
            stage.lines,
            || {
                format!(
                    "FROM --platform flag should not use constant value {:?}",
                    expanded.text
                )
            },
        );
    }
}
