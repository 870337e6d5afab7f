//! `docker build` against an engine that reads from a script: what is sent, and what is shown of the answers.

#![allow(clippy::expect_used)]

mod scripted;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use scripted::{Engine, STATUS};
use serde_json::{Value, json};

const RESULT: &str =
    r#"{"result":{"id":"sha256:1234","metadata":{"containerimage.digest":"sha256:1234"}}}"#;

/// A context of two files.
fn context(engine: &Engine) {
    fs::write(engine.dir().join("Dockerfile"), "FROM busybox\nCOPY a /\n").expect("a file");
    fs::write(engine.dir().join("a"), "hello").expect("a file");
    fs::write(engine.dir().join(".dockerignore"), "*.log\n").expect("a file");
    fs::write(engine.dir().join("x.log"), "no").expect("a file");
}

#[test]
fn only_what_the_engine_wants_is_sent() {
    let engine = Engine::new(
        &[(
            "POST /drydock/v1/build/contexts",
            r#"{"id":"c1","wanted":[1]}"#,
        )],
        RESULT,
    );
    context(&engine);
    let (code, out, err) = engine.docker(&["build", "-q", "-t", "x", "--build-arg", "A=1", "."]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "sha256:1234\n", ""));
    let asked = engine.asked();
    let manifest: Value = serde_json::from_slice(&asked[1].1).expect("a manifest");
    let paths: Vec<&str> = manifest["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["path"].as_str())
        .filter(|path| !path.starts_with("s") && !path.starts_with("config"))
        .collect();
    assert_eq!(paths, [".dockerignore", "Dockerfile", "a"]);
    let line = &asked[2].0;
    assert_eq!(line, "PUT /drydock/v1/build/contexts/c1");
    let mut archive = tar::Archive::new(asked[2].1.as_slice());
    let names: Vec<String> = archive
        .entries()
        .expect("an archive")
        .map(|entry| {
            entry
                .expect("an entry")
                .path()
                .expect("a path")
                .display()
                .to_string()
        })
        .collect();
    assert_eq!(names, ["Dockerfile"]);
    let request: Value = serde_json::from_slice(&asked[3].1).expect("a request");
    assert_eq!(request["context"], "c1");
    assert_eq!(request["args"], json!({ "A": "1" }));
    assert_eq!(request["ignore"], "*.log\n");
    assert_eq!(
        request["dockerfile"],
        json!({ "name": "Dockerfile", "text": "FROM busybox\nCOPY a /\n" })
    );
}

#[test]
fn an_unchanged_context_is_not_sent() {
    let engine = Engine::new(&[], RESULT);
    context(&engine);
    let iid = engine.dir().join("iid");
    let meta = engine.dir().join("meta");
    let (code, ..) = engine.docker(&[
        "buildx",
        "build",
        "--iidfile",
        &iid.display().to_string(),
        "--metadata-file",
        &meta.display().to_string(),
        ".",
    ]);
    assert_eq!(code, 0);
    let lines: Vec<String> = engine.asked().into_iter().map(|(line, _)| line).collect();
    assert_eq!(
        lines,
        [
            "GET /_ping",
            "POST /drydock/v1/build/contexts",
            "POST /drydock/v1/build"
        ]
    );
    assert_eq!(fs::read_to_string(iid).expect("a file"), "sha256:1234");
    assert_eq!(
        fs::read_to_string(meta).expect("a file"),
        "{\n  \"containerimage.digest\": \"sha256:1234\"\n}"
    );
}

#[test]
fn a_failure_ends_with_the_lines_at_fault_and_the_error() {
    let failure = json!({ "error": {
        "message": "failed to solve: process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
        "code": 1,
        "source": { "name": "Dockerfile", "text": "FROM busybox\nRUN false\n" },
        "lines": { "first": 2, "last": 2 },
        "warnings": [{ "rule": "StageNameCasing", "message": "Stage name 'A' should be lowercase", "lines": { "first": 1, "last": 1 } }],
    }});
    let engine = Engine::new(&[], &format!("{STATUS}{failure}\n"));
    context(&engine);
    let (code, out, err) = engine.docker(&["build", "--progress=plain", "."]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.starts_with(
            "#0 building with \"default\" instance using docker driver\n\n#1 [internal] load build definition from Dockerfile\n"
        ),
        "{err}"
    );
    // Their order depends on how fast the machine is.
    for step in [
        "[internal] load metadata for docker.io/library/busybox:latest\n",
        "[internal] load .dockerignore\n",
        "[1/2] FROM docker.io/library/busybox:latest\n",
        "[internal] load build context\n",
    ] {
        assert!(err.contains(step), "no {step:?} in {err}");
    }
    let end = err.find("#6 [2/2] RUN false\n").expect("the last step");
    assert_eq!(
        &err[end..],
        "#6 [2/2] RUN false
#6 0.100 oh no
#6 ERROR: process \"/bin/sh -c false\" did not complete successfully: exit code: 1
------
 > [2/2] RUN false:
0.100 oh no
------

 1 warning found (use docker --debug to expand):
 - StageNameCasing: Stage name 'A' should be lowercase (line 1)
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> RUN false
   3 |     
--------------------
ERROR: failed to solve: process \"/bin/sh -c false\" did not complete successfully: exit code: 1
"
    );
}

