//! The addresses on a sandbox's way out, and those that it never leads to.
//!
//! ```text
//! sandbox ──egress0──▶ pasta ──▶ gate (a network namespace) ──out0──▶ pasta ──▶ host
//! ```

use std::net::Ipv4Addr;

/// The interface inside the sandbox.
pub const INSIDE: Hop = Hop {
    interface: "egress0",
    address: Ipv4Addr::new(10, 0, 2, 100),
    prefix: 24,
    gateway: Ipv4Addr::new(10, 0, 2, 2),
    dns: Ipv4Addr::new(10, 0, 2, 3),
};

/// The interface of the gate. RFC 6890 reserves 192.0.0.0/24 for protocols: no network has hosts there.
pub const GATE: Hop = Hop {
    interface: "out0",
    address: Ipv4Addr::new(192, 0, 0, 2),
    prefix: 29,
    gateway: Ipv4Addr::new(192, 0, 0, 1),
    dns: Ipv4Addr::new(192, 0, 0, 3),
};

/// One end of a pasta(1).
#[derive(Debug, Clone, Copy)]
pub struct Hop {
    /// Its interface.
    pub interface: &'static str,
    /// The interface's address.
    pub address: Ipv4Addr,
    /// Bits of its network.
    pub prefix: u8,
    /// Everything else is behind this.
    pub gateway: Ipv4Addr,
    /// Questions to this address are asked of the name server one step further out.
    pub dns: Ipv4Addr,
}

/// Networks that the way out never leads to: where hosts, their neighbours and clouds' metadata services are. The
/// special-purpose registry of RFC 6890, without what is only reserved for documentation.
pub const REFUSED: [(Ipv4Addr, u8); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carrier-grade NAT; one cloud's metadata is here.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local: most clouds' metadata.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // A cloud's agent, on a public address.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(255, 255, 255, 255), 32),
];

/// The addresses that a host has itself, by `/proc/net/fib_trie`: whoever connects to one reaches the host.
#[must_use]
pub fn own_addresses(fib_trie: &str) -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    let mut leaf = None;
    for line in fib_trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok();
        } else if line == "/32 host LOCAL"
            && let Some(address) = leaf
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_own_addresses_are_found() {
        let text = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 127.0.0.0/8 2 0 2\n        \
                    |-- 127.0.0.1\n              /32 host LOCAL\n        |-- 127.255.255.255\n           /32 link BROADCAST\n     \
                    |-- 203.0.113.7\n        /32 host LOCAL\nLocal:\n     |-- 203.0.113.7\n        /32 host LOCAL\n";
        assert_eq!(
            own_addresses(text),
            [Ipv4Addr::LOCALHOST, Ipv4Addr::new(203, 0, 113, 7)]
        );
    }

    #[test]
    fn the_gate_is_where_nothing_else_is_reached() {
        let inside = |(network, prefix): (Ipv4Addr, u8), address: Ipv4Addr| {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            u32::from(address) & mask == u32::from(network)
        };
        for address in [INSIDE.address, GATE.address, GATE.gateway] {
            assert!(
                REFUSED.iter().any(|&refused| inside(refused, address)),
                "{address}"
            );
        }
        for address in [
            [8, 8, 8, 8],
            [203, 0, 113, 80],
            [172, 32, 0, 1],
            [100, 128, 0, 1],
        ] {
            assert!(
                !REFUSED
                    .iter()
                    .any(|&refused| inside(refused, address.into()))
            );
        }
    }
}
