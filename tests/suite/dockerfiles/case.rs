//! The cases' file format: `tests/fixtures/dockerfile/README.md` describes it.

use std::path::{Path, PathBuf};

/// Who says what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// The classic builder of dockerd 20.10, for `POST /build`.
    Classic,
    /// The BuildKit of dockerd 20.10, for our own builder.
    Buildkit,
    /// Docker's documentation or BuildKit's source, for what is newer: facts written by hand, with their source.
    Documents,
}

impl Reference {
    /// Its name in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Buildkit => "buildkit",
            Self::Documents => "documents",
        }
    }

    fn parse(name: &str) -> Result<Self, String> {
        [Self::Classic, Self::Buildkit, Self::Documents]
            .into_iter()
            .find(|reference| reference.name() == name)
            .ok_or(format!("unknown reference {name:?}"))
    }
}

/// A Dockerfile with its context, and how it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The folder it is in.
    pub family: String,
    /// The file's name without its ending.
    pub name: String,
    /// The first line: what is shown.
    pub about: String,
    pub references: Vec<Reference>,
    /// Where the expected facts are from, when a person wrote them.
    pub sources: Vec<String>,
    /// The context.
    pub files: Vec<(String, String)>,
    pub steps: Vec<Step>,
}

/// What is done, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A line for `sh`, in the context.
    Shell(String),
    Build(Build),
}

/// `docker build` with these words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    pub words: String,
    /// The cache is used, and the facts tell which steps were in it.
    pub cached: bool,
    /// The facts, if a person wrote them.
    pub expected: Vec<String>,
}

impl Case {
    /// `family/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.family, self.name)
    }

    pub fn builds(&self) -> impl Iterator<Item = &Build> {
        self.steps.iter().filter_map(|step| match step {
            Step::Build(build) => Some(build),
            Step::Shell(_) => None,
        })
    }

    /// Where what dockerd does is recorded.
    pub fn recording(&self) -> PathBuf {
        folder()
            .join(&self.family)
            .join(format!("{}.facts", self.name))
    }

    /// Reads one file's text; an error names the line.
    pub fn parse(family: &str, name: &str, text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate();
        let about = lines.next().and_then(|(_, line)| line.strip_prefix("# "));
        let mut case = Self {
            family: family.to_owned(),
            name: name.to_owned(),
            about: about
                .ok_or("line 1: must say `# what is shown`")?
                .to_owned(),
            references: vec![Reference::Classic, Reference::Buildkit],
            sources: Vec::new(),
            files: Vec::new(),
            steps: Vec::new(),
        };
        let mut block = Block::None;
        for (number, line) in lines {
            let read = case.line(line, &mut block);
            read.map_err(|error| format!("line {}: {error}", number + 1))?;
        }
        case.finished()
    }

    fn line(&mut self, line: &str, block: &mut Block) -> Result<(), String> {
        if let Some(more) = line.strip_prefix('|') {
            return self.more(more.strip_prefix(' ').unwrap_or(more), *block);
        }
        *block = Block::None;
        if let Some(command) = line.strip_prefix("$ ") {
            self.steps.push(Step::Shell(command.to_owned()));
        } else if let Some(path) = line.strip_prefix("file: ") {
            self.files.push((path.trim().to_owned(), String::new()));
            *block = Block::File;
        } else if let Some(names) = line.strip_prefix("references: ") {
            let names = names.split(',').map(|name| Reference::parse(name.trim()));
            self.references = names.collect::<Result<_, _>>()?;
        } else if let Some(source) = line.strip_prefix("source: ") {
            self.sources.push(source.to_owned());
        } else if let Some(words) = line.strip_prefix("build: ") {
            self.build(words, false);
        } else if let Some(words) = line.strip_prefix("build[cached]: ") {
            self.build(words, true);
        } else if line == "expect:" {
            if self.builds().next().is_none() {
                self.build(".", false);
            }
            *block = Block::Expected;
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err(format!("unknown line {line:?}"));
        }
        Ok(())
    }

    fn build(&mut self, words: &str, cached: bool) {
        self.steps.push(Step::Build(Build {
            words: words.to_owned(),
            cached,
            expected: Vec::new(),
        }));
    }

    fn more(&mut self, line: &str, block: Block) -> Result<(), String> {
        match (block, self.files.last_mut(), self.steps.last_mut()) {
            (Block::File, Some((_, file)), _) => {
                file.push_str(line);
                file.push('\n');
            }
            (Block::Expected, _, Some(Step::Build(build))) => build.expected.push(line.to_owned()),
            _ => return Err("`|` without a `file:` or `expect:`".into()),
        }
        Ok(())
    }

    fn finished(mut self) -> Result<Self, String> {
        if self.builds().next().is_none() {
            self.build(".", false);
        }
        let documented = self.references.contains(&Reference::Documents);
        if documented && self.references.contains(&Reference::Buildkit) {
            return Err("what BuildKit does needs no documents".into());
        }
        if documented == self.sources.is_empty() {
            return Err("facts by hand, and no others, name their source".into());
        }
        if self
            .builds()
            .any(|build| build.expected.is_empty() == documented)
        {
            return Err("each build has an `expect:`, or none has one".into());
        }
        Ok(self)
    }
}

/// What lines that begin with `|` belong to.
#[derive(Clone, Copy)]
enum Block {
    None,
    File,
    Expected,
}

/// Where the cases are.
pub fn folder() -> PathBuf {
    crate::harness::repository().join("tests/fixtures/dockerfile")
}

/// All cases whose `family/name` contains `filter`, by name.
pub fn load(filter: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for family in entries(&folder()).into_iter().filter(|path| path.is_dir()) {
        for path in entries(&family) {
            if path.extension().is_none_or(|end| end != "case") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let case = Case::parse(&stem(&family), &stem(&path), &text);
            cases.push(case.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }
    cases.retain(|case| case.id().contains(filter));
    cases.sort_by_key(Case::id);
    cases
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[test]
fn case_reads_from_top_to_bottom() {
    let text = "# about\nfile: Dockerfile\n| FROM busybox\n|\n| RUN x\n\n$ chmod 600 f\nbuild: --target a .\n$ touch f\nbuild[cached]: .\n";
    let case = Case::parse("copy", "x", text).unwrap();
    assert_eq!(case.id(), "copy/x");
    assert_eq!(case.files[0].1, "FROM busybox\n\nRUN x\n");
    assert_eq!(case.references, [Reference::Classic, Reference::Buildkit]);
    let builds: Vec<_> = case
        .builds()
        .map(|build| (build.words.as_str(), build.cached))
        .collect();
    assert_eq!(builds, [("--target a .", false), (".", true)]);
    assert_eq!(case.steps[0], Step::Shell("chmod 600 f".into()));
}

#[test]
fn facts_by_hand_go_with_their_source() {
    let head = "# about\nreferences: documents\nfile: Dockerfile\n| FROM busybox\n";
    let good = format!("{head}source: the manual\nexpect:\n| base busybox\n");
    let case = Case::parse("a", "b", &good).unwrap();
    assert_eq!(case.builds().next().unwrap().expected, ["base busybox"]);
    let refused = |text: &str| Case::parse("a", "b", text).unwrap_err();
    assert!(refused(&format!("{head}expect:\n| x\n")).contains("source"));
    assert!(refused(&format!("{head}source: y\n")).contains("expect"));
    assert!(refused("# about\nfile: Dockerfile\n| FROM x\nexpect:\n| y\n").contains("expect"));
    assert_eq!(
        refused("# about\n\nbuilds: .\n"),
        "line 3: unknown line \"builds: .\""
    );
}
