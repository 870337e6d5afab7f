//! One logical line to one typed instruction.

mod copy;
mod from;
mod healthcheck;
mod run;

use crate::{
    dialect::Dialect,
    error::Problem,
    flags::{Flag, Flags},
    heredoc::Heredoc,
    hint,
    instruction::{Command, Instruction},
    words,
};

/// FROM, or something that belongs into a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    From(From),
    Instruction(Instruction),
}

/// What FROM holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct From {
    pub(crate) base: String,
    pub(crate) name: Option<String>,
    pub(crate) platform: Option<String>,
}

const NAMES: [&str; 18] = [
    "FROM",
    "RUN",
    "CMD",
    "ENTRYPOINT",
    "COPY",
    "ADD",
    "WORKDIR",
    "ENV",
    "ARG",
    "LABEL",
    "EXPOSE",
    "USER",
    "VOLUME",
    "STOPSIGNAL",
    "SHELL",
    "HEALTHCHECK",
    "MAINTAINER",
    "ONBUILD",
];

/// What all instructions are parsed with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) escape: char,
    pub(crate) dialect: Dialect,
}

/// An instruction's name as written, and the rest of its line.
pub(crate) fn name(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(words::is_space).unwrap_or((text, ""))
}

/// Parses one line.
pub(crate) fn line(text: &str, heredocs: &[Heredoc], rules: Rules) -> Result<Parsed, Problem> {
    let (written, rest) = name(text);
    let upper = written.to_uppercase();
    let Some(name) = NAMES.into_iter().find(|name| *name == upper) else {
        return Err(Problem::Unknown {
            hint: hint::nearest_in_case(written, NAMES),
            name: written.to_owned(),
        });
    };
    let (flags, rest) = words::flags(rest);
    let instruction = match name {
        "FROM" => return from::parse(flags, rest).map(Parsed::From),
        "COPY" => Instruction::Copy(copy::parse("COPY", flags, rest, heredocs, rules)?),
        "ADD" => Instruction::Add(copy::parse("ADD", flags, rest, heredocs, rules)?),
        "HEALTHCHECK" => Instruction::Healthcheck(healthcheck::parse(flags, rest, rules)?),
        "RUN" => Instruction::Run(run::parse(flags, rest, heredocs, rules)?),
        "ONBUILD" => {
            let trigger = trigger(text, rest, heredocs, rules)?;
            Flags::check(flags, &[])?;
            Instruction::OnBuild(trigger)
        }
        name => plain(name, flags, rest, rules)?,
    };
    Ok(Parsed::Instruction(instruction))
}

/// Instructions without flags.
fn plain(
    name: &'static str,
    flags: Vec<Flag>,
    rest: &str,
    rules: Rules,
) -> Result<Instruction, Problem> {
    let escape = rules.escape;
    let instruction = match name {
        "CMD" => Instruction::Cmd(command(rest)?),
        "ENTRYPOINT" => Instruction::Entrypoint(command(rest)?),
        "ENV" => Instruction::Env(words::pairs(rest, escape, "ENV")?),
        "LABEL" => Instruction::Label(words::pairs(rest, escape, "LABEL")?),
        "ARG" => Instruction::Arg(args(rest, escape)?),
        "WORKDIR" => Instruction::Workdir(one(name, rest)?),
        "USER" => Instruction::User(one(name, rest)?),
        "STOPSIGNAL" => Instruction::StopSignal(one(name, rest)?),
        "MAINTAINER" => Instruction::Maintainer(one(name, rest)?),
        "EXPOSE" => Instruction::Expose(some(name, words::plain(rest))?),
        "VOLUME" => {
            let volumes = some(name, words::json_or_words(rest)?)?;
            if volumes.iter().any(|volume| volume.trim().is_empty()) {
                return Err(Problem::EmptyVolume);
            }
            Instruction::Volume(volumes)
        }
        _ => Instruction::Shell(shell(rest)?),
    };
    // Docker looks at the flags of all but these.
    if !matches!(name, "ARG" | "STOPSIGNAL") {
        Flags::check(flags, &[])?;
    }
    Ok(instruction)
}

fn command(rest: &str) -> Result<Command, Problem> {
    Ok(words::json(rest)?.map_or_else(|| Command::Shell(rest.into()), Command::Exec))
}

fn shell(rest: &str) -> Result<Vec<String>, Problem> {
    if rest.is_empty() {
        return Err(words::at_least_one("SHELL"));
    }
    some("SHELL", words::json(rest)?.ok_or(Problem::ShellForm)?)
}

fn args(rest: &str, escape: char) -> Result<Vec<(String, Option<String>)>, Problem> {
    let words = some("ARG", words::split(rest, escape))?;
    let arg = |word: String| match word.split_once('=') {
        Some(("", _)) => Err(Problem::BlankName("ARG")),
        Some((name, value)) => Ok((name.to_owned(), Some(value.to_owned()))),
        None => Ok((word, None)),
    };
    words.into_iter().map(arg).collect()
}

/// The instruction an ONBUILD keeps: it must be one that may wait. Its here-documents are kept with it.
fn trigger(whole: &str, rest: &str, heredocs: &[Heredoc], rules: Rules) -> Result<String, Problem> {
    match name(rest).0.to_uppercase().as_str() {
        "" => return Err(words::at_least_one("ONBUILD")),
        "ONBUILD" => return Err(Problem::TriggerChain),
        name @ ("FROM" | "MAINTAINER") => return Err(Problem::Trigger(name.into())),
        _ => {}
    }
    // What else is wrong shows when the trigger is executed.
    match line(rest, heredocs, rules) {
        Err(problem) if problem.is_lexical() => return Err(problem),
        _ => {}
    }
    let mut kept = name(whole).1.trim().to_owned();
    for heredoc in heredocs {
        kept.push('\n');
        kept.push_str(&heredoc.content);
        kept.push_str(&heredoc.name);
    }
    Ok(kept)
}

fn one(instruction: &'static str, rest: &str) -> Result<String, Problem> {
    if rest.is_empty() {
        return Err(Problem::Arguments {
            instruction,
            wanted: "exactly one argument",
        });
    }
    Ok(rest.to_owned())
}

fn some(instruction: &'static str, words: Vec<String>) -> Result<Vec<String>, Problem> {
    if words.is_empty() {
        Err(words::at_least_one(instruction))
    } else {
        Ok(words)
    }
}

#[cfg(test)]
mod tests;
