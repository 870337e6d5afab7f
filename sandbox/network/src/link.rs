//! Links, addresses and routes.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
};

use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressMessage},
    link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage},
    route::{RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType},
};

use crate::{BridgeEndpoint, netlink::Netlink};

/// A network namespace's links, reached from any namespace once opened inside it.
#[derive(Debug)]
pub struct Links {
    netlink: Netlink,
    /// Resolves link names in the namespace it was opened in.
    names: OwnedFd,
}

impl Links {
    /// The links of the namespace that the calling thread is in.
    ///
    /// # Errors
    /// As socket(2).
    pub fn here() -> io::Result<Self> {
        use rustix::net::{AddressFamily, SocketType, socket};
        Ok(Self {
            netlink: Netlink::open()?,
            names: socket(AddressFamily::INET, SocketType::DGRAM, None)?,
        })
    }

    /// Brings up `lo`.
    ///
    /// # Errors
    /// As rtnetlink(7).
    pub fn loopback_up(&self) -> io::Result<()> {
        self.up("lo")
    }

    /// Makes a bridge with an address and brings it up.
    ///
    /// # Errors
    /// As rtnetlink(7); `EEXIST` when the name is taken.
    pub fn add_bridge(&self, name: &str, address: Ipv4Addr, prefix: u8) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.attributes.push(LinkAttribute::IfName(name.into()));
        link.attributes
            .push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(
                InfoKind::Bridge,
            )]));
        self.netlink.create(RouteNetlinkMessage::NewLink(link))?;
        self.add_address(name, address, prefix)?;
        self.up(name)
    }

    /// Makes a veth pair: `endpoint.host_if` on the bridge here, `eth0` in the namespace `inside`.
    ///
    /// # Errors
    /// As rtnetlink(7).
    pub fn add_veth(&self, endpoint: &BridgeEndpoint, inside: BorrowedFd<'_>) -> io::Result<()> {
        let mut peer = LinkMessage::default();
        peer.attributes.push(LinkAttribute::IfName("eth0".into()));
        peer.attributes
            .push(LinkAttribute::Address(endpoint.mac.to_vec()));
        peer.attributes
            .push(LinkAttribute::NetNsFd(inside.as_raw_fd()));
        let mut link = LinkMessage::default();
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        link.attributes
            .push(LinkAttribute::IfName(endpoint.host_if.clone()));
        link.attributes
            .push(LinkAttribute::Controller(self.index_of(&endpoint.bridge)?));
        link.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        self.netlink.create(RouteNetlinkMessage::NewLink(link))
    }

    /// Inside a container: `eth0` gets its address, and the bridge becomes its way out.
    ///
    /// # Errors
    /// As rtnetlink(7).
    pub fn configure_inside(&self, endpoint: &BridgeEndpoint) -> io::Result<()> {
        self.add_address("eth0", endpoint.address, endpoint.prefix)?;
        self.up("eth0")?;
        self.add_default_route(endpoint.gateway)
    }

    fn up(&self, name: &str) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        link.attributes.push(LinkAttribute::IfName(name.into()));
        self.netlink.change(RouteNetlinkMessage::SetLink(link))
    }

    fn add_address(&self, name: &str, address: Ipv4Addr, prefix: u8) -> io::Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = prefix;
        message.header.index = self.index_of(name)?;
        message
            .attributes
            .push(AddressAttribute::Local(IpAddr::V4(address)));
        message
            .attributes
            .push(AddressAttribute::Address(IpAddr::V4(address)));
        let host_bits = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
        message
            .attributes
            .push(AddressAttribute::Broadcast(Ipv4Addr::from(
                u32::from(address) | host_bits,
            )));
        self.netlink
            .create(RouteNetlinkMessage::NewAddress(message))
    }

    /// Makes a network unreachable, but for what has a more specific route.
    ///
    /// # Errors
    /// As rtnetlink(7).
    pub fn refuse(&self, network: Ipv4Addr, prefix: u8) -> io::Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.destination_prefix_length = prefix;
        message.header.table = RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unreachable;
        let network = RouteAddress::Inet(network);
        message
            .attributes
            .push(RouteAttribute::Destination(network));
        match self.netlink.create(RouteNetlinkMessage::NewRoute(message)) {
            // It is so already.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }

    fn add_default_route(&self, gateway: Ipv4Addr) -> io::Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.table = RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Boot;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        message
            .attributes
            .push(RouteAttribute::Gateway(RouteAddress::Inet(gateway)));
        self.netlink.create(RouteNetlinkMessage::NewRoute(message))
    }

    fn index_of(&self, name: &str) -> io::Result<u32> {
        Ok(rustix::net::netdevice::name_to_index(&self.names, name)?)
    }
}

/// The table that ordinary routes live in; rtnetlink(7).
const RT_TABLE_MAIN: u8 = 254;
