//! The column PORTS of `docker ps`.

use serde::Deserialize;

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PortSummary {
    private_port: u16,
    #[serde(rename = "IP", default)]
    ip: String,
    #[serde(default)]
    public_port: u16,
    #[serde(rename = "Type", default)]
    protocol: String,
}

/// Ports that follow each other become one range; those that are published under another number stand alone, last.
#[must_use]
pub fn display(ports: &[PortSummary]) -> String {
    let mut ports = ports.to_vec();
    ports.sort_unstable();
    let mut shown = Vec::new();
    let mut groups: Vec<(String, &str, u16, u16)> = Vec::new();
    let mut mapped = Vec::new();
    for port in &ports {
        let current = port.private_port;
        if !port.ip.is_empty() && port.public_port != current {
            mapped.push(format!(
                "{}->{current}/{}",
                join(&port.ip, &port.public_port.to_string()),
                port.protocol
            ));
            continue;
        }
        match groups
            .iter_mut()
            .find(|(ip, protocol, ..)| *ip == port.ip && *protocol == port.protocol)
        {
            None => groups.push((port.ip.clone(), &port.protocol, current, current)),
            Some(group) if current == group.3.saturating_add(1) => group.3 = current,
            Some(group) => {
                shown.push(range(group));
                (group.2, group.3) = (current, current);
            }
        }
    }
    shown.extend(groups.iter().map(range));
    shown.extend(mapped);
    shown.join(", ")
}

fn range((ip, protocol, first, last): &(String, &str, u16, u16)) -> String {
    let ports = if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    };
    if ip.is_empty() {
        format!("{ports}/{protocol}")
    } else {
        format!("{}->{ports}/{protocol}", join(ip, &ports))
    }
}

fn join(ip: &str, port: &str) -> String {
    if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, public_port: u16, private_port: u16) -> PortSummary {
        PortSummary {
            private_port,
            ip: ip.into(),
            public_port,
            protocol: "tcp".into(),
        }
    }

    #[test]
    fn neighbours_become_a_range_and_mapped_ports_come_last() {
        let ports = [
            port("", 0, 443),
            port("", 0, 444),
            port("0.0.0.0", 8080, 80),
            port("::", 8080, 80),
        ];
        assert_eq!(
            display(&ports),
            "443-444/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"
        );
        assert_eq!(
            display(&[port("0.0.0.0", 80, 80), port("0.0.0.0", 81, 81)]),
            "0.0.0.0:80-81->80-81/tcp"
        );
        assert_eq!(display(&[]), "");
    }
}
