//! `-p [[ip:]hostPort:]containerPort[/protocol]`, and `--expose`.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::flags::values;

/// Ports as the API has them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// `ExposedPorts`.
    pub exposed: Map<String, Value>,
    /// `PortBindings`.
    pub bindings: Map<String, Value>,
}

impl Ports {
    /// Adds one `--publish`.
    ///
    /// # Errors
    /// Docker's words.
    pub fn publish(&mut self, spec: &str) -> Result<(), String> {
        let spec = &colons(spec)?;
        let (ip, host, container) = split(spec);
        let (container, protocol) = with_protocol(container);
        let ip = bare_address(ip)?;
        if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
            return Err(format!("invalid IP address: {ip}"));
        }
        if container.is_empty() {
            return Err(format!("no port specified: {spec}<empty>"));
        }
        let inside = range(container).map_err(|_| format!("invalid containerPort: {container}"))?;
        let outside = match host {
            "" => None,
            host => Some(range(host).map_err(|_| format!("invalid hostPort: {host}"))?),
        };
        let protocol = known_protocol(protocol)?;
        let count = inside.1 - inside.0;
        let host_of = |at: u16| match outside {
            None => Ok(String::new()),
            Some((first, last)) if last - first == count => Ok((first + at).to_string()),
            // One port on any free one of a range.
            Some((first, last)) if count == 0 => Ok(format!("{first}-{last}")),
            Some(_) => Err(format!(
                "invalid ranges specified for container and host Ports: {container} and {host}"
            )),
        };
        for at in 0..=count {
            let key = format!("{}/{protocol}", inside.0 + at);
            self.exposed.insert(key.clone(), json!({}));
            let binding = json!({ "HostIp": ip, "HostPort": host_of(at)? });
            if let Value::Array(bindings) = self.bindings.entry(key).or_insert_with(|| json!([])) {
                bindings.push(binding);
            }
        }
        Ok(())
    }

    /// Adds one `--expose`.
    ///
    /// # Errors
    /// Docker's words.
    pub fn expose(&mut self, spec: &str) -> Result<(), String> {
        if spec.contains(':') {
            return Err(format!("invalid port format for --expose: {spec}"));
        }
        let (ports, protocol) = with_protocol(spec);
        let (first, last) = range(ports)
            .map_err(|why| format!("invalid range format for --expose: {spec}, error: {why}"))?;
        for port in first..=last {
            self.exposed.insert(format!("{port}/{protocol}"), json!({}));
        }
        Ok(())
    }
}

/// IP, host port, container port: the last two colons count, as an IPv6 address has more.
fn split(spec: &str) -> (&str, &str, &str) {
    match spec.rsplit_once(':') {
        None => ("", "", spec),
        Some((rest, container)) => match rest.rsplit_once(':') {
            None => ("", rest, container),
            Some((ip, host)) => (ip, host, container),
        },
    }
}

fn range(text: &str) -> Result<(u16, u16), String> {
    if text.is_empty() {
        return Err("empty string specified for ports".into());
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (values::uint16(first)?, values::uint16(last)?);
    if first > last {
        return Err(format!("invalid range specified for port: {text}"));
    }
    Ok((first, last))
}

/// `80/udp`; without a protocol it is TCP, without a port nothing.
fn with_protocol(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        None | Some((_, "")) => (text.trim_end_matches('/'), "tcp"),
        Some(("", _)) => ("", ""),
        Some(both) => both,
    }
}

/// The address in `[::1]`.
fn bare_address(text: &str) -> Result<&str, String> {
    match text.strip_prefix('[') {
        None => Ok(text),
        Some(rest) => rest.strip_suffix(']').ok_or_else(|| {
            format!("invalid IP address {text}: address {text}:: missing ']' in address")
        }),
    }
}

/// `target=80,published=8080,protocol=udp` in the shorter spelling, `8080:80/udp`.
fn colons(spec: &str) -> Result<String, String> {
    if !spec.contains('=') {
        return Ok(spec.into());
    }
    let (mut published, mut target, mut protocol) = ("", "", "tcp");
    for field in spec.split(',') {
        match field.split_once('=') {
            Some(("published", value)) => published = value,
            Some(("target", value)) => target = value,
            Some(("protocol", value)) => protocol = value,
            Some(_) => {}
            None => {
                return Err(format!(
                    "invalid publish opts format (should be name=value but got '{field}')"
                ));
            }
        }
    }
    Ok(format!("{published}:{target}/{protocol}"))
}

fn known_protocol(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "" => Ok("tcp".into()),
        "tcp" | "udp" | "sctp" => Ok(lower),
        _ => Err(format!("invalid proto: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindings(spec: &str) -> Result<Value, String> {
        let mut ports = Ports::default();
        ports.publish(spec).map(|()| Value::Object(ports.bindings))
    }

    #[test]
    fn ports_are_published_in_every_spelling() {
        assert_eq!(
            bindings("8080:80"),
            Ok(json!({ "80/tcp": [{ "HostIp": "", "HostPort": "8080" }] }))
        );
        assert_eq!(
            bindings("80"),
            Ok(json!({ "80/tcp": [{ "HostIp": "", "HostPort": "" }] }))
        );
        assert_eq!(
            bindings("127.0.0.1:53:53/udp"),
            Ok(json!({ "53/udp": [{ "HostIp": "127.0.0.1", "HostPort": "53" }] }))
        );
        assert_eq!(
            bindings("[::1]:80:80"),
            Ok(json!({ "80/tcp": [{ "HostIp": "::1", "HostPort": "80" }] }))
        );
        assert_eq!(
            bindings("9000-9010:80"),
            Ok(json!({ "80/tcp": [{ "HostIp": "", "HostPort": "9000-9010" }] }))
        );
        assert_eq!(
            bindings("8000-8001:80-81"),
            Ok(
                json!({ "80/tcp": [{ "HostIp": "", "HostPort": "8000" }], "81/tcp": [{ "HostIp": "", "HostPort": "8001" }] })
            )
        );
    }

    #[test]
    fn bad_ports_are_refused_in_dockers_words() {
        let cases = [
            ("99999:80", "invalid hostPort: 99999"),
            ("80:99999", "invalid containerPort: 99999"),
            ("abc", "invalid containerPort: abc"),
            ("80:80/foo", "invalid proto: foo"),
            ("80:", "no port specified: 80:<empty>"),
            ("target=,published=80", "no port specified: 80:/tcp<empty>"),
            ("+80:80", "invalid hostPort: +80"),
            ("1.2.3:80:80", "invalid IP address: 1.2.3"),
            (
                "80-90:80-91",
                "invalid ranges specified for container and host Ports: 80-91 and 80-90",
            ),
        ];
        for (spec, words) in cases {
            assert_eq!(bindings(spec), Err(words.to_owned()), "{spec}");
        }
    }
}
