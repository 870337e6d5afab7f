//! `--call=outline|targets`: what a Dockerfile can build and takes, without building it.

use std::collections::{BTreeMap, BTreeSet};

use drydock_dockerfile::{Copy, Dockerfile, Instruction, Mount, MountKind, Stage, Step};

use crate::text::table::{self, Columns};

const COLUMNS: Columns = Columns {
    min_width: 0,
    padding: 3,
};

/// The stages by their names, the last being the default. What a comment right above a FROM says of the stage it names
/// is its description.
#[must_use]
pub fn targets(file: &Dockerfile) -> String {
    let last = file.stages.len().saturating_sub(1);
    let mut out = String::from("TARGET\tDESCRIPTION\n");
    for (at, stage) in file.stages.iter().enumerate() {
        let name = match (&stage.name, at == last) {
            (None, false) => continue,
            (None, true) => "(default)".to_owned(),
            (Some(name), true) => format!("{name} (default)"),
            (Some(name), false) => name.clone(),
        };
        let description = stage.name.as_deref().and_then(|n| of(&stage.comments, n));
        out.push_str(&format!("{name}\t{}\n", description.unwrap_or_default()));
    }
    table::align(&out, COLUMNS)
}

/// What a build of `target` takes: arguments, with those `given`, and secrets, caches.
///
/// # Errors
/// No such stage, in BuildKit's words.
pub fn outline(
    file: Dockerfile,
    target: Option<&str>,
    given: &BTreeMap<String, Option<String>>,
) -> Result<String, String> {
    let file = match target {
        Some(target) => file.until(target).map_err(|error| error.to_string())?,
        None => file,
    };
    let Some(last) = file.stages.last() else {
        return Ok(String::new());
    };
    let needed = needed(&file);
    let stages = || needed.iter().map(|at| &file.stages[*at]);
    let steps = || stages().flat_map(|stage| &stage.steps);
    let mut out = String::new();
    let name = last.name.as_deref();
    if name.is_some() || target.is_some() {
        let shown = name.unwrap_or("(default)");
        let mut head = format!("TARGET:\t{shown}\n");
        if let Some(text) = name.and_then(|name| of(&last.comments, name)) {
            head.push_str(&format!("DESCRIPTION:\t{text}\n"));
        }
        out.push_str(&format!("{}\n", table::align(&head, COLUMNS)));
    }
    let args = args(file.global_args.iter().chain(steps()), given);
    section(&mut out, "BUILD ARG\tVALUE\tDESCRIPTION", args);
    let mounts: Vec<&Mount> = steps().flat_map(mounts).collect();
    let secrets = of_kind(&mounts, MountKind::Secret).map(|mount| {
        let required = if mount.required { "true" } else { "" };
        format!("{}\t{required}", id(mount))
    });
    section(&mut out, "SECRET\tREQUIRED", unique(secrets));
    let caches = of_kind(&mounts, MountKind::Cache).map(id);
    section(&mut out, "CACHE MOUNT", unique(caches));
    Ok(out)
}

/// Whether a build may read files of the context. Triggers of base images are not seen.
#[must_use]
pub fn needs_context(text: &str) -> bool {
    let Ok(file) = Dockerfile::parse(text, "Dockerfile") else {
        return false;
    };
    let reads = |copy: &Copy| copy.from.is_none() && !copy.sources.is_empty();
    file.stages
        .iter()
        .flat_map(|stage| &stage.steps)
        .any(|step| match &step.instruction {
            Instruction::Copy(copy) => reads(copy),
            Instruction::Add(copy) => {
                reads(copy) && !copy.sources.iter().all(|source| source.contains("://"))
            }
            Instruction::Run(run) => run
                .mounts
                .iter()
                .any(|mount| mount.kind == MountKind::Bind && mount.from.is_none()),
            _ => false,
        })
}

fn section(out: &mut String, heading: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        let text = format!("{heading}\n{}\n", lines.join("\n"));
        out.push_str(&format!("{}\n", table::align(&text, COLUMNS)));
    }
}

/// The stages that the last one stands on, in order.
fn needed(file: &Dockerfile) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = file.stages.len().checked_sub(1).into_iter().collect();
    while let Some(at) = open.pop() {
        if found.insert(at) {
            let names = sources(&file.stages[at]);
            open.extend(
                names
                    .filter_map(|name| file.stage(name))
                    .filter(|n| *n < at),
            );
        }
    }
    found
}

