//! What COPY and ADD hold.

use crate::heredoc::Heredoc;

/// What COPY and ADD hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copy {
    /// Paths or wildcards, relative to the context or to `from`; of ADD also URLs.
    pub sources: Vec<String>,
    /// Files written in the Dockerfile itself, by the names of their here-documents.
    pub inline: Vec<Heredoc>,
    /// A file, or a directory if it ends in `/`.
    pub destination: String,
    /// `--from`: a stage's name or number, or an image.
    pub from: Option<String>,
    /// `--chown`.
    pub chown: Option<String>,
    /// `--chmod`, octal or symbolic.
    pub chmod: Option<String>,
    /// `--link`: the files make a layer of their own, whatever is below it.
    pub link: bool,
    /// `--parents`: the directories above the sources come along.
    pub parents: bool,
    /// `--exclude`, each time it is given.
    pub exclude: Vec<String>,
    /// ADD's `--checksum`.
    pub checksum: Option<String>,
    /// ADD's `--keep-git-dir`.
    pub keep_git_dir: bool,
    /// ADD's `--unpack`; `None` leaves it to the kind of the source.
    pub unpack: Option<bool>,
}
