//! `--network`: a name, or `name=app,alias=db,ip=…`; and what else is said about the first network.

use serde_json::{Map, Value, json};

use super::{ContainerFlags, hosts};
use crate::{flags::values, text::csv};

/// A network that the container is connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    target: String,
    aliases: Vec<String>,
    links: Vec<String>,
    ipv4: String,
    ipv6: String,
    link_local: Vec<String>,
    mac: String,
    options: Option<Map<String, Value>>,
    gateway_priority: i64,
}

impl Network {
    /// Reads one `--network`.
    ///
    /// # Errors
    /// Docker's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut network = Self::default();
        if !has_fields(text) {
            network.target = text.into();
            return Ok(network);
        }
        for field in csv::fields(text)? {
            let Some((key, value)) = field.split_once('=') else {
                return Err(format!("invalid field {field}"));
            };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "name" => network.target = value.into(),
                "alias" => network.aliases.push(value.into()),
                "ip" => network.ipv4 = value.into(),
                "ip6" => network.ipv6 = value.into(),
                "link-local-ip" => network.link_local.push(value.into()),
                "mac-address" => network.mac = value.into(),
                "driver-opt" => {
                    let (name, value) = value
                        .split_once('=')
                        .ok_or("invalid key value pair format in driver options")?;
                    network
                        .options
                        .get_or_insert_default()
                        .insert(name.trim().to_ascii_lowercase(), json!(value.trim()));
                }
                "gw-priority" => {
                    network.gateway_priority = values::decimal(value)
                        .map_err(|_| format!("invalid gw-priority ({value}): invalid syntax"))?;
                }
                key => return Err(format!("invalid field key {key}")),
            }
        }
        if network.target.is_empty() {
            return Err("network name/id is not specified".into());
        }
        Ok(network)
    }

    fn is_user_defined(&self) -> bool {
        let name = self.target.as_str();
        !matches!(name, "" | "default" | "bridge" | "host" | "none")
            && !name.starts_with("container:")
    }

    /// Only its name is known: the network's mode says that already.
    fn says_nothing(&self) -> bool {
        *self
            == Self {
                target: self.target.clone(),
                ..Self::default()
            }
    }

    /// The API's `EndpointSettings`.
    fn endpoint(&self) -> Result<Value, String> {
        if self.target.trim().is_empty() {
            return Err("no name set for network".into());
        }
        if !self.is_user_defined() && !self.aliases.is_empty() {
            return Err(
                "network-scoped aliases are only supported for user-defined networks".into(),
            );
        }
        let mac = match self.mac.as_str() {
            "" => String::new(),
            mac => hosts::mac(mac)?,
        };
        let list = |items: &[String]| (!items.is_empty()).then(|| json!(items));
        let mut addresses = Map::new();
        for (key, value) in [("IPv4Address", &self.ipv4), ("IPv6Address", &self.ipv6)] {
            if !value.is_empty() {
                addresses.insert(key.into(), json!(value));
            }
        }
        addresses.extend(list(&self.link_local).map(|ips| ("LinkLocalIPs".to_owned(), ips)));
        Ok(json!({
            "IPAMConfig": (!addresses.is_empty()).then_some(addresses),
            "Links": list(&self.links),
            "Aliases": list(&self.aliases),
            "MacAddress": mac,
            "DriverOpts": self.options,
            "GwPriority": self.gateway_priority,
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

/// Whether somewhere in `text` a name, `=` and a value stand together.
fn has_fields(text: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices('=')
        .any(|(at, _)| word(text[..at].chars().next_back()) && word(text[at + 1..].chars().next()))
}

impl ContainerFlags {
    /// The networks by name, and the mode that the first of them makes.
    ///
    /// # Errors
    /// Docker's words.
    pub(super) fn endpoints(&self) -> Result<(String, Map<String, Value>), String> {
        let mut networks = self.network.clone();
        if networks.is_empty() {
            networks.push(Network {
                target: "default".into(),
                ..Network::default()
            });
        }
        self.say_of_first(&mut networks[0])?;
        if let ([_], [only]) = (self.network.as_slice(), networks.as_slice())
            && only.says_nothing()
        {
            only.endpoint()?;
            return Ok((only.target.clone(), Map::new()));
        }
        let mut endpoints = Map::new();
        for network in &networks {
            let endpoint = network.endpoint()?;
            if endpoints.insert(network.target.clone(), endpoint).is_some() {
                return Err(format!(
                    "network \"{}\" is specified multiple times",
                    network.target
                ));
            }
        }
        let own = networks.iter().filter(|network| network.is_user_defined());
        if !matches!(own.count(), 0) && networks.iter().any(|n| !n.is_user_defined()) {
            return Err("conflicting options: cannot attach both user-defined and non-user-defined network-modes".into());
        }
        Ok((networks.swap_remove(0).target, endpoints))
    }

    /// `--ip`, `--network-alias` and their like speak of the first network.
    fn say_of_first(&self, first: &mut Network) -> Result<(), String> {
        let conflict = |flag: &str, other: &str| {
            Err(format!(
                "conflicting options: cannot specify both {flag} and per-network {other}"
            ))
        };
        let given = |flag: &Option<String>| flag.clone().filter(|value| !value.is_empty());
        let (ip, ip6, mac) = (given(&self.ip), given(&self.ip6), given(&self.mac_address));
        if !first.aliases.is_empty() && !self.network_alias.is_empty() {
            return conflict("--network-alias", "alias");
        }
        if !first.ipv4.is_empty() && ip.is_some() {
            return conflict("--ip", "IPv4 address");
        }
        if !first.ipv6.is_empty() && ip6.is_some() {
            return conflict("--ip6", "IPv6 address");
        }
        if !first.mac.is_empty() && mac.is_some() {
            return conflict("--mac-address", "MAC address");
        }
        if !first.link_local.is_empty() && !self.link_local_ip.is_empty() {
            return conflict("--link-local-ip", "link-local IP addresses");
        }
        first.aliases.extend(self.network_alias.iter().cloned());
        first.link_local.extend(self.link_local_ip.iter().cloned());
        if first.is_user_defined() {
            first.links.clone_from(&self.link);
        }
        for (field, flag) in [
            (&mut first.ipv4, ip),
            (&mut first.ipv6, ip6),
            (&mut first.mac, mac),
        ] {
            if let Some(value) = flag {
                *field = value;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_may_be_named_by_a_field() {
        let network = Network::parse("name=app,alias=db,ip=1.2.3.4,driver-opt=X=y").unwrap();
        assert_eq!(
            (network.target.as_str(), network.ipv4.as_str()),
            ("app", "1.2.3.4")
        );
        assert_eq!(network.options.unwrap()["x"], "y");
        assert_eq!(Network::parse("none").unwrap().target, "none");
        assert_eq!(Network::parse("name=").unwrap().target, "name=");
    }

    #[test]
    fn bad_networks_are_refused_in_dockers_words() {
        let cases = [
            ("alias=b", "network name/id is not specified"),
            ("name=a,foo=b", "invalid field key foo"),
            ("name=a,alias", "invalid field alias"),
            (
                "name=a,driver-opt=x",
                "invalid key value pair format in driver options",
            ),
            (
                "name=a,gw-priority=x",
                "invalid gw-priority (x): invalid syntax",
            ),
        ];
        for (text, words) in cases {
            assert_eq!(Network::parse(text), Err(words.to_owned()), "{text}");
        }
    }
}
