//! An instruction with its variables replaced.

use crate::{
    copy::Copy,
    expand::{Env, ExpandError, Indexed, Lexer, Names, Variables},
    heredoc::Heredoc,
    instruction::Instruction,
    mount::{self, MountError},
    run::Run,
};

/// Why an instruction's variables could not be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// A word.
    #[error(transparent)]
    Word(#[from] ExpandError),
    /// A `--mount`, which is checked when its variables are known.
    #[error(transparent)]
    Mount(#[from] MountError),
}

impl Instruction {
    /// Replaces variables where the language has them; the commands of RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK and
    /// ONBUILD are left as they are, since a shell or a later build resolves theirs.
    ///
    /// # Errors
    /// A word that cannot be expanded, a `--mount` that is none.
    pub fn resolve(&self, env: &Env, escape: char) -> Result<Self, ResolveError> {
        self.resolve_noting(env, escape, &mut Names::default())
    }

    /// As [`Self::resolve`]; `names` learns which variables were used.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_noting(
        &self,
        env: &Env,
        escape: char,
        names: &mut Names,
    ) -> Result<Self, ResolveError> {
        self.resolve_in(&Indexed::new(env), Lexer::new(escape), names)
    }

    pub(crate) fn resolve_in(
        &self,
        variables: &dyn Variables,
        lexer: Lexer,
        names: &mut Names,
    ) -> Result<Self, ResolveError> {
        let mut resolver = Resolver {
            lexer,
            variables,
            names,
        };
        resolver.instruction(self)
    }

    /// As [`Self::resolve`], with the classic builder's substitutions only.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_classic(&self, env: &Env, escape: char) -> Result<Self, ResolveError> {
        let names = &mut Names::default();
        self.resolve_in(&Indexed::new(env), Lexer::classic(escape), names)
    }
}

struct Resolver<'a> {
    lexer: Lexer,
    variables: &'a dyn Variables,
    names: &'a mut Names,
}

