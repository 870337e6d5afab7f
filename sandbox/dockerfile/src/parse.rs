//! One logical line to one typed instruction.

use std::time::Duration;

use crate::{
    duration,
    error::Problem,
    instruction::{Command, Copy, Healthcheck, Instruction},
    words,
};

/// FROM, or something that belongs into a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    From { base: String, name: Option<String> },
    Instruction(Instruction),
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

/// Parses one line.
pub(crate) fn line(text: &str, escape: char) -> Result<Parsed, Problem> {
    let (written, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let upper = written.to_uppercase();
    let Some(name) = NAMES.into_iter().find(|name| *name == upper) else {
        return Err(Problem::Unknown {
            hint: near(&upper),
            name: upper,
        });
    };
    let (flags, rest) = if matches!(name, "ONBUILD" | "ENV" | "ARG" | "LABEL") {
        (Vec::new(), rest.trim())
    } else {
        words::flags(rest)
    };
    if name == "FROM" {
        return from(flags, rest);
    }
    let instruction = match name {
        "COPY" => Instruction::Copy(copy("COPY", flags, rest)?),
        "ADD" => Instruction::Add(copy("ADD", flags, rest)?),
        "HEALTHCHECK" => Instruction::Healthcheck(healthcheck(flags, rest)?),
        "RUN" => {
            if let Some(flag) = flags
                .iter()
                .find(|f| matches!(f.name.as_str(), "mount" | "network" | "security"))
            {
                return Err(Problem::Unsupported(format!("RUN --{}", flag.name)));
            }
            words::take_flags(flags, [])?;
            Instruction::Run(command(rest)?)
        }
        name => {
            words::take_flags(flags, [])?;
            plain(name, rest, escape)?
        }
    };
    Ok(Parsed::Instruction(instruction))
}

/// Instructions without flags.
fn plain(name: &'static str, rest: &str, escape: char) -> Result<Instruction, Problem> {
    Ok(match name {
        "CMD" => Instruction::Cmd(command(rest)?),
        "ENTRYPOINT" => Instruction::Entrypoint(command(rest)?),
        "ENV" => Instruction::Env(words::pairs(rest, escape, "ENV")?),
        "LABEL" => Instruction::Label(words::pairs(rest, escape, "LABEL")?),
        "ARG" => Instruction::Arg(args(rest, escape)?),
        "WORKDIR" => Instruction::Workdir(one(name, rest)?),
        "USER" => Instruction::User(one(name, rest)?),
        "STOPSIGNAL" => Instruction::StopSignal(one(name, rest)?),
        "MAINTAINER" => Instruction::Maintainer(one(name, rest)?),
        "EXPOSE" => Instruction::Expose(some(
            name,
            rest.split_whitespace().map(Into::into).collect(),
        )?),
        "VOLUME" => {
            let volumes = some(name, words::json_or_words(rest)?)?;
            if volumes.iter().any(|volume| volume.trim().is_empty()) {
                return Err(Problem::EmptyVolume);
            }
            Instruction::Volume(volumes)
        }
        "SHELL" => {
            if rest.is_empty() {
                return Err(words::at_least_one(name));
            }
            Instruction::Shell(some(name, words::json(rest)?.ok_or(Problem::ShellForm)?)?)
        }
        _ => Instruction::OnBuild(trigger(rest, escape)?),
    })
}

fn from(flags: Vec<words::Flag>, rest: &str) -> Result<Parsed, Problem> {
    let [_platform] = words::take_flags(flags, ["platform"])?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words[..] {
        [base] => Ok(Parsed::From {
            base: base.into(),
            name: None,
        }),
        [base, r#as, name] if r#as.eq_ignore_ascii_case("as") => {
            let name = name.to_lowercase();
            let valid = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
            if valid {
                Ok(Parsed::From {
                    base: base.into(),
                    name: Some(name),
                })
            } else {
                Err(Problem::StageName(name))
            }
        }
        _ => Err(Problem::Arguments {
            instruction: "FROM",
            wanted: "either one or three arguments",
        }),
    }
}

fn command(rest: &str) -> Result<Command, Problem> {
    Ok(words::json(rest)?.map_or_else(|| Command::Shell(rest.into()), Command::Exec))
}

fn copy(instruction: &'static str, flags: Vec<words::Flag>, rest: &str) -> Result<Copy, Problem> {
    if let Some(flag) = flags.iter().find(|f| {
        matches!(
            f.name.as_str(),
            "link" | "parents" | "exclude" | "checksum" | "keep-git-dir" | "unpack"
        )
    }) {
        return Err(Problem::Unsupported(format!(
            "{instruction} --{}",
            flag.name
        )));
    }
    let [chown, chmod, from] = if instruction == "COPY" {
        words::take_flags(flags, ["chown", "chmod", "from"])?
    } else {
        let [chown, chmod] = words::take_flags(flags, ["chown", "chmod"])?;
        [chown, chmod, None]
    };
    if rest.starts_with("<<") {
        return Err(Problem::Unsupported(format!(
            "{instruction} with a here-document"
        )));
    }
    let mut sources = words::json_or_words(rest)?;
    match sources.pop() {
        Some(destination) if !sources.is_empty() => Ok(Copy {
            sources,
            destination,
            from,
            chown,
            chmod,
        }),
        _ => Err(Problem::Arguments {
            instruction,
            wanted: "at least two arguments, but only one was provided. Destination could not be determined",
        }),
    }
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

fn healthcheck(flags: Vec<words::Flag>, rest: &str) -> Result<Option<Healthcheck>, Problem> {
    let [interval, timeout, start_period, retries] =
        words::take_flags(flags, ["interval", "timeout", "start-period", "retries"])?;
    let (kind, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    match kind.to_uppercase().as_str() {
        "" => Err(words::at_least_one("HEALTHCHECK")),
        "NONE" if rest.is_empty() => Ok(None),
        "NONE" => Err(Problem::HealthNone),
        "CMD" => {
            let command = command(rest)?;
            if command.is_empty() {
                return Err(Problem::HealthCommand);
            }
            Ok(Some(Healthcheck {
                command,
                interval: interval_of("interval", interval)?,
                timeout: interval_of("timeout", timeout)?,
                start_period: interval_of("start-period", start_period)?,
                retries: retries_of(retries)?,
            }))
        }
        kind => Err(Problem::HealthType(kind.into())),
    }
}

fn interval_of(flag: &str, value: Option<String>) -> Result<Duration, Problem> {
    let Some(value) = value else {
        return Ok(Duration::ZERO);
    };
    match duration::parse(&value) {
        None => Err(Problem::Duration(value)),
        Some(time) if !time.is_zero() && time < Duration::from_millis(1) => {
            Err(Problem::ShortInterval(flag.into()))
        }
        Some(time) => Ok(time),
    }
}

fn retries_of(value: Option<String>) -> Result<u32, Problem> {
    let Some(value) = value else { return Ok(0) };
    let count: i64 = value.parse().map_err(|_| Problem::Retries(value.clone()))?;
    match u32::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Problem::FewRetries(count)),
    }
}

/// The instruction an ONBUILD keeps: it must be one, and one that may wait.
fn trigger(rest: &str, escape: char) -> Result<String, Problem> {
    let (name, _) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match name.to_uppercase().as_str() {
        "" => Err(words::at_least_one("ONBUILD")),
        "ONBUILD" => Err(Problem::TriggerChain),
        name @ ("FROM" | "MAINTAINER") => Err(Problem::Trigger(name.into())),
        _ => line(rest, escape).map(|_| rest.to_owned()),
    }
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

/// The instruction that was probably meant: at most two edits away, fewer for short names.
fn near(written: &str) -> Option<String> {
    let (distance, name) = NAMES
        .into_iter()
        .map(|name| (distance(written, name), name))
        .min()?;
    (distance <= 2 && distance * 2 < name.len()).then(|| format!(" (did you mean {name}?)"))
}

/// Edits between two words, a swap of neighbours counting as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(32).collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_gets_a_hint_and_nonsense_does_not() {
        let hint = |text: &str| match line(text, '\\') {
            Err(Problem::Unknown { hint, .. }) => hint,
            other => panic!("{other:?}"),
        };
        assert_eq!(hint("rnu x").as_deref(), Some(" (did you mean RUN?)"));
        assert_eq!(
            hint("ENTRYPONT x").as_deref(),
            Some(" (did you mean ENTRYPOINT?)")
        );
        assert_eq!(hint("FOO x"), None);
        assert_eq!(hint(&"x".repeat(100_000)), None);
    }

    #[test]
    fn both_forms_of_a_command_are_told_apart() {
        let cmd = |text: &str| line(text, '\\').unwrap();
        let exec = Command::Exec(vec!["a".into(), "b".into()]);
        assert_eq!(
            cmd(r#"CMD ["a", "b"]"#),
            Parsed::Instruction(Instruction::Cmd(exec))
        );
        let shell = Command::Shell("[ -f x ]".into());
        assert_eq!(
            cmd("RUN [ -f x ]"),
            Parsed::Instruction(Instruction::Run(shell))
        );
        assert_eq!(
            Command::Shell("a b".into()).argv(&["sh".into()]),
            ["sh", "a b"]
        );
    }
}
