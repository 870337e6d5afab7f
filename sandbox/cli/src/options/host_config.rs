//! The part of the request that speaks of the host: limits, mounts, namespaces, security.

use serde_json::{Map, Value, json};

use super::{
    ContainerFlags,
    devices::{self, Device},
    limits,
    request::{given, or_null, pairs, put, some, text},
};

impl ContainerFlags {
    /// The API's `HostConfig`. Its network mode is filled in by the caller.
    ///
    /// # Errors
    /// Docker's words.
    pub(super) fn host_config(
        &self,
        binds: &[String],
        bindings: Map<String, Value>,
    ) -> Result<Value, String> {
        self.check_namespaces()?;
        let (devices, requests) = self.devices()?;
        let security = self.security()?;
        let mut host = json!({
            "Binds": or_null(binds),
            "ContainerIDFile": text(&self.cidfile),
            "LogConfig": self.log_config()?,
            "PortBindings": bindings,
            "RestartPolicy": self.restart_policy()?,
            "AutoRemove": self.rm,
            "VolumeDriver": text(&self.volume_driver),
            "VolumesFrom": or_null(&self.volumes_from),
            "ConsoleSize": [0, 0],
            "CapAdd": or_null(&capabilities(&self.cap_add)),
            "CapDrop": or_null(&capabilities(&self.cap_drop)),
            "CgroupnsMode": text(&self.cgroupns),
            "Dns": self.dns,
            "DnsOptions": self.dns_option,
            "DnsSearch": self.dns_search,
            "ExtraHosts": or_null(&self.add_host),
            "GroupAdd": or_null(&self.group_add),
            "IpcMode": text(&self.ipc),
            "Cgroup": "",
            "Links": or_null(&self.link),
            "OomScoreAdj": self.oom_score_adj.unwrap_or(0),
            "PidMode": text(&self.pid),
            "Privileged": self.privileged,
            "PublishAllPorts": self.publish_all,
            "ReadonlyRootfs": self.read_only,
            "SecurityOpt": security.options,
            "UTSMode": text(&self.uts),
            "UsernsMode": text(&self.userns),
            "ShmSize": self.shm_size.unwrap_or(0),
            "Isolation": text(&self.isolation),
            "MaskedPaths": security.masked_paths,
            "ReadonlyPaths": security.masked_paths,
            "Devices": devices,
            "DeviceRequests": (!requests.is_empty()).then_some(requests),
        });
        let Value::Object(map) = &mut host else {
            return Ok(host);
        };
        self.put_resources(map);
        put(map, "Init", self.init);
        put(map, "Runtime", given(&self.runtime));
        put(
            map,
            "Mounts",
            (!self.mount.is_empty()).then_some(&self.mount),
        );
        put(map, "Tmpfs", some(tmpfs(&self.tmpfs)));
        put(map, "Sysctls", some(pairs(&self.sysctl)));
        put(map, "StorageOpt", self.storage_options()?);
        put(map, "Annotations", some(pairs(&self.annotation)));
        Ok(host)
    }

    fn put_resources(&self, map: &mut Map<String, Value>) {
        let numbers = [
            ("CpuShares", self.cpu_shares),
            ("Memory", self.memory),
            ("NanoCpus", self.cpus),
            ("CpuPeriod", self.cpu_period),
            ("CpuQuota", self.cpu_quota),
            ("CpuRealtimePeriod", self.cpu_rt_period),
            ("CpuRealtimeRuntime", self.cpu_rt_runtime),
            ("MemoryReservation", self.memory_reservation),
            ("MemorySwap", self.memory_swap),
            ("PidsLimit", self.pids_limit),
            ("BlkioWeight", self.blkio_weight.map(i64::from)),
            ("CpuCount", None),
            ("CpuPercent", None),
            ("IOMaximumIOps", None),
            ("IOMaximumBandwidth", None),
        ];
        for (field, value) in numbers {
            map.insert(field.into(), json!(value.unwrap_or(0)));
        }
        let rest = [
            (
                "MemorySwappiness",
                json!(self.memory_swappiness.unwrap_or(-1)),
            ),
            ("CgroupParent", json!(text(&self.cgroup_parent))),
            ("BlkioWeightDevice", json!(self.blkio_weight_device)),
            ("BlkioDeviceReadBps", json!(self.device_read_bps)),
            ("BlkioDeviceWriteBps", json!(self.device_write_bps)),
            ("BlkioDeviceReadIOps", json!(self.device_read_iops)),
            ("BlkioDeviceWriteIOps", json!(self.device_write_iops)),
            ("CpusetCpus", json!(text(&self.cpuset_cpus))),
            ("CpusetMems", json!(text(&self.cpuset_mems))),
            ("DeviceCgroupRules", or_null(&self.device_cgroup_rule)),
            ("OomKillDisable", json!(self.oom_kill_disable)),
            ("Ulimits", json!(limits::last_of_each(&self.ulimit))),
        ];
        map.extend(rest.map(|(field, value)| (field.to_owned(), value)));
    }

