//! Dockerfiles, and the images that Docker and we make of them.
//!
//! `tests/fixtures/dockerfile/README.md` describes the cases; `cargo xtask dockerfiles check [FILTER]` runs this alone,
//! and `cargo xtask dockerfiles record [FILTER]` writes anew what a real dockerd makes of them.
//! Our own builder is held against BuildKit, and the builder behind `POST /build` against the classic one.

mod bombs;
mod builder;
mod case;
mod facts;
mod image;
mod language;
mod outcome;
mod recording;
mod report;
mod seeds;
mod tree;

use std::collections::BTreeMap;

use builder::{Builder, Key};
use case::{Case, Reference};
use report::Compared;

use crate::harness::docker::Which;
use crate::harness::dockerd::RealDockerd;
use crate::harness::engine::TestEngine;
use crate::harness::need::needs;
use crate::parity::accepted::Accepted;
use crate::parity::base::Base;

/// Recorded anew in every run where dockerd can start, to see that the recordings are dockerd's.
const HANDFUL: &[&str] = &[
    "copy/directory",
    "run/deletions",
    "seeds/two-stage-prefix",
    "env/spellings",
];

#[test]
fn sandbox_builds_what_docker_builds() {
    needs!(Root, UserNamespaces, Docker);
    let filter = std::env::var("DRYDOCK_DOCKERFILES").unwrap_or_default();
    let cases = case::load(&filter);
    assert!(!cases.is_empty(), "no case's name contains {filter:?}");
    let accepted = Accepted::read(&case::folder().join("accepted.toml"));
    let base = Base::build();
    let engine = TestEngine::start();
    let mut all = Vec::new();
    let whole = !filter.is_empty() || std::env::var_os("DRYDOCK_DOCKERFILES_ALL").is_some();
    for reference in references() {
        let cases = part(&cases, reference, whole);
        let client = if reference == Reference::Classic {
            Which::Newest
        } else {
            Which::Own
        };
        let builder = Builder {
            daemon: &engine,
            client,
            reference,
            base: &base,
        };
        let found = builder.facts(&cases);
        for case in cases
            .iter()
            .filter(|case| case.references.contains(&reference))
        {
            all.extend(compare(case, reference, &found, &accepted));
        }
    }
    for compared in &all {
        print!("{}", compared.told());
    }
    let everything = whole && filter.is_empty();
    print!("{}", report::summary(&all, &accepted, everything));
    let differing = all
        .iter()
        .filter(|compared| !compared.unexplained.is_empty())
        .count();
    assert_eq!(
        differing, 0,
        "{differing} builds differ; see above, and tests/fixtures/dockerfile/README.md"
    );
}

/// In the suite, one in four of those that are held against recordings: `cargo xtask dockerfiles check` takes all.
fn part(cases: &[Case], reference: Reference, whole: bool) -> Vec<Case> {
    let of = cases
        .iter()
        .filter(|case| case.references.contains(&reference));
    let step = if whole || reference == Reference::Documents {
        1
    } else {
        4
    };
    of.step_by(step).cloned().collect()
}

/// All three, or those that `DRYDOCK_DOCKERFILES_REFERENCE` names.
fn references() -> Vec<Reference> {
    let wanted = std::env::var("DRYDOCK_DOCKERFILES_REFERENCE").unwrap_or_default();
    let all = [
        Reference::Classic,
        Reference::Buildkit,
        Reference::Documents,
    ];
    all.into_iter()
        .filter(|reference| wanted.is_empty() || wanted.contains(reference.name()))
        .collect()
}

fn compare(
    case: &Case,
    reference: Reference,
    found: &BTreeMap<Key, Vec<String>>,
    accepted: &Accepted,
) -> Vec<Compared> {
    let recording = recording::read(case);
    let unrecorded = vec!["not recorded: `cargo xtask dockerfiles record`".to_owned()];
    let builds = case.builds().enumerate();
    let compared = builds.map(|(number, build)| {
        let expected = match reference {
            Reference::Documents => &build.expected,
            _ => recording.get(&(reference, number)).unwrap_or(&unrecorded),
        };
        Compared::new(
            case,
            number,
            reference,
            expected,
            &found[&(case.id(), number)],
            accepted,
        )
    });
    compared.collect()
}

#[test]
fn recordings_are_what_dockerd_builds() {
    needs!(Root, UserNamespaces, Docker, Dockerd);
    let record = std::env::var_os("DRYDOCK_DOCKERFILES_RECORD").is_some();
    let mut cases = case::load(&std::env::var("DRYDOCK_DOCKERFILES").unwrap_or_default());
    if !record {
        cases.retain(|case| HANDFUL.contains(&case.id().as_str()));
    }
    let base = Base::build();
    let daemon = RealDockerd::start_empty();
    let mut found = BTreeMap::new();
    for reference in [Reference::Classic, Reference::Buildkit] {
        let builder = Builder {
            daemon: &daemon,
            client: Which::Debian,
            reference,
            base: &base,
        };
        found.insert(reference, builder.facts(&cases));
    }
    for case in &cases {
        if record {
            recording::write(case, &found);
            continue;
        }
        let recorded = recording::read(case);
        for (reference, facts) in &found {
            for number in 0..case.builds().count() {
                let again = facts.get(&(case.id(), number));
                assert_eq!(
                    again,
                    recorded.get(&(*reference, number)),
                    "{} {}",
                    case.id(),
                    reference.name()
                );
            }
        }
    }
}
