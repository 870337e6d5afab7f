//! The flags of `docker run` as the body of `POST /containers/create`.

use std::{env::current_dir, path::PathBuf};

use serde_json::{Map, Value, json};

use super::{ContainerFlags, env, hosts, ports::Ports, volume};

impl ContainerFlags {
    /// The body of `POST /containers/create`, every field in it, as Docker's own client sends it.
    ///
    /// # Errors
    /// Docker's words.
    pub fn request(&self, detach: bool) -> Result<Value, String> {
        let streams = self.streams(detach);
        self.check()?;
        let (image, command) = self
            .arguments
            .split_first()
            .map_or(("", &[][..]), |(i, c)| (i.as_str(), c));
        let (binds, anonymous) = self.volumes()?;
        let ports = self.ports()?;
        let variables = env::variables(&self.env_file, &self.env)?;
        let labels = env::labels(&self.label_file, &self.label)?;
        let host_config = self.host_config(&binds, ports.bindings)?;
        let healthcheck = self.healthcheck()?;
        let (mode, endpoints) = self.endpoints()?;
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
            "Env": or_null(&variables),
            "Cmd": or_null(command),
            "Image": image,
            "Volumes": anonymous,
            "WorkingDir": text(&self.workdir),
            "Entrypoint": self.entrypoint.as_ref().map(|program| [program]),
            "OnBuild": null,
            "Labels": labels,
            "HostConfig": host_config,
            "NetworkingConfig": { "EndpointsConfig": endpoints },
        });
        body["HostConfig"]["NetworkMode"] = json!(mode);
        if let Value::Object(body) = &mut body {
            put(body, "ExposedPorts", some(ports.exposed));
            put(body, "StopSignal", given(&self.stop_signal));
            put(body, "StopTimeout", self.stop_timeout);
            put(body, "Healthcheck", healthcheck);
        }
        Ok(body)
    }

    /// What must hold before anything else is looked at.
    fn check(&self) -> Result<(), String> {
        if let Some(mac) = given(&self.mac_address) {
            hosts::mac(mac)?;
        }
        let swappiness = self.memory_swappiness.unwrap_or(-1);
        if swappiness != -1 && !(0..=100).contains(&swappiness) {
            return Err(format!(
                "invalid value: {swappiness}. Valid memory swappiness range is 0-100"
            ));
        }
        Ok(())
    }

    fn ports(&self) -> Result<Ports, String> {
        let mut ports = Ports::default();
        self.publish
            .iter()
            .try_for_each(|spec| ports.publish(spec))?;
        self.expose.iter().try_for_each(|spec| ports.expose(spec))?;
        Ok(ports)
    }

    fn volumes(&self) -> Result<(Vec<String>, Map<String, Value>), String> {
        let cwd = current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let (mut binds, mut anonymous) = (Vec::new(), Map::new());
        for spec in &self.volume {
            match volume::parse(spec, &cwd)? {
                volume::Volume::Bind(bind) if binds.contains(&bind) => {}
                volume::Volume::Bind(bind) => binds.push(bind),
                volume::Volume::Anonymous(path) => drop(anonymous.insert(path, json!({}))),
            }
        }
        Ok((binds, anonymous))
    }
}

/// The text of a flag, empty when it was not given.
pub(super) fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// The text of a flag unless it is empty.
pub(super) fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

/// `NAME=VALUE`, or `NAME` alone; the last of several with one name wins.
#[must_use]
pub fn pairs(specs: &[String]) -> Map<String, Value> {
    specs
        .iter()
        .map(|spec| spec.split_once('=').unwrap_or((spec, "")))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

/// A map with something in it.
pub(super) fn some(map: Map<String, Value>) -> Option<Map<String, Value>> {
    (!map.is_empty()).then_some(map)
}

/// Go's empty list is `null`.
pub(super) fn or_null(list: &[String]) -> Value {
    if list.is_empty() {
        Value::Null
    } else {
        json!(list)
    }
}

/// Adds a field that is left out when it has no value.
pub(super) fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        map.insert(key.into(), json!(value));
    }
}
