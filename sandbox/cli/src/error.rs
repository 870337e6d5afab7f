//! What a command ends with when it does not end well, and what is printed then.

use std::io;

use drydock_api::client::ClientError;

/// Why a command gives up. [`CliError::exit_code`] and [`CliError::words`] say how.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A flag is unknown or its value is wrong; exit code 125.
    #[error("{message}\n\nUsage:  {usage}\n\nRun '{command} --help' for more information")]
    Flag {
        /// The command as typed: `docker run`.
        command: String,
        /// Its usage line.
        usage: String,
        /// What is wrong.
        message: String,
    },
    /// The number of arguments is wrong.
    #[error(
        "docker: '{command}' {message}\n\nUsage:  {usage}\n\n{see} '{command} --help' for more information"
    )]
    Arguments {
        /// The command as typed.
        command: String,
        /// Its usage line.
        usage: String,
        /// "requires 1 argument".
        message: String,
        /// "Run" or "See".
        see: &'static str,
    },
    /// The engine refused, or could not be reached.
    #[error("{}", engine_words(.error, .host))]
    Engine {
        /// What the client says.
        error: ClientError,
        /// The host as the user named it.
        host: String,
    },
    /// `docker run` and `create` explain themselves with their own name and exit code.
    #[error("docker: {message}\n\nRun '{command} --help' for more information")]
    Run {
        /// The command as typed; filled in by [`CliError::of`].
        command: String,
        /// What is wrong.
        message: String,
        /// 125, 126 or 127.
        code: i32,
    },
    /// Plain words and a code.
    #[error("{message}")]
    Failed {
        /// What is wrong.
        message: String,
        /// Usually 1.
        code: i32,
    },
    /// Everything was said already, or needs no words.
    #[error("exit code {0}")]
    Quiet(i32),
    /// A local file or the terminal failed.
    #[error("{action}: {}", os_words(.source))]
    Io {
        /// What was tried.
        action: String,
        /// Why it did not work.
        #[source]
        source: io::Error,
    },
}

impl CliError {
    /// Plain words and exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            code: 1,
        }
    }

    /// A mistake in a command's flags that pflag does not see: told with the command's name.
    pub fn run(message: impl Into<String>, code: i32) -> Self {
        Self::Run {
            command: String::new(),
            message: message.into(),
            code,
        }
    }

    /// The same error, of the command that was typed as `called`.
    #[must_use]
    pub fn of(self, called: &str) -> Self {
        match self {
            Self::Run { message, code, .. } => Self::Run {
                command: called.into(),
                message,
                code,
            },
            other => other,
        }
    }

    /// A failure of something local.
    pub fn io(action: impl Into<String>, source: io::Error) -> Self {
        // The reader went away, as in `docker logs … | head`: as if SIGPIPE had ended us.
        if source.kind() == io::ErrorKind::BrokenPipe {
            return Self::Quiet(128 + 13);
        }
        Self::Io {
            action: action.into(),
            source,
        }
    }

    /// Whether the engine said that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Engine { error, .. } if error.is_not_found())
    }

    /// What the process ends with.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Flag { .. } => 125,
            Self::Run { code, .. } | Self::Failed { code, .. } | Self::Quiet(code) => *code,
            Self::Arguments { .. } | Self::Engine { .. } | Self::Io { .. } => 1,
        }
    }

    /// What is printed on stderr, if anything.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Quiet(_) => None,
            other => Some(other.to_string()),
        }
    }
}

/// A kernel error in the kernel's own words, without Rust's "(os error 2)".
#[must_use]
pub fn os_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

fn engine_words(error: &ClientError, host: &str) -> String {
    match error {
        ClientError::Api { message, .. } => format!("Error response from daemon: {message}"),
        ClientError::Connect { source, socket } => match source.kind() {
            io::ErrorKind::PermissionDenied => format!(
                "permission denied while trying to connect to the Docker daemon socket at {host}: dial unix {}: connect: permission denied",
                socket.display()
            ),
            _ => format!(
                "Cannot connect to the Docker daemon at {host}. Is the docker daemon running?"
            ),
        },
        ClientError::Http(_)
        | ClientError::Request(_)
        | ClientError::Json(_)
        | ClientError::Body(_)
        | ClientError::NotUpgraded(_) => error.to_string(),
    }
}
