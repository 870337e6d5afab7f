//! `docker info`.

use clap::Args;
use serde_json::{Value, json};

use super::show::{filled, template};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::DOCUMENT_FORMAT,
    text::{host::arch, size, template::Dialect},
    tty,
};

/// `docker info`.
#[derive(Debug, Args)]
pub struct Info {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    arguments: Vec<String>,
}

/// Lines of the listing: how deep, the title, and the field or what is made of it.
type Line = (usize, &'static str, fn(&Value) -> Option<String>);

const LINES: &[Line] = &[
    (1, "Containers", |i| number(i, "Containers")),
    (2, "Running", |i| number(i, "ContainersRunning")),
    (2, "Paused", |i| number(i, "ContainersPaused")),
    (2, "Stopped", |i| number(i, "ContainersStopped")),
    (1, "Images", |i| number(i, "Images")),
    (1, "Server Version", |i| text(i, "ServerVersion")),
    (1, "Storage Driver", |i| {
        Some(text(i, "Driver")? + &pairs(&i["DriverStatus"]))
    }),
    (1, "Logging Driver", |i| text(i, "LoggingDriver")),
    (1, "Cgroup Driver", |i| text(i, "CgroupDriver")),
    (1, "Cgroup Version", |i| text(i, "CgroupVersion")),
    (1, "Plugins", |i| i["Plugins"].is_object().then(String::new)),
    (2, "Volume", |i| words(&i["Plugins"]["Volume"])),
    (2, "Network", |i| words(&i["Plugins"]["Network"])),
    (2, "Log", |i| words(&i["Plugins"]["Log"])),
    (1, "Swarm", |i| text(&i["Swarm"], "LocalNodeState")),
    (1, "Runtimes", |i| {
        Some(
            i["Runtimes"]
                .as_object()?
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }),
    (1, "Default Runtime", |i| text(i, "DefaultRuntime")),
    (1, "Init Binary", |i| text(i, "InitBinary")),
    (1, "containerd version", |i| commit(i, "ContainerdCommit")),
    (1, "runc version", |i| commit(i, "RuncCommit")),
    (1, "init version", |i| commit(i, "InitCommit")),
    (1, "Security Options", security),
    (1, "Kernel Version", |i| text(i, "KernelVersion")),
    (1, "Operating System", |i| text(i, "OperatingSystem")),
    (1, "OSType", |i| text(i, "OSType")),
    (1, "Architecture", |i| text(i, "Architecture")),
    (1, "CPUs", |i| number(i, "NCPU")),
    (1, "Total Memory", |i| {
        Some(size::binary(i["MemTotal"].as_i64()?))
    }),
    (1, "Name", |i| text(i, "Name")),
    (1, "ID", |i| text(i, "ID")),
    (1, "Docker Root Dir", |i| text(i, "DockerRootDir")),
    (1, "Debug Mode", |i| Some(i["Debug"].as_bool()?.to_string())),
    (1, "Experimental", |i| {
        Some(i["ExperimentalBuild"].as_bool()?.to_string())
    }),
    (1, "Insecure Registries", insecure),
    (1, "Live Restore Enabled", |i| {
        Some(i["LiveRestoreEnabled"].as_bool()?.to_string())
    }),
];

impl Command for Info {
    const WORDS: Words = Words {
        spellings: &["info", "system info"],
        about: "Display system-wide information",
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
                    type_name: Some("system.dockerInfo"),
                    ..Dialect::default()
                },
            )?),
        };
        let answer = docker.try_get_text("/info").await;
        let client = json!({
            "Debug": docker.debug(), "Version": drydock_api::VERSION,
            "DefaultAPIVersion": drydock_api::API_VERSION, "GitCommit": "", "GoVersion": "",
            "Os": "linux", "Arch": arch(), "BuildTime": "",
            "Context": docker.context(), "Plugins": [], "Warnings": null,
        });
        // The engine's object with one more field at its end.
        let raw = answer.as_deref().unwrap_or("{}").trim_end_matches('}');
        let comma = if raw.trim_end().ends_with('{') {
            ""
        } else {
            ","
        };
        let document = format!("{raw}{comma}\"ClientInfo\":{client}}}");
        let text = match format {
            Some(format) => filled(&format, &document)?,
            None if self.format == "json" => format!("{document}\n"),
            None => {
                let info = serde_json::from_str(&document).unwrap_or(Value::Null);
                listing(answer.is_ok().then_some(&info), &docker)
            }
        };
        tty::print(&text)?;
        answer.map(|_| 0).map_err(|error| docker.fail(error))
    }
}

fn listing(info: Option<&Value>, docker: &Docker) -> String {
    let mut out = format!(
        "Client:\n Version:    {}\n Context:    {}\n Debug Mode: {}\n\nServer:\n",
        drydock_api::VERSION,
        docker.context(),
        docker.debug(),
    );
    let Some(info) = info else { return out };
    for (depth, title, value) in LINES {
        if let Some(value) = value(info) {
            let space = if value.is_empty() || value.starts_with('\n') {
                ""
            } else {
                " "
            };
            out.push_str(&format!("{:depth$}{title}:{space}{value}\n", ""));
        }
    }
    for warning in info["Warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        out.push_str(&format!("{warning}\n"));
    }
    out.push('\n');
    out
}

fn text(info: &Value, field: &str) -> Option<String> {
    info[field]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(ToOwned::to_owned)
}

/// The commit that a part of the engine was built from, if there is such a part.
fn commit(info: &Value, part: &str) -> Option<String> {
    info[part]["ID"]
        .as_str()
        .map(|id| format!("{id} ").trim_end().to_owned())
}

/// Registries that are spoken to without TLS: the named ones, then whole networks.
fn insecure(info: &Value) -> Option<String> {
    let registries = &info["RegistryConfig"];
    let named = registries["IndexConfigs"].as_object().into_iter().flatten();
    let named = named.filter(|(_, index)| index["Secure"] == json!(false));
    let networks = registries["InsecureRegistryCIDRs"].as_array();
    let networks = networks.into_iter().flatten().filter_map(Value::as_str);
    let lines: Vec<String> = named
        .map(|(name, _)| name.as_str())
        .chain(networks)
        .map(|name| format!("\n  {name}"))
        .collect();
    (!lines.is_empty()).then(|| lines.concat())
}

fn number(info: &Value, field: &str) -> Option<String> {
    info[field].as_i64().map(|number| number.to_string())
}

fn words(list: &Value) -> Option<String> {
    let words: Vec<&str> = list.as_array()?.iter().filter_map(Value::as_str).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// `[["Backing Filesystem", "tmpfs"], …]`, each on a line of its own.
fn pairs(list: &Value) -> String {
    let pair = |pair: &Value| Some(format!("\n  {}: {}", pair[0].as_str()?, pair[1].as_str()?));
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(pair)
        .collect()
}

/// `name=seccomp,profile=default` becomes two lines.
fn security(info: &Value) -> Option<String> {
    let options = info["SecurityOptions"]
        .as_array()
        .filter(|options| !options.is_empty())?;
    let mut out = String::new();
    for option in options.iter().filter_map(Value::as_str) {
        for field in option.split(',') {
            match field.split_once('=') {
                Some(("name", name)) => out.push_str(&format!("\n  {name}")),
                Some((key, value)) => out.push_str(&format!("\n   {}: {value}", capital(key))),
                None => out.push_str(&format!("\n  {field}")),
            }
        }
    }
    Some(out)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
