//! Rules of the repository: the arrows between rooms, where unsafe code may be, how long a file may get, licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::process::finish;
use crate::harness::{PATIENCE, repository};

/// Which room may use which. The README draws the same picture.
const ARROWS: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("api", &[]),
    ("dockerfile", &[]),
    ("network", &[]),
    ("image", &["spec"]),
    ("runtime", &["spec", "network"]),
    (
        "engine",
        &["spec", "api", "dockerfile", "image", "network", "runtime"],
    ),
    ("cli", &["spec", "api", "dockerfile"]),
    ("session", &["spec", "api", "runtime"]),
];

/// What the web server's rooms may use; the binary around them dispatches to the engine and the client as well.
const SERVER: &[&str] = &[
    "drydock_spec",
    "drydock_api",
    "drydock_dockerfile",
    "drydock_image",
    "drydock_session",
];

#[test]
fn arrows_are_as_drawn() {
    let metadata = metadata(&["--no-deps"]);
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some(room) = name.strip_prefix("drydock-") else {
            continue;
        };
        let (_, drawn) = ARROWS
            .iter()
            .find(|(known, _)| *known == room)
            .unwrap_or_else(|| panic!("{room} is not in the picture"));
        let all = package["dependencies"].as_array().unwrap();
        // What only its tests use is no arrow.
        let used = all.iter().filter(|dependency| dependency["kind"] != "dev");
        let used: BTreeSet<_> = used
            .filter_map(|dependency| dependency["name"].as_str()?.strip_prefix("drydock-"))
            .collect();
        assert_eq!(used, drawn.iter().copied().collect(), "what {room} uses");
    }
}