fn sources(stage: &Stage) -> impl Iterator<Item = &str> {
    let of_steps = stage.steps.iter().flat_map(|step| match &step.instruction {
        Instruction::Copy(copy) | Instruction::Add(copy) => {
            copy.from.iter().map(String::as_str).collect()
        }
        Instruction::Run(run) => {
            let mounts = run.mounts.iter();
            mounts.filter_map(|mount| mount.from.as_deref()).collect()
        }
        _ => Vec::new(),
    });
    std::iter::once(stage.base.as_str()).chain(of_steps)
}

fn mounts(step: &Step) -> &[Mount] {
    match &step.instruction {
        Instruction::Run(run) => &run.mounts,
        _ => &[],
    }
}

fn of_kind<'a>(mounts: &[&'a Mount], kind: MountKind) -> impl Iterator<Item = &'a Mount> {
    mounts
        .iter()
        .copied()
        .filter(move |mount| mount.kind == kind)
}

/// Without one it is the name of the target.
fn id(mount: &Mount) -> String {
    let target = mount.target.as_deref().unwrap_or_default();
    mount.id.clone().unwrap_or_else(|| match mount.kind {
        MountKind::Secret => target.rsplit('/').next().unwrap_or_default().to_owned(),
        _ => target.to_owned(),
    })
}

/// Each argument once, the first default that there is.
fn args<'a>(
    steps: impl Iterator<Item = &'a Step>,
    given: &BTreeMap<String, Option<String>>,
) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    let mut known: BTreeMap<&str, (String, String)> = BTreeMap::new();
    for step in steps {
        let Instruction::Arg(pairs) = &step.instruction else {
            continue;
        };
        for (name, default) in pairs {
            let given = given.get(name).cloned().flatten();
            let value = given.or_else(|| default.clone()).unwrap_or_default();
            let text = of(&step.comments, name).unwrap_or_default();
            if !known.contains_key(name.as_str()) {
                names.push(name);
            }
            let entry = known.entry(name).or_default();
            for (old, new) in [(&mut entry.0, value), (&mut entry.1, text)] {
                if old.is_empty() {
                    *old = new;
                }
            }
        }
    }
    let line = |name: &&str| {
        let (value, text) = known.get(name).cloned().unwrap_or_default();
        format!("{name}\t{value}\t{text}")
    };
    names.iter().map(line).collect()
}

fn unique(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in lines {
        if !out.contains(&line) {
            out.push(line);
        }
    }
    out
}

/// What comments say of that name: `# NAME the words`.
fn of(comments: &[String], name: &str) -> Option<String> {
    let mut lines = comments.iter();
    lines.find_map(|line| {
        let rest = line.trim().strip_prefix(name)?;
        rest.strip_prefix(' ').map(ToOwned::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "ARG BASE=busybox
# build makes the program
FROM $BASE AS build
# VERSION what it calls itself
ARG VERSION=1
RUN --mount=type=secret,id=key,required --mount=type=cache,target=/root/.cache make
FROM busybox AS other
ARG OTHER
# release is what is shipped
FROM scratch AS release
COPY --from=build /out /
";

    fn file() -> Dockerfile {
        Dockerfile::parse(FILE, "Dockerfile").unwrap()
    }

    #[test]
    fn targets_are_the_named_stages_with_what_comments_say_of_them() {
        assert_eq!(
            targets(&file()),
            "TARGET              DESCRIPTION\nbuild               makes the program\nother               \nrelease (default)   is what is shipped\n"
        );
    }

    #[test]
    fn an_outline_has_what_the_needed_stages_take() {
        let given = BTreeMap::from([("VERSION".to_owned(), Some("2".to_owned()))]);
        assert_eq!(
            outline(file(), None, &given).unwrap(),
            "TARGET:        release
DESCRIPTION:   is what is shipped

BUILD ARG   VALUE     DESCRIPTION
BASE        busybox   
VERSION     2         what it calls itself

SECRET   REQUIRED
key      true

CACHE MOUNT
/root/.cache

"
        );
        assert!(outline(file(), Some("nosuch"), &given).is_err());
    }

    #[test]
    fn only_what_reads_the_context_needs_it() {
        assert!(!needs_context(FILE));
        assert!(!needs_context(
            "FROM a\nCOPY <<x /x\ny\nx\nADD https://example.org/a /a\n"
        ));
        assert!(needs_context("FROM a\nADD a /\n"));
        assert!(needs_context(
            "FROM a\nRUN --mount=type=bind,target=/x ls\n"
        ));
    }
}
