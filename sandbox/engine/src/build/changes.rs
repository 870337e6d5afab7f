//! `--change` of `docker commit` and `docker import`: Dockerfile instructions on a configuration.

use drydock_dockerfile::{Dialect, Instruction, parse_trigger};

use super::{error::BuildError, metadata, workdir};
use crate::{error::EngineError, wire::RunConfig};

/// Instructions that change a configuration and nothing else.
const ALLOWED: [&str; 11] = [
    "cmd",
    "entrypoint",
    "env",
    "expose",
    "healthcheck",
    "label",
    "onbuild",
    "stopsignal",
    "user",
    "volume",
    "workdir",
];

/// The configuration after the changes.
///
/// # Errors
/// When an instruction is not one that changes a configuration, or is malformed; Docker's words.
pub(crate) fn apply(mut run: RunConfig, changes: &[String]) -> Result<RunConfig, EngineError> {
    let lines = changes.iter().flat_map(|change| change.lines());
    let lines: Vec<&str> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    for line in &lines {
        let name = line.split_whitespace().next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        if !ALLOWED.contains(&name.as_str()) {
            return Err(EngineError::Invalid(format!(
                "{name} is not a valid change command"
            )));
        }
    }
    let mut cmd_set = false;
    for line in lines {
        change(&mut run, &mut cmd_set, line)?;
    }
    Ok(run)
}

fn change(run: &mut RunConfig, cmd_set: &mut bool, line: &str) -> Result<(), BuildError> {
    let step = parse_trigger(line, Dialect::Classic)?;
    let env = run.env.clone().unwrap_or_default();
    match step.instruction.resolve_classic(&env, '\\')? {
        Instruction::Workdir(path) => {
            run.working_dir = workdir::below(&run.working_dir, &path);
            Ok(())
        }
        other => metadata::apply(run, cmd_set, &other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn changed(changes: &[&str]) -> Result<RunConfig, String> {
        let run = RunConfig {
            cmd: Some(vec!["old".into()]),
            ..RunConfig::default()
        };
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        apply(run, &changes).map_err(|error| error.to_string())
    }

    #[test]
    fn changes_are_instructions_and_see_those_before() {
        let run = changed(&["ENV A=1", "WORKDIR /srv/$A", "workdir b", "CMD run $A"]).unwrap();
        assert_eq!(run.env.unwrap(), ["A=1"]);
        assert_eq!(run.working_dir, "/srv/1/b");
        assert_eq!(run.cmd.unwrap(), ["/bin/sh", "-c", "run $A"]);
    }

    #[test]
    fn an_entrypoint_drops_the_old_command_but_not_one_that_comes_along() {
        assert_eq!(changed(&[r#"ENTRYPOINT ["e"]"#]).unwrap().cmd, None);
        let both = changed(&[r#"CMD ["c"]"#, r#"ENTRYPOINT ["e"]"#]).unwrap();
        assert_eq!(both.cmd.unwrap(), ["c"]);
    }

    #[test]
    fn what_does_more_than_change_the_configuration_is_refused() {
        for odd in ["RUN x", "Copy a b", "FROM scratch", "FOO x"] {
            let name = odd.split(' ').next().unwrap().to_lowercase();
            assert_eq!(
                changed(&["ENV A=1", odd]).unwrap_err(),
                format!("{name} is not a valid change command")
            );
        }
        assert!(changed(&["EXPOSE abc"]).is_err());
    }
}
