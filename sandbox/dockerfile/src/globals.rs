//! What FROM sees, and what an `ARG` without default in a stage may take: the platform arguments, and those that are
//! declared before the first FROM.

use std::collections::BTreeMap;

use crate::{
    expand::{ExpandError, Indexed, Lexer},
    instruction::Instruction,
    lines::Lines,
    plan::Dockerfile,
};

/// What `--build-arg` gave; a name without value has none.
pub type GivenArgs = BTreeMap<String, Option<String>>;

/// A default that cannot be expanded, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct GlobalError {
    /// Why.
    pub error: ExpandError,
    /// Where.
    pub lines: Lines,
}

impl Dockerfile {
    /// The global scope as `name=value`. `platform` is built on and for (`linux/amd64`); `target` is the stage that is
    /// asked for, by default the last one. Every name may be given another value.
    ///
    /// <https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope>
    ///
    /// # Errors
    /// A default that cannot be expanded.
    pub fn globals(
        &self,
        given: &GivenArgs,
        platform: &str,
        target: Option<&str>,
    ) -> Result<Vec<String>, GlobalError> {
        let given = |name: &str| given.get(name).and_then(Option::as_deref);
        let mut globals = Vec::new();
        let last = self.stages.last().and_then(|stage| stage.name.as_deref());
        for (name, value) in predefined(platform, target.or(last).unwrap_or("default")) {
            let value = given(&name).map_or(value, str::to_owned);
            globals.push(format!("{name}={value}"));
        }
        let lexer = Lexer::new(self.escape);
        for step in &self.global_args {
            let Instruction::Arg(args) = &step.instruction else {
                continue;
            };
            for (name, default) in args {
                let value = match (given(name), default) {
                    (Some(value), _) => value.to_owned(),
                    (None, Some(default)) => {
                        let expanded = lexer.expand_in(default, &Indexed::new(&globals));
                        let at = |error| GlobalError {
                            error,
                            lines: step.lines,
                        };
                        expanded.map_err(at)?.text
                    }
                    (None, None) => continue,
                };
                set(&mut globals, name, &value);
            }
        }
        Ok(globals)
    }
}

fn predefined(platform: &str, stage: &str) -> Vec<(String, String)> {
    let mut parts = platform.splitn(3, '/');
    let [os, architecture, variant] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let mut args = Vec::new();
    for kind in ["BUILD", "TARGET"] {
        for (name, value) in [
            ("PLATFORM", platform),
            ("OS", os),
            ("OSVERSION", ""),
            ("ARCH", architecture),
            ("VARIANT", variant),
        ] {
            args.push((format!("{kind}{name}"), value.to_owned()));
        }
    }
    args.push(("TARGETSTAGE".into(), stage.to_owned()));
    args
}

fn set(env: &mut Vec<String>, name: &str, value: &str) {
    let own = |entry: &&mut String| entry.split('=').next() == Some(name);
    match env.iter_mut().find(own) {
        Some(entry) => *entry = format!("{name}={value}"),
        None => env.push(format!("{name}={value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_there_undeclared_and_defaults_see_what_precedes_them() {
        let text = "ARG A=$TARGETARCH\nARG A=$A-$B B C=$A\nFROM x AS last";
        let file = Dockerfile::parse(text, "Dockerfile").unwrap();
        let given = GivenArgs::from([
            ("B".into(), Some("b".into())),
            ("BUILDOS".into(), Some("plan9".into())),
        ]);
        let globals = file.globals(&given, "linux/arm/v7", None).unwrap();
        for entry in [
            "BUILDPLATFORM=linux/arm/v7",
            "BUILDOS=plan9",
            "TARGETARCH=arm",
            "TARGETVARIANT=v7",
            "TARGETSTAGE=last",
            "A=arm-",
            "B=b",
            "C=arm-",
        ] {
            assert!(
                globals.iter().any(|global| global == entry),
                "{entry}: {globals:?}"
            );
        }
    }
}
