//! What each stage does, step by step, with the variables it has there.

use std::{collections::HashMap, rc::Rc};

use super::{
    BaseImage, CheckOptions, platform,
    report::Report,
    rules,
    scope::{Budget, Scope},
    text::{arguments, name},
};
use crate::{
    expand::{Indexed, Lexer, Names, Variables as _},
    instruction::{Command, Instruction},
    lines::Lines,
    plan::{Dockerfile, Stage, Step},
    wildcard::clean_path,
    words,
};

/// Arguments that are no variables.
const NO_VARIABLES: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// Looks at the stages that are built; ends early where a build would.
pub(super) fn check(
    file: &Dockerfile,
    options: &CheckOptions<'_>,
    report: &mut Report,
) -> Option<()> {
    let platform = options.platform.unwrap_or(platform::DEFAULT);
    let globals = file.globals(&options.args, platform, options.target).ok()?;
    let mut checker = Checker {
        options,
        report,
        lexer: Lexer::new(file.escape),
        globals: Indexed::new(&globals),
        budget: Budget::default(),
    };
    let needed = match options.every_stage {
        true => vec![true; file.stages.len()],
        false => needed(file, options.target)?,
    };
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut done: Vec<Option<Rc<Seen>>> = Vec::new();
    for (stage, needed) in file.stages.iter().zip(needed) {
        let seen = if needed {
            let base = checker
                .lexer
                .expand_in(&stage.base, &checker.globals)
                .ok()?
                .text;
            let below = named.get(base.as_str()).and_then(|index| done.get(*index));
            let below = below.and_then(Option::as_ref);
            let start = checker.start(&base, below);
            Some(Rc::new(checker.stage(stage, start)?))
        } else {
            None
        };
        if let Some(name) = &stage.name {
            named.insert(name, done.len());
        }
        done.push(seen);
    }
    Some(())
}

/// The stages that the target stands on, copies from or mounts.
fn needed(file: &Dockerfile, target: Option<&str>) -> Option<Vec<bool>> {
    let last = file.stages.len().checked_sub(1)?;
    let target = target.map_or(Some(last), |target| file.stage(target))?;
    let mut needed = vec![false; file.stages.len()];
    let mut names = HashMap::new();
    let mut bases = Vec::new();
    for (index, stage) in file.stages.iter().enumerate() {
        bases.push(names.get(stage.base.as_str()).copied());
        if let Some(name) = &stage.name {
            names.insert(name.as_str(), index);
        }
    }
    let mut open = vec![target];
    while let Some(index) = open.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        open.extend(bases[index]);
        for step in &file.stages[index].steps {
            let from: Vec<&str> = match &step.instruction {
                Instruction::Copy(copy) => copy.from.as_deref().into_iter().collect(),
                Instruction::Run(run) => run
                    .mounts
                    .iter()
                    .filter_map(|it| it.from.as_deref())
                    .collect(),
                _ => Vec::new(),
            };
            open.extend(from.into_iter().filter_map(|from| file.stage(from)));
        }
    }
    Some(needed)
}

/// What is known at the end of a stage.
#[derive(Debug)]
struct Seen {
    scope: Rc<Scope>,
    /// The variables of its base image are known.
    known: bool,
    has_shell: bool,
    has_workdir: bool,
}

/// What is known in the middle of one.
struct State {
    scope: Scope,
    known: bool,
    has_shell: bool,
    has_workdir: bool,
    /// Where the last CMD, ENTRYPOINT and HEALTHCHECK of the stage are.
    last: HashMap<&'static str, Lines>,
}

struct Checker<'a, 'r> {
    options: &'a CheckOptions<'a>,
    report: &'r mut Report,
    lexer: Lexer,
    globals: Indexed<'a>,
    budget: Budget,
}

