//! The commands, one file each, and the table of them.

mod attach;
pub mod build;
mod build_classic;
mod buildx;
mod buildx_cache;
mod commit;
mod context;
mod context_create;
mod context_rm;
mod cp;
mod create;
mod df;
mod df_verbose;
mod diff;
mod each;
mod events;
mod exec;
mod exit_status;
mod export;
mod history;
mod image_layers;
mod images;
mod images_tree;
mod import;
mod info;
mod inspect;
mod inspect_kinds;
mod ipam;
mod kill;
mod load;
mod login;
mod logout;
mod logs;
mod network;
mod network_ls;
mod pause;
mod port;
mod port_list;
mod prune;
mod ps;
mod pull;
mod push;
mod reference;
mod rename;
mod rm;
mod rmi;
mod run;
mod save;
mod search;
mod show;
mod start;
mod stats;
mod stats_sample;
mod stop;
pub mod summary;
mod system_prune;
mod tag;
mod top;
mod update;
mod version;
mod volume_create;
mod volume_ls;
mod volume_rm;
mod wait;

use crate::{
    command::{Entry, entry},
    error::CliError,
};

/// Every command. The order is that of the help texts.
pub static COMMANDS: &[Entry] = &[
    entry::<run::Run>(),
    entry::<exec::Exec>(),
    entry::<ps::Ps>(),
    entry::<build::Build>(),
    entry::<pull::Pull>(),
    entry::<push::Push>(),
    entry::<images::Images>(),
    entry::<login::Login>(),
    entry::<logout::Logout>(),
    entry::<search::Search>(),
    entry::<version::Version>(),
    entry::<info::Info>(),
    entry::<attach::Attach>(),
    entry::<commit::Commit>(),
    entry::<cp::Cp>(),
    entry::<create::Create>(),
    entry::<diff::Diff>(),
    entry::<events::Events>(),
    entry::<export::Export>(),
    entry::<history::History>(),
    entry::<import::Import>(),
    entry::<inspect::Inspect>(),
    entry::<kill::Kill>(),
    entry::<load::Load>(),
    entry::<logs::Logs>(),
    entry::<pause::Pause>(),
    entry::<port::Port>(),
    entry::<rename::Rename>(),
    entry::<stop::Restart>(),
    entry::<rm::Rm>(),
    entry::<rmi::Rmi>(),
    entry::<save::Save>(),
    entry::<start::Start>(),
    entry::<stats::StatsCommand>(),
    entry::<stop::Stop>(),
    entry::<tag::Tag>(),
    entry::<top::Top>(),
    entry::<pause::Unpause>(),
    entry::<update::Update>(),
    entry::<wait::Wait>(),
    entry::<prune::BuilderPrune>(),
    entry::<buildx_cache::BuildxDu>(),
    entry::<buildx::BuildxInspect>(),
    entry::<buildx::BuildxLs>(),
    entry::<buildx_cache::BuildxPrune>(),
    entry::<buildx::BuildxUse>(),
    entry::<buildx::BuildxVersion>(),
    entry::<inspect_kinds::ContainerInspect>(),
    entry::<prune::ContainerPrune>(),
    entry::<inspect_kinds::ImageInspect>(),
    entry::<image_layers::ImageLayersCommand>(),
    entry::<prune::ImagePrune>(),
    entry::<context_create::ContextCreate>(),
    entry::<context::ContextInspect>(),
    entry::<context::ContextLs>(),
    entry::<context_rm::ContextRm>(),
    entry::<context::ContextShow>(),
    entry::<context_create::ContextUpdate>(),
    entry::<context::ContextUse>(),
    entry::<network::NetworkConnect>(),
    entry::<network::NetworkCreate>(),
    entry::<network::NetworkDisconnect>(),
    entry::<inspect_kinds::NetworkInspect>(),
    entry::<network_ls::NetworkLs>(),
    entry::<prune::NetworkPrune>(),
    entry::<network::NetworkRm>(),
    entry::<df::SystemDf>(),
    entry::<system_prune::SystemPrune>(),
    entry::<volume_create::VolumeCreate>(),
    entry::<inspect_kinds::VolumeInspect>(),
    entry::<volume_ls::VolumeLs>(),
    entry::<prune::VolumePrune>(),
    entry::<volume_rm::VolumeRm>(),
];

/// `docker build` where `DOCKER_BUILDKIT=0`.
static CLASSIC: Entry = entry::<build_classic::ClassicBuild>();

/// The command of that name.
///
/// # Errors
/// When `DOCKER_BUILDKIT` makes no sense and it matters.
pub fn find(name: &str) -> Result<Option<&'static Entry>, CliError> {
    let has = |entry: &Entry| entry.words.spellings.contains(&name);
    if has(&CLASSIC) && build::is_classic_wanted()? {
        return Ok(Some(&CLASSIC));
    }
    Ok(COMMANDS.iter().find(|entry| has(entry)))
}

/// Commands of commands, and what they are about.
pub const GROUPS: &[(&str, &str)] = &[
    ("builder", "Manage builds"),
    ("buildx", "Docker Buildx"),
    ("container", "Manage containers"),
    ("context", "Manage contexts"),
    ("image", "Manage images"),
    ("network", "Manage networks"),
    ("system", "Manage Docker"),
    ("volume", "Manage volumes"),
];

/// Commands that Docker has and a sandbox has not, with the reason and what to do instead.
pub const ABSENT: &[(&[&str], &str)] = &[
    (
        &["swarm", "service", "stack", "node", "config", "secret"],
        "a sandbox is one node, and a swarm is made of several. Learn 'docker compose' to run several containers as one application, and 'docker network' to let them speak with each other",
    ),
    (
        &["manifest"],
        "a sandbox has no network; `docker inspect` and `docker pull --platform` tell what an image is",
    ),
    (
        &["trust"],
        "a sandbox reaches no notary that knows who signed an image",
    ),
    (
        &["plugin", "checkpoint", "scout"],
        "nothing is added to the engine of a sandbox. 'docker build' builds images",
    ),
    (&["compose"], "Drydock does not have this command yet"),
];

/// Commands of `docker buildx` that a sandbox has not, with the reason and what to do instead.
pub const ABSENT_BUILDX: &[(&[&str], &str)] = &[
    (
        &["create", "rm", "stop", "install", "uninstall"],
        "a sandbox has one builder, and it is always there. 'docker buildx ls' shows it, and 'docker build' uses it",
    ),
    (
        &["bake"],
        "there is no reader of bake files. 'docker build' builds one image, with '--target' one stage of it",
    ),
    (
        &["imagetools"],
        "a sandbox has no network to ask registries over. 'docker image inspect' and 'docker image layers' tell what an image is",
    ),
    (
        &["history"],
        "builds are not recorded. 'docker build --explain' tells of one what ran and why",
    ),
    (
        &["dap", "debug", "dial-stdio", "policy", "replay"],
        "it speaks with BuildKit, and a sandbox has a builder of its own. 'docker build --progress=plain' shows all that steps print",
    ),
];

/// Whether `name` is a command of commands.
pub fn is_group(name: &str) -> bool {
    GROUPS.iter().any(|(group, _)| *group == name)
}
