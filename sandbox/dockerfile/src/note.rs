//! What an instruction leaves in an image's history, as the classic builder words it.

use std::fmt::Write as _;

use crate::{
    duration,
    instruction::{Healthcheck, Instruction},
};

impl Instruction {
    /// The text after `#(nop) `, for an instruction that changes only an image's config and whose variables are
    /// expanded. `shell` precedes shell forms. COPY, ADD, RUN and WORKDIR are worded by what they did instead.
    #[must_use]
    pub fn note(&self, shell: &[String]) -> String {
        match self {
            Self::Cmd(command) => format!("CMD {}", quoted(&command.argv(shell))),
            Self::Entrypoint(command) if command.is_empty() => "ENTRYPOINT []".into(),
            Self::Entrypoint(command) => format!("ENTRYPOINT {}", quoted(&command.argv(shell))),
            Self::Env(pairs) => pairs_note("ENV", pairs),
            Self::Label(pairs) => pairs_note("LABEL", pairs),
            Self::Arg(args) => args.iter().fold("ARG".into(), |note, arg| match arg {
                (name, Some(value)) => format!("{note} {name}={value}"),
                (name, None) => format!("{note} {name}"),
            }),
            Self::Expose(ports) => {
                let mut ports = ports.clone();
                ports.sort();
                format!("EXPOSE {}", ports.join(" "))
            }
            Self::User(user) => format!("USER {user}"),
            Self::Volume(paths) => format!("VOLUME [{}]", paths.join(" ")),
            Self::StopSignal(signal) => format!("STOPSIGNAL {signal}"),
            Self::Shell(argv) => format!("SHELL [{}]", argv.join(" ")),
            Self::Maintainer(author) => format!("MAINTAINER {author}"),
            Self::OnBuild(trigger) => format!("ONBUILD {trigger}"),
            Self::Healthcheck(check) => healthcheck(check.as_ref(), 3),
            Self::Workdir(path) => format!("WORKDIR {path}"),
            Self::Copy(copy) | Self::Add(copy) => {
                format!("{} in {} ", self.name(), copy.destination)
            }
            Self::Run(run) => run.command.argv(shell).join(" "),
        }
    }
}

/// HEALTHCHECK as BuildKit's history has it today, with `--start-interval`, which the classic builder does not know.
#[must_use]
pub fn healthcheck_note(check: Option<&Healthcheck>) -> String {
    healthcheck(check, 4)
}

/// With the first `count` of the times.
fn healthcheck(check: Option<&Healthcheck>, count: usize) -> String {
    let Some(check) = check else {
        let none = "\"0s\" ".repeat(count);
        return format!("HEALTHCHECK &{{[\"NONE\"] {none}'\\x00'}}");
    };
    let times = [
        check.interval,
        check.timeout,
        check.start_period,
        check.start_interval,
    ];
    let times = times[..count]
        .iter()
        .map(|time| quote(&duration::format(*time)));
    let times: Vec<String> = times.collect();
    format!(
        "HEALTHCHECK &{{{} {} {}}}",
        quoted(&check.test()),
        times.join(" "),
        quote_number(check.retries)
    )
}

fn pairs_note(name: &str, pairs: &[(String, String)]) -> String {
    pairs.iter().fold(name.into(), |note, (key, value)| {
        format!("{note} {key}={value}")
    })
}

/// Go's `%q` of a list of strings.
#[must_use]
pub fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
    format!("[{}]", words.join(" "))
}

/// Go's `%q` of a string.
fn quote(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        escape_into(&mut out, c, '"');
    }
    out.push('"');
    out
}

/// Go's `%q` of a number is the character it stands for.
fn quote_number(number: u32) -> String {
    let mut out = String::from('\'');
    escape_into(&mut out, char::from_u32(number).unwrap_or('\u{fffd}'), '\'');
    out.push('\'');
    out
}

fn escape_into(out: &mut String, c: char, quote: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        c if c == quote => out.extend(['\\', c]),
        c if c < ' ' || c == '\u{7f}' => drop(write!(out, "\\x{:02x}", u32::from(c))),
        c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use crate::Dockerfile;

    fn note(line: &str) -> String {
        let file = Dockerfile::parse(&format!("FROM a\n{line}\n"), "Dockerfile").unwrap();
        file.stages[0].steps[0]
            .instruction
            .note(&["/bin/sh".into(), "-c".into()])
    }

    #[test]
    fn notes_read_as_the_classic_builders() {
        for (line, expected) in [
            ("CMD echo hi", r#"CMD ["/bin/sh" "-c" "echo hi"]"#),
            ("CMD []", "CMD []"),
            ("CMD", r#"CMD ["/bin/sh" "-c"]"#),
            (
                r#"ENTRYPOINT c "d""#,
                r#"ENTRYPOINT ["/bin/sh" "-c" "c \"d\""]"#,
            ),
            ("ENTRYPOINT", "ENTRYPOINT []"),
            ("ENV A=1 B=2", "ENV A=1 B=2"),
            ("LABEL a b c", "LABEL a=b c"),
            ("ARG a=1 b c=3", "ARG a=1 b c=3"),
            ("EXPOSE 80 1-3/udp", "EXPOSE 1-3/udp 80"),
            ("VOLUME /a /b", "VOLUME [/a /b]"),
            (r#"SHELL ["/bin/ash","-e"]"#, "SHELL [/bin/ash -e]"),
            ("MAINTAINER me <a@b>", "MAINTAINER me <a@b>"),
            ("ONBUILD RUN echo hi", "ONBUILD RUN echo hi"),
            (
                "HEALTHCHECK NONE",
                r#"HEALTHCHECK &{["NONE"] "0s" "0s" "0s" '\x00'}"#,
            ),
            (
                "HEALTHCHECK --interval=5s --timeout=3s --retries=2 CMD a b",
                r#"HEALTHCHECK &{["CMD-SHELL" "a b"] "5s" "3s" "0s" '\x02'}"#,
            ),
            (
                r#"HEALTHCHECK CMD ["a","b"]"#,
                r#"HEALTHCHECK &{["CMD" "a" "b"] "0s" "0s" "0s" '\x00'}"#,
            ),
        ] {
            assert_eq!(note(line), expected);
        }
    }
}
