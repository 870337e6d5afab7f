//! How a Dockerfile is written.

use super::{
    report::Report,
    rules,
    text::{arguments, is_lower, is_upper, name},
};
use crate::{
    instruction::Instruction,
    lines::Lines,
    plan::{Dockerfile, Stage, Step},
};

/// What is seen of each instruction by itself, in the order of the file.
pub(super) fn check(file: &Dockerfile, report: &mut Report) {
    for line in &file.blank_lines {
        report.find(rules::NO_EMPTY_CONTINUATION, Lines::one(*line), || {
            "Empty continuation line".into()
        });
    }
    for step in &file.global_args {
        instruction(step, report);
    }
    for stage in &file.stages {
        from(stage, report);
        for step in &stage.steps {
            instruction(step, report);
        }
    }
}

fn instruction(step: &Step, report: &mut Report) {
    match &step.instruction {
        Instruction::Maintainer(_) => report.find(rules::MAINTAINER_DEPRECATED, step.lines, || {
            "Maintainer instruction is deprecated in favor of using label".into()
        }),
        Instruction::Arg(args) => {
            let names: Vec<&str> = args.iter().map(|(name, _)| name.as_str()).collect();
            description("ARG", &names, &step.comments, step.lines, report);
        }
        _ => {}
    }
}

fn from(stage: &Stage, report: &mut Report) {
    let words: Vec<&str> = arguments(&stage.text).split_whitespace().collect();
    if let [_, written_as, written_name] = words[..] {
        if !is_lower(written_name) {
            report.find(rules::STAGE_NAME_CASING, stage.lines, || {
                format!("Stage name '{written_name}' should be lowercase")
            });
        }
        let from = name(&stage.text);
        let same = match (is_lower(from), is_upper(from)) {
            (true, _) => is_lower(written_as),
            (_, true) => is_upper(written_as),
            // Another rule sees to that.
            _ => true,
        };
        if !same {
            report.find(rules::FROM_AS_CASING, stage.lines, || {
                format!("'{written_as}' and '{from}' keywords' casing do not match")
            });
        }
    }
    if let Some(name) = &stage.name {
        description("FROM", &[name], &stage.comments, stage.lines, report);
    }
}

/// The comment right above should say what the name is for.
fn description(
    instruction: &str,
    names: &[&str],
    comments: &[String],
    lines: Lines,
    report: &mut Report,
) {
    let Some(comment) = comments.last() else {
        return;
    };
    let first = comment.split(' ').next().unwrap_or_default();
    if names.contains(&first) {
        return;
    }
    let example = match names {
        [one] => one,
        _ => "<arg_key>",
    };
    report.find(rules::INVALID_DEFINITION_DESCRIPTION, lines, || {
        format!("Comment for {instruction} should follow the format: `# {example} <description>`")
    });
}

/// All names of instructions in the case that most of them have.
pub(super) fn casing(file: &Dockerfile, report: &mut Report) {
    let stages = file.stages.iter().flat_map(|stage| {
        let steps = stage
            .steps
            .iter()
            .map(|step| (name(&step.text), step.lines));
        std::iter::once((name(&stage.text), stage.lines)).chain(steps)
    });
    let names: Vec<(&str, Lines)> = stages.collect();
    let lower = names.iter().filter(|(name, _)| is_lower(name)).count();
    let upper = names.iter().filter(|(name, _)| is_upper(name)).count();
    let (fits, majority): (fn(&str) -> bool, _) = if lower > upper {
        (is_lower, "lowercase")
    } else {
        (is_upper, "uppercase")
    };
    for (name, lines) in names {
        if !fits(name) {
            report.find(rules::CONSISTENT_INSTRUCTION_CASING, lines, || {
                format!(
                    "Command '{name}' should match the case of the command majority ({majority})"
                )
            });
        }
    }
}
