//! An instruction with its variables replaced.

use crate::{
    expand::{self, Env, ExpandError},
    instruction::{Copy, Instruction},
};

impl Instruction {
    /// Replaces variables where the language has them; RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK and ONBUILD are left as
    /// they are, since a shell or a later build resolves theirs.
    ///
    /// # Errors
    /// A word that cannot be expanded.
    pub fn resolve(&self, env: &Env, escape: char) -> Result<Self, ExpandError> {
        let word = |text: &String| expand::word(text, env, escape);
        let all = |texts: &[String]| texts.iter().map(word).collect::<Result<Vec<_>, _>>();
        let pairs = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, value)| Ok((word(name)?, word(value)?)))
                .collect::<Result<Vec<_>, _>>()
        };
        let copy = |copy: &Copy| {
            Ok(Copy {
                sources: all(&copy.sources)?,
                destination: word(&copy.destination)?,
                from: copy.from.clone(),
                chown: copy.chown.as_ref().map(word).transpose()?,
                chmod: copy.chmod.as_ref().map(word).transpose()?,
            })
        };
        Ok(match self {
            Self::Copy(it) => Self::Copy(copy(it)?),
            Self::Add(it) => Self::Add(copy(it)?),
            Self::Workdir(path) => Self::Workdir(word(path)?),
            Self::User(user) => Self::User(word(user)?),
            Self::StopSignal(signal) => Self::StopSignal(word(signal)?),
            Self::Env(it) => Self::Env(pairs(it)?),
            Self::Label(it) => Self::Label(pairs(it)?),
            Self::Volume(paths) => Self::Volume(all(paths)?),
            Self::Expose(ports) => {
                let mut resolved = Vec::new();
                for port in ports {
                    resolved.extend(expand::words(port, env, escape)?);
                }
                Self::Expose(resolved)
            }
            Self::Arg(args) => {
                let arg = |(name, value): &(String, Option<String>)| {
                    Ok((word(name)?, value.as_ref().map(word).transpose()?))
                };
                Self::Arg(args.iter().map(arg).collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dockerfile, Instruction};

    #[test]
    fn values_expand_and_commands_do_not() {
        let text =
            "FROM a\nLABEL x=\"$A b\" y='$A' \"q z\"=1\nRUN echo $A\nEXPOSE $P\nCOPY $A ${B:-/d}/";
        let file = Dockerfile::parse(text, "Dockerfile").unwrap();
        let env = ["A=1".to_owned(), "P=80 81".to_owned()];
        let resolved: Vec<Instruction> = file.stages[0]
            .steps
            .iter()
            .map(|step| step.instruction.resolve(&env, '\\').unwrap())
            .collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            resolved[0],
            Instruction::Label(vec![pair("x", "1 b"), pair("y", "$A"), pair("q z", "1")])
        );
        assert_eq!(resolved[1], file.stages[0].steps[1].instruction);
        assert_eq!(
            resolved[2],
            Instruction::Expose(vec!["80".into(), "81".into()])
        );
        assert!(matches!(&resolved[3], Instruction::Copy(copy) if copy.destination == "/d/"));
    }
}
