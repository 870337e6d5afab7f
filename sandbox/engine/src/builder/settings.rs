//! Instructions that change only what the image says.

use drydock_dockerfile::{Command, Instruction};

use super::{error::Failure, solve::Solver, stage::State};
use crate::build::{BuildError, metadata};

/// Arguments that need no `ARG`, that no command's key has, and that no history tells.
pub(super) const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The platform that is built for, and on.
pub(super) fn platform() -> String {
    format!("linux/{}", drydock_image::config::host_architecture())
}

/// Bytes of a stage's variables and history: more than any image has, less than what copies of one long value make.
const MAX_TOLD: usize = 2 << 20;

fn bounded(state: &State) -> Result<(), Failure> {
    let lines = state.image.history.iter();
    let history: usize = lines
        .filter_map(|line| Some(line.created_by.as_ref()?.len()))
        .sum();
    let env: usize = state.env.iter().map(String::len).sum();
    if history + env > MAX_TOLD {
        return Err(Failure::Wrong(format!(
            "the stage's variables and history are longer than {MAX_TOLD} bytes"
        )));
    }
    Ok(())
}

impl Solver<'_> {
    /// One such instruction, its variables expanded but for ARG's, whose default may not be wanted.
    pub(super) fn setting(
        &self,
        state: &mut State,
        instruction: &Instruction,
    ) -> Result<(), Failure> {
        match instruction {
            Instruction::Arg(args) => return self.arg(state, args),
            Instruction::Maintainer(author) => state.image.author = Some(author.clone()),
            Instruction::Env(pairs) => {
                for (name, value) in pairs {
                    state.set_env(name, value);
                }
            }
            _ => {}
        }
        let shell = state.shell();
        metadata::apply(&mut state.run, &mut state.cmd_set, instruction)
            .map_err(|error| Failure::Wrong(words(&error)))?;
        match instruction {
            // A build on the image tells of it.
            Instruction::OnBuild(_) => return Ok(()),
            Instruction::Cmd(command) => {
                state.run.args_escaped = true;
                // A shell is given an empty command; the classic builder's is given none.
                if is_blank(command) {
                    state.run.cmd.get_or_insert_default().push(String::new());
                }
            }
            _ => {}
        }
        state.history(note(instruction, &shell), true);
        bounded(state)
    }

    fn arg(&self, state: &mut State, args: &[(String, Option<String>)]) -> Result<(), Failure> {
        let mut words = Vec::new();
        for (name, default) in args {
            let given = self.request.args.get(name).cloned().flatten();
            let value = match (given, default) {
                (Some(given), _) => Some(given),
                (None, Some(default)) => Some(drydock_dockerfile::expand::word(
                    default,
                    &state.env,
                    self.escape,
                )?),
                (None, None) => self.global(name),
            };
            if let Some(value) = &value {
                state.set_env(name, value);
            }
            words.push(match &value {
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            });
            state.args.push((name.clone(), value));
        }
        state.history(format!("ARG {}", words.join(" ")), true);
        bounded(state)
    }

    fn global(&self, name: &str) -> Option<String> {
        let own = |entry: &&String| entry.split('=').next() == Some(name);
        let entry = self.plan.globals.iter().find(own)?;
        entry.split_once('=').map(|(_, value)| value.to_owned())
    }
}

/// `CMD` without a word.
fn is_blank(command: &Command) -> bool {
    command.is_empty() && matches!(command, Command::Shell(_))
}

/// BuildKit's libraries begin these in lower case, the classic builder's do not.
fn words(error: &BuildError) -> String {
    match error {
        BuildError::Port(port) => format!("invalid containerPort: {port}"),
        BuildError::Protocol(protocol) => format!("invalid proto: {protocol}"),
        BuildError::Signal(signal) => format!("invalid signal: {signal}"),
        other => other.to_string(),
    }
}

/// What the history says of it.
fn note(instruction: &Instruction, shell: &[String]) -> String {
    match instruction {
        Instruction::Expose(ports) => {
            let mut exposed = drydock_image::config::RunConfig::default();
            // They were read a moment ago.
            let _ = metadata::apply(
                &mut exposed,
                &mut false,
                &Instruction::Expose(ports.clone()),
            );
            let ports = exposed.exposed_ports.unwrap_or_default();
            let ports: Vec<String> = ports.keys().map(|port| format!("{port}:{{}}")).collect();
            format!("EXPOSE map[{}]", ports.join(" "))
        }
        Instruction::Healthcheck(check) => drydock_dockerfile::healthcheck_note(check.as_ref()),
        Instruction::Cmd(command) if is_blank(command) => {
            let blank = [shell, &[String::new()]].concat();
            format!("CMD {}", drydock_dockerfile::quoted(&blank))
        }
        other => other.note(shell),
    }
}
