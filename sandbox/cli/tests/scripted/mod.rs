//! An engine that reads from a script.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::{Child, Command},
    sync::{Arc, Mutex},
};

/// What an engine tells of a build: the metadata, the base, and a step that fails.
pub const STATUS: &str = concat!(
    r#"{"status":{"vertexes":[{"digest":"sha256:m","name":"[internal] load metadata for docker.io/library/busybox:latest","started":"2026-11-28T20:00:00Z","completed":"2026-11-28T20:00:00.01Z"}]}}"#,
    "\n",
    r#"{"status":{"vertexes":[{"digest":"sha256:f","name":"[1/2] FROM docker.io/library/busybox:latest","started":"2026-11-28T20:00:01Z","completed":"2026-11-28T20:00:01Z","cached":true}]}}"#,
    "\n",
    r#"{"status":{"vertexes":[{"digest":"sha256:r","name":"[2/2] RUN false","started":"2026-11-28T20:00:02Z"}]}}"#,
    "\n",
    r#"{"status":{"logs":[{"vertex":"sha256:r","stream":2,"data":"b2ggbm8K","timestamp":"2026-11-28T20:00:02.1Z"}]}}"#,
    "\n",
    r#"{"status":{"vertexes":[{"digest":"sha256:r","name":"[2/2] RUN false","started":"2026-11-28T20:00:02Z","completed":"2026-11-28T20:00:02.2Z","error":"process \"/bin/sh -c false\" did not complete successfully: exit code: 1"}]}}"#,
    "\n"
);

/// One that runs still.
const RUNNING: &str = r#"{"status":{"vertexes":[{"digest":"sha256:m","name":"[internal] load metadata for x","started":"2026-11-28T20:00:00Z","completed":"2026-11-28T20:00:00.01Z"},{"digest":"sha256:f","name":"[1/2] FROM x","started":"2026-11-28T20:00:01Z","completed":"2026-11-28T20:00:01Z"},{"digest":"sha256:r","name":"[2/2] RUN sleep 1000","started":"2026-11-28T20:00:02Z"}]}}
"#;

type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers each request with the first answer whose beginning fits, and remembers what was asked.
pub struct Engine {
    dir: tempfile::TempDir,
    socket: tempfile::TempDir,
    asked: Asked,
}

#[derive(Clone)]
struct Script {
    header: &'static str,
    answers: Vec<(String, Vec<u8>)>,
    /// The build's answer has no end.
    endless: bool,
}

impl Engine {
    /// One with our own builder, which answers a build with these lines.
    pub fn new(answers: &[(&str, &str)], build: &str) -> Self {
        let mut own: Vec<(String, Vec<u8>)> = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.as_bytes().to_vec()))
            .collect();
        let context = r#"{"id":"c0","wanted":[]}"#;
        own.push(("POST /drydock/v1/build/contexts".into(), context.into()));
        own.push(("POST /drydock/v1/build".into(), build.into()));
        Self::start(Script {
            header: "Drydock-Builder: 1\r\n",
            answers: own,
            endless: false,
        })
    }

    /// The same, with what `--output` gets.
    pub fn with_output(build: &str, output: &[u8]) -> Self {
        let context = r#"{"id":"c0","wanted":[]}"#;
        Self::start(Script {
            header: "Drydock-Builder: 1\r\n",
            answers: vec![
                ("POST /drydock/v1/build/contexts".into(), context.into()),
                ("POST /drydock/v1/build".into(), build.into()),
                ("GET /drydock/v1/build/outputs/tok".into(), output.to_vec()),
            ],
            endless: false,
        })
    }

    /// One whose build does not end.
    pub fn silent() -> Self {
        let context = r#"{"id":"c0","wanted":[]}"#;
        Self::start(Script {
            header: "Drydock-Builder: 1\r\n",
            answers: vec![
                ("POST /drydock/v1/build/contexts".into(), context.into()),
                ("POST /drydock/v1/build".into(), RUNNING.into()),
            ],
            endless: true,
        })
    }

    /// One that has only the classic builder.
    pub fn classic(build: &str) -> Self {
        Self::start(Script {
            header: "",
            answers: vec![("POST /build".into(), build.into())],
            endless: false,
        })
    }

    fn start(script: Script) -> Self {
        let (dir, socket) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let listener = UnixListener::bind(socket.path().join("s")).expect("a socket");
        let asked = Asked::default();
        let record = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, record) = (script.clone(), Arc::clone(&record));
                std::thread::spawn(move || answer(stream, &script, &record));
            }
        });
        Self { dir, socket, asked }
    }

    /// Where the command runs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docker"));
        let socket = self.socket.path().join("s");
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            .env("DOCKER_CONFIG", self.socket.path())
            .env_remove("DOCKER_API_VERSION")
            .env_remove("DOCKER_BUILDKIT")
            .env_remove("BUILDKIT_PROGRESS");
        command
    }

    pub fn docker(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.command(args).output().expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (
            output.status.code().unwrap_or(-1),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// The request lines and bodies.
    pub fn asked(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

fn answer(mut stream: UnixStream, script: &Script, record: &Asked) {
    let (line, body) = request(&stream);
    let ping = line.starts_with("GET /_ping");
    let found = script
        .answers
        .iter()
        .find(|(path, _)| line.starts_with(path));
    let (status, text) = match found {
        Some((_, text)) => (200, text.clone()),
        None if ping || line.starts_with("PUT ") => (200, b"{}".to_vec()),
        None => (404, br#"{"message":"page not found"}"#.to_vec()),
    };
    let endless = script.endless && line.ends_with("/build");
    let length = if endless {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", text.len())
    };
    let header = if ping { script.header } else { "" };
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{header}{length}\r\n");
    record.lock().expect("no panic").push((line, body));
    // A client that has gone is its own affair.
    let _ = stream.write_all(&[head.as_bytes(), &text].concat());
    if endless {
        // Until the client goes.
        let _ = stream.read(&mut [0]);
    }
}

/// The request line without its version, and the body.
fn request(stream: &UnixStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut chunked) = (String::new(), 0, false);
    reader.read_line(&mut first).expect("a request");
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        chunked |= header == "transfer-encoding: chunked";
        if let Some(count) = header.strip_prefix("content-length:") {
            length = count.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    while chunked {
        let mut size = String::new();
        reader.read_line(&mut size).expect("a chunk");
        let size = usize::from_str_radix(size.trim(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).expect("a chunk");
        body.extend_from_slice(&chunk[..size]);
        chunked = size > 0;
    }
    (
        first.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        body,
    )
}

/// Ctrl-C.
pub fn interrupt(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
}

/// An archive of these files.
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes())
            .expect("an entry");
    }
    tar.into_inner().expect("an archive")
}
