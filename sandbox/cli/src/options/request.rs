//! The flags of `docker run` as the body of `POST /containers/create`.

use std::{env::current_dir, path::PathBuf};

use serde_json::{Map, Value, json};

use super::{ContainerFlags, env, limits, ports::Ports, volume};
use crate::tty;

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
}

impl ContainerFlags {
    /// What is attached, for a container in the foreground (`detach` false) or not.
    ///
    /// # Errors
    /// Docker's words.
    pub fn streams(&self, detach: bool) -> Result<Streams, String> {
        let mut streams = Streams {
            stdin: false,
            stdout: false,
            stderr: false,
        };
        for name in &self.attach {
            match name.to_ascii_lowercase().as_str() {
                "stdin" => streams.stdin = true,
                "stdout" => streams.stdout = true,
                "stderr" => streams.stderr = true,
                _ => {
                    return Err(format!(
                        "invalid argument \"{name}\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and STDERR"
                    ));
                }
            }
        }
        if self.attach.is_empty() && !detach {
            streams = Streams {
                stdin: self.interactive,
                stdout: true,
                stderr: true,
            };
        }
        Ok(streams)
    }

    /// The body of `POST /containers/create`.
    ///
    /// # Errors
    /// Docker's words.
    pub fn request(&self, detach: bool) -> Result<Value, String> {
        let streams = self.streams(detach)?;
        let (image, command) = self
            .arguments
            .split_first()
            .map_or(("", &[][..]), |(i, c)| (i.as_str(), c));
        let mut ports = Ports::default();
        self.publish
            .iter()
            .try_for_each(|spec| ports.publish(spec))?;
        self.expose.iter().try_for_each(|spec| ports.expose(spec))?;
        let (binds, anonymous) = self.volumes()?;
        let mut body = json!({
            "Hostname": text(&self.hostname),
            "Domainname": text(&self.domainname),
            "User": text(&self.user),
            "AttachStdin": streams.stdin,
            "AttachStdout": streams.stdout,
            "AttachStderr": streams.stderr,
            "Tty": self.tty,
            "OpenStdin": self.interactive,
            "StdinOnce": self.interactive && streams.stdin,
            "Env": env::variables(&self.env_file, &self.env)?,
            "Cmd": if command.is_empty() { Value::Null } else { json!(command) },
            "Image": image,
            "Volumes": anonymous,
            "WorkingDir": text(&self.workdir),
            "Entrypoint": self.entrypoint.as_ref().map(|program| json!([program])),
            "Labels": env::labels(&self.label_file, &self.label)?,
            "ExposedPorts": ports.exposed,
            "HostConfig": self.host_config(binds, ports.bindings)?,
            "NetworkingConfig": { "EndpointsConfig": self.endpoints() },
        });
        if let Value::Object(body) = &mut body {
            put(body, "StopSignal", self.stop_signal.as_ref());
            put(body, "StopTimeout", self.stop_timeout);
            put(body, "Healthcheck", self.healthcheck()?);
            put(body, "MacAddress", self.mac_address.as_ref());
        }
        Ok(body)
    }

    fn host_config(
        &self,
        binds: Vec<String>,
        bindings: Map<String, Value>,
    ) -> Result<Value, String> {
        let mut tmpfs = Map::new();
        for spec in &self.tmpfs {
            let (path, options) = spec.split_once(':').unwrap_or((spec, ""));
            tmpfs.insert(path.into(), json!(options));
        }
        let mut host = json!({
            "Binds": or_null(&binds),
            "ContainerIDFile": text(&self.cidfile),
            "NetworkMode": self.network.first().map_or("default", |network| network_name(network)),
            "PortBindings": bindings,
            "RestartPolicy": limits::restart(self.restart.as_deref().unwrap_or("no"))?,
            "AutoRemove": self.rm,
            "CapAdd": or_null(&capabilities(&self.cap_add)),
            "CapDrop": or_null(&capabilities(&self.cap_drop)),
            "Privileged": self.privileged,
            "PublishAllPorts": self.publish_all,
            "ReadonlyRootfs": self.read_only,
        });
        let Value::Object(map) = &mut host else {
            return Ok(host);
        };
        put(map, "Init", self.init.then_some(true));
        put(map, "Memory", self.memory);
        put(map, "MemoryReservation", self.memory_reservation);
        put(map, "MemorySwap", self.memory_swap);
        put(map, "NanoCpus", self.cpus);
        put(map, "CpuShares", self.cpu_shares);
        put(map, "CpuPeriod", self.cpu_period);
        put(map, "CpuQuota", self.cpu_quota);
        put(map, "CpusetCpus", self.cpuset_cpus.as_ref());
        put(map, "PidsLimit", self.pids_limit);
        put(map, "OomKillDisable", self.oom_kill_disable.then_some(true));
        put(map, "ShmSize", self.shm_size);
        put(map, "IpcMode", self.ipc.as_ref());
        put(map, "PidMode", self.pid.as_ref());
        put(map, "UTSMode", self.uts.as_ref());
        put(map, "UsernsMode", self.userns.as_ref());
        put(map, "Runtime", self.runtime.as_ref());
        put(
            map,
            "ConsoleSize",
            tty::size()
                .filter(|_| self.tty)
                .map(|size| [size.rows, size.cols]),
        );
        put(
            map,
            "LogConfig",
            self.log_driver
                .as_ref()
                .map(|driver| json!({ "Type": driver, "Config": pairs(&self.log_opt) })),
        );
        put_list(map, "Mounts", self.mount.is_empty(), &self.mount);
        put_list(map, "Tmpfs", tmpfs.is_empty(), tmpfs);
        put_list(
            map,
            "Devices",
            self.device.is_empty(),
            self.device.iter().map(|d| device(d)).collect::<Vec<_>>(),
        );
        put_list(map, "Dns", self.dns.is_empty(), &self.dns);
        put_list(
            map,
            "DnsOptions",
            self.dns_option.is_empty(),
            &self.dns_option,
        );
        put_list(
            map,
            "DnsSearch",
            self.dns_search.is_empty(),
            &self.dns_search,
        );
        put_list(map, "ExtraHosts", self.add_host.is_empty(), &self.add_host);
        put_list(map, "GroupAdd", self.group_add.is_empty(), &self.group_add);
        put_list(map, "Links", self.link.is_empty(), &self.link);
        put_list(
            map,
            "SecurityOpt",
            self.security_opt.is_empty(),
            self.security_options()?,
        );
        put_list(map, "Sysctls", self.sysctl.is_empty(), pairs(&self.sysctl));
        put_list(map, "Ulimits", self.ulimit.is_empty(), &self.ulimit);
        put_list(
            map,
            "VolumesFrom",
            self.volumes_from.is_empty(),
            &self.volumes_from,
        );
        Ok(host)
    }

