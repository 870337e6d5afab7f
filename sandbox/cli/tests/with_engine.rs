//! What the command asks of an engine and makes of its answers: golden outputs, recorded from Docker's own client
//! (28.2.2) against the same answers.

#![allow(clippy::expect_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

/// An engine that gives each request the answer of the first path that it begins with, and remembers what was asked.
struct Engine {
    dir: tempfile::TempDir,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Engine {
    fn with(answers: &[(&'static str, u16, &'static str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("s")).expect("a socket");
        let asked: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let answers = answers.to_vec();
        let record = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (line, body) = request(&stream);
                let answer = answers.iter().find(|(path, ..)| line.starts_with(path));
                let (_, status, text) =
                    answer
                        .copied()
                        .unwrap_or(("", 404, r#"{"message":"page not found"}"#));
                record.lock().expect("no panic").push((line, body));
                let head = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    text.len()
                );
                // A client that has gone is its own affair.
                let _ = (&stream).write_all(format!("{head}{text}").as_bytes());
            }
        });
        Self { dir, asked }
    }

    fn docker(&self, args: &[&str]) -> (i32, String, String) {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_docker"))
            .args(args)
            .env(
                "DOCKER_HOST",
                format!("unix://{}", self.dir.path().join("s").display()),
            )
            .env("DOCKER_CONFIG", self.dir.path())
            .env_remove("DOCKER_API_VERSION")
            .env("TZ", "UTC")
            .output()
            .expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (
            output.status.code().unwrap_or(-1),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// What a command that ends well and complains of nothing prints.
    fn prints(&self, args: &[&str]) -> String {
        let (code, out, err) = self.docker(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        out
    }

    fn asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

/// The request line without its version, and the body as JSON.
fn request(stream: &UnixStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a request");
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        match header.trim().to_ascii_lowercase() {
            end if end.is_empty() => break,
            header => {
                if let Some(count) = header.strip_prefix("content-length:") {
                    length = count.trim().parse().expect("a length");
                }
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    (line, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

const CONTAINERS: &str = r#"[{"Id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Names":["/box"],"Image":"busybox",
  "ImageID":"sha256:ff","Command":"sleep 1000","Created":1600000000,"Ports":[{"PrivatePort":80,"PublicPort":8080,"Type":"tcp","IP":"0.0.0.0"}],
  "Labels":{"com.example.team-name":"web"},"State":"running","Status":"Up 2 minutes","NetworkSettings":{"Networks":{"bridge":{}}},"Mounts":[]}]"#;

#[test]
fn rows_have_fields_and_labels_by_name() {
    let engine = Engine::with(&[("GET /containers/json", 200, CONTAINERS)]);
    assert_eq!(
        engine.prints(&[
            "ps",
            "--format",
            "{{.ID}} {{.Names}} {{.Ports}} {{.Label \"com.example.team-name\"}}"
        ]),
        "0123456789ab box 0.0.0.0:8080->80/tcp web\n"
    );
    assert_eq!(
        engine.prints(&[
            "ps",
            "--format",
            "table {{.Names}}\\t{{.Label \"com.example.team-name\"}}"
        ]),
        "NAMES     team name\nbox       web\n"
    );
    let (code, _, err) = engine.docker(&["ps", "--format", "{{.Foo}}"]);
    let words = "failed to execute template: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext\n";
    assert_eq!((code, err.as_str()), (1, words));
}

#[test]
fn own_formats_come_from_the_user_s_settings() {
    let engine = Engine::with(&[("GET /containers/json", 200, CONTAINERS)]);
    std::fs::write(
        engine.dir.path().join("config.json"),
        r#"{"psFormat":"{{.Names}}!","proxies":{}}"#,
    )
    .expect("a file");
    assert_eq!(engine.prints(&["ps"]), "box!\n");
    assert_eq!(
        engine.prints(&["ps", "-q", "--format", "table"]),
        "0123456789ab\n"
    );
}

#[test]
fn create_sends_what_docker_s_client_sends() {
    let engine = Engine::with(&[(
        "POST /containers/create",
        201,
        r#"{"Id":"abc","Warnings":[]}"#,
    )]);
    let out = engine.prints(&[
        "create",
        "--name",
        "box",
        "-p",
        "127.0.0.1:8080:80",
        "-e",
        "A=1",
        "-e",
        "A=2",
        "-m",
        "64m",
        "--cpus",
        "1.5",
        "--mount",
        "type=tmpfs,dst=/t,tmpfs-size=1m",
        "--network",
        "name=app,alias=db",
        "--platform",
        "linux/aarch64",
        "busybox",
        "sh",
    ]);
    assert_eq!(out, "abc\n");
    let (line, body) = engine.asked().remove(0);
    assert_eq!(
        line,
        "POST /containers/create?name=box&platform=linux%2Farm64"
    );
    let host = &body["HostConfig"];
    assert_eq!(body["Env"], json!(["A=2"]));
    assert_eq!(body["ExposedPorts"], json!({ "80/tcp": {} }));
    assert_eq!(
        host["PortBindings"],
        json!({ "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "8080" }] })
    );
    assert_eq!(
        (&host["Memory"], &host["NanoCpus"]),
        (&json!(64 << 20), &json!(1_500_000_000))
    );
    assert_eq!(
        host["Mounts"],
        json!([{ "Type": "tmpfs", "Target": "/t", "TmpfsOptions": { "SizeBytes": 1 << 20 } }])
    );
    assert_eq!(host["NetworkMode"], "app");
    assert_eq!(
        body["NetworkingConfig"]["EndpointsConfig"]["app"]["Aliases"],
        json!(["db"])
    );
    assert_eq!(
        (&host["MemorySwappiness"], &host["CapAdd"]),
        (&json!(-1), &Value::Null)
    );
}

#[test]
fn inspect_knows_fields_that_are_left_out() {
    let engine = Engine::with(&[(
        "GET /containers/box/json",
        200,
        r#"{"Id":"abc","State":{"Status":"running"}}"#,
    )]);
    let template = "{{.ID}} {{if .State.Health}}{{.State.Health.Status}}{{else}}no check{{end}}";
    assert_eq!(
        engine.prints(&["inspect", "-f", template, "box"]),
        "abc no check\n"
    );
    let (code, out, err) = engine.docker(&["inspect", "-f", "{{nosuch .Id}}", "box"]);
    let words = "template parsing error: template: :1: function \"nosuch\" not defined\n";
    assert_eq!((code, out.as_str(), err.as_str()), (64, "", words));
}

#[test]
fn disk_usage_is_summed_up() {
    let engine = Engine::with(&[(
        "GET /system/df",
        200,
        r#"{"LayersSize":1984213,"Images":[{"Id":"sha256:ea970eac8e94bd9a","RepoTags":["busybox:latest"],"Created":1600000000,"Size":1984213,"SharedSize":0,"Containers":0}],
            "Containers":[],"Volumes":[{"Name":"data","Driver":"local","UsageData":{"Size":80,"RefCount":1}}],"BuildCache":null}"#,
    )]);
    assert_eq!(
        engine.prints(&["system", "df"]),
        "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n\
         Images          1         0         1.984MB   1.984MB (100%)\n\
         Containers      0         0         0B        0B\n\
         Local Volumes   1         1         80B       0B (0%)\n\
         Build Cache     0         0         0B        0B\n"
    );
    let verbose = engine.prints(&["system", "df", "-v"]);
    assert!(
        verbose.starts_with("Images space usage:\n\nREPOSITORY   TAG       IMAGE ID       CREATED"),
        "{verbose}"
    );
    assert!(
        verbose.contains("\nVOLUME NAME   LINKS     SIZE\ndata          1         80B\n"),
        "{verbose}"
    );
    assert_eq!(
        engine.prints(&[
            "system",
            "df",
            "-v",
            "--format",
            "{{range .Volumes}}{{.Name}}{{end}}"
        ]),
        "data\n"
    );
}

#[test]
fn stats_without_a_stream_is_one_table() {
    let engine = Engine::with(&[(
        "GET /containers/box/stats?stream=0",
        200,
        r#"{"name":"/box","id":"0123456789abcdef","cpu_stats":{"cpu_usage":{"total_usage":150},"system_cpu_usage":1100,"online_cpus":2},
            "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},"memory_stats":{"usage":319488,"limit":25325268992},"pids_stats":{"current":1}}"#,
    )]);
    assert_eq!(
        engine.prints(&["stats", "--no-stream", "box"]),
        "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS\n\
         0123456789ab   box       100.00%   312KiB / 23.59GiB   0.00%     0B / 0B   0B / 0B     1\n"
    );
    let (code, out, err) = engine.docker(&["stats", "--no-stream", "box", "nosuch"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (1, "", "Error response from daemon: page not found\n")
    );
}

#[test]
fn events_are_lines() {
    let engine = Engine::with(&[(
        "GET /events?since=0&until=9",
        200,
        r#"{"status":"start","id":"c1","from":"busybox","Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"name":"box","image":"busybox"}},"scope":"local","time":1795876103,"timeNano":1795876103222888217}"#,
    )]);
    let range = ["events", "--since", "0", "--until", "9"];
    assert_eq!(
        engine.prints(&range),
        "2026-11-28T14:28:23.222888217Z container start c1 (image=busybox, name=box)\n"
    );
    let format = [
        &range[..],
        &[
            "--format",
            "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}",
        ],
    ]
    .concat();
    assert_eq!(engine.prints(&format), "container start box\n");
    let (code, _, err) = engine.docker(&[&range[..], &["--format", "{{.Foo}}"]].concat());
    let words = "Error parsing format: template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type *events.Message\n";
    assert_eq!((code, err.as_str()), (64, words));
}

#[test]
fn prune_goes_through_all_kinds() {
    let engine = Engine::with(&[
        (
            "POST /containers/prune",
            200,
            r#"{"ContainersDeleted":["c1","c2"],"SpaceReclaimed":1000}"#,
        ),
        (
            "POST /networks/prune",
            200,
            r#"{"NetworksDeleted":["app"]}"#,
        ),
        (
            "POST /images/prune",
            200,
            r#"{"ImagesDeleted":[{"Untagged":"a:1"},{"Deleted":"sha256:aa"}],"SpaceReclaimed":234}"#,
        ),
        (
            "POST /build/prune",
            200,
            r#"{"CachesDeleted":null,"SpaceReclaimed":0}"#,
        ),
    ]);
    assert_eq!(
        engine.prints(&["system", "prune", "-f"]),
        "Deleted Containers:\nc1\nc2\n\nDeleted Networks:\napp\n\nDeleted Images:\nuntagged: a:1\ndeleted: sha256:aa\n\nTotal reclaimed space: 1.234kB\n"
    );
    let asked: Vec<String> = engine.asked().into_iter().map(|(line, _)| line).collect();
    assert_eq!(
        asked[2],
        "POST /images/prune?filters=%7B%22dangling%22%3A%7B%22true%22%3Atrue%7D%7D"
    );
    let (code, out, _) = engine.docker(&["system", "prune"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("WARNING! This will remove:\n  - all stopped containers\n"),
        "{out}"
    );
    assert!(engine.asked().is_empty(), "nobody agreed");
}

#[test]
fn networks_are_made_with_their_subnets() {
    let engine = Engine::with(&[("POST /networks/create", 201, r#"{"Id":"n1","Warning":""}"#)]);
    let subnet = ["--subnet", "10.7.0.0/16", "--gateway", "10.7.0.1"];
    assert_eq!(
        engine.prints(&[&["network", "create"], &subnet[..], &["app"]].concat()),
        "n1\n"
    );
    let (_, body) = engine.asked().remove(0);
    assert_eq!(
        body["IPAM"]["Config"],
        json!([{ "Subnet": "10.7.0.0/16", "Gateway": "10.7.0.1" }])
    );
    let (code, _, err) = engine.docker(&["network", "create", "--gateway", "10.7.0.1", "app"]);
    assert_eq!(
        (code, err.as_str()),
        (
            1,
            "every ip-range or gateway must have a corresponding subnet\n"
        )
    );
}
