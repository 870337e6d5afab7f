//! What `parse-dockerfile` says.

use parse_dockerfile::{Command, Flag, Instruction, JsonOrStringArray, Source, UnescapedString};

use crate::Seen;

pub(crate) fn read(text: &str) -> Result<Vec<Seen>, String> {
    // Their places do not count it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = parse_dockerfile::parse(text).map_err(|error| error.to_string())?;
    Ok(file
        .instructions
        .iter()
        .map(|it| instruction(text, it))
        .collect())
}

fn instruction(text: &str, instruction: &Instruction<'_>) -> Seen {
    // The enum's variants are named after the keywords.
    let debug = format!("{instruction:?}");
    let name = debug.split('(').next().unwrap_or_default().to_uppercase();
    let mut seen = Seen {
        name,
        line: 0,
        flags: Vec::new(),
        words: Vec::new(),
        heredocs: Vec::new(),
    };
    let start = match instruction {
        Instruction::From(it) => {
            seen.flags = flags(&it.options);
            seen.words.push(it.image.value.to_string());
            seen.words
                .extend(it.as_.iter().map(|(_, name)| name.value.to_lowercase()));
            it.from.span.start
        }
        Instruction::Run(it) => {
            seen.flags = flags(&it.options);
            seen.flags.retain(|flag| flag == "mount");
            seen.words = command(&it.arguments);
            let docs = it.here_docs.iter();
            seen.heredocs = docs
                .map(|doc| (doc.value.to_string(), doc.expand))
                .collect();
            it.run.span.start
        }
        Instruction::Cmd(it) => {
            seen.words = command(&it.arguments);
            it.cmd.span.start
        }
        Instruction::Entrypoint(it) => {
            seen.words = command(&it.arguments);
            it.entrypoint.span.start
        }
        Instruction::Copy(it) => {
            copy(&it.options, &it.src, &it.dest, &mut seen);
            it.copy.span.start
        }
        Instruction::Add(it) => {
            copy(&it.options, &it.src, &it.dest, &mut seen);
            it.add.span.start
        }
        Instruction::Workdir(it) => {
            seen.words.push(it.arguments.value.to_string());
            it.workdir.span.start
        }
        Instruction::User(it) => {
            seen.words.push(it.arguments.value.to_string());
            it.user.span.start
        }
        Instruction::Stopsignal(it) => {
            seen.words.push(it.arguments.value.to_string());
            it.stopsignal.span.start
        }
        Instruction::Expose(it) => {
            seen.words = strings(&it.arguments);
            it.expose.span.start
        }
        Instruction::Shell(it) => {
            seen.words = strings(&it.arguments);
            it.shell.span.start
        }
        Instruction::Volume(it) => {
            seen.words = match &it.arguments {
                JsonOrStringArray::Json(array) => strings(&array.value),
                JsonOrStringArray::String(words) => strings(words),
            };
            it.volume.span.start
        }
        Instruction::Arg(it) => it.arg.span.start,
        Instruction::Env(it) => it.env.span.start,
        Instruction::Label(it) => it.label.span.start,
        Instruction::Healthcheck(it) => it.healthcheck.span.start,
        Instruction::Maintainer(it) => it.maintainer.span.start,
        Instruction::Onbuild(it) => it.onbuild.span.start,
        other => panic!("a new instruction: {other:?}"),
    };
    seen.line = text[..start].matches('\n').count() + 1;
    seen
}

fn copy(
    options: &[Flag<'_>],
    sources: &[Source<'_>],
    destination: &UnescapedString<'_>,
    seen: &mut Seen,
) {
    seen.flags = flags(options);
    let valued = ["from", "chown", "chmod", "checksum"];
    seen.flags.retain(|flag| valued.contains(&flag.as_str()));
    seen.flags.sort();
    for source in sources {
        match source {
            Source::Path(path) => seen.words.push(path.value.to_string()),
            Source::HereDoc(doc) => seen.heredocs.push((doc.value.to_string(), doc.expand)),
            other => panic!("a new source: {other:?}"),
        }
    }
    seen.words.push(destination.value.to_string());
}

fn command(command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Exec(argv) => strings(&argv.value),
        _ => vec!["(shell)".into()],
    }
}

/// An empty value is as good as no flag.
fn flags(options: &[Flag<'_>]) -> Vec<String> {
    let given = |flag: &&Flag<'_>| {
        flag.value
            .as_ref()
            .is_none_or(|value| !value.value.is_empty())
    };
    let given = options.iter().filter(given);
    given.map(|flag| flag.name.value.to_string()).collect()
}

fn strings(words: &[UnescapedString<'_>]) -> Vec<String> {
    words.iter().map(|word| word.value.to_string()).collect()
}
