//! `docker version`.

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::show::{filled, template};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::DOCUMENT_FORMAT,
    text::{host::arch, template::Dialect, time},
    tty,
};

/// `docker version`.
#[derive(Debug, Args)]
pub struct Version {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Server {
    platform: Platform,
    components: Vec<Component>,
    api_version: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Platform {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Component {
    name: String,
    version: String,
    details: Option<serde_json::Map<String, Value>>,
}

impl Command for Version {
    const WORDS: Words = Words {
        spellings: &["version"],
        about: "Show the Docker version information",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let format = match self.format.as_str() {
            "" | "json" => None,
            text => Some(template(
                text,
                Dialect {
                    name: "version",
                    type_name: Some("system.versionInfo"),
                    ..Dialect::default()
                },
            )?),
        };
        let answer = docker.try_get_text("/version").await;
        let raw = answer.as_deref().map_or("null".into(), with_ansi_times);
        let raw = raw.as_str();
        let server: Option<Server> = serde_json::from_str(raw).ok();
        let api = agreed(server.as_ref().map(|server| server.api_version.as_str()));
        let client = json!({
            "Version": drydock_api::VERSION,
            "ApiVersion": api,
            "DefaultAPIVersion": drydock_api::API_VERSION,
            "GitCommit": "",
            "GoVersion": "",
            "Os": "linux",
            "Arch": arch(),
            "BuildTime": "",
            "Context": docker.context(),
        });
        let document = format!("{{\"Client\":{client},\"Server\":{raw}}}");
        let text = match format {
            Some(format) => filled(&format, &document)?,
            None if self.format == "json" => format!("{document}\n"),
            None => {
                client_text(&api, docker.context())
                    + &server.as_ref().map(server_text).unwrap_or_default()
            }
        };
        tty::print(&text)?;
        answer.map(|_| 0).map_err(|error| docker.fail(error))
    }
}

/// The times of builds as ANSI C writes them.
fn with_ansi_times(raw: &str) -> String {
    const FIELD: &str = "\"BuildTime\":\"";
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(FIELD) {
        let (before, value) = rest.split_at(at + FIELD.len());
        let end = value.find('"').unwrap_or(value.len());
        out.push_str(before);
        out.push_str(&time::ansi(&value[..end]));
        rest = &value[end..];
    }
    out + rest
}

/// The older of the two sides' versions.
fn agreed(server: Option<&str>) -> String {
    let number = |version: &str| {
        version
            .split_once('.')
            .and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)))
    };
    let ours = drydock_api::API_VERSION;
    match server.and_then(number) {
        Some(theirs) if Some(theirs) < number(ours) => format!("{}.{}", theirs.0, theirs.1),
        _ => ours.into(),
    }
}

fn client_text(api: &str, context: &str) -> String {
    let downgraded = if api == drydock_api::API_VERSION {
        String::new()
    } else {
        format!(" (downgraded from {})", drydock_api::API_VERSION)
    };
    let mut out = String::from("Client:\n");
    line(&mut out, 1, "Version", drydock_api::VERSION);
    line(&mut out, 1, "API version", &format!("{api}{downgraded}"));
    // No Go and no commit is in this command, yet scripts look for the lines.
    for title in ["Go version", "Git commit", "Built"] {
        line(&mut out, 1, title, "");
    }
    line(&mut out, 1, "OS/Arch", &format!("linux/{}", arch()));
    line(&mut out, 1, "Context", context);
    out
}

fn server_text(server: &Server) -> String {
    let mut out = match server.platform.name.as_str() {
        "" => String::from("\nServer:\n"),
        name => format!("\nServer: {name}\n"),
    };
    for component in &server.components {
        let empty = serde_json::Map::new();
        let details = component.details.as_ref().unwrap_or(&empty);
        let detail = |key: &str| details.get(key).and_then(Value::as_str).unwrap_or_default();
        out.push_str(&format!(" {}:\n", component.name));
        line(&mut out, 2, "Version", &component.version);
        if component.name != "Engine" {
            for (key, value) in details {
                line(&mut out, 2, key, value.as_str().unwrap_or_default());
            }
            continue;
        }
        line(
            &mut out,
            2,
            "API version",
            &format!(
                "{} (minimum version {})",
                detail("ApiVersion"),
                detail("MinAPIVersion")
            ),
        );
        for (title, value) in [
            ("Go version", detail("GoVersion").to_owned()),
            ("Git commit", detail("GitCommit").to_owned()),
            ("Built", time::ansi(detail("BuildTime"))),
        ] {
            line(&mut out, 2, title, &value);
        }
        line(
            &mut out,
            2,
            "OS/Arch",
            &format!("{}/{}", detail("Os"), detail("Arch")),
        );
        if !detail("Experimental").is_empty() {
            line(&mut out, 2, "Experimental", detail("Experimental"));
        }
    }
    out
}

fn line(out: &mut String, indent: usize, title: &str, value: &str) {
    let title = format!("{title}:");
    out.push_str(&format!(
        "{:indent$}{title:<width$}{value}\n",
        "",
        width = 20 - indent
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_api_version_is_agreed_on() {
        assert_eq!(agreed(Some("1.41")), "1.41");
        assert_eq!(agreed(Some("1.50")), drydock_api::API_VERSION);
        assert_eq!(agreed(Some("1.9")), "1.9");
        assert_eq!(agreed(None), drydock_api::API_VERSION);
    }

    #[test]
    fn values_stand_in_one_column() {
        let text = client_text("1.41", "default");
        assert!(text.contains("\n Version:           "), "{text}");
        assert!(
            text.contains("\n API version:       1.41 (downgraded from "),
            "{text}"
        );
    }
}