impl Checker<'_, '_> {
    fn start(&self, base: &str, below: Option<&Rc<Seen>>) -> State {
        if let Some(seen) = below {
            return State {
                scope: Scope::on_stage(&seen.scope),
                known: seen.known,
                has_shell: seen.has_shell,
                has_workdir: seen.has_workdir,
                last: HashMap::new(),
            };
        }
        let image = match base {
            "scratch" => Some(BaseImage::default()),
            name => self.options.images.and_then(|images| images(name)),
        };
        let known = image.is_some();
        let image = image.unwrap_or_default();
        State {
            scope: Scope::on_image(&image.env),
            known,
            has_shell: image.has_shell,
            has_workdir: false,
            last: HashMap::new(),
        }
    }

    fn stage(&mut self, stage: &Stage, mut state: State) -> Option<Seen> {
        for step in &stage.steps {
            if self.report.is_full() {
                return None;
            }
            self.step(step, &mut state)?;
        }
        Some(Seen {
            scope: Rc::new(state.scope),
            known: state.known,
            has_shell: state.has_shell,
            has_workdir: state.has_workdir,
        })
    }

    fn step(&mut self, step: &Step, state: &mut State) -> Option<()> {
        if let Instruction::Arg(args) = &step.instruction {
            return self.args(step, args, state);
        }
        let mut names = Names::default();
        let resolved = step
            .instruction
            .resolve_in(&state.scope, self.lexer, &mut names);
        let resolved = resolved.ok()?;
        // BuildKit does not look at EXPOSE.
        if !matches!(resolved, Instruction::Expose(_)) {
            self.undefined(step.lines, &names, state);
        }
        match &resolved {
            Instruction::Env(pairs) => {
                self.legacy(step);
                for (name, value) in pairs {
                    self.secret("ENV", name, step.lines);
                    state.scope.set(name, value, &mut self.budget)?;
                }
            }
            Instruction::Label(_) => self.legacy(step),
            Instruction::Cmd(command) | Instruction::Entrypoint(command) => {
                self.once(step, state);
                self.exec_form(step, command, state);
            }
            Instruction::Healthcheck(_) => self.once(step, state),
            Instruction::Shell(_) => state.has_shell = true,
            Instruction::Workdir(path) => self.workdir(step.lines, path, state),
            Instruction::Expose(ports) => {
                for port in ports {
                    self.port(port, step.lines);
                }
            }
            Instruction::Copy(copy) if copy.from.is_none() => {
                self.ignored("Copy", &copy.sources, step.lines)
            }
            Instruction::Add(copy) => self.ignored("Add", &copy.sources, step.lines),
            _ => {}
        }
        Some(())
    }

    fn args(
        &mut self,
        step: &Step,
        args: &[(String, Option<String>)],
        state: &mut State,
    ) -> Option<()> {
        for (name, default) in args {
            self.secret("ARG", name, step.lines);
            let given = self.options.args.get(name).cloned().flatten();
            let value = match (given, default) {
                (Some(given), _) => Some(given),
                (None, Some(default)) => {
                    let expanded = self.lexer.expand_in(default, &state.scope).ok()?;
                    self.undefined(step.lines, &expanded.names, state);
                    Some(expanded.text)
                }
                (None, None) => self.globals.get(name).map(str::to_owned),
            };
            if let Some(value) = value
                && !NO_VARIABLES.contains(&name.as_str())
            {
                state.scope.set(name, &value, &mut self.budget)?;
            }
            state.scope.declare(name);
        }
        Some(())
    }

    fn undefined(&mut self, lines: Lines, names: &Names, state: &State) {
        if !state.known {
            return;
        }
        for name in &names.unset {
            if self.report.is_full() {
                return;
            }
            if NO_VARIABLES.contains(&name.as_str()) || state.scope.is_declared(name) {
                continue;
            }
            let hint = self.report.nearest(name, || state.scope.names());
            let hint = hint.map_or_else(String::new, |hint| format!(" (did you mean ${hint}?)"));
            self.report.find(rules::UNDEFINED_VAR, lines, || {
                format!("Usage of undefined variable '${name}'{hint}")
            });
        }
    }

