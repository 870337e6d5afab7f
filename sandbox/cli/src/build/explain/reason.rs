//! Why a step ran, in words.

use drydock_api::build::{Miss, StepReport};

use super::instruction;

/// So many files are named; of more, how many there are.
const MAX_NAMED: usize = 3;

/// One line or a few; none for a hit.
pub fn lines(step: &StepReport) -> Vec<String> {
    if step.cached {
        return Vec::new();
    }
    let mut lines = Vec::new();
    // Another instruction copies other files: there is nothing to compare.
    let reworded = |miss: &Miss| matches!(miss, Miss::Instruction { .. });
    if let Some(files) = files(&step.misses).filter(|_| !step.misses.iter().any(reworded)) {
        lines.push(files);
    }
    lines.extend(step.misses.iter().filter_map(other));
    // What a step stands on explains nothing that its own change does not.
    if lines.len() > 1 {
        let parents: Vec<String> = step.misses.iter().filter_map(parent).collect();
        let own = lines.iter().any(|line| !parents.contains(line));
        lines.retain(|line| !own || !parents.contains(line));
    }
    lines
}

/// `app.py changed, util.py is new`.
fn files(misses: &[Miss]) -> Option<String> {
    let mut more = 0;
    let mut named = Vec::new();
    let path = |miss: &Miss| match miss {
        Miss::FileChanged { path } | Miss::FileAdded { path } | Miss::FileRemoved { path } => {
            Some(path.clone())
        }
        _ => None,
    };
    let any_named = misses.iter().filter_map(path).any(|path| !path.is_empty());
    for miss in misses {
        // The directory itself, or the sum of very many files.
        if path(miss).is_some_and(|path| path.is_empty()) {
            if !any_named && named.is_empty() {
                named.push("the files that it copies are different".to_owned());
            }
            continue;
        }
        let words = match miss {
            Miss::FileChanged { path } => format!("{path} changed"),
            Miss::FileAdded { path } => format!("{path} is new"),
            Miss::FileRemoved { path } => format!("{path} is gone"),
            Miss::MoreFiles { count } => {
                more += count;
                continue;
            }
            _ => continue,
        };
        named.push(words);
    }
    more += named.len().saturating_sub(MAX_NAMED);
    named.truncate(MAX_NAMED);
    if more > 0 {
        named.push(match more {
            1 => "and 1 file more".to_owned(),
            more => format!("and {more} files more"),
        });
    }
    (!named.is_empty()).then(|| named.join(", "))
}

fn other(miss: &Miss) -> Option<String> {
    Some(match miss {
        Miss::First => "first build of this".into(),
        Miss::Asked => "you asked for no cache".into(),
        Miss::Instruction { before, now } => {
            return Some(reworded(before, now));
        }
        Miss::Variable { name } => format!("build argument or variable {name} has another value"),
        Miss::Base { name } => format!("the base image {name} is another one"),
        Miss::Parent { .. } => return parent(miss),
        Miss::Source { name } => format!("what it takes from {name} is different"),
        Miss::Setting { name } => format!("the {name} it runs with is different"),
        Miss::Pruned => "its layer was removed from the cache".into(),
        Miss::FileChanged { .. }
        | Miss::FileAdded { .. }
        | Miss::FileRemoved { .. }
        | Miss::MoreFiles { .. } => return None,
    })
}

fn reworded(before: &str, now: &str) -> String {
    if before.is_empty() || before == now {
        return "the instruction was changed".into();
    }
    let short: String = before.chars().take(60).collect();
    let end = if short.len() < before.len() {
        "\u{2026}"
    } else {
        ""
    };
    format!("the instruction was changed; it was: {short}{end}")
}

fn parent(miss: &Miss) -> Option<String> {
    match miss {
        Miss::Parent { step } if step.is_empty() => Some("the step before it ran again".into()),
        Miss::Parent { step } => Some(format!("a step above it ran again: {}", instruction(step))),
        _ => None,
    }
}
