//! RUN.

use super::{Rules, command};
use crate::{
    dialect::Dialect,
    error::Problem,
    flags::{Flag, Flags, Kind},
    heredoc::Heredoc,
    mount,
    run::{Run, RunNetwork, RunSecurity},
};

const FLAGS: &[(&str, Kind)] = &[
    ("mount", Kind::Many),
    ("network", Kind::Text),
    ("security", Kind::Text),
    ("device", Kind::Many),
];

pub(super) fn parse(
    flags: Vec<Flag>,
    rest: &str,
    heredocs: &[Heredoc],
    rules: Rules,
) -> Result<Run, Problem> {
    let command = command(rest)?;
    let known = match rules.dialect {
        Dialect::BuildKit => FLAGS,
        Dialect::Classic => &FLAGS[..1],
    };
    let flags = Flags::check(flags, known)?;
    let mount_texts = flags.all("mount");
    let mounts = match rules.dialect {
        Dialect::BuildKit => mount_texts
            .iter()
            .map(|text| mount::outline(text))
            .collect::<Result<_, _>>()?,
        Dialect::Classic => Vec::new(),
    };
    Ok(Run {
        heredocs: heredocs.to_vec(),
        mounts,
        mount_texts,
        network: network(flags.filled("network"))?,
        security: security(flags.filled("security"))?,
        devices: flags.all("device"),
        ..Run::new(command)
    })
}

fn network(value: Option<String>) -> Result<RunNetwork, Problem> {
    let Some(value) = value else {
        return Ok(RunNetwork::Default);
    };
    match value.as_str() {
        "default" => Ok(RunNetwork::Default),
        "none" => Ok(RunNetwork::None),
        "host" => Ok(RunNetwork::Host),
        _ => Err(Problem::Network(value)),
    }
}

fn security(value: Option<String>) -> Result<RunSecurity, Problem> {
    match value.as_deref() {
        None | Some("sandbox") => Ok(RunSecurity::Sandbox),
        Some("insecure") => Ok(RunSecurity::Insecure),
        Some(other) => Err(Problem::Security(other.to_owned())),
    }
}