    /// `ENV name value`.
    fn legacy(&mut self, step: &Step) {
        let first = words::split(arguments(&step.text), self.lexer.escape)
            .into_iter()
            .next();
        if first.is_some_and(|word| !word.contains('=')) {
            let name = name(&step.text);
            self.report.find(rules::LEGACY_KEY_VALUE_FORMAT, step.lines, || {
                format!(
                    "\"{name} key=value\" should be used instead of legacy \"{name} key value\" format"
                )
            });
        }
    }

    fn secret(&mut self, instruction: &str, name: &str, lines: Lines) {
        let has = |words: &[&str]| {
            name.split('_')
                .any(|part| words.iter().any(|word| part.eq_ignore_ascii_case(word)))
        };
        let telling = [
            "apikey",
            "auth",
            "credential",
            "credentials",
            "key",
            "password",
            "pword",
            "passwd",
            "secret",
            "token",
        ];
        if has(&telling) && !has(&["public", "file", "version"]) {
            self.report.find(rules::SECRETS_USED_IN_ARG_OR_ENV, lines, || {
                format!("Do not use ARG or ENV instructions for sensitive data ({instruction} {name:?})")
            });
        }
    }

    /// Of several CMDs the last one counts: the finding is about the one before.
    fn once(&mut self, step: &Step, state: &mut State) {
        let before = state.last.insert(step.instruction.name(), step.lines);
        if let Some(before) = before {
            let name = name(&step.text);
            self.report.find(rules::MULTIPLE_INSTRUCTIONS_DISALLOWED, before, || {
                format!(
                    "Multiple {name} instructions should not be used in the same stage because only the last one will be used"
                )
            });
        }
    }

    fn exec_form(&mut self, step: &Step, command: &Command, state: &State) {
        if matches!(command, Command::Shell(_)) && !state.has_shell {
            let name = name(&step.text);
            self.report.find(rules::JSON_ARGS_RECOMMENDED, step.lines, || {
                format!(
                    "JSON arguments recommended for {name} to prevent unintended behavior related to OS signals"
                )
            });
        }
    }

    /// Only the first WORKDIR of a Dockerfile counts: what the base image has may change.
    fn workdir(&mut self, lines: Lines, path: &str, state: &mut State) {
        if !state.has_workdir && !path.starts_with('/') {
            self.report.find(rules::WORKDIR_RELATIVE_PATH, lines, || {
                format!("Relative workdir {path:?} can have unexpected results if the base image changes")
            });
        }
        state.has_workdir = true;
    }

    fn port(&mut self, port: &str, lines: Lines) {
        let (host, container) = port
            .rsplit_once(':')
            .map_or(("", port), |(host, rest)| (host, rest));
        let protocol = container
            .split_once('/')
            .map_or("", |(_, protocol)| protocol);
        if protocol != protocol.to_lowercase() {
            self.report.find(rules::EXPOSE_PROTO_CASING, lines, || {
                format!("Defined protocol '{port}' in EXPOSE instruction should be lowercase")
            });
        }
        if !host.is_empty() {
            self.report.find(rules::EXPOSE_INVALID_FORMAT, lines, || {
                format!(
                    "EXPOSE instruction should not define an IP address or host-port mapping, found '{port}'"
                )
            });
        }
    }

    /// Rules with exceptions are left alone: of an ignored directory, a file may be there.
    fn ignored(&mut self, instruction: &str, sources: &[String], lines: Lines) {
        let Some(ignore) = self
            .options
            .ignore
            .filter(|ignore| !ignore.has_exceptions())
        else {
            return;
        };
        for source in sources.iter().filter(|source| !is_remote(source)) {
            let source = clean_path(source);
            if ignore.matches(&source) {
                self.report.find(rules::COPY_IGNORED_FILE, lines, || {
                    format!("Attempting to {instruction} file {source:?} that is excluded by .dockerignore")
                });
            }
        }
    }
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git://", "git@", "ssh://"]
        .iter()
        .any(|start| source.starts_with(start))
}
