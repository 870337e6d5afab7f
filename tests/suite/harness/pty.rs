//! A program on a terminal of its own, as a person would run it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::pty::{Winsize, openpty};

use super::process::{Guard, code};
use super::transcript::Transcript;

/// The test's end of the terminal.
pub struct OnTerminal {
    master: File,
    child: Guard,
    screen: Transcript,
}

impl OnTerminal {
    /// Starts `command` as the foreground session of a new 80 by 24 terminal.
    pub fn spawn(command: &Command) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).unwrap();
        // `setsid --ctty` makes the terminal the controlling one, so that
        // Ctrl-C and size changes arrive as signals.
        let mut session = Command::new("setsid");
        session
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        session.env("TERM", "xterm-256color");
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = Guard::spawn(session.stdin(end()).stdout(end()).stderr(end()));
        drop(session);
        drop(pty.slave);
        let master = File::from(pty.master);
        let screen = Transcript::default();
        let (mut reader, shown) = (master.try_clone().unwrap(), screen.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The last slave end being closed shows as an error, not as an end.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                shown.push(&buffer[..count]);
            }
            shown.end();
        });
        Self {
            master,
            child,
            screen,
        }
    }

    pub fn type_keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for `text`; answers everything up to its end.
    #[track_caller]
    pub fn expect(&self, text: &str) -> String {
        self.screen.expect(text, super::PATIENCE)
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        // `stty` speaks for us: the ioctl itself would be unsafe code.
        let status = Command::new("stty")
            .args(["cols", &cols.to_string(), "rows", &rows.to_string()])
            .stdin(Stdio::from(
                self.master.as_fd().try_clone_to_owned().unwrap(),
            ))
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the program's end; answers its exit code and what it showed since the last look.
    #[track_caller]
    pub fn finish(self) -> (i32, String) {
        let screen = self.screen.clone();
        let shown = screen.until_end(Duration::from_secs(60));
        (self.code(), shown)
    }

    /// Waits for the program's end; answers its exit code.
    #[track_caller]
    pub fn code(mut self) -> i32 {
        let status = self.child.wait(Duration::from_secs(60));
        code(status.unwrap_or_else(|| {
            panic!(
                "the program did not end; it showed {:?}",
                self.screen.rest()
            )
        }))
    }
}
