//! `docker network create`, `connect`, `disconnect` and `rm`.

use clap::Args;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ipam;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
    error::CliError,
    flags::values::{boolean, decimal, label, strings},
    options::{link, pairs},
    tty,
};

/// `docker network create`.
#[derive(Debug, Args)]
pub struct NetworkCreate {
    /// Let containers be connected by hand
    #[arg(long)]
    attachable: bool,
    #[command(flatten)]
    ipam: ipam::Flags,
    /// The network whose configuration is copied
    #[arg(long, value_name = "string", default_value = "")]
    config_from: String,
    /// Make a configuration for other networks, no network
    #[arg(long)]
    config_only: bool,
    /// Driver of the network (default "bridge")
    #[arg(short, long, value_name = "string", default_value = "bridge")]
    driver: String,
    /// Make the routing mesh of a swarm
    #[arg(long)]
    ingress: bool,
    /// Nothing outside can be reached
    #[arg(long)]
    internal: bool,
    /// IPv4 addresses (default true)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    ipv4: Option<bool>,
    /// IPv6 addresses
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    ipv6: Option<bool>,
    /// Metadata of the network
    #[arg(long, value_name = "list", value_parser = label)]
    label: Vec<String>,
    /// Options of the driver (default map[])
    #[arg(short, long, value_name = "map")]
    opt: Vec<String>,
    /// How far the network reaches
    #[arg(long, value_name = "string", default_value = "")]
    scope: String,
    arguments: Vec<String>,
}

/// `docker network connect`.
#[derive(Debug, Args)]
pub struct NetworkConnect {
    /// Another name of the container in the network
    #[arg(long, value_name = "strings", value_parser = strings)]
    alias: Vec<Vec<String>>,
    /// Options of the network's driver
    #[arg(long, value_name = "strings", value_parser = strings)]
    driver_opt: Vec<Vec<String>>,
    /// The network with the highest number has the default gateway
    #[arg(long, value_name = "int", value_parser = decimal, default_value = "0")]
    gw_priority: i64,
    /// IPv4 address (e.g., "172.30.100.104")
    #[arg(long, value_name = "string", default_value = "")]
    ip: String,
    /// IPv6 address (e.g., "2001:db8::33")
    #[arg(long, value_name = "string", default_value = "")]
    ip6: String,
    /// Add link to another container
    #[arg(long, value_name = "list", value_parser = link)]
    link: Vec<String>,
    /// Link-local address of the container
    #[arg(long, value_name = "strings", value_parser = strings)]
    link_local_ip: Vec<Vec<String>>,
    arguments: Vec<String>,
}

/// `docker network disconnect`.
#[derive(Debug, Args)]
pub struct NetworkDisconnect {
    /// Disconnect the container whatever the network says
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

/// `docker network rm`.
#[derive(Debug, Args)]
pub struct NetworkRm {
    /// A network that is not there is no error
    #[arg(short, long)]
    force: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
    #[serde(default)]
    warning: String,
}

impl Command for NetworkCreate {
    const WORDS: Words = Words {
        spellings: &["network create"],
        about: "Create a network",
        usage: "[OPTIONS] NETWORK",
        arity: Arity::Exactly(1),
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut body = json!({
            "Name": self.arguments[0],
            "Driver": self.driver,
            "Scope": self.scope,
            "IPAM": self.ipam.request().map_err(CliError::failed)?,
            // Engines before API 1.44 make a second network of the same name without it.
            "CheckDuplicate": true,
            "Internal": self.internal,
            "Attachable": self.attachable,
            "Ingress": self.ingress,
            "ConfigOnly": self.config_only,
            "ConfigFrom": (!self.config_from.is_empty()).then(|| json!({ "Network": self.config_from })),
            "Options": pairs(&self.opt),
            "Labels": pairs(&self.label),
        });
        for (field, value) in [("EnableIPv4", self.ipv4), ("EnableIPv6", self.ipv6)] {
            if let Some(value) = value {
                body[field] = json!(value);
            }
        }
        let created: Created = docker.post("/networks/create", &body).await?;
        if !created.warning.is_empty() {
            tty::complain(&format!("WARNING: {}", created.warning))?;
        }
        tty::print(&format!("{}\n", created.id))?;
        Ok(0)
    }
}

impl Command for NetworkConnect {
    const WORDS: Words = Words {
        spellings: &["network connect"],
        about: "Connect a container to a network",
        usage: "[OPTIONS] NETWORK CONTAINER",
        arity: Arity::Exactly(2),
        names: Names::Networks,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!("/networks/{}/connect", segment(&self.arguments[0]));
        let body = json!({
            "Container": self.arguments[1],
            "EndpointConfig": self.endpoint().map_err(CliError::failed)?,
        });
        let _: Value = docker.post(&path, &body).await?;
        Ok(0)
    }
}

impl NetworkConnect {
    fn endpoint(&self) -> Result<Value, String> {
        let mut options = Map::new();
        for option in self.driver_opt.concat() {
            let (name, value) = option
                .split_once('=')
                .ok_or("invalid key/value pair format in driver options")?;
            options.insert(name.trim().to_ascii_lowercase(), json!(value.trim()));
        }
        let mut addresses = Map::new();
        for (field, value) in [("IPv4Address", &self.ip), ("IPv6Address", &self.ip6)] {
            if !value.is_empty() {
                addresses.insert(field.into(), json!(value));
            }
        }
        let link_local = self.link_local_ip.concat();
        if !link_local.is_empty() {
            addresses.insert("LinkLocalIPs".into(), json!(link_local));
        }
        Ok(json!({
            "IPAMConfig": addresses,
            "Links": (!self.link.is_empty()).then_some(&self.link),
            "Aliases": self.alias.concat(),
            "DriverOpts": options,
            "GwPriority": self.gw_priority,
            "MacAddress": "",
            "NetworkID": "",
            "EndpointID": "",
            "Gateway": "",
            "IPAddress": "",
            "IPPrefixLen": 0,
            "IPv6Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "DNSNames": null,
        }))
    }
}

impl Command for NetworkDisconnect {
    const WORDS: Words = Words {
        spellings: &["network disconnect"],
        about: "Disconnect a container from a network",
        usage: "[OPTIONS] NETWORK CONTAINER",
        arity: Arity::Exactly(2),
        names: Names::Networks,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!("/networks/{}/disconnect", segment(&self.arguments[0]));
        let body = json!({ "Container": self.arguments[1], "Force": self.force });
        let _: Value = docker.post(&path, &body).await?;
        Ok(0)
    }
}

impl Command for NetworkRm {
    const WORDS: Words = Words {
        spellings: &["network rm", "network remove"],
        about: "Remove one or more networks",
        usage: "NETWORK [NETWORK...]",
        arity: Arity::AtLeast(1),
        names: Names::Networks,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let mut failed = false;
        for name in &self.arguments {
            let path = format!("/networks/{}", segment(name));
            match docker.call(Method::DELETE, &path).await {
                Ok(()) => tty::print(&format!("{name}\n"))?,
                Err(error) if self.force && error.is_not_found() => {}
                Err(error) => {
                    tty::complain(&error.to_string())?;
                    failed = true;
                }
            }
        }
        if failed {
            // What Docker's own error says when it has no words.
            return Err(CliError::failed("exit status 1"));
        }
        Ok(0)
    }
}
