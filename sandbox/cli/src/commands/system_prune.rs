//! `docker system prune`.

use clap::Args;

use super::prune::{Asking, Filters, build_cache, images, prune, reclaimed};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::with_filters,
    tty,
};

/// `docker system prune`.
#[derive(Debug, Args)]
pub struct SystemPrune {
    /// Remove all unused images not just dangling ones
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    asking: Asking,
    /// Prune anonymous volumes
    #[arg(long)]
    volumes: bool,
    arguments: Vec<String>,
}

impl Command for SystemPrune {
    const WORDS: Words = Words {
        spellings: &["system prune"],
        about: "Remove unused data",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let filters = self.asking.filters(&docker);
        if self.volumes && filters.iter().any(|(name, _)| name == "until") {
            return Err(CliError::failed(
                "ERROR: The \"until\" filter is not supported with \"--volumes\"",
            ));
        }
        if !self.asking.agreed(&self.warning(&filters))? {
            return Ok(0);
        }
        let mut space = 0;
        for path in self.requests(&filters) {
            let pruned = prune(&docker, &path).await?;
            tty::print(&pruned.text())?;
            space += pruned.space_reclaimed;
        }
        tty::print(&reclaimed(space))?;
        Ok(0)
    }
}

impl SystemPrune {
    fn requests(&self, filters: &Filters) -> Vec<String> {
        let mut requests = vec![
            with_filters("/containers/prune", filters),
            with_filters("/networks/prune", filters),
        ];
        if self.volumes {
            requests.push(with_filters("/volumes/prune", filters));
        }
        requests.push(images(filters.clone(), self.all));
        requests.push(build_cache(filters, self.all, 0));
        requests
    }

    fn warning(&self, filters: &Filters) -> String {
        let mut lines = vec![
            "all stopped containers",
            "all networks not used by at least one container",
        ];
        if self.volumes {
            lines.push("all anonymous volumes not used by at least one container");
        }
        if self.all {
            lines.push("all images without at least one container associated to them");
            lines.push("all build cache");
        } else {
            lines.push("all dangling images");
            lines.push("unused build cache");
        }
        let mut out = format!("This will remove:\n  - {}\n", lines.join("\n  - "));
        if !filters.is_empty() {
            let mut shown: Vec<String> = filters
                .iter()
                .map(|(name, value)| format!("  - {name}={value}\n"))
                .collect();
            shown.sort_unstable();
            out.push_str("\n  Items to be pruned will be filtered with:\n");
            out.extend(shown);
        }
        out.push('\n');
        out
    }
}
