//! `drydock serve`, and a visitor of its pages.

use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::data::DataDir;
use super::http::{self, Answer};
use super::process::Guard;
use super::terminal::TestTerminal;
use super::{PATIENCE, drydock, free_port, wait};

/// A running server with a data directory of its own.
pub struct TestServer {
    process: Guard,
    data: DataDir,
    port: u16,
    more: Vec<String>,
}

impl TestServer {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more arguments for `drydock serve`.
    pub fn start_with(more: &[&str]) -> Self {
        let (data, port) = (DataDir::new(), free_port());
        let more: Vec<String> = more.iter().map(|&word| word.to_owned()).collect();
        let process = spawn(&data, port, &more);
        let mut server = Self {
            process,
            data,
            port,
            more,
        };
        server.wait_ready();
        server
    }

    fn wait_ready(&mut self) {
        wait::until_true("the server to answer", PATIENCE, || {
            assert!(self.process.alive(), "the server ended: {}", self.log());
            let stream = TcpStream::connect(("127.0.0.1", self.port));
            stream.is_ok_and(|stream| {
                http::request(
                    stream,
                    "GET",
                    "/healthz",
                    &[("host", &self.authority())],
                    b"",
                )
                .is_ok_and(|answer| answer.status == 200)
            })
        });
    }

    /// `127.0.0.1:PORT`.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The origin of its pages.
    pub fn url(&self) -> String {
        format!("http://{}", self.authority())
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("server.log")).unwrap_or_default()
    }

    /// Ends the process with `signal`, and waits for it.
    #[track_caller]
    pub fn stop(&mut self, signal: Signal) -> ExitStatus {
        let status = self.process.end(signal, PATIENCE);
        status.unwrap_or_else(|| panic!("the server did not end on {signal}: {}", self.log()))
    }

    /// Starts it again: same data, same port.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(!self.process.alive(), "the server still runs");
        self.process = spawn(&self.data, self.port, &self.more);
        self.wait_ready();
    }

    /// A new learner.
    pub fn visitor(&self) -> Visitor {
        let mut visitor = Visitor {
            authority: self.authority(),
            cookie: None,
        };
        let answer = visitor.get("/").is(200);
        visitor.cookie = answer
            .header("set-cookie")
            .and_then(|value| value.split(';').next())
            .map(str::to_owned);
        visitor
    }
}

fn spawn(data: &DataDir, port: u16, more: &[String]) -> Guard {
    let log = File::options()
        .create(true)
        .append(true)
        .open(data.path().join("server.log"))
        .unwrap();
    let mut command = Command::new(drydock());
    command
        .args([
            "serve",
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--data-dir",
        ])
        .arg(data.path())
        .args(more);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    Guard::spawn(&mut command)
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Ctrl-C ends its sandboxes with it. A server that was killed is
        // started once more, to find its sandboxes and end them.
        if !self.process.alive() {
            self.process = spawn(&self.data, self.port, &self.more);
            let port = self.port;
            let end = std::time::Instant::now() + Duration::from_secs(20);
            while TcpStream::connect(("127.0.0.1", port)).is_err()
                && std::time::Instant::now() < end
            {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.process.end(Signal::SIGINT, Duration::from_secs(20));
        if std::thread::panicking() {
            eprintln!("--- the server said:\n{}", self.log());
        }
    }
}

/// A learner's browser, as far as HTTP goes: one cookie, the site's own origin.
#[derive(Clone)]
pub struct Visitor {
    pub authority: String,
    /// `name=value`.
    pub cookie: Option<String>,
}

impl Visitor {
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// A request as the site's own script sends it.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let origin = format!("http://{}", self.authority);
        let headers = [
            ("content-type", "application/json"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Any request at all, with the cookie.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let stream = TcpStream::connect(&self.authority).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut all = vec![("host", self.authority.as_str())];
        all.extend(self.cookie.as_deref().map(|cookie| ("cookie", cookie)));
        all.extend(headers);
        http::request(stream, method, path, &all, body).unwrap()
    }

    /// Asks for a sandbox for `lesson`; answers its id.
    #[track_caller]
    pub fn sandbox(&self, lesson: &str) -> String {
        let answer = self
            .post("/api/sandbox", &json!({ "lesson": lesson }))
            .is(200)
            .json();
        answer["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {answer}"))
            .to_owned()
    }

    /// Opens a terminal of the sandbox.
    #[track_caller]
    pub fn terminal(&self, sandbox: &str) -> TestTerminal {
        let origin = format!("http://{}", self.authority);
        TestTerminal::open(
            &self.authority,
            sandbox,
            self.cookie.as_deref(),
            Some(&origin),
        )
        .unwrap_or_else(|status| panic!("the terminal was refused with {status}"))
    }

    /// Tries to open a terminal as another site's script, or with another's id; answers the refusal's status.
    #[track_caller]
    pub fn refused_terminal(&self, sandbox: &str, origin: &str) -> u16 {
        match TestTerminal::open(
            &self.authority,
            sandbox,
            self.cookie.as_deref(),
            Some(origin),
        ) {
            Ok(_) => panic!("the terminal was opened"),
            Err(status) => status,
        }
    }

    /// Presses Check.
    #[track_caller]
    pub fn check(&self, lesson: &str, exercise: &str) -> Value {
        self.post(
            &format!("/api/lessons/{lesson}/exercises/{exercise}/check"),
            &json!({}),
        )
        .is(200)
        .json()
    }
}
