//! A whole Dockerfile: stages of steps, and how much of it a build runs.

use crate::{
    dialect::Dialect,
    directive::{self, CheckDirective},
    error::{ParseError, Problem},
    expand::{Env, Lexer},
    hint,
    instruction::Instruction,
    lines::{self, Line, Lines},
    parse::{self, Parsed, Rules},
};

/// The most bytes a Dockerfile may have.
pub const MAX_BYTES: usize = 1 << 20;

/// More `name=value` pairs than any real file has.
const MAX_PAIRS: usize = 5_000;

/// A parsed Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// `\`, or as `# escape=` says.
    pub escape: char,
    /// The frontend that `# syntax=` asks for.
    pub syntax: Option<String>,
    /// What `# check=` says.
    pub check: CheckDirective,
    /// What the classic builder prints before its first step.
    pub warnings: Vec<String>,
    /// The last lines of instructions that have a blank line inside.
    pub blank_lines: Vec<usize>,
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
    /// `--platform` as written.
    pub platform: Option<String>,
    /// The FROM line on one line.
    pub text: String,
    /// Where FROM is written.
    pub lines: Lines,
    /// The comment lines right above it, without `#`.
    pub comments: Vec<String>,
    /// In order.
    pub steps: Vec<Step>,
}

/// One instruction in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The instruction on one line, as displays show it; of a here-document that is the whole command the first line
    /// follows in parentheses. Variables are not yet expanded: see [`Step::display`].
    pub text: String,
    /// Where it is written, its here-documents included.
    pub lines: Lines,
    /// The comment lines right above it, without `#`.
    pub comments: Vec<String>,
    /// What it says.
    pub instruction: Instruction,
}

impl Dockerfile {
    /// Parses a Dockerfile as BuildKit does; `name` is what errors call it.
    ///
    /// # Errors
    /// The first mistake, with its lines.
    pub fn parse(text: &str, name: &str) -> Result<Self, ParseError> {
        Self::parse_as(text, name, Dialect::BuildKit)
    }

    /// As [`Self::parse`], for one of the two builders.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_as(text: &str, name: &str, dialect: Dialect) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Empty(name.into()));
        }
        if text.len() > MAX_BYTES {
            return Err(ParseError::TooLarge);
        }
        let source = lines::split(text, dialect)?;
        if source.lines.is_empty() {
            return Err(ParseError::NoInstructions);
        }
        let mut file = Self {
            escape: source.escape,
            syntax: directive::syntax(text),
            check: source.check,
            warnings: source.warnings,
            blank_lines: source.blank,
            global_args: Vec::new(),
            stages: Vec::new(),
        };
        let rules = Rules {
            escape: source.escape,
            dialect,
        };
        let mut first = None;
        let mut previous = None;
        let mut pairs = 0;
        for line in &source.lines {
            if let Err(error) = file.push(line, previous, rules) {
                // Docker splits all lines into words before it looks at the first instruction.
                if matches!(&error, ParseError::Line { problem, .. } if problem.is_lexical()) {
                    return Err(error);
                }
                first.get_or_insert(error);
            }
            previous = Some(line);
            pairs += file.last_step().map_or(0, |step| step.instruction.pairs());
            if pairs > MAX_PAIRS {
                return Err(ParseError::TooMany);
            }
        }
        if let Some(error) = first {
            return Err(error);
        }
        match (file.stages.is_empty(), file.global_args.first()) {
            (true, Some(arg)) => Err(ParseError::NoStages { lines: arg.lines }),
            (true, None) => Err(ParseError::NoInstructions),
            (false, _) => Ok(file),
        }
    }

    fn last_step(&self) -> Option<&Step> {
        match self.stages.last() {
            Some(stage) => stage.steps.last(),
            None => self.global_args.last(),
        }
    }

    fn push(
        &mut self,
        line: &Line,
        previous: Option<&Line>,
        rules: Rules,
    ) -> Result<(), ParseError> {
        let parsed = parse::line(&line.text, &line.heredocs, rules)
            .map_err(|problem| explain(problem, previous, rules.dialect))
            .map_err(ParseError::at(line.lines))?;
        match parsed {
            Parsed::From(from) => self.stages.push(Stage {
                name: from.name,
                base: from.base,
                platform: from.platform,
                text: line.text.clone(),
                lines: line.lines,
                comments: line.comments.clone(),
                steps: Vec::new(),
            }),
            Parsed::Instruction(instruction) => {
                let step = Step::new(line, instruction);
                match (self.stages.last_mut(), &step.instruction) {
                    (Some(stage), _) => stage.steps.push(step),
                    (None, Instruction::Arg(_)) => self.global_args.push(step),
                    (None, instruction) => {
                        return Err(ParseError::NoStage {
                            lines: step.lines,
                            instruction: instruction.name(),
                        });
                    }
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
        let Some(last) = self.stage(target) else {
            let names = self.stages.iter().filter_map(|stage| stage.name.as_deref());
            return Err(ParseError::NoTarget {
                name: target.into(),
                hint: hint::nearest(target, names).map(str::to_owned),
            });
        };
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

    /// How many steps the classic builder counts.
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

impl Step {
    fn new(line: &Line, instruction: Instruction) -> Self {
        let summary = match &instruction {
            Instruction::Run(run) => run.inline().map(|doc| format!(" ({})", doc.summary())),
            _ => None,
        };
        Self {
            text: line.text.clone() + &summary.unwrap_or_default(),
            lines: line.lines,
            comments: line.comments.clone(),
            instruction,
        }
    }

    /// As BuildKit shows it while it runs: the instruction's name in upper case, variables that are set replaced. RUN
    /// keeps its quotes, other instructions lose them.
    #[must_use]
    pub fn display(&self, env: &Env, escape: char) -> String {
        let is_run = matches!(self.instruction, Instruction::Run(_));
        let lexer = Lexer {
            raw_quotes: is_run,
            skip_unset: is_run,
            ..Lexer::new(escape)
        };
        let expanded = lexer.expand(&self.text, env).map(|it| it.text);
        let text = expanded.unwrap_or_else(|_| self.text.clone());
        match text.split_once(' ') {
            Some((name, rest)) => format!("{} {rest}", name.to_uppercase()),
            None => text.to_uppercase(),
        }
    }
}

/// Parses what an image's ONBUILD kept.
///
/// # Errors
/// It is no instruction, more than one, or one that cannot wait.
pub fn parse_trigger(text: &str, dialect: Dialect) -> Result<Step, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError::TooLarge);
    }
    let source = lines::split(text, dialect)?;
    let [line] = source.lines.as_slice() else {
        return Err(ParseError::Trigger);
    };
    let rules = Rules {
        escape: source.escape,
        dialect,
    };
    match parse::line(&line.text, &line.heredocs, rules).map_err(ParseError::at(line.lines))? {
        Parsed::Instruction(instruction) => Ok(Step::new(line, instruction)),
        Parsed::From(_) => Err(ParseError::at(line.lines)(Problem::Trigger("FROM".into()))),
    }
}

/// In the classic builder, an unknown instruction right behind a `<<WORD` is most likely the here-document's first line.
fn explain(problem: Problem, previous: Option<&Line>, dialect: Dialect) -> Problem {
    match problem {
        Problem::Unknown { name, .. }
            if dialect == Dialect::Classic
                && previous
                    .is_some_and(|line| line.text.contains("<<") && !line.text.contains("<<<")) =>
        {
            Problem::InHeredoc(name)
        }
        problem => problem,
    }
}

#[cfg(test)]
mod tests;
