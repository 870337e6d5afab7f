//! A whole Dockerfile: stages of steps, and how much of it a build runs.

use crate::{
    error::{ParseError, Problem},
    instruction::Instruction,
    lines::{self, Line},
    parse::{self, Parsed},
};

/// The most bytes a Dockerfile may have.
pub const MAX_BYTES: usize = 1 << 20;

/// A parsed Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// `\`, or as `# escape=` says.
    pub escape: char,
    /// The frontend that `# syntax=` asks for.
    pub syntax: Option<String>,
    /// What the builder prints before its first step.
    pub warnings: Vec<String>,
    /// `ARG`s before the first FROM.
    pub global_args: Vec<Step>,
    /// At least one.
    pub stages: Vec<Stage>,
}

/// A FROM and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `AS name`, in lower case.
    pub name: Option<String>,
    /// The base image as written, variables not yet expanded.
    pub base: String,
    /// The FROM line as the builder prints it.
    pub text: String,
    /// Where it stands, from 1.
    pub line: usize,
    /// In order.
    pub steps: Vec<Step>,
}

/// One instruction in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The instruction on one line, as the builder prints it.
    pub text: String,
    /// Where it begins, from 1.
    pub line: usize,
    /// What it says.
    pub instruction: Instruction,
}

impl Dockerfile {
    /// Parses a Dockerfile; `name` is what errors call it.
    ///
    /// # Errors
    /// The first mistake, with its line, in Docker's words.
    pub fn parse(text: &str, name: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Empty(name.into()));
        }
        if text.len() > MAX_BYTES {
            return Err(ParseError::TooLarge);
        }
        let lines = lines::split(text)?;
        let mut file = Self {
            escape: lines.escape,
            syntax: lines.syntax,
            warnings: lines.warnings,
            global_args: Vec::new(),
            stages: Vec::new(),
        };
        if lines.lines.is_empty() {
            return Err(ParseError::NoInstructions);
        }
        for (index, line) in lines.lines.iter().enumerate() {
            let previous = index.checked_sub(1).map(|index| &lines.lines[index]);
            file.push(line, previous)?;
        }
        if file.stages.is_empty() {
            return Err(no_stage(&file.global_args[0]));
        }
        Ok(file)
    }

    fn push(&mut self, line: &Line, previous: Option<&Line>) -> Result<(), ParseError> {
        let parsed = parse::line(&line.text, self.escape)
            .map_err(|problem| explain(problem, previous))
            .map_err(ParseError::at(line.number))?;
        let (text, line) = (line.text.clone(), line.number);
        match parsed {
            Parsed::From { base, name } => self.stages.push(Stage {
                name,
                base,
                text,
                line,
                steps: Vec::new(),
            }),
            Parsed::Instruction(instruction) => {
                let step = Step {
                    text,
                    line,
                    instruction,
                };
                match (self.stages.last_mut(), &step.instruction) {
                    (Some(stage), _) => stage.steps.push(step),
                    (None, Instruction::Arg(_)) => self.global_args.push(step),
                    (None, _) => return Err(no_stage(&step)),
                }
            }
        }
        Ok(())
    }

    /// Drops the stages after `target`: a name, or a number from 0.
    ///
    /// # Errors
    /// No such stage.
    pub fn until(mut self, target: &str) -> Result<Self, ParseError> {
        let last = self
            .stage(target)
            .ok_or_else(|| ParseError::NoTarget(target.into()))?;
        self.stages.truncate(last + 1);
        Ok(self)
    }

    /// A stage's place, by name in any case or by number.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<usize> {
        let named = |stage: &Stage| {
            stage
                .name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        let number = || {
            name.parse()
                .ok()
                .filter(|number| *number < self.stages.len())
        };
        self.stages.iter().rposition(named).or_else(number)
    }

    /// How many steps the builder counts.
    #[must_use]
    pub fn step_count(&self) -> usize {
        self.global_args.len()
            + self
                .stages
                .iter()
                .map(|stage| 1 + stage.steps.len())
                .sum::<usize>()
    }
}

/// Parses what an image's ONBUILD kept.
///
/// # Errors
/// It is no instruction, or one that cannot wait.
pub fn parse_trigger(text: &str) -> Result<Step, ParseError> {
    let line = 0;
    match parse::line(text.trim(), '\\').map_err(ParseError::at(line))? {
        Parsed::Instruction(instruction) => Ok(Step {
            text: text.trim().into(),
            line,
            instruction,
        }),
        Parsed::From { .. } => Err(ParseError::at(line)(Problem::Trigger("FROM".into()))),
    }
}

fn no_stage(step: &Step) -> ParseError {
    ParseError::NoStage {
        line: step.line,
        instruction: step.instruction.name(),
    }
}

/// An unknown instruction right behind a `<<WORD` is most likely the here-document's first line.
fn explain(problem: Problem, previous: Option<&Line>) -> Problem {
    match problem {
        Problem::Unknown { name, hint: None }
            if previous
                .is_some_and(|line| line.text.contains("<<") && !line.text.contains("<<<")) =>
        {
            Problem::Unknown {
                name,
                hint: Some(" (here-documents are not supported here)".into()),
            }
        }
        problem => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Dockerfile, String> {
        Dockerfile::parse(text, "Dockerfile").map_err(|error| error.to_string())
    }

    #[test]
    fn steps_belong_to_their_stages_and_know_their_lines() {
        let file = parse("ARG V=1\n\nFROM a:$V AS one\nRUN x \\\n y\nFROM one\nCMD z\n").unwrap();
        assert_eq!(file.step_count(), 5);
        assert_eq!(file.stages[0].steps[0].line, 4);
        assert_eq!(file.stages[0].steps[0].text, "RUN x  y");
        assert_eq!(file.stage("ONE"), Some(0));
        assert_eq!(file.stage("1"), Some(1));
        assert_eq!(file.stage("2"), None);
        assert_eq!(file.until("one").unwrap().step_count(), 3);
    }

    #[test]
    fn a_here_document_is_named_where_it_makes_an_unknown_instruction() {
        assert_eq!(
            parse("FROM a\nRUN <<E\necho hi\nE\n").unwrap_err(),
            "dockerfile parse error line 3: unknown instruction: ECHO (here-documents are not supported here)"
        );
    }

    #[test]
    fn a_trigger_may_not_be_from() {
        assert!(parse_trigger("FROM x").is_err());
        assert!(matches!(
            parse_trigger("RUN x").unwrap().instruction,
            Instruction::Run(_)
        ));
    }
}