    fn volumes(&self) -> Result<(Vec<String>, Map<String, Value>), String> {
        let cwd = current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let (mut binds, mut anonymous) = (Vec::new(), Map::new());
        for spec in &self.volume {
            match volume::parse(spec, &cwd)? {
                volume::Volume::Bind(bind) => binds.push(bind),
                volume::Volume::Anonymous(path) => drop(anonymous.insert(path, json!({}))),
            }
        }
        Ok((binds, anonymous))
    }

    fn security_options(&self) -> Result<Vec<String>, String> {
        for option in &self.security_opt {
            if !option.contains(['=', ':'])
                && !matches!(option.as_str(), "no-new-privileges" | "writable-cgroups")
            {
                return Err(format!("Invalid --security-opt: \"{option}\""));
            }
        }
        Ok(self.security_opt.clone())
    }

    fn healthcheck(&self) -> Result<Option<Value>, String> {
        let spans = [
            self.health_interval,
            self.health_timeout,
            self.health_start_period,
            self.health_retries,
        ];
        if self.no_healthcheck {
            if self.health_cmd.is_some() || spans.iter().any(Option::is_some) {
                return Err("--no-healthcheck conflicts with --health-* options".into());
            }
            return Ok(Some(json!({ "Test": ["NONE"] })));
        }
        if self.health_cmd.is_none() && spans.iter().all(Option::is_none) {
            return Ok(None);
        }
        Ok(Some(json!({
            "Test": self.health_cmd.as_ref().map(|command| json!(["CMD-SHELL", command])),
            "Interval": self.health_interval.unwrap_or(0),
            "Timeout": self.health_timeout.unwrap_or(0),
            "StartPeriod": self.health_start_period.unwrap_or(0),
            "Retries": self.health_retries.unwrap_or(0),
        })))
    }

    fn endpoints(&self) -> Map<String, Value> {
        let mut endpoints = Map::new();
        for (at, network) in self.network.iter().enumerate() {
            let mut endpoint = Map::new();
            if at == 0 {
                put_list(
                    &mut endpoint,
                    "Aliases",
                    self.network_alias.is_empty(),
                    &self.network_alias,
                );
                put(
                    &mut endpoint,
                    "IPAMConfig",
                    self.ip.as_ref().map(|ip| json!({ "IPv4Address": ip })),
                );
            }
            if at > 0 || !endpoint.is_empty() {
                endpoints.insert(network_name(network).into(), Value::Object(endpoint));
            }
        }
        endpoints
    }
}

/// `--network name=x,alias=y` names the network by a field.
fn network_name(spec: &str) -> &str {
    spec.split(',')
        .find_map(|field| field.strip_prefix("name="))
        .unwrap_or(spec)
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

fn pairs(specs: &[String]) -> Map<String, Value> {
    specs
        .iter()
        .map(|spec| spec.split_once('=').unwrap_or((spec, "")))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

/// Go's empty list.
fn or_null(list: &[String]) -> Value {
    if list.is_empty() {
        Value::Null
    } else {
        json!(list)
    }
}

/// `net_admin` is `CAP_NET_ADMIN`, and `ALL` is itself.
fn capabilities(names: &[String]) -> Vec<String> {
    let full = |name: &String| {
        let name = name.trim().to_ascii_uppercase();
        if name == "ALL" || name.starts_with("CAP_") {
            name
        } else {
            format!("CAP_{name}")
        }
    };
    names.iter().map(full).collect()
}

fn device(spec: &str) -> Value {
    let mut parts = spec.splitn(3, ':');
    let host = parts.next().unwrap_or_default();
    let inside = parts.next().unwrap_or(host);
    json!({ "PathOnHost": host, "PathInContainer": inside, "CgroupPermissions": parts.next().unwrap_or("rwm") })
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        map.insert(key.into(), json!(value));
    }
}

fn put_list(map: &mut Map<String, Value>, key: &str, empty: bool, value: impl serde::Serialize) {
    if !empty {
        map.insert(key.into(), json!(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_sent_by_their_full_names() {
        let names = ["net_admin", "CAP_CHOWN", "all"].map(ToOwned::to_owned);
        assert_eq!(capabilities(&names), ["CAP_NET_ADMIN", "CAP_CHOWN", "ALL"]);
    }

    #[test]
    fn a_device_is_known_by_the_same_name_inside() {
        let want = json!({ "PathOnHost": "/dev/x", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm" });
        assert_eq!(device("/dev/x"), want);
    }

    #[test]
    fn a_network_may_be_named_by_a_field() {
        assert_eq!(network_name("name=app,alias=db"), "app");
        assert_eq!(network_name("none"), "none");
    }
}
