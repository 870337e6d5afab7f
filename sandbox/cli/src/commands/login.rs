//! `docker login`.

use std::io::{self, BufRead as _, Read as _};

use clap::Args;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::{Value, json};

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    config_file::{ConfigFile, DOCKER_HUB, Login as Credentials},
    docker::Docker,
    error::CliError,
    tty,
};

/// The longest password.
const MAX: u64 = 64 << 10;

/// `docker login`.
#[derive(Debug, Args)]
pub struct Login {
    /// Password or Personal Access Token (PAT)
    #[arg(short, long, value_name = "string")]
    password: Option<String>,
    /// Take the Password or Personal Access Token (PAT) from stdin
    #[arg(long)]
    password_stdin: bool,
    /// Username
    #[arg(short, long, value_name = "string")]
    username: Option<String>,
    arguments: Vec<String>,
}

impl Command for Login {
    const WORDS: Words = Words {
        spellings: &["login"],
        about: "Authenticate to a registry",
        usage: "[OPTIONS] [SERVER]",
        arity: Arity::AtMost(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let server = server(self.arguments.first());
        let mut file = ConfigFile::load(docker.config_directory())?;
        let login = self.credentials(file.login(&server))?;
        let asked = json!({
            "username": login.username,
            "password": login.password,
            "serveraddress": server,
        });
        let answer: Value = docker.post("/auth", &asked).await?;
        if file.keep(&server, &login)? {
            tty::complain(&format!(
                "\nWARNING! Your credentials are stored unencrypted in '{}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n",
                file.path().display()
            ))?;
        }
        let status = answer["Status"].as_str().unwrap_or("Login Succeeded");
        tty::print(&format!("{status}\n"))?;
        Ok(0)
    }
}

impl Login {
    fn credentials(&self, known: Option<Credentials>) -> Result<Credentials, CliError> {
        if self.password.is_some() {
            tty::complain(
                "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
            )?;
            if self.password_stdin {
                return Err(CliError::failed(
                    "conflicting options: cannot specify both --password and --password-stdin",
                ));
            }
        }
        let username = self.username.clone().filter(|name| !name.is_empty());
        if self.password_stdin {
            let username = username.ok_or_else(|| {
                CliError::failed("the --password-stdin option requires --username to be set")
            })?;
            let password = from_stdin()?;
            return Ok(Credentials { username, password });
        }
        match (username, self.password.clone(), known) {
            (Some(username), Some(password), _) => Ok(Credentials { username, password }),
            (None, None, Some(known)) => {
                tty::print(&format!(
                    "Authenticating with existing credentials... [Username: {}]\n",
                    known.username
                ))?;
                Ok(known)
            }
            (username, password, known) => ask(username, password, known),
        }
    }
}

fn ask(
    username: Option<String>,
    password: Option<String>,
    known: Option<Credentials>,
) -> Result<Credentials, CliError> {
    if !tty::stdin_is_terminal() {
        return Err(CliError::failed(
            "Error: Cannot perform an interactive login from a non TTY device",
        ));
    }
    let username = match username {
        Some(username) => username,
        None => {
            let before = known.map(|known| known.username);
            let shown = before.as_ref().map(|name| format!(" ({name})"));
            tty::print(&format!("Username{}: ", shown.unwrap_or_default()))?;
            let typed = line()?;
            match before {
                Some(before) if typed.is_empty() => before,
                _ => typed,
            }
        }
    };
    if username.is_empty() {
        return Err(CliError::failed("Error: Non-null Username Required"));
    }
    let password = match password {
        Some(password) => password,
        None => {
            tty::print("Password: ")?;
            let typed = unseen(line)?;
            tty::print("\n")?;
            typed
        }
    };
    if password.is_empty() {
        return Err(CliError::failed("Error: Password Required"));
    }
    Ok(Credentials { username, password })
}

fn from_stdin() -> Result<String, CliError> {
    let mut text = String::new();
    io::stdin()
        .take(MAX)
        .read_to_string(&mut text)
        .map_err(|source| CliError::io("could not read the password", source))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn line() -> Result<String, CliError> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MAX)
        .read_line(&mut text)
        .map_err(|source| CliError::io("could not read what was typed", source))?;
    Ok(text.trim().to_owned())
}

/// Has something typed without an echo.
fn unseen(read: impl FnOnce() -> Result<String, CliError>) -> Result<String, CliError> {
    let failed = |errno| CliError::io("could not hide what is typed", io::Error::from(errno));
    let before = tcgetattr(io::stdin()).map_err(failed)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Now, &hidden).map_err(failed)?;
    let typed = read();
    tcsetattr(io::stdin(), OptionalActions::Now, &before).map_err(failed)?;
    typed
}

/// The registry as the file names it.
pub fn server(argument: Option<&String>) -> String {
    match argument.map(String::as_str) {
        None | Some("" | "docker.io" | "index.docker.io") => DOCKER_HUB.into(),
        Some(server) if server == DOCKER_HUB => DOCKER_HUB.into(),
        Some(server) => hostname(server),
    }
}

/// The host, with its port, of an address.
pub fn hostname(address: &str) -> String {
    let bare = address.trim_start_matches("https://");
    let bare = bare.trim_start_matches("http://");
    bare.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_named_as_the_file_names_it() {
        let server = |text: &str| server(Some(&text.to_owned()));
        assert_eq!(server("https://r.example/v2/"), "r.example");
        assert_eq!(server("localhost:5000"), "localhost:5000");
        assert_eq!(server("docker.io"), DOCKER_HUB);
    }
}
