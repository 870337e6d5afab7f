//! Instructions that change only the config.

use std::{collections::BTreeMap, time::Duration};

use drydock_dockerfile::{Command, Healthcheck, Instruction};
use drydock_image::config::{self, Empty, RunConfig};

use super::{
    builder::Builder,
    error::BuildError,
    stage::{Stage, shell},
};
use crate::signals;

impl Builder<'_> {
    /// One such step: its variables are expanded already.
    pub(super) fn metadata(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
    ) -> Result<(), BuildError> {
        let mut run = stage.run.clone();
        self.change(stage, &mut run, instruction)?;
        // SHELL's own line is written with the new shell already.
        let shell = shell(&run);
        let created_by = format!("{} #(nop)  {}", shell.join(" "), instruction.note(&shell));
        self.config_step(stage, run, created_by)
    }

    fn change(
        &mut self,
        stage: &mut Stage,
        run: &mut RunConfig,
        instruction: &Instruction,
    ) -> Result<(), BuildError> {
        match instruction {
            Instruction::Arg(args) => {
                for (name, value) in args {
                    self.args.declare(name, value.as_deref());
                }
                Ok(())
            }
            Instruction::Maintainer(author) => {
                stage.author = Some(author.clone());
                Ok(())
            }
            other => apply(run, &mut stage.cmd_set, other),
        }
    }
}

/// What an instruction does to a configuration. `cmd_set` says whether an instruction before was a CMD.
///
/// # Errors
/// When a value is not what the instruction takes.
pub(crate) fn apply(
    run: &mut RunConfig,
    cmd_set: &mut bool,
    instruction: &Instruction,
) -> Result<(), BuildError> {
    match instruction {
        Instruction::Env(pairs) => {
            for (name, value) in pairs {
                set_env(run.env.get_or_insert_default(), name, value);
            }
        }
        Instruction::Label(pairs) => {
            run.labels
                .get_or_insert_default()
                .extend(pairs.iter().cloned());
        }
        Instruction::Cmd(command) => {
            *cmd_set = true;
            run.cmd = argv(command, run);
            if command.is_empty() && matches!(command, Command::Shell(_)) {
                run.cmd = Some(shell(run));
            }
        }
        Instruction::Entrypoint(command) => {
            run.entrypoint = argv(command, run);
            if !*cmd_set {
                run.cmd = None;
            }
        }
        Instruction::Expose(ports) => {
            let exposed = run.exposed_ports.get_or_insert_default();
            for port in ports {
                expose(exposed, port)?;
            }
        }
        Instruction::User(user) => run.user.clone_from(user),
        Instruction::Volume(paths) => {
            let paths = paths.iter().map(|path| (path.clone(), Empty {}));
            run.volumes.get_or_insert_default().extend(paths);
        }
        Instruction::StopSignal(signal) => {
            signals::parse(signal).map_err(|_| BuildError::Signal(signal.clone()))?;
            run.stop_signal = Some(signal.clone());
        }
        Instruction::Shell(shell) => run.shell = Some(shell.clone()),
        Instruction::Healthcheck(check) => run.healthcheck = Some(healthcheck(check.as_ref())),
        Instruction::OnBuild(trigger) => {
            run.on_build.get_or_insert_default().push(trigger.clone());
        }
        // Dispatched elsewhere.
        Instruction::Arg(_)
        | Instruction::Maintainer(_)
        | Instruction::Run(_)
        | Instruction::Copy(_)
        | Instruction::Add(_)
        | Instruction::Workdir(_) => {}
    }
    Ok(())
}

/// `None` for an empty exec form, as Docker stores it.
fn argv(command: &Command, run: &RunConfig) -> Option<Vec<String>> {
    (!command.is_empty()).then(|| command.argv(&shell(run)))
}

/// Replaces a variable in its place, or adds it.
fn set_env(env: &mut Vec<String>, name: &str, value: &str) {
    let entry = format!("{name}={value}");
    match env
        .iter_mut()
        .find(|old| old.split('=').next() == Some(name))
    {
        Some(old) => *old = entry,
        None => env.push(entry),
    }
}

/// `80`, `80/udp`, `8000-8002`.
fn expose(exposed: &mut BTreeMap<String, Empty>, port: &str) -> Result<(), BuildError> {
    let (range, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let protocol = if protocol.is_empty() {
        "tcp".into()
    } else {
        protocol.to_ascii_lowercase()
    };
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(BuildError::Protocol(protocol));
    }
    // `host:container` is read, and only the container's half counts.
    let range = range.rsplit(':').next().unwrap_or_default();
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
        return Err(BuildError::Port(range.into()));
    };
    if first == 0 || last < first {
        return Err(BuildError::Port(range.into()));
    }
    exposed.extend((first..=last).map(|port| (format!("{port}/{protocol}"), Empty {})));
    Ok(())
}

fn healthcheck(check: Option<&Healthcheck>) -> config::Healthcheck {
    let Some(check) = check else {
        return config::Healthcheck {
            test: Some(vec!["NONE".into()]),
            ..Default::default()
        };
    };
    let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    config::Healthcheck {
        test: Some(check.test()),
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        start_period: nanos(check.start_period),
        start_interval: nanos(check.start_interval),
        retries: check.retries.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn exposed(port: &str) -> Result<Vec<String>, String> {
        let mut ports = BTreeMap::new();
        expose(&mut ports, port).map_err(|error| error.to_string())?;
        Ok(ports.into_keys().collect())
    }

    #[test]
    fn ports_are_read_as_docker_reads_them() {
        assert_eq!(exposed("80").unwrap(), ["80/tcp"]);
        assert_eq!(exposed("1-3/UDP").unwrap(), ["1/udp", "2/udp", "3/udp"]);
        assert_eq!(exposed("abc").unwrap_err(), "Invalid containerPort: abc");
        assert_eq!(
            exposed("99999").unwrap_err(),
            "Invalid containerPort: 99999"
        );
        assert_eq!(exposed("80/foo").unwrap_err(), "Invalid proto: foo");
    }

    #[test]
    fn a_variable_is_replaced_in_its_place() {
        let mut env = vec!["A=1".to_owned(), "B=2".to_owned()];
        set_env(&mut env, "A", "3");
        set_env(&mut env, "C", "4");
        assert_eq!(env, ["A=3", "B=2", "C=4"]);
    }
}
