//! The scenarios' file format: `tests/parity/README.md` describes it.

use std::path::Path;

/// One behaviour, as steps that a person could type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The file's name without its ending.
    pub name: String,
    /// The first line: what is shown.
    pub about: String,
    /// What both daemons must be able to do, by names of `/info`.
    pub needs: Vec<String>,
    /// Files beside which the steps run.
    pub files: Vec<(String, String)>,
    pub steps: Vec<Step>,
}

/// One command line, and how its outcome is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub command: String,
    pub compare: Compare,
}

/// The words in brackets after a step's `$`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a word of the format"
)]
pub struct Compare {
    /// Nothing but these of standard output, standard error and exit code; all of them if none is named.
    only: Vec<Part>,
    /// Each line of standard output is JSON, or all of it is: compared value by value.
    pub json: bool,
    /// The order of lines does not count.
    pub sorted: bool,
    /// Numbers do not count.
    pub numbers: bool,
    /// Sizes such as `1.2MB` do not count.
    pub sizes: bool,
    /// Names made up by the daemon do not count.
    pub names: bool,
    /// How columns are padded does not count.
    pub words: bool,
    /// On a terminal of its own.
    pub tty: bool,
    /// The reference daemon is too old for it: the two clients are compared with each other, on the sandbox.
    pub newer: bool,
}

/// What a program leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Out,
    Err,
    Code,
}

impl Compare {
    pub fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn parse(words: &str) -> Result<Self, String> {
        let mut compare = Self::default();
        for word in words.split(',').map(str::trim) {
            match word {
                "out" => compare.only.push(Part::Out),
                "err" => compare.only.push(Part::Err),
                "code" => compare.only.push(Part::Code),
                "json" => compare.json = true,
                "sorted" => compare.sorted = true,
                "numbers" => compare.numbers = true,
                "sizes" => compare.sizes = true,
                "names" => compare.names = true,
                "words" => compare.words = true,
                "tty" => compare.tty = true,
                "newer" => compare.newer = true,
                _ => return Err(format!("unknown word {word:?}")),
            }
        }
        Ok(compare)
    }
}

impl Scenario {
    /// Reads one file's text; an error names the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate();
        let about = lines.next().and_then(|(_, line)| line.strip_prefix("# "));
        let mut scenario = Self {
            name: name.to_owned(),
            about: about
                .ok_or("line 1: must say `# what is shown`")?
                .to_owned(),
            needs: Vec::new(),
            files: Vec::new(),
            steps: Vec::new(),
        };
        for (number, line) in lines {
            scenario
                .line(line)
                .map_err(|error| format!("line {}: {error}", number + 1))?;
        }
        if scenario.steps.is_empty() {
            return Err("there is no step".into());
        }
        Ok(scenario)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(more) = line.strip_prefix('|') {
            let (_, file) = self.files.last_mut().ok_or("`|` without a `file:`")?;
            file.push_str(more.strip_prefix(' ').unwrap_or(more));
            file.push('\n');
        } else if let Some(more) = line.strip_prefix("> ") {
            let step = self.steps.last_mut().ok_or("`>` without a step")?;
            step.command.push('\n');
            step.command.push_str(more);
        } else if let Some(step) = line.strip_prefix('$') {
            self.steps.push(step_of(step)?);
        } else if let Some(needs) = line.strip_prefix("needs: ") {
            self.needs = needs
                .split(',')
                .map(|need| need.trim().to_owned())
                .collect();
        } else if let Some(path) = line.strip_prefix("file: ") {
            self.files.push((path.trim().to_owned(), String::new()));
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err(format!("neither a step nor a remark: {line:?}"));
        }
        Ok(())
    }
}

fn step_of(text: &str) -> Result<Step, String> {
    let (compare, command) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        None => (Compare::default(), text),
        Some(Some((words, command))) => (Compare::parse(words)?, command),
        Some(None) => return Err("`[` is not closed".into()),
    };
    let command = command
        .strip_prefix(' ')
        .ok_or("a blank goes before the command")?;
    Ok(Step {
        command: command.to_owned(),
        compare,
    })
}

/// All scenarios below `folder` whose names contain `filter`, by name.
pub fn load(folder: &Path, filter: &str) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.extension().is_none_or(|end| end != "scenario") || !name.contains(filter) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario = Scenario::parse(&name, &text);
        scenarios.push(scenario.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    scenarios.sort_by(|one, other| one.name.cmp(&other.name));
    scenarios
}

#[test]
fn scenario_reads_like_a_transcript() {
    let text = "# files meet steps\nneeds: MemoryLimit, PidsLimit\n\nfile: a/Dockerfile\n| FROM busybox\n|\n| RUN true\n\
                # a remark\n$ docker build a\n$[out, sorted] docker images |\n> sort\n";
    let scenario = Scenario::parse("x", text).unwrap();
    assert_eq!(scenario.about, "files meet steps");
    assert_eq!(scenario.needs, ["MemoryLimit", "PidsLimit"]);
    let file = (
        "a/Dockerfile".to_owned(),
        "FROM busybox\n\nRUN true\n".to_owned(),
    );
    assert_eq!(scenario.files, [file]);
    assert_eq!(scenario.steps[0].command, "docker build a");
    assert!(scenario.steps[0].compare.has(Part::Err));
    let second = &scenario.steps[1];
    assert_eq!(second.command, "docker images |\nsort");
    assert!(
        second.compare.sorted && second.compare.has(Part::Out) && !second.compare.has(Part::Code)
    );
}

#[test]
fn bad_scenario_is_named_by_its_line() {
    let refused = |text: &str| Scenario::parse("x", text).unwrap_err();
    assert!(refused("$ docker ps\n").starts_with("line 1:"));
    assert_eq!(
        refused("# a\n\n$[loud] docker ps\n"),
        "line 3: unknown word \"loud\""
    );
    assert_eq!(refused("# a\n| x\n"), "line 2: `|` without a `file:`");
    assert_eq!(refused("# a\n"), "there is no step");
    assert!(refused("# a\ndocker ps\n").contains("neither a step nor a remark"));
}