impl Resolver<'_> {
    fn instruction(&mut self, written: &Instruction) -> Result<Instruction, ResolveError> {
        Ok(match written {
            Instruction::Run(run) => Instruction::Run(self.run(run)?),
            Instruction::Copy(it) => Instruction::Copy(self.copy(it)?),
            Instruction::Add(it) => Instruction::Add(self.copy(it)?),
            Instruction::Workdir(path) => Instruction::Workdir(self.word(path)?),
            Instruction::User(user) => Instruction::User(self.word(user)?),
            Instruction::StopSignal(signal) => Instruction::StopSignal(self.word(signal)?),
            Instruction::Env(pairs) => Instruction::Env(self.pairs(pairs)?),
            Instruction::Label(pairs) => Instruction::Label(self.pairs(pairs)?),
            Instruction::Volume(paths) => Instruction::Volume(self.all(paths)?),
            Instruction::Expose(ports) => {
                let mut resolved = Vec::new();
                for port in ports {
                    resolved.extend(self.expand(self.lexer, port)?.1);
                }
                Instruction::Expose(resolved)
            }
            Instruction::Arg(args) => {
                let mut resolved = Vec::new();
                for (name, value) in args {
                    resolved.push((self.word(name)?, self.maybe(value.as_ref())?));
                }
                Instruction::Arg(resolved)
            }
            Instruction::Cmd(_)
            | Instruction::Entrypoint(_)
            | Instruction::Shell(_)
            | Instruction::Healthcheck(_)
            | Instruction::Maintainer(_)
            | Instruction::OnBuild(_) => written.clone(),
        })
    }

    fn run(&mut self, run: &Run) -> Result<Run, ResolveError> {
        let mut mounts = Vec::new();
        for text in &run.mount_texts {
            mounts.push(mount::parse(text, |value| self.word(value))?);
        }
        Ok(Run {
            mounts,
            ..run.clone()
        })
    }

    fn copy(&mut self, copy: &Copy) -> Result<Copy, ResolveError> {
        let mut inline = Vec::new();
        for doc in &copy.inline {
            inline.push(self.heredoc(doc)?);
        }
        Ok(Copy {
            sources: self.all(&copy.sources)?,
            inline,
            destination: self.word(&copy.destination)?,
            from: copy.from.clone(),
            chown: self.maybe(copy.chown.as_ref())?,
            chmod: self.maybe(copy.chmod.as_ref())?,
            exclude: self.all(&copy.exclude)?,
            checksum: self.maybe(copy.checksum.as_ref())?,
            ..*copy
        })
    }

    /// In a file's text quotes are characters like others, and the escape character is always `\`.
    fn heredoc(&mut self, doc: &Heredoc) -> Result<Heredoc, ResolveError> {
        if !doc.expand {
            return Ok(doc.clone());
        }
        let lexer = Lexer {
            ignore_quotes: true,
            ..Lexer::default()
        };
        Ok(Heredoc {
            content: self.expand(lexer, &doc.content)?.0,
            ..doc.clone()
        })
    }

    fn expand(&mut self, lexer: Lexer, text: &str) -> Result<(String, Vec<String>), ResolveError> {
        let expansion = lexer.expand_in(text, self.variables)?;
        self.names.used.extend(expansion.names.used);
        self.names.unset.extend(expansion.names.unset);
        Ok((expansion.text, expansion.words))
    }

    fn word(&mut self, text: &str) -> Result<String, ResolveError> {
        Ok(self.expand(self.lexer, text)?.0)
    }

    fn maybe(&mut self, text: Option<&String>) -> Result<Option<String>, ResolveError> {
        text.map(|text| self.word(text)).transpose()
    }

    fn all(&mut self, texts: &[String]) -> Result<Vec<String>, ResolveError> {
        texts.iter().map(|text| self.word(text)).collect()
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> Result<Vec<(String, String)>, ResolveError> {
        let mut resolved = Vec::new();
        for (name, value) in pairs {
            resolved.push((self.word(name)?, self.word(value)?));
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dockerfile, Instruction, Names};

    fn steps(text: &str) -> Vec<Instruction> {
        let file = Dockerfile::parse(text, "Dockerfile").unwrap();
        let steps = file.stages.into_iter().flat_map(|stage| stage.steps);
        steps.map(|step| step.instruction).collect()
    }

    #[test]
    fn values_expand_and_commands_do_not() {
        let text =
            "FROM a\nLABEL x=\"$A b\" y='$A' \"q z\"=1\nRUN echo $A\nEXPOSE $P\nCOPY $A ${B:-/d}/";
        let env = ["A=1".to_owned(), "P=80 81".to_owned()];
        let written = steps(text);
        let resolved: Vec<Instruction> = written
            .iter()
            .map(|step| step.resolve(&env, '\\').unwrap())
            .collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            resolved[0],
            Instruction::Label(vec![pair("x", "1 b"), pair("y", "$A"), pair("q z", "1")])
        );
        assert_eq!(resolved[1], written[1]);
        assert_eq!(
            resolved[2],
            Instruction::Expose(vec!["80".into(), "81".into()])
        );
        assert!(matches!(&resolved[3], Instruction::Copy(copy) if copy.destination == "/d/"));
    }

    #[test]
    fn an_inline_file_expands_unless_its_word_is_quoted() {
        let text = "FROM a\nCOPY <<a <<'b' /\n\"$A\" '$A' \\$A\na\n$A\nb\n";
        let resolved = steps(text)[0].resolve(&["A=1".into()], '`').unwrap();
        let Instruction::Copy(copy) = resolved else {
            panic!()
        };
        assert_eq!(copy.inline[0].content, "\"1\" '1' $A\n");
        assert_eq!(copy.inline[1].content, "$A\n");
    }

    #[test]
    fn mounts_expand_and_are_checked_then() {
        let text = "FROM a\nRUN --mount=type=cache,target=$D,mode=$M x";
        let run = steps(text).remove(0);
        let mut names = Names::default();
        let env = ["D=/d".to_owned(), "M=0700".to_owned()];
        let Instruction::Run(resolved) = run.resolve_noting(&env, '\\', &mut names).unwrap() else {
            panic!()
        };
        assert_eq!(resolved.mounts[0].target.as_deref(), Some("/d"));
        assert_eq!(resolved.mounts[0].mode, Some(0o700));
        assert_eq!(names.used.len(), 2);
        let error = run.resolve(&["M=x".into()], '\\').unwrap_err();
        assert_eq!(error.to_string(), "invalid value x for mode");
    }

    #[test]
    fn the_classic_builder_has_fewer_substitutions() {
        let step = steps("FROM a\nENV x=${y#z}").remove(0);
        assert!(step.resolve(&[], '\\').is_ok());
        assert_eq!(
            step.resolve_classic(&[], '\\').unwrap_err().to_string(),
            "failed to process \"${y#z}\": missing ':' in substitution"
        );
    }
}
