//! The networks every engine has: `bridge`, `host`, `none`; and who sits where on the bridge.
//!
//! - [`ipam`]: which addresses are free.
//!
//! Deliberately absent: links and namespaces (see `drydock-network` and the runtime).

pub(crate) mod ipam;

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use drydock_network::BridgeEndpoint;
use drydock_spec::ContainerId;
use jiff::Timestamp;
use serde_json::json;

use self::ipam::Pool;
use crate::{
    clock,
    container::Container,
    error::EngineError,
    filters::Filters,
    wire::network::{EndpointSettings, Ipam, NetworkContainer, NetworkInfo},
};

/// The default bridge's link, subnet and own address, as Docker has them.
const BRIDGE: &str = "docker0";
const SUBNET: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 0);
const PREFIX: u8 = 16;
pub(crate) const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);

/// Filters that `docker network ls` takes.
pub(crate) const FILTERS: &[&str] = &["dangling", "driver", "id", "label", "name", "scope", "type"];

/// Docker's network modes, as far as a sandbox has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Bridge,
    Host,
    None,
}

impl Mode {
    /// From `HostConfig.NetworkMode`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "default" | "bridge" => Some(Self::Bridge),
            "host" => Some(Self::Host),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The network's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Host => "host",
            Self::None => "none",
        }
    }

    fn driver(self) -> &'static str {
        match self {
            Self::None => "null",
            other => other.name(),
        }
    }
}

/// The three networks.
#[derive(Debug)]
pub(crate) struct Networks {
    created: Timestamp,
    ids: [ContainerId; 3],
    pool: Arc<Mutex<Pool>>,
}

impl Default for Networks {
    fn default() -> Self {
        let mut pool = Pool::new(SUBNET, PREFIX);
        pool.reserve(GATEWAY);
        Self {
            created: Timestamp::now(),
            ids: std::array::from_fn(|_| ContainerId::random()),
            pool: Arc::new(Mutex::new(pool)),
        }
    }
}

/// A container's place on a network, for one run; the address is free again when the last copy is gone.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    mode: Mode,
    network: ContainerId,
    endpoint: ContainerId,
    lease: Option<Arc<Lease>>,
}

#[derive(Debug)]
struct Lease {
    address: Ipv4Addr,
    host_if: String,
    pool: Arc<Mutex<Pool>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .free(self.address);
    }
}

impl Seat {
    /// The network's id.
    pub(crate) fn network_id(&self) -> &str {
        self.network.as_str()
    }

    /// The network's name.
    pub(crate) fn network_name(&self) -> &'static str {
        self.mode.name()
    }

    /// The network's driver.
    pub(crate) fn network_driver(&self) -> &'static str {
        self.mode.driver()
    }
}

impl Networks {
    fn id(&self, mode: Mode) -> &ContainerId {
        &self.ids[mode as usize]
    }

    /// A place for a container that is about to start.
    pub(crate) fn seat(&self, mode: Mode) -> Result<Seat, EngineError> {
        let endpoint = ContainerId::random();
        let lease = match mode {
            Mode::Host | Mode::None => None,
            Mode::Bridge => {
                let taken = self
                    .pool
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                let address = taken.ok_or_else(|| {
                    EngineError::Conflict(
                        "no available IPv4 addresses on this network's address pools: bridge"
                            .into(),
                    )
                })?;
                let host_if = format!("veth{}", &endpoint.as_str()[..7]);
                Some(Arc::new(Lease {
                    address,
                    host_if,
                    pool: self.pool.clone(),
                }))
            }
        };
        Ok(Seat {
            mode,
            network: self.id(mode).clone(),
            endpoint,
            lease,
        })
    }

    /// The network that somebody means by a name, an id, or the beginning of an id.
    pub(crate) fn find(&self, reference: &str) -> Result<Mode, EngineError> {
        let modes = [Mode::Bridge, Mode::Host, Mode::None];
        modes
            .into_iter()
            .find(|mode| mode.name() == reference)
            .or_else(|| {
                modes.into_iter().find(|mode| {
                    reference.len() >= 3 && self.id(*mode).as_str().starts_with(reference)
                })
            })
            .ok_or_else(|| EngineError::NoSuchNetwork(reference.into()))
    }