#[test]
fn a_missing_dockerfile_is_told_without_asking_for_a_build() {
    let engine = Engine::new(&[], RESULT);
    let (code, out, err) = engine.docker(&["build", "--progress=plain", "."]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.ends_with("ERROR: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory\n"),
        "{err}"
    );
    assert_eq!(engine.asked().len(), 1);
}

#[test]
fn checks_end_with_one_when_there_is_something_to_say() {
    let clean = Engine::new(&[], RESULT);
    context(&clean);
    let (code, out, _) = clean.docker(&["build", "--check", "."]);
    assert_eq!(
        (code, out.as_str()),
        (0, "Check complete, no warnings found.\n")
    );
    assert_eq!(clean.asked().len(), 2, "a check needs no context");
    let found = r#"{"result":{"warnings":[{"rule":"R","message":"m","url":"u","lines":{"first":1,"last":1}}],"source":{"name":"Dockerfile","text":"FROM x"}}}"#;
    let engine = Engine::new(&[], found);
    context(&engine);
    let (code, out, _) = engine.docker(&["build", "--call=check", "."]);
    let words = "Check complete, 1 warning has been found!\n\nWARNING: R - u\nm\nDockerfile:1\n--------------------\n   1 | >>> FROM x\n--------------------\n";
    assert_eq!((code, out.as_str()), (1, words));
}

#[test]
fn raw_json_is_what_the_engine_tells() {
    let engine = Engine::new(&[], &format!("{STATUS}{RESULT}"));
    context(&engine);
    let (code, _, err) = engine.docker(&["build", "--progress=rawjson", "."]);
    assert_eq!(code, 0);
    let lines: Vec<Value> = err
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        lines[0]["vertexes"][0]["name"],
        "[internal] load build definition from Dockerfile"
    );
    assert!(
        lines
            .iter()
            .any(|line| line["logs"][0]["data"] == "b2ggbm8K")
    );
}

#[test]
fn an_output_is_fetched_and_unpacked() {
    let result = r#"{"result":{"outputs":["tok"]}}"#;
    let engine = Engine::with_output(result, &scripted::archive(&[("dir/f", "content")]));
    context(&engine);
    let (code, _, err) = engine.docker(&["build", "--progress=plain", "-o", "out", "."]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("exporting to client directory\n"), "{err}");
    let file = engine.dir().join("out/dir/f");
    assert_eq!(fs::read_to_string(file).expect("a file"), "content");
    let (code, out, _) = engine.docker(&["build", "-q", "-o", "-", "."]);
    assert_eq!(code, 0);
    assert!(out.contains("content"), "{out:?}");
}

#[test]
fn an_engine_without_our_builder_gets_the_classic_request() {
    let engine = Engine::classic(r#"{"stream":"Successfully built 1234\n"}"#);
    context(&engine);
    let (code, out, err) = engine.docker(&["build", "."]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("Successfully built 1234\n"), "{out}");
    let (code, _, err) = engine.docker(&["build", "--secret", "id=a", "."]);
    assert!(
        code == 1 && err.contains("--secret needs the builder"),
        "{err}"
    );
}

#[test]
fn flags_that_a_sandbox_has_no_use_for_are_refused_by_name() {
    let engine = Engine::new(&[], RESULT);
    context(&engine);
    for (flags, words) in [
        (&["--push"][..], "docker push NAME"),
        (&["--ssh", "default"], "--secret"),
        (&["--cache-to", "type=local,dest=x"], "--cache-to"),
        (&["--sbom", "true"], "--sbom"),
        (&["--builder", "other"], "no builder \"other\" found"),
        (
            &["--platform", "linux/amd64,linux/arm64"],
            "several platforms",
        ),
        (&["--allow", "security.insecure"], "security.insecure"),
        (
            &["-q", "--progress=plain"],
            "progress=plain and quiet cannot be used together",
        ),
        (&["--progress=tty"], "failed to get console"),
    ] {
        let (code, _, err) = engine.docker(&[&["build"], flags, &["."]].concat());
        assert!(code == 1 && err.starts_with("ERROR: "), "{flags:?}: {err}");
        assert!(err.contains(words), "{flags:?}: {err}");
    }
    let (code, _, err) = engine.docker(&["buildx", "bake"]);
    assert!(
        code == 1 && err.contains("'docker buildx bake' cannot be used here"),
        "{err}"
    );
}

#[test]
fn an_interrupt_gives_the_build_up() {
    let engine = Engine::silent();
    context(&engine);
    let mut child = engine
        .command(&["build", "--progress=plain", "."])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut err = String::new();
    while !err.contains("RUN sleep 1000\n") {
        assert!(stderr.read_line(&mut err).expect("text") > 0, "{err}");
    }
    scripted::interrupt(&child);
    stderr.read_to_string(&mut err).expect("text");
    let status = child.wait().expect("an end");
    assert_eq!(status.code(), Some(130), "{err}");
    assert!(err.contains("#6 CANCELED\n"), "{err}");
    assert!(
        err.ends_with("ERROR: failed to solve: Canceled: context canceled\n"),
        "{err}"
    );
}
