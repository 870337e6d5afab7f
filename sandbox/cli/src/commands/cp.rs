//! `docker cp`.

use clap::Args;

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    copy::{from, to},
    docker::Docker,
    error::CliError,
    tty::Output,
};

/// `docker cp`.
#[derive(Debug, Args)]
pub struct Cp {
    /// Archive mode (copy all uid/gid information)
    #[arg(short, long)]
    archive: bool,
    /// Always follow symbol link in SRC_PATH
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached
    #[arg(short, long)]
    quiet: bool,
    arguments: Vec<String>,
}

impl Command for Cp {
    const WORDS: Words = Words {
        spellings: &["cp", "container cp"],
        about: "Copy files/folders between a container and the local filesystem",
        usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-
\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
        arity: Arity::Exactly(2),
        names: Names::Files,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let (source, target) = (self.arguments[0].as_str(), self.arguments[1].as_str());
        for (end, what) in [(source, "source"), (target, "destination")] {
            if end.is_empty() {
                return Err(CliError::failed(format!("{what} can not be empty")));
            }
        }
        let quiet = self.quiet || !Output::Stdout.is_terminal();
        match (End::parse(source), End::parse(target)) {
            (End::Container(container, path), End::Local(target)) => {
                let copy = from::Copy {
                    container,
                    path,
                    target,
                    follow: self.follow_link,
                    quiet,
                };
                copy.run(&docker).await?;
            }
            (End::Local(source), End::Container(container, path)) => {
                let copy = to::Copy {
                    source,
                    container,
                    path,
                    follow: self.follow_link,
                    copy_ids: self.archive,
                    quiet,
                };
                copy.run(&docker).await?;
            }
            (End::Container(..), End::Container(..)) => {
                return Err(CliError::failed(
                    "copying between containers is not supported",
                ));
            }
            (End::Local(_), End::Local(_)) => {
                return Err(CliError::failed(
                    "must specify at least one container source",
                ));
            }
        }
        Ok(0)
    }
}

/// One end of a copy.
#[derive(Debug, PartialEq, Eq)]
enum End<'a> {
    Container(&'a str, &'a str),
    Local(&'a str),
}

impl<'a> End<'a> {
    /// A colon tells a container, unless the path is local beyond doubt: it begins with a slash or a dot.
    fn parse(text: &'a str) -> Self {
        match text.split_once(':') {
            Some((container, path)) if !text.starts_with(['/', '.']) && !container.is_empty() => {
                Self::Container(container, path)
            }
            // Docker takes the path alone, when no container stands before the colon.
            Some(("", path)) => Self::Local(path),
            _ => Self::Local(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::End::{self, Container, Local};

    #[test]
    fn a_colon_tells_a_container_unless_the_path_is_local_beyond_doubt() {
        for (text, end) in [
            ("web:/etc", Container("web", "/etc")),
            ("web:", Container("web", "")),
            ("file", Local("file")),
            ("-", Local("-")),
            ("./a:b", Local("./a:b")),
            ("/a:b", Local("/a:b")),
            (":/x", Local("/x")),
        ] {
            assert_eq!(End::parse(text), end, "{text}");
        }
    }
}
