//! The commands, one file each, and the table of them.

mod attach;
mod build;
mod create;
mod each;
mod exec;
mod exit_status;
mod history;
mod images;
mod info;
mod inspect;
mod inspect_kinds;
mod kill;
mod logs;
mod network_ls;
mod pause;
mod port;
mod port_list;
mod prune;
mod ps;
mod pull;
mod reference;
mod rename;
mod restart;
mod rm;
mod rmi;
mod run;
mod start;
mod stop;
pub mod summary;
mod tag;
mod top;
mod version;
mod volume_create;
mod volume_ls;
mod volume_rm;
mod wait;

use crate::command::{Entry, entry};

/// Every command. The order is that of the help texts.
pub static COMMANDS: &[Entry] = &[
    entry::<run::Run>(),
    entry::<exec::Exec>(),
    entry::<ps::Ps>(),
    entry::<build::Build>(),
    entry::<pull::Pull>(),
    entry::<images::Images>(),
    entry::<version::Version>(),
    entry::<info::Info>(),
    entry::<attach::Attach>(),
    entry::<create::Create>(),
    entry::<history::History>(),
    entry::<inspect::Inspect>(),
    entry::<kill::Kill>(),
    entry::<logs::Logs>(),
    entry::<pause::Pause>(),
    entry::<port::Port>(),
    entry::<rename::Rename>(),
    entry::<restart::Restart>(),
    entry::<rm::Rm>(),
    entry::<rmi::Rmi>(),
    entry::<start::Start>(),
    entry::<stop::Stop>(),
    entry::<tag::Tag>(),
    entry::<top::Top>(),
    entry::<pause::Unpause>(),
    entry::<wait::Wait>(),
    entry::<inspect_kinds::ContainerInspect>(),
    entry::<prune::ContainerPrune>(),
    entry::<inspect_kinds::ImageInspect>(),
    entry::<prune::ImagePrune>(),
    entry::<inspect_kinds::NetworkInspect>(),
    entry::<network_ls::NetworkLs>(),
    entry::<volume_create::VolumeCreate>(),
    entry::<inspect_kinds::VolumeInspect>(),
    entry::<volume_ls::VolumeLs>(),
    entry::<prune::VolumePrune>(),
    entry::<volume_rm::VolumeRm>(),
];

/// Commands of commands, and what they are about.
pub const GROUPS: &[(&str, &str)] = &[
    ("builder", "Manage builds"),
    ("container", "Manage containers"),
    ("image", "Manage images"),
    ("network", "Manage networks"),
    ("system", "Manage Docker"),
    ("volume", "Manage volumes"),
];

/// Commands that Docker has and a sandbox has not, with the reason.
pub const ABSENT: &[(&[&str], &str)] = &[
    (
        &["swarm", "service", "stack", "node", "config", "secret"],
        "a sandbox is one node: there is no swarm in it",
    ),
    (
        &["login", "logout", "push", "search", "trust", "manifest"],
        "a sandbox has no registry to talk to",
    ),
    (
        &["context", "plugin", "buildx"],
        "a sandbox has one engine, and nothing is added to it",
    ),
    (
        &[
            "commit", "compose", "cp", "diff", "events", "export", "import", "load", "save",
            "stats", "update",
        ],
        "Drydock does not have this command yet",
    ),
];

/// Whether `name` is a command of commands.
pub fn is_group(name: &str) -> bool {
    GROUPS.iter().any(|(group, _)| *group == name)
}
