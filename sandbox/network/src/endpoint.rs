//! Where a container sits on a bridge.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// One container's seat on one bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeEndpoint {
    /// The bridge's link name, such as `docker0`.
    pub bridge: String,
    /// The container's address.
    pub address: Ipv4Addr,
    /// The subnet's prefix length.
    pub prefix: u8,
    /// The bridge's own address.
    pub gateway: Ipv4Addr,
    /// The container's hardware address; Docker derives it from the address (`02:42:…`).
    pub mac: [u8; 6],
    /// The bridge's end of the pair, such as `veth1a2b3c4`; at most 15 bytes.
    pub host_if: String,
}