    fn devices(&self) -> Result<(Vec<Value>, Vec<Value>), String> {
        let (mut mappings, mut qualified) = (Vec::new(), Vec::new());
        for text in &self.device {
            match devices::parse(text)? {
                Device::Mapping(mapping) => mappings.push(mapping),
                Device::Qualified(name) => qualified.push(name),
            }
        }
        let mut requests = self.gpus.clone();
        if !qualified.is_empty() {
            requests.push(json!({
                "Driver": "cdi", "Count": 0, "DeviceIDs": qualified, "Capabilities": null, "Options": null,
            }));
        }
        Ok((mappings, requests))
    }

    fn log_config(&self) -> Result<Value, String> {
        let driver = text(&self.log_driver);
        if driver == "none" && !self.log_opt.is_empty() {
            return Err(format!("invalid logging opts for driver {driver}"));
        }
        Ok(json!({ "Type": driver, "Config": pairs(&self.log_opt) }))
    }

    fn restart_policy(&self) -> Result<Value, String> {
        let policy = limits::restart(self.restart.as_deref().unwrap_or("no"))?;
        let restarts = !matches!(policy["Name"].as_str(), None | Some("" | "no"));
        if self.rm && restarts {
            return Err("conflicting options: cannot specify both --restart and --rm".into());
        }
        Ok(policy)
    }

    fn storage_options(&self) -> Result<Option<Map<String, Value>>, String> {
        if self.storage_opt.iter().any(|option| !option.contains('=')) {
            return Err("invalid storage option".into());
        }
        Ok(some(pairs(&self.storage_opt)))
    }

    /// The engine checks these too; the command says which flag it was.
    fn check_namespaces(&self) -> Result<(), String> {
        let of_container = |mode: &str| {
            mode.strip_prefix("container:")
                .is_some_and(|name| !name.is_empty())
        };
        let modes = [
            ("pid", "PID", given(&self.pid)),
            ("uts", "UTS", given(&self.uts)),
            ("userns", "USER", given(&self.userns)),
            ("cgroupns", "CGROUP", given(&self.cgroupns)),
        ];
        for (flag, kind, mode) in modes {
            let good = match (flag, mode) {
                (_, None | Some("host")) | ("cgroupns", Some("private")) => true,
                ("pid", Some(mode)) => of_container(mode),
                _ => false,
            };
            if !good {
                return Err(format!("--{flag}: invalid {kind} mode"));
            }
        }
        Ok(())
    }
}

fn tmpfs(specs: &[String]) -> Map<String, Value> {
    specs
        .iter()
        .map(|spec| spec.split_once(':').unwrap_or((spec, "")))
        .map(|(path, options)| (path.to_owned(), json!(options)))
        .collect()
}

/// `net_admin` is `CAP_NET_ADMIN`, and `ALL` is itself; each once, sorted.
fn capabilities(names: &[String]) -> Vec<String> {
    let full = |name: &String| {
        let name = name.trim().to_ascii_uppercase();
        if name == "ALL" || name.starts_with("CAP_") {
            name
        } else {
            format!("CAP_{name}")
        }
    };
    let mut full: Vec<String> = names.iter().map(full).collect();
    full.sort_unstable();
    full.dedup();
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_sent_by_their_full_names() {
        let names = ["net_admin", "CAP_CHOWN", "chown", "all"].map(ToOwned::to_owned);
        assert_eq!(capabilities(&names), ["ALL", "CAP_CHOWN", "CAP_NET_ADMIN"]);
    }
}
