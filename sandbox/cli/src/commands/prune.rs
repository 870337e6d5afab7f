//! `docker container|image|volume|network|builder prune`.

use std::io::{BufRead, stdin};

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::rmi::Removed;
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::{bytes, filter, with_filters},
    text::size,
    tty,
};

/// Filters as the flags give them.
pub type Filters = Vec<(String, String)>;

/// What every `prune` asks.
#[derive(Debug, Args)]
pub struct Asking {
    /// Provide filter values (e.g. "until=<timestamp>")
    #[arg(long, value_name = "filter", value_parser = filter)]
    pub filter: Vec<(String, String)>,
    /// Do not prompt for confirmation
    #[arg(short, long)]
    pub force: bool,
}

impl Asking {
    /// The filters of the flags and of the user's settings.
    #[must_use]
    pub fn filters(&self, docker: &Docker) -> Filters {
        let own = docker.config().prune_filters.iter();
        let own = own.filter_map(|text| filter(text).ok());
        own.chain(self.filter.iter().cloned()).collect()
    }

    /// Whether the user agrees, or has said `--force`.
    ///
    /// # Errors
    /// When there is nobody to ask.
    pub fn agreed(&self, warning: &str) -> Result<bool, CliError> {
        if self.force {
            return Ok(true);
        }
        tty::print(&format!(
            "WARNING! {warning}Are you sure you want to continue? [y/N] "
        ))?;
        let mut answer = String::new();
        stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|source| CliError::io("could not read the answer", source))?;
        Ok(answer.trim().eq_ignore_ascii_case("y"))
    }
}

macro_rules! pruning {
    ($name:ident, $spelling:literal, $usage:literal, $about:literal { $($(#[$attribute:meta])* $flag:ident: $kind:ty,)* } $run:expr) => {
        #[doc = concat!("`docker ", $spelling, "`.")]
        #[derive(Debug, Args)]
        pub struct $name {
            $($(#[$attribute])* $flag: $kind,)*
            #[command(flatten)]
            asking: Asking,
            arguments: Vec<String>,
        }

        impl Command for $name {
            const WORDS: Words = Words {
                spellings: &[$spelling],
                about: $about,
                usage: $usage,
                arity: Arity::None,
                names: Names::Nothing,
            };

            fn arguments(&self) -> &[String] {
                &self.arguments
            }

            async fn run(self, docker: Docker) -> Result<Exit, CliError> {
                let filters = self.asking.filters(&docker);
                let (warning, path): (&str, String) = $run(&self, filters)?;
                if self.asking.agreed(warning)? {
                    let pruned = prune(&docker, &path).await?;
                    tty::print(&pruned.text())?;
                    if !path.starts_with("/networks") {
                        tty::print(&reclaimed(pruned.space_reclaimed))?;
                    }
                }
                Ok(0)
            }
        }
    };
}

type Planned<'a> = Result<(&'a str, String), CliError>;

pruning!(ContainerPrune, "container prune", "[OPTIONS]", "Remove all stopped containers" {}
    |_: &Self, filters: Filters| -> Planned<'_> {
        Ok(("This will remove all stopped containers.\n", with_filters("/containers/prune", &filters)))
    }
);

pruning!(ImagePrune, "image prune", "[OPTIONS]", "Remove unused images" {
        /// Remove all unused images, not just dangling ones
        #[arg(short, long)]
        all: bool,
    }
    |own: &Self, filters: Filters| -> Planned<'_> {
        let warning = if own.all {
            "This will remove all images without at least one container associated to them.\n"
        } else {
            "This will remove all dangling images.\n"
        };
        Ok((warning, images(filters, own.all)))
    }
);

pruning!(VolumePrune, "volume prune", "[OPTIONS]", "Remove unused local volumes" {
        /// Remove all unused volumes, not just anonymous ones
        #[arg(short, long)]
        all: bool,
    }
    |own: &Self, mut filters: Filters| -> Planned<'_> {
        if !own.all {
            let warning = "This will remove anonymous local volumes not used by at least one container.\n";
            return Ok((warning, with_filters("/volumes/prune", &filters)));
        }
        if filters.iter().any(|(name, _)| name == "all") {
            return Err(CliError::failed("conflicting options: cannot specify both --all and --filter all=1"));
        }
        filters.push(("all".into(), "true".into()));
        let warning = "This will remove all local volumes not used by at least one container.\n";
        Ok((warning, with_filters("/volumes/prune", &filters)))
    }
);

pruning!(NetworkPrune, "network prune", "[OPTIONS]", "Remove all unused networks" {}
    |_: &Self, filters: Filters| -> Planned<'_> {
        let warning = "This will remove all custom networks not used by at least one container.\n";
        Ok((warning, with_filters("/networks/prune", &filters)))
    }
);

