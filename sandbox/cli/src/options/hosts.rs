//! Names and addresses in flags: `--add-host`, `--dns`, `--dns-search`, `--link`, `--sysctl`, `--mac-address`.

use std::net::IpAddr;

/// `host:ip` or `host=ip`, the address perhaps in brackets; given back as `host:ip`.
///
/// # Errors
/// Docker's words.
pub fn extra(text: &str) -> Result<String, String> {
    let bad = || format!("bad format for add-host: \"{text}\"");
    let (host, address) = text
        .split_once('=')
        .or_else(|| text.split_once(':'))
        .filter(|(host, address)| !host.is_empty() && !address.is_empty())
        .ok_or_else(bad)?;
    let bare = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(address);
    if bare != "host-gateway" && bare.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address in add-host: \"{bare}\""));
    }
    Ok(format!("{host}:{bare}"))
}

/// An IP address.
///
/// # Errors
/// Docker's words.
pub fn address(text: &str) -> Result<String, String> {
    text.trim()
        .parse::<IpAddr>()
        .map(|ip| ip.to_string())
        .map_err(|_| format!("IP address is not correctly formatted: {text}"))
}

/// A domain to search; `.` means none.
///
/// # Errors
/// Docker's words.
pub fn domain(text: &str) -> Result<String, String> {
    let name = text.trim().trim_matches('.');
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let has_letter = name.bytes().any(|b| b.is_ascii_alphabetic());
    if text.trim() == "." {
        return Ok(".".into());
    }
    if !has_letter || name.len() > 255 || !name.split('.').all(label) {
        return Err(format!("{text} is not a valid domain"));
    }
    Ok(name.into())
}

/// `container` or `container:alias`.
///
/// # Errors
/// Docker's words.
pub fn link(text: &str) -> Result<String, String> {
    match text.split(':').count() {
        _ if text.is_empty() => Err("empty string specified for links".into()),
        1 | 2 => Ok(text.into()),
        _ => Err(format!("bad format for links: {text}")),
    }
}

/// A kernel parameter that belongs to one of the container's own namespaces: `net.*`, `fs.mqueue.*`, System V IPC.
///
/// # Errors
/// Docker's words.
pub fn sysctl(text: &str) -> Result<String, String> {
    const OWN: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    let named = |name: &str| {
        OWN.contains(&name) || name.starts_with("net.") || name.starts_with("fs.mqueue.")
    };
    match text.split_once('=') {
        Some((name, _)) if named(name) => Ok(text.into()),
        _ => Err(format!("sysctl '{text}' is not allowed")),
    }
}

/// A hardware address: six, eight or twenty pairs of digits with colons or dashes between, or groups of four with dots.
///
/// # Errors
/// Docker's words.
pub fn mac(text: &str) -> Result<String, String> {
    let hex = |parts: Vec<&str>, digits: usize| {
        parts
            .iter()
            .all(|p| p.len() == digits && p.bytes().all(|b| b.is_ascii_hexdigit()))
            .then_some(parts.len() * digits / 2)
    };
    let separated = |by| hex(text.split(by).collect(), if by == '.' { 4 } else { 2 });
    let bytes = [':', '-', '.'].into_iter().find_map(separated);
    if bytes.is_some_and(|bytes| matches!(bytes, 6 | 8 | 20)) {
        Ok(text.trim().into())
    } else {
        Err(format!("{text} is not a valid mac address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_hosts_are_sent_with_a_colon() {
        assert_eq!(extra("a=1.2.3.4"), Ok("a:1.2.3.4".into()));
        assert_eq!(extra("a=[::1]"), Ok("a:::1".into()));
        assert_eq!(extra("a:host-gateway"), Ok("a:host-gateway".into()));
        assert_eq!(
            extra("foo:bar"),
            Err("invalid IP address in add-host: \"bar\"".into())
        );
        assert_eq!(
            extra(":1.2.3.4"),
            Err("bad format for add-host: \":1.2.3.4\"".into())
        );
    }

    #[test]
    fn names_and_parameters_are_checked() {
        assert_eq!(domain("."), Ok(".".into()));
        assert!(domain("foo bar").is_err());
        assert_eq!(address(" 1.1.1.1 "), Ok("1.1.1.1".into()));
        assert!(sysctl("kernel.sem=1").is_ok() && sysctl("a.b=c").is_err());
        assert!(mac("92:d0:c6:0a:29:33").is_ok() && mac("foo").is_err());
        assert!(link("a:b:c").is_err());
    }
}
