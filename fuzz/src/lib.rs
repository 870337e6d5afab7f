//! What is done with hostile bytes, one function for each place where they come in.
//!
//! `cargo xtask fuzz TARGET` lets libFuzzer find bytes for one of them; `tests/suite/fuzz.rs` includes this file and
//! replays what is kept in `corpus/`, with some mutations.
//! A function panics where a fact does not hold; a refusal is a fact like another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a target that cannot go on has found something"
)]

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::Path;

use bytes::BytesMut;
use drydock_api::{stdcopy, terminal};
use drydock_dockerfile::{
    Dialect, DockerIgnore, Dockerfile, GivenArgs, Instruction, Stage, Wildcard,
    check::{CheckOptions, check},
    clean_path,
    expand::Lexer,
};
use drydock_engine::borders;
use drydock_image::{Store, layer};
use drydock_spec::ImageRef;

/// Takes bytes that somebody else made up.
pub type Target = fn(&[u8]);

/// All targets, by the names of their folders in `corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("untar", untar),
    ("layer", layer),
    ("image_archive", image_archive),
    ("create_request", create_request),
    ("exec_request", exec_request),
    ("update_request", update_request),
    ("registry_auth", registry_auth),
    ("filters", filters),
    ("template", template),
    ("dockerfile", dockerfile),
    ("frames", frames),
    ("reference", reference),
];

/// Build contexts and ADD: nothing is written outside of the directory.
pub fn untar(data: &[u8]) {
    confined(|root| {
        let _ = borders::untar(data, root.as_fd());
    });
}

/// A layer's tar stream: nothing is written outside of the directory.
pub fn layer(data: &[u8]) {
    confined(|root| {
        let _ = layer::unpack(data, root.as_fd(), &layer::Limits::default());
    });
}

/// `docker load`: the store can be read afterwards.
pub fn image_archive(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    let loaded = store.import_archive(data);
    let listed = store.list().unwrap();
    assert!(loaded.is_err() || listed.len() <= loaded.unwrap().len());
}

/// Does something below a directory, and looks whether anything has appeared or changed beside it.
fn confined(act: impl FnOnce(&File)) {
    let outside = tempfile::tempdir().unwrap();
    let beside = outside.path().join("beside");
    fs::write(&beside, "untouched").unwrap();
    let root = outside.path().join("root");
    fs::create_dir(&root).unwrap();
    act(&File::open(&root).unwrap());
    assert_eq!(fs::read_to_string(&beside).unwrap(), "untouched");
    let names = fs::read_dir(outside.path()).unwrap().count();
    assert_eq!(names, 2, "something was written outside");
    let escaped = ["escaped", "tmp/escaped"].map(|path| Path::new("/").join(path));
    assert!(
        !escaped.iter().any(|path| path.exists()),
        "something was written outside"
    );
}

/// The body of `POST /containers/create`, with its mounts.
pub fn create_request(data: &[u8]) {
    let _ = borders::create_request(data);
}

/// The body of `POST /containers/{id}/exec`.
pub fn exec_request(data: &[u8]) {
    let _ = borders::exec_request(data);
}

/// The body of `POST /containers/{id}/update`.
pub fn update_request(data: &[u8]) {
    let _ = borders::update_request(data);
}

/// The header `X-Registry-Auth`, and the same bytes as the JSON in it.
pub fn registry_auth(data: &[u8]) {
    let _ = borders::registry_auth(data);
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE, data);
    let _ = borders::registry_auth(encoded.as_bytes());
}

/// A query's `filters`, and the command's `--filter`.
pub fn filters(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = borders::filters(&text, &["label", "name", "status", "until"]);
    if let Ok((name, _)) = drydock_cli::filter(&text) {
        assert_eq!(name, name.to_ascii_lowercase());
    }
}

/// A `--format` template: of 4 KiB at most, as nobody types more.
pub fn template(data: &[u8]) {
    const DOCUMENT: &str = r#"{"Id":"abc","Names":["/a","/b"],"State":{"Pid":7,"Running":true},
        "Labels":{"x":"y","é":"z"},"Size":1.5,"None":null}"#;
    let text = String::from_utf8_lossy(&data[..data.len().min(4096)]);
    let _ = drydock_cli::format(&text, DOCUMENT);
}

/// A Dockerfile with variables that its first bytes make up, and the same bytes as `.dockerignore`, wildcard and path.
pub fn dockerfile(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let short = &text[..text.floor_char_boundary(256)];
    let env = [
        "A=1".to_owned(),
        "EMPTY=".to_owned(),
        format!("B={short}"),
        format!("PATH={}", short.replace(['$', '\\'], "*")),
    ];
    match Dockerfile::parse(&text, "Dockerfile") {
        Ok(parsed) => read(&parsed, &text, &env),
        Err(error) => assert!(!error.to_string().is_empty() && !error.classic().is_empty()),
    }
    if let Ok(parsed) = Dockerfile::parse_as(&text, "Dockerfile", Dialect::Classic) {
        for step in parsed.stages.iter().flat_map(|stage| &stage.steps) {
            let _ = step.instruction.resolve_classic(&env, parsed.escape);
        }
    }
    let _ = drydock_dockerfile::parse_trigger(&text, Dialect::BuildKit);
    let _ = drydock_dockerfile::syntax(&text);
    words(short, &env);
    ignored(short);
}

