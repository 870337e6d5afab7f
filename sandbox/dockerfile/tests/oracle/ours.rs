//! What our parser says.

use drydock_dockerfile::{Command, Copy, Dockerfile, Instruction, Stage, Step};

use crate::Seen;

pub(crate) const NAMES: [&str; 18] = [
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

pub(crate) fn read(text: &str) -> Result<Vec<Seen>, String> {
    let file = Dockerfile::parse(text, "Dockerfile").map_err(|error| error.to_string())?;
    let mut seen: Vec<Seen> = file.global_args.iter().map(step).collect();
    for stage in &file.stages {
        seen.push(from(stage));
        seen.extend(stage.steps.iter().map(step));
    }
    Ok(seen)
}

fn from(stage: &Stage) -> Seen {
    Seen {
        name: "FROM".into(),
        line: stage.lines.first,
        flags: stage.platform.iter().map(|_| "platform".into()).collect(),
        words: std::iter::once(&stage.base)
            .chain(&stage.name)
            .cloned()
            .collect(),
        heredocs: Vec::new(),
    }
}

fn step(step: &Step) -> Seen {
    let mut seen = Seen {
        name: step.instruction.name().into(),
        line: step.lines.first,
        flags: Vec::new(),
        words: Vec::new(),
        heredocs: Vec::new(),
    };
    match &step.instruction {
        Instruction::Run(run) => {
            seen.words = exec(&run.command);
            let docs = run.heredocs.iter();
            seen.heredocs = docs
                .map(|doc| (doc.text().into_owned(), doc.expand))
                .collect();
            seen.flags = run.mount_texts.iter().map(|_| "mount".into()).collect();
        }
        Instruction::Cmd(command) | Instruction::Entrypoint(command) => seen.words = exec(command),
        Instruction::Copy(it) | Instruction::Add(it) => copy(it, &mut seen),
        Instruction::Workdir(text) | Instruction::User(text) | Instruction::StopSignal(text) => {
            seen.words.push(text.clone());
        }
        Instruction::Expose(ports) => seen.words.clone_from(ports),
        Instruction::Shell(words) => seen.words.clone_from(words),
        Instruction::Volume(paths) => seen.words.clone_from(paths),
        _ => {}
    }
    seen
}

fn exec(command: &Command) -> Vec<String> {
    match command {
        Command::Exec(argv) => argv.clone(),
        Command::Shell(_) => vec!["(shell)".into()],
    }
}

fn copy(copy: &Copy, seen: &mut Seen) {
    seen.words.clone_from(&copy.sources);
    seen.words.push(copy.destination.clone());
    let docs = copy.inline.iter();
    seen.heredocs = docs.map(|doc| (doc.content.clone(), doc.expand)).collect();
    let given = [
        ("from", copy.from.is_some()),
        ("chown", copy.chown.is_some()),
        ("chmod", copy.chmod.is_some()),
        ("checksum", copy.checksum.is_some()),
    ];
    let given = given.iter().filter(|(_, given)| *given);
    seen.flags = given.map(|(name, _)| (*name).to_owned()).collect();
    seen.flags.sort();
}
