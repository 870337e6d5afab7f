//! What the operator allows sandboxes to have done at registries.

use std::path::PathBuf;

use drydock_session::{Pattern, RegistryPolicy};

/// The same options for each command that keeps sandboxes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Registries")]
pub struct RegistryOptions {
    /// Let sandboxes pull from these repositories: `alpine`, `docker.io/library/*`, `registry.example/class/*`.
    /// Without it they have the images of the store.
    #[arg(
        long,
        env = "DRYDOCK_ALLOW_PULL",
        value_delimiter = ',',
        value_name = "PATTERN"
    )]
    allow_pull: Vec<Pattern>,
    /// Let sandboxes push to these repositories.
    #[arg(
        long,
        env = "DRYDOCK_ALLOW_PUSH",
        value_delimiter = ',',
        value_name = "PATTERN"
    )]
    allow_push: Vec<Pattern>,
    /// Speak with this registry without encryption. With those of this machine that is done anyway.
    #[arg(
        long,
        env = "DRYDOCK_ALLOW_HTTP",
        value_delimiter = ',',
        value_name = "HOST[:PORT]"
    )]
    allow_http: Vec<String>,
    /// The Docker configuration file that has the passwords of registries.
    #[arg(long, env = "DRYDOCK_DOCKER_CONFIG", value_name = "FILE")]
    docker_config: Option<PathBuf>,
    /// Pull nothing more for sandboxes once the images of the store take up so much.
    #[arg(
        long,
        env = "DRYDOCK_PULL_LIMIT_GIB",
        value_name = "GIB",
        default_value_t = 20
    )]
    pull_limit_gib: u32,
}

impl RegistryOptions {
    pub fn policy(&self) -> RegistryPolicy {
        RegistryPolicy {
            pull: self.allow_pull.clone(),
            push: self.allow_push.clone(),
            plain_http: self.allow_http.clone(),
            docker_config: self.docker_config.clone().or_else(default_config),
            store_limit: Some(u64::from(self.pull_limit_gib) << 30),
        }
    }
}

/// Where Docker's own client keeps it.
fn default_config() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    Some(folder.or_else(home)?.join("config.json"))
}