/// What a builder does with a Dockerfile before it builds.
fn read(parsed: &Dockerfile, text: &str, env: &[String]) {
    assert!(parsed.step_count() >= 1);
    let last = text.split_inclusive('\n').count();
    let mut before = 0;
    let steps = |stage: &Stage| {
        stage
            .steps
            .iter()
            .map(|step| step.lines)
            .collect::<Vec<_>>()
    };
    for lines in parsed
        .stages
        .iter()
        .flat_map(|stage| [vec![stage.lines], steps(stage)].concat())
    {
        assert!(before < lines.first && lines.first <= lines.last && lines.last <= last);
        before = lines.last;
    }
    for step in parsed.stages.iter().flat_map(|stage| &stage.steps) {
        assert!(!step.text.contains('\n'), "{:?}", step.text);
        let _ = step.display(env, parsed.escape);
        if let Ok(resolved) = step.instruction.resolve(env, parsed.escape) {
            assert_eq!(resolved.name(), step.instruction.name());
            let _ = resolved.note(&["sh".into(), "-c".into()]);
        }
        if let Instruction::Run(run) = &step.instruction {
            assert!(run.invocation(&["sh".into()]).argv.len() <= 1 + text.len());
        }
    }
    let _ = parsed.globals(&GivenArgs::new(), "linux/amd64", None);
    let options = CheckOptions {
        every_stage: true,
        ..CheckOptions::default()
    };
    for finding in check(parsed, &options) {
        assert!(
            finding.lines.first >= 1 && finding.lines.last <= last,
            "{finding:?}"
        );
    }
}

/// One word, read in all the ways there are.
fn words(text: &str, env: &[String]) {
    for bits in 0..16 {
        let lexer = Lexer {
            raw_quotes: bits & 1 != 0,
            raw_escapes: bits & 2 != 0,
            ignore_quotes: bits & 4 != 0,
            skip_unset: bits & 8 != 0,
            ..Lexer::new(if bits == 7 { '`' } else { '\\' })
        };
        if let Ok(expansion) = lexer.expand(text, env) {
            assert!(expansion.names.used.is_disjoint(&expansion.names.unset));
            let words: usize = expansion.words.iter().map(String::len).sum();
            assert!(words <= expansion.text.len());
        }
    }
}

fn ignored(text: &str) {
    if let Ok(mut ignore) = DockerIgnore::parse(text) {
        let _ = ignore.matches("a/b/c");
        let _ = ignore.may_hold_exceptions("a");
        ignore.keep("Dockerfile");
        assert!(!ignore.matches("Dockerfile"), "what is kept is kept");
    }
    if let Some(wildcard) = Wildcard::parse(text) {
        let _ = wildcard.is_match("a/bb/ccc");
    }
    let clean = clean_path(text);
    assert_eq!(clean_path(&clean), clean, "cleaning twice is cleaning once");
}

/// Both framings. The first byte says how many bytes come at a time: no piece depends on where reads end.
pub fn frames(data: &[u8]) {
    let Some((&step, data)) = data.split_first() else {
        return;
    };
    let step = usize::from(step).max(1);
    let whole = demultiplexed(data.chunks(data.len().max(1)));
    assert_eq!(whole, demultiplexed(data.chunks(step)));

    let mut input = BytesMut::from(data);
    while let Ok(Some(frame)) = terminal::Frame::decode(&mut input) {
        let mut out = BytesMut::new();
        frame.encode(&mut out);
        let again = terminal::Frame::decode(&mut out).unwrap();
        assert_eq!(again, Some(frame));
    }
}

fn demultiplexed<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<(u8, u8)>, bool) {
    let mut decoder = stdcopy::Decoder::default();
    let (mut input, mut said) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        input.extend_from_slice(chunk);
        loop {
            match decoder.decode(&mut input) {
                Ok(Some((stream, bytes))) => {
                    said.extend(bytes.iter().map(|byte| (stream as u8, *byte)));
                }
                Ok(None) => break,
                Err(_) => return (said, false),
            }
        }
    }
    (said, true)
}

/// An image's name: what is accepted means the same when it is written out.
pub fn reference(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(read) = text.parse::<ImageRef>() {
        let written = read.to_string();
        assert_eq!(written.parse::<ImageRef>().unwrap(), read, "{written:?}");
    }
}
