//! The helper's work for a new container, in the order the kernel needs it.

use std::{os::fd::AsFd, path::Path};

use drydock_network::link::Links;
use nix::sched::{CloneFlags, setns, unshare};

use super::{
    LaunchError, WorkstationSpec, cgroupfs,
    first::{self, First},
    helper::Given,
    message::Role,
    powers,
    rootfs::{self, Shm, Sources},
    share,
};
use crate::{
    container::{ContainerSpec, Mount, MountSource, Namespace, Network},
    entry,
    sandbox::Layout,
};

/// Terminals of one container at once.
const CONTAINER_TERMINALS: u32 = 8;
/// The learner's own shells, and the terminals that their programs open.
const WORKSTATION_TERMINALS: u32 = 24;

/// Starts a container's first process.
pub fn start(given: &Given, spec: &ContainerSpec) -> Result<(), LaunchError> {
    let workstation = given.required(Role::Workstation)?;
    given.join_cgroups()?;
    let mut mounts = spec.mounts.clone();
    mounts.extend(spec.init.then(docker_init));
    let sources = Sources::open(&mounts, Some(workstation))?;
    let shm = match share::open_shm(given, spec)? {
        Some(shared) => Shm::Shared(shared),
        None if spec.ipc == Namespace::Own => spec.shm_size.map_or(Shm::None, Shm::Own),
        None => Shm::None,
    };
    separate(given, spec)?;
    let root = rootfs::assemble(
        &rootfs::Plan {
            rootfs: &spec.rootfs,
            mounts: &mounts,
            shm,
            terminals: CONTAINER_TERMINALS,
            cwd: &spec.process.cwd,
            sys_writable: !spec.masked,
        },
        sources,
    )?;
    let mut process = spec.process.clone();
    if spec.init {
        process
            .args
            .splice(0..0, [format!("/sbin/{}", entry::DOCKER_INIT), "--".into()]);
    }
    let first = First {
        given,
        root: root.as_fd(),
        names: (spec.uts == Namespace::Own).then_some((&spec.hostname, &spec.domainname)),
        readonly_rootfs: spec.readonly_rootfs,
        masked: spec.masked,
        shows_cgroups: !covers_cgroups(&spec.mounts),
        process: &process,
    };
    let number =
        |ns, e: nix::Error| LaunchError::init(format!("entering {ns} process numbers"), &e.into());
    if let Some(donor) = share::pid_donor(given, spec)? {
        setns(donor, CloneFlags::CLONE_NEWPID).map_err(|e| number("shared", e))?;
        return given.clone_sibling(CloneFlags::empty(), || first::run(&first));
    }
    setns(workstation, CloneFlags::CLONE_NEWPID).map_err(|e| number("the workstation's", e))?;
    given.clone_sibling_below(CloneFlags::CLONE_NEWPID, process.reach, || {
        first::run(&first)
    })
}

/// Starts the workstation: a container in the sandbox's own network namespace.
pub fn start_workstation(given: &Given, spec: &WorkstationSpec) -> Result<(), LaunchError> {
    given.join_cgroups()?;
    let sources = Sources::open(&spec.mounts, None)?;
    unshare(OWN).map_err(|e| LaunchError::init("making namespaces", &e.into()))?;
    make_mounts_private()?;
    let root = rootfs::assemble(
        &rootfs::Plan {
            rootfs: &spec.rootfs,
            mounts: &spec.mounts,
            shm: Shm::Own(64 << 20),
            terminals: WORKSTATION_TERMINALS,
            cwd: &spec.process.cwd,
            sys_writable: false,
        },
        sources,
    )?;
    let first = First {
        given,
        root: root.as_fd(),
        names: Some((&spec.hostname, "")),
        readonly_rootfs: false,
        masked: true,
        shows_cgroups: false,
        process: &spec.process,
    };
    given.clone_sibling(CloneFlags::CLONE_NEWPID, || first::run(&first))
}

/// Whether a mount was asked for at, above or below the place of the cgroups.
fn covers_cgroups(mounts: &[Mount]) -> bool {
    let place = Path::new(cgroupfs::PLACE);
    mounts
        .iter()
        .any(|m| m.target.starts_with(place) || place.starts_with(&m.target))
}

/// `--init`: this program is the first process, by the name that Docker's has.
fn docker_init() -> Mount {
    Mount {
        source: MountSource::Engine(Layout::EXE.into()),
        target: format!("/sbin/{}", entry::DOCKER_INIT).into(),
        readonly: true,
    }
}

/// Every namespace but the network's, the process numbers' and the cgroups'.
const OWN: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS);

/// Makes the container's namespaces, but that of its process numbers, and its links; stays in them.
fn separate(given: &Given, spec: &ContainerSpec) -> Result<(), LaunchError> {
    let failed = |stage| move |e: std::io::Error| LaunchError::init(stage, &e);
    let reach = spec.process.reach;
    let own = share::own(spec, OWN);
    if matches!(spec.network, Network::Host) {
        powers::separate(given, reach, own)?;
        share::enter(given, spec)?;
        return make_mounts_private();
    }
    let outside = Links::here().map_err(failed("opening netlink"))?;
    powers::separate(given, reach, own | CloneFlags::CLONE_NEWNET)?;
    share::enter(given, spec)?;
    make_mounts_private()?;
    let inside = Links::here().map_err(failed("opening netlink"))?;
    inside.loopback_up().map_err(failed("bringing up lo"))?;
    open_low_ports().map_err(failed("opening the low ports"))?;
    allow_ping();
    if let Network::Bridge(endpoint) = &spec.network {
        let namespace =
            std::fs::File::open("/proc/self/ns/net").map_err(failed("opening the network"))?;
        outside
            .add_veth(endpoint, namespace.as_fd())
            .map_err(failed("making a veth pair"))?;
        inside
            .configure_inside(endpoint)
            .map_err(failed("configuring eth0"))?;
    }
    Ok(())
}

/// In a container's own network any user may listen on any port: Docker sets
/// `net.ipv4.ip_unprivileged_port_start=0` since 20.10.
fn open_low_ports() -> std::io::Result<()> {
    std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
}

/// Anybody may ping without privileges, as Docker has it since 20.10 (icmp(7), `ping_group_range`). The groups are those
/// that a sandbox has; one with fewer goes without, and its root can ping all the same.
fn allow_ping() {
    let _ = std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 65535");
}

fn make_mounts_private() -> Result<(), LaunchError> {
    rustix::mount::mount_change(
        "/",
        rustix::mount::MountPropagationFlags::REC | rustix::mount::MountPropagationFlags::PRIVATE,
    )
    .map_err(|e| LaunchError::init("making mounts private", &e.into()))
}
