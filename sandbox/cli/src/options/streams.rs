//! `--attach`: which of a container's streams are connected to ours.

use super::ContainerFlags;

/// What a container's streams are connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    /// Our input goes to the container.
    pub stdin: bool,
    /// Its output comes to us.
    pub stdout: bool,
    /// Its error output comes to us.
    pub stderr: bool,
}

impl Streams {
    /// Whether any is connected.
    #[must_use]
    pub fn any(self) -> bool {
        self.stdin || self.stdout || self.stderr
    }

    /// As the query of `POST /containers/ID/attach`; `detach_keys` as the user wrote them.
    #[must_use]
    pub fn query(self, detach_keys: &str) -> String {
        let mut query = String::from("stream=1");
        for (name, on) in [
            ("stdin", self.stdin),
            ("stdout", self.stdout),
            ("stderr", self.stderr),
        ] {
            if on {
                query.push_str(&format!("&{name}=1"));
            }
        }
        if !detach_keys.is_empty() {
            let keys = drydock_api::client::percent_encode(detach_keys);
            query.push_str(&format!("&detachKeys={keys}"));
        }
        query
    }
}

/// The name of a stream, in lower case.
///
/// # Errors
/// Docker's words.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    match name.as_str() {
        "stdin" | "stdout" | "stderr" => Ok(name),
        _ => Err("valid streams are STDIN, STDOUT and STDERR".into()),
    }
}

impl ContainerFlags {
    /// What is attached, for a container in the foreground (`detach` false) or not.
    #[must_use]
    pub fn streams(&self, detach: bool) -> Streams {
        let named = |name: &str| self.attach.iter().any(|stream| stream == name);
        let all = self.attach.is_empty() && !detach;
        Streams {
            stdin: named("stdin") || (all && self.interactive),
            stdout: named("stdout") || all,
            stderr: named("stderr") || all,
        }
    }
}
