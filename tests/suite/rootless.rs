//! Without root: an ordinary user with ranges of subordinate ids, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::need::needs;
use crate::harness::process::{Finished, Guard, finish};
use crate::harness::{data, drydock, host, unique_seconds};
use crate::registry::Registry;

/// An account made for one test, removed with it.
struct Account {
    name: String,
    home: TempDir,
}

impl Account {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "ddt{}x{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let home = tempfile::Builder::new()
            .prefix("ddhome")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        let mut add = Command::new("useradd");
        add.args([
            "--no-create-home",
            "--no-user-group",
            "--shell",
            "/bin/sh",
            "--home-dir",
        ])
        .arg(home.path());
        finish(add.arg(&name), b"", Duration::from_secs(30)).good();
        // Where the defaults gave no subordinate ids.
        for (file, option) in [
            ("/etc/subuid", "--add-subuids"),
            ("/etc/subgid", "--add-subgids"),
        ] {
            let given = fs::read_to_string(file).unwrap_or_default();
            if !given
                .lines()
                .any(|line| line.starts_with(&format!("{name}:")))
            {
                finish(
                    Command::new("usermod").args([option, "3000000-3065535", &name]),
                    b"",
                    Duration::from_secs(30),
                )
                .good();
            }
        }
        // The program, where the account may read it.
        fs::copy(drydock(), home.path().join("drydock")).unwrap();
        // What was fetched before need not be fetched again.
        let tools = data::prepared().join("tools");
        fs::create_dir(home.path().join("data")).unwrap();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(tools)
            .arg(home.path().join("data"))
            .status();
        assert!(copied.unwrap().success());
        finish(
            Command::new("chown")
                .arg("-R")
                .arg(format!("{name}:users"))
                .arg(home.path()),
            b"",
            Duration::from_secs(30),
        )
        .good();
        Self { name, home }
    }

    fn program(&self) -> PathBuf {
        self.home.path().join("drydock")
    }

    fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A command as this account, with a login's environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid",
                &self.name,
                "--regid",
                "users",
                "--init-groups",
                "--inh-caps=-all",
                "--",
            ])
            .arg(program);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("USER", &self.name)
            .current_dir(self.home.path());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        command
    }

    /// Runs a script on the workstation of a new sandbox.
    fn shell(&self, script: &str) -> Finished {
        let mut command = self.command(&self.program());
        command
            .arg("shell")
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(["--", "sh", "-c", script]);
        finish(&mut command, b"", Duration::from_secs(180))
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let removed = Command::new("userdel")
            .arg(&self.name)
            .stderr(std::process::Stdio::null())
            .status();
        if !removed.is_ok_and(|status| status.success()) {
            eprintln!("could not remove the account {}", self.name);
        }
        // What a rootless store holds belongs to subordinate ids; this is root.
        let _ = fs::remove_dir_all(self.home.path());
    }
}

#[test]
fn ordinary_user_builds_and_runs() {
    needs!(Rootless);
    let account = Account::new();
    let said = account
        .shell(
            "cd /tmp && printf 'FROM busybox\\nRUN echo built > /note\\nCMD [\"cat\", \"/note\"]\\n' > Dockerfile && \
             docker build -q -t a . && docker run --rm a && docker run --rm -u 1000:1000 a id -u && \
             docker run -d --name web busybox sleep 1000 && docker exec web hostname && docker stop -t 0 web && id -u",
        )
        .good();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("sha256:"), "{said}");
    assert_eq!((lines[1], lines[2]), ("built", "1000"), "{said}");
    assert_eq!(lines.last(), Some(&"0"), "root of the sandbox: {said}");
}

#[test]
fn ordinary_user_s_sandbox_runs_under_subordinate_ids() {
    needs!(Rootless);
    let account = Account::new();
    let seconds = unique_seconds();
    let mut command = account.command(&account.program());
    command
        .arg("shell")
        .arg("--data-dir")
        .arg(account.data_dir());
    command.args([
        "--", "docker", "run", "--rm", "-u", "1000", "busybox", "sleep", &seconds,
    ]);
    command.stdin(std::process::Stdio::null());
    let _running = Guard::spawn(&mut command);
    let sleeper = host::process_with_argument(&seconds);
    let uid: u64 = host::status_words(sleeper, "Uid:")[0].parse().unwrap();
    let granted = fs::read_to_string("/etc/subuid").unwrap();
    let inside = granted.lines().filter_map(|line| {
        let mut words = line.split(':');
        (words.next()? == account.name).then_some(())?;
        Some((
            words.next()?.parse::<u64>().ok()?,
            words.next()?.parse::<u64>().ok()?,
        ))
    });
    assert!(
        inside
            .into_iter()
            .any(|(first, count)| (first..first + count).contains(&uid)),
        "{uid} is not in {granted}"
    );
}

#[test]
fn ordinary_user_s_sandbox_pushes_and_pulls() {
    needs!(Rootless, Registry);
    let registry = Registry::start();
    let account = Account::new();
    let app = format!("{}/app", registry.host);
    let shell = |script: &str| {
        let mut command = account.command(&account.program());
        let any = format!("{}/*", registry.host);
        command.env("DRYDOCK_ALLOW_PULL", &any);
        command.env("DRYDOCK_ALLOW_PUSH", &any);
        command
            .args(["shell", "--data-dir"])
            .arg(account.data_dir());
        command.args(["--", "sh", "-c", script]);
        finish(&mut command, b"", Duration::from_secs(180)).good()
    };
    shell(&format!(
        "docker run --name made busybox touch /made && docker commit made {app} && docker push {app}"
    ));
    // Another sandbox: the layer comes from the registry, into a store of subordinate ids.
    let said = shell(&format!(
        "docker pull -q {app} && docker run --rm {app} stat -c %u /made"
    ));
    assert_eq!(said, format!("{app}:latest\n0\n"));
}

#[test]
fn ordinary_user_reaches_no_host_file() {
    needs!(Rootless);
    let account = Account::new();
    let secret = account.home.path().join("secret");
    fs::write(&secret, "host").unwrap();
    let said = account
        .shell("find / -name secret -not -path '/proc/*' -not -path '/sys/*' 2>/dev/null; true");
    assert_eq!(said.good(), "");
}

#[test]
fn doctor_names_what_is_missing_and_the_command_that_mends_it() {
    needs!(Rootless);
    let account = Account::new();
    // Without subordinate ids there is no rootless sandbox.
    for option in ["--del-subuids", "--del-subgids"] {
        let file = option
            .replace("--del-", "/etc/")
            .trim_end_matches('s')
            .to_owned();
        let given = fs::read_to_string(file).unwrap();
        let line = given
            .lines()
            .find(|line| line.starts_with(&format!("{}:", account.name)))
            .unwrap();
        let words: Vec<u64> = line
            .split(':')
            .skip(1)
            .map(|word| word.parse().unwrap())
            .collect();
        let range = format!("{}-{}", words[0], words[0] + words[1] - 1);
        finish(
            Command::new("usermod").args([option, &range, &account.name]),
            b"",
            Duration::from_secs(30),
        )
        .good();
    }
    let mut doctor = account.command(&account.program());
    let said = finish(doctor.arg("doctor"), b"", Duration::from_secs(60));
    assert_ne!(said.code, 0, "{said:?}");
    let all = said.stdout + &said.stderr;
    assert!(
        all.contains("subordinate ids") && all.contains("usermod --add-subuids"),
        "{all}"
    );
}