    /// What `inspect` says; `containers` are those that run.
    pub(crate) fn info(&self, mode: Mode, containers: &[Arc<Container>]) -> NetworkInfo {
        let config = match mode {
            Mode::Bridge => vec![BTreeMap::from([
                ("Gateway", GATEWAY.to_string()),
                ("Subnet", format!("{SUBNET}/{PREFIX}")),
            ])],
            Mode::Host | Mode::None => Vec::new(),
        };
        let options: &[(&str, &str)] = match mode {
            Mode::Bridge => &[
                ("com.docker.network.bridge.default_bridge", "true"),
                ("com.docker.network.bridge.enable_icc", "true"),
                ("com.docker.network.bridge.enable_ip_masquerade", "true"),
                ("com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"),
                ("com.docker.network.bridge.name", BRIDGE),
                ("com.docker.network.driver.mtu", "1500"),
            ],
            Mode::Host | Mode::None => &[],
        };
        NetworkInfo {
            name: mode.name().into(),
            id: self.id(mode).to_string(),
            created: clock::rfc3339(self.created),
            scope: "local",
            driver: mode.driver(),
            enable_ipv6: false,
            ipam: Ipam {
                driver: "default",
                options: None,
                config,
            },
            internal: false,
            attachable: false,
            ingress: false,
            config_from: json!({"Network": ""}),
            config_only: false,
            containers: containers.iter().filter_map(|c| member(mode, c)).collect(),
            options: options.iter().copied().collect(),
            labels: BTreeMap::new(),
        }
    }

    /// What `docker network ls` shows.
    pub(crate) fn list(&self, filters: &Filters) -> Vec<NetworkInfo> {
        let fits = |mode: &Mode| {
            filters.any("name", |name| mode.name().contains(name))
                && filters.any("id", |id| self.id(*mode).as_str().starts_with(id))
                && filters.any("driver", |driver| driver == mode.driver())
                && filters.any("scope", |scope| scope == "local")
                && filters.any("type", |kind| kind == "builtin")
                && filters.labels(None)
        };
        let modes = [Mode::Bridge, Mode::Host, Mode::None].into_iter();
        modes
            .filter(fits)
            .map(|mode| self.info(mode, &[]))
            .collect()
    }
}

fn member(mode: Mode, container: &Container) -> Option<(String, NetworkContainer)> {
    let seat = container.state().seat.filter(|seat| seat.mode == mode)?;
    let address = seat
        .lease
        .as_ref()
        .map(|lease| format!("{}/{PREFIX}", lease.address));
    let seated = NetworkContainer {
        name: container.name(),
        endpoint_id: seat.endpoint.to_string(),
        mac_address: seat.mac_text(),
        ipv4_address: address.unwrap_or_default(),
        ipv6_address: String::new(),
    };
    Some((container.id.to_string(), seated))
}

impl Seat {
    /// What the runtime is told.
    pub(crate) fn to_runtime(&self) -> drydock_runtime::container::Network {
        use drydock_runtime::container::Network;
        match (self.mode, &self.lease) {
            (Mode::Bridge, Some(lease)) => Network::Bridge(BridgeEndpoint {
                bridge: BRIDGE.into(),
                address: lease.address,
                prefix: PREFIX,
                gateway: GATEWAY,
                mac: mac(lease.address),
                host_if: lease.host_if.clone(),
            }),
            (Mode::Host, _) => Network::Host,
            (Mode::None, _) | (Mode::Bridge, None) => Network::None,
        }
    }

    /// The address on the bridge.
    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        self.lease.as_ref().map(|lease| lease.address)
    }

    fn mac_text(&self) -> String {
        self.address().map_or_else(String::new, |address| {
            mac(address).map(|byte| format!("{byte:02x}")).join(":")
        })
    }
}

/// As Docker derives it from the address.
fn mac(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x42, a, b, c, d]
}

/// A container's networks, for `inspect` and `ps`: with an address only while it runs.
pub(crate) fn endpoints(
    networks: &Networks,
    mode: &str,
    seat: Option<&Seat>,
    has_run: bool,
) -> BTreeMap<String, EndpointSettings> {
    let known = Mode::parse(mode);
    let name = known.map_or(mode, |known| known.name());
    let mut settings = EndpointSettings::default();
    // A container remembers the network it was on, as in Docker.
    if let (Some(mode), true) = (known, has_run) {
        settings.network_id = networks.id(mode).to_string();
    }
    if let Some(seat) = seat {
        settings.network_id = seat.network.to_string();
        settings.endpoint_id = seat.endpoint.to_string();
        if let Some(address) = seat.address() {
            settings.gateway = GATEWAY.to_string();
            settings.ip_address = address.to_string();
            settings.ip_prefix_len = PREFIX;
            settings.mac_address = seat.mac_text();
        }
    }
    BTreeMap::from([(name.to_owned(), settings)])
}
