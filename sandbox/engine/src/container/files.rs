//! A container's files on the sandbox's storage.

use std::{
    fmt::Write as _,
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{Container, create::HOST_GATEWAY};
use crate::{
    EngineConfig,
    network::{GATEWAY, Seat},
};

/// The writable layer.
pub(crate) fn upper(dir: &Path) -> PathBuf {
    dir.join("upper")
}

/// overlayfs's own directory beside it.
pub(crate) fn work(dir: &Path) -> PathBuf {
    dir.join("work")
}

/// Makes the directories that a container needs.
pub(crate) fn make(dir: &Path) -> io::Result<()> {
    fs::create_dir(dir)?;
    fs::create_dir(upper(dir))?;
    fs::create_dir(work(dir))
}

/// Makes the layer below every image: what Docker gives each container, and what its mounts need to be there. So none
/// of it is in a container's own changes.
pub(crate) fn make_init_layer(dir: &Path) -> io::Result<()> {
    for path in ["", "dev", "dev/pts", "dev/shm", "proc", "sys", "etc"] {
        fs::create_dir_all(dir.join(path))?;
    }
    for path in [
        ".dockerenv",
        "dev/console",
        "etc/hostname",
        "etc/hosts",
        "etc/resolv.conf",
    ] {
        let file = fs::File::create(dir.join(path))?;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
    }
    std::os::unix::fs::symlink("/proc/mounts", dir.join("etc/mtab"))
}

/// Writes what the container finds at `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf`.
pub(crate) fn write_etc(
    container: &Container,
    seat: &Seat,
    engine: &EngineConfig,
) -> io::Result<()> {
    // Only there do they answer: a bridge has no way out.
    let on_host = container.host.network_mode == "host";
    let servers = if on_host {
        engine.name_servers()
    } else {
        String::new()
    };
    let config = &container.config;
    fs::write(
        container.dir.join("hostname"),
        format!("{}\n", config.hostname),
    )?;
    let host = &container.host;
    let extra = host.extra_hosts.as_deref().unwrap_or_default();
    let address = seat.address().map(|address| address.to_string());
    let hosts = hosts(
        &config.hostname,
        &config.domainname,
        address.as_deref(),
        extra,
    );
    fs::write(container.dir.join("hosts"), hosts)?;
    fs::write(
        container.dir.join("resolv.conf"),
        resolv_conf(
            words(host.dns.as_ref()),
            words(host.dns_search.as_ref()),
            words(host.dns_options.as_ref()),
            &servers,
        ),
    )
}

fn words(list: Option<&Vec<String>>) -> &[String] {
    list.map_or(&[], Vec::as_slice)
}

fn hosts(name: &str, domain: &str, address: Option<&str>, extra: &[String]) -> String {
    let mut text = String::from(
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n\
         ff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
    );
    for line in extra {
        if let Some((host, address)) = line.split_once([':', '=']) {
            let address = match address {
                HOST_GATEWAY => GATEWAY.to_string(),
                own => own.trim_start_matches('[').trim_end_matches(']').to_owned(),
            };
            let _ = writeln!(text, "{address}\t{host}");
        }
    }
    if let Some(address) = address {
        let full = if domain.is_empty() {
            String::new()
        } else {
            format!("{name}.{domain} ")
        };
        let _ = writeln!(text, "{address}\t{full}{name}");
    }
    text
}

/// `default` are lines that count where no server is given.
fn resolv_conf(servers: &[String], search: &[String], options: &[String], default: &str) -> String {
    let mut text = String::new();
    // A lone dot asks for no search at all, also not of the host's domain.
    let domains = search.join(" ");
    if !matches!(domains.trim(), "" | ".") {
        let _ = writeln!(text, "search {domains}");
    }
    for server in servers {
        let _ = writeln!(text, "nameserver {server}");
    }
    if servers.is_empty() {
        text.push_str(default);
    }
    if !options.is_empty() {
        let _ = writeln!(text, "options {}", options.join(" "));
    }
    text
}

/// Bytes in regular files under a directory, symbolic links not followed. What cannot be read counts nothing.
pub(crate) fn bytes_under(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_under(&entry.path()),
            Ok(meta) if meta.is_file() => meta.len(),
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_names_the_container_and_what_was_added() {
        let text = hosts(
            "web",
            "lan",
            Some("172.17.0.2"),
            &[
                "db:10.0.0.1".into(),
                "v6=[::2]".into(),
                "up:host-gateway".into(),
            ],
        );
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"));
        assert!(text.ends_with("10.0.0.1\tdb\n::2\tv6\n172.17.0.1\tup\n172.17.0.2\tweb.lan web\n"));
        assert!(!hosts("web", "", None, &[]).contains("web"));
    }

    #[test]
    fn resolv_conf_is_what_the_flags_say() {
        let text = resolv_conf(
            &["9.9.9.9".into()],
            &["lan".into()],
            &["ndots:1".into()],
            "nameserver 1.1.1.1\n",
        );
        assert_eq!(text, "search lan\nnameserver 9.9.9.9\noptions ndots:1\n");
        assert_eq!(resolv_conf(&[], &[".".into()], &[], ""), "");
    }
}