pruning!(BuilderPrune, "builder prune", "", "Remove build cache" {
        /// Remove all unused build cache, not just dangling ones
        #[arg(short, long)]
        all: bool,
        /// How much of the cache may stay
        #[arg(long, value_name = "bytes", value_parser = bytes, default_value = "0")]
        keep_storage: i64,
    }
    |own: &Self, filters: Filters| -> Planned<'_> {
        let warning = if own.all {
            "This will remove all build cache. "
        } else {
            "This will remove all dangling build cache. "
        };
        Ok((warning, build_cache(&filters, own.all, own.keep_storage)))
    }
);

/// The request that removes images.
#[must_use]
pub fn images(mut filters: Filters, all: bool) -> String {
    filters.push(("dangling".into(), (!all).to_string()));
    with_filters("/images/prune", &filters)
}

/// The request that removes build cache.
#[must_use]
pub fn build_cache(filters: &Filters, all: bool, keep: i64) -> String {
    let mut query = Vec::new();
    if all {
        query.push("all=1".to_owned());
    }
    if keep > 0 {
        query.push(format!("keep-storage={keep}"));
    }
    let mark = if query.is_empty() { "" } else { "?" };
    with_filters(&format!("/build/prune{mark}{}", query.join("&")), filters)
}

/// What was removed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Pruned {
    containers_deleted: Option<Vec<String>>,
    networks_deleted: Option<Vec<String>>,
    volumes_deleted: Option<Vec<String>>,
    images_deleted: Option<Vec<Removed>>,
    caches_deleted: Option<Vec<String>>,
    /// Bytes that are free again.
    pub space_reclaimed: i64,
}

impl Pruned {
    /// The removed things, under their headings.
    #[must_use]
    pub fn text(&self) -> String {
        let images = self.images_deleted.iter().flatten().map(|image| {
            let line = image.line();
            line.trim_end()
                .replace("Untagged", "untagged")
                .replace("Deleted", "deleted")
        });
        let images: Vec<String> = images.collect();
        let mut out = String::new();
        for (heading, names) in [
            ("Deleted Containers", self.containers_deleted.as_ref()),
            ("Deleted Networks", self.networks_deleted.as_ref()),
            ("Deleted Volumes", self.volumes_deleted.as_ref()),
            ("Deleted Images", Some(&images)),
            ("Deleted build cache objects", self.caches_deleted.as_ref()),
        ] {
            if let Some(names) = names.filter(|names| !names.is_empty()) {
                out.push_str(&format!("{heading}:\n{}\n\n", names.join("\n")));
            }
        }
        out
    }
}

/// Removes what `path` says.
///
/// # Errors
/// When the engine refuses.
pub async fn prune(docker: &Docker, path: &str) -> Result<Pruned, CliError> {
    docker.post(path, &Value::Null).await
}

/// The last line.
#[must_use]
pub fn reclaimed(bytes: i64) -> String {
    format!("Total reclaimed space: {}\n", size::long(bytes))
}