#[test]
fn server_never_links_what_runs_inside() {
    for file in files(&repository().join("server"), &["rs"]) {
        let place = file.strip_prefix(repository()).unwrap();
        if place.starts_with("server/commands")
            || place.ends_with("main.rs")
            || place.starts_with("server/main")
        {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for line in code(&text) {
            let others = line.split("drydock_").skip(1).map(|rest| {
                let end = rest
                    .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .unwrap_or(rest.len());
                format!("drydock_{}", &rest[..end])
            });
            // `drydock_learner` and the like are names of other things.
            let rooms = others.filter(|name| {
                ARROWS
                    .iter()
                    .any(|(room, _)| *name == format!("drydock_{room}"))
            });
            for room in rooms {
                assert!(
                    SERVER.contains(&room.as_str()),
                    "{} uses {room}",
                    place.display()
                );
            }
        }
    }
}

#[test]
fn unsafe_code_has_one_room() {
    for file in sources() {
        let place = file.strip_prefix(repository()).unwrap().to_owned();
        // The probe makes the system calls that a sandbox must refuse.
        if place.starts_with("sandbox/runtime/src/sys") || place.starts_with("tests/probe") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for line in code(&text) {
            let unsafe_words = [
                "unsafe {",
                "unsafe fn",
                "unsafe impl",
                "unsafe extern",
                "unsafe trait",
                "allow(unsafe_code",
            ];
            let allowed_door =
                place.ends_with("runtime/src/lib.rs") && line.contains("allow(unsafe_code");
            let here = place.ends_with("suite/tidy.rs");
            let found = unsafe_words.iter().find(|word| line.contains(**word));
            assert!(
                found.is_none() || allowed_door || here,
                "{}: {line}",
                place.display()
            );
        }
    }
}

#[test]
fn unsafe_code_says_why_it_is_sound() {
    for folder in ["sandbox/runtime/src/sys", "tests/probe"] {
        for file in files(&repository().join(folder), &["rs"]) {
            let text = fs::read_to_string(&file).unwrap();
            let blocks = code(&text).filter(|line| line.contains("unsafe {")).count();
            let reasons = text.matches("SAFETY:").count();
            assert!(
                reasons >= blocks,
                "{}: {blocks} blocks, {reasons} reasons",
                file.display()
            );
        }
    }
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let mut lengths: Vec<usize> = Vec::new();
    let all = files(&repository(), &["rs", "ts", "css", "html"]);
    for file in all.iter().filter(|file| !is_built(file)) {
        let lines = fs::read_to_string(file).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", file.display());
        if file.extension().is_some_and(|end| end == "rs") {
            lengths.push(lines);
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median < 200, "the middle file has {median} lines");
}

#[test]
fn every_room_has_a_map() {
    for file in files(&repository().join("sandbox"), &["rs"])
        .iter()
        .filter(|file| file.ends_with("src/lib.rs"))
    {
        let text = fs::read_to_string(file).unwrap();
        let map = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        assert!(
            map >= 3,
            "{} opens with {map} lines of documentation",
            file.display()
        );
    }
}

#[test]
fn top_level_is_as_the_readme_draws_it() {
    let mut found: Vec<String> = Vec::new();
    let listed = finish(
        Command::new("git")
            .args(["ls-files"])
            .current_dir(repository()),
        b"",
        PATIENCE,
    );
    if listed.code == 0 {
        found.extend(
            listed
                .stdout
                .lines()
                .map(|path| path.split('/').next().unwrap().to_owned()),
        );
    } else {
        eprintln!("SKIPPED: not a git checkout");
        return;
    }
    found.sort();
    found.dedup();
    let known = [
        ".cargo",
        ".ci",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "clippy.toml",
        "deny.toml",
        "lessons",
        "rustfmt.toml",
        "sandbox",
        "server",
        "static",
        "templates",
        "tests",
        "xtask",
        "rust-toolchain.toml",
        ".gitattributes",
        ".editorconfig",
        ".github",
        "docs",
        "fuzz",
    ];
    for name in &found {
        assert!(
            known.contains(&name.as_str()),
            "{name} is new at the top level"
        );
    }
    for needed in [
        "Cargo.toml",
        "README.md",
        "server",
        "lessons",
        "templates",
        "static",
        "sandbox",
        "tests",
    ] {
        assert!(
            found.iter().any(|name| name == needed),
            "{needed} is missing"
        );
    }
}

#[test]
fn chosen_packages_are_used() {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().unwrap();
    let used = |name: &str| {
        packages
            .iter()
            .flat_map(|package| package["dependencies"].as_array().unwrap())
            .any(|dependency| dependency["name"] == name)
    };
    for name in [
        "actix-web",
        "askama",
        "tokio",
        "serde",
        "pulldown-cmark",
        "tokio-tungstenite",
        "nix",
        "uuid",
    ] {
        assert!(used(name), "{name}");
        let word = name.replace('-', "_");
        let named = sources()
            .iter()
            .any(|file| code(&fs::read_to_string(file).unwrap()).any(|line| line.contains(&word)));
        assert!(named, "{name} is listed but not used");
    }
}

/// Else the first `cargo xtask fuzz` in a clone would change it.
#[test]
fn lock_of_the_fuzz_targets_is_up_to_date() {
    let text = fs::read_to_string(repository().join("fuzz/Cargo.lock")).unwrap();
    let lock: toml::Table = text.parse().unwrap();
    let metadata = metadata(&["--no-deps"]);
    let mut compared = 0;
    for locked in lock["package"].as_array().unwrap() {
        let name = locked["name"].as_str().unwrap();
        let all = metadata["packages"].as_array().unwrap();
        let Some(package) = all.iter().find(|package| package["name"] == name) else {
            continue;
        };
        let wanted = package["dependencies"].as_array().unwrap().iter();
        let wanted: BTreeSet<&str> = wanted
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str())
            .collect();
        let there = locked.get("dependencies").and_then(toml::Value::as_array);
        // A name, and its version where there are several.
        let there: BTreeSet<&str> = there
            .into_iter()
            .flatten()
            .filter_map(|line| line.as_str()?.split(' ').next())
            .collect();
        assert_eq!(there, wanted, "{name} in fuzz/Cargo.lock");
        compared += 1;
    }
    assert!(compared > 5, "only {compared} packages compared");
}

#[test]
fn licences_of_dependencies_are_permissive() {
    let metadata = metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        let licence = package["license"].as_str().map_or_else(
            || {
                package["license_file"]
                    .as_str()
                    .map_or_else(String::new, |file| format!("file {file}"))
            },
            str::to_owned,
        );
        seen.entry(licence).or_default().push(name);
    }
    for (licence, packages) in seen {
        assert!(!licence.is_empty(), "{packages:?} name no licence");
        // `A OR B` is ours to choose; `A AND B` binds us to both.
        let choices: Vec<&str> = licence
            .split(" OR ")
            .flat_map(|choice| choice.split('/'))
            .collect();
        let acceptable = choices.iter().any(|choice| !choice.contains("GPL"));
        assert!(acceptable, "{packages:?} are under {licence}");
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let marks = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX:"];
    for file in sources() {
        if file.ends_with("suite/tidy.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for mark in marks {
            assert!(!text.contains(mark), "{} has {mark}", file.display());
        }
    }
}

/// What `cargo metadata` says, without asking the network.
fn metadata(more: &[&str]) -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(more)
        .current_dir(repository());
    serde_json::from_str(&finish(&mut command, b"", PATIENCE).good()).unwrap()
}

/// Lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
}

/// All Rust files of the repository.
fn sources() -> Vec<PathBuf> {
    let folders = ["server", "sandbox", "xtask", "tests"];
    folders
        .iter()
        .flat_map(|folder| files(&repository().join(folder), &["rs"]))
        .collect()
}

fn is_built(file: &Path) -> bool {
    let place = file.strip_prefix(repository()).unwrap();
    place.starts_with("target")
        || place
            .components()
            .any(|part| part.as_os_str() == "node_modules")
}

/// Files below `folder` whose names end so.
fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if is_built(&path)
            || path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'))
        {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path, ends));
        } else if path
            .extension()
            .is_some_and(|end| ends.iter().any(|wanted| end == *wanted))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}
