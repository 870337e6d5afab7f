//! One closing advice: what to move, so that the next change makes fewer steps run again.

use drydock_api::build::{Miss, StepReport};

use super::{instruction, time};

/// A step that is as fast as this may stand where it likes.
const WORTH_MILLIS: u64 = 500;

/// What installs dependencies, and the files that say which.
const INSTALLERS: [(&str, &[&str]); 12] = [
    ("pip install", &["requirements.txt"]),
    ("pip3 install", &["requirements.txt"]),
    ("npm ci", &["package.json", "package-lock.json"]),
    ("npm install", &["package.json", "package-lock.json"]),
    ("yarn", &["package.json", "yarn.lock"]),
    ("pnpm", &["package.json", "pnpm-lock.yaml"]),
    ("go mod download", &["go.mod", "go.sum"]),
    ("bundle install", &["Gemfile", "Gemfile.lock"]),
    ("composer install", &["composer.json", "composer.lock"]),
    ("cargo fetch", &["Cargo.toml", "Cargo.lock"]),
    ("mvn", &["pom.xml"]),
    ("poetry install", &["pyproject.toml", "poetry.lock"]),
];

/// The advice, if there is something to be gained.
pub fn of(steps: &[StepReport]) -> Option<String> {
    if steps.iter().all(|step| step.cached) {
        return None;
    }
    if steps.iter().all(is_first) {
        return Some(
            "Nothing of this was built before. Build it again, and every step will be a hit."
                .into(),
        );
    }
    let (at, copy) = steps.iter().enumerate().find(|(_, step)| copies(step))?;
    let changed = changed(copy)?;
    let again = victim(&steps[at + 1..], changed)?;
    let (copy, run) = (instruction(&copy.name), instruction(&again.name));
    let first = format!(
        "Only {changed} changed, yet {} ran again ({}): it stands below \"{copy}\".",
        short(run),
        time(again.millis)
    );
    let files = manifest(run).filter(|files| !files.iter().any(|f| f == changed));
    if files.is_none() && again.millis < WORTH_MILLIS {
        return None;
    }
    let second = match files {
        Some(files) => format!(
            "Copy {} first, and the rest after that step:\n\n    COPY {} ./\n    {}\n    {copy}\n",
            files[0],
            files.join(" "),
            short(run)
        ),
        None => format!(
            "If it does not need {changed}, put it above that line: steps above a change stay in the cache."
        ),
    };
    Some(format!("{first}\n{second}"))
}

fn is_first(step: &StepReport) -> bool {
    let known = |miss: &Miss| matches!(miss, Miss::First | Miss::Parent { .. });
    // A base image may be there before anything was built on it.
    (step.cached && instruction(&step.name).starts_with("FROM "))
        || (!step.cached && !step.misses.is_empty() && step.misses.iter().all(known))
}

fn is_file(miss: &Miss) -> bool {
    matches!(
        miss,
        Miss::FileChanged { .. } | Miss::FileAdded { .. } | Miss::FileRemoved { .. }
    )
}

/// A step that copies files, of which some are different.
fn copies(step: &StepReport) -> bool {
    let name = instruction(&step.name);
    !step.cached
        && (name.starts_with("COPY ") || name.starts_with("ADD "))
        && step.misses.iter().any(is_file)
}

/// The one file that is different; several are no single cause.
fn changed(step: &StepReport) -> Option<&str> {
    let mut files = step.misses.iter().filter_map(|miss| match miss {
        Miss::FileChanged { path } | Miss::FileAdded { path } | Miss::FileRemoved { path } => {
            Some(path.as_str())
        }
        _ => None,
    });
    let more = |miss: &Miss| matches!(miss, Miss::MoreFiles { .. });
    let only = files.next()?;
    (files.next().is_none() && !step.misses.iter().any(more)).then_some(only)
}

/// Of the steps that ran only because of that change, the slowest.
fn victim<'a>(steps: &'a [StepReport], changed: &str) -> Option<&'a StepReport> {
    let file = changed.rsplit('/').next().unwrap_or(changed);
    let dragged = |step: &&StepReport| {
        !step.cached
            && instruction(&step.name).starts_with("RUN ")
            && !step.misses.is_empty()
            && step
                .misses
                .iter()
                .all(|miss| matches!(miss, Miss::Parent { .. }))
            // What names the file has to run again.
            && !instruction(&step.name).contains(file)
            && !manifest(instruction(&step.name)).is_some_and(|m| m.iter().any(|f| f == file))
    };
    steps.iter().filter(dragged).max_by_key(|step| step.millis)
}

/// The files that an installer reads; for `pip install -r FILE` that one.
fn manifest(run: &str) -> Option<Vec<String>> {
    let (_, files) = INSTALLERS
        .iter()
        .find(|(command, _)| run.contains(command))?;
    let mut words = run.split_whitespace();
    let named = words
        .find(|word| matches!(*word, "-r" | "--requirement"))
        .and_then(|_| words.next());
    Some(match named {
        Some(file) => vec![file.trim_end_matches([';', '&', ')']).to_owned()],
        None => files.iter().map(ToString::to_string).collect(),
    })
}

fn short(run: &str) -> String {
    let cut: String = run.chars().take(52).collect();
    if cut.len() < run.len() {
        format!("{}\u{2026}", cut.trim_end())
    } else {
        cut
    }
}
