//! `docker container|image|network|volume inspect`.

use clap::Args;
use drydock_api::client::percent_encode;

use super::inspect::{Kind, Search, show};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::DOCUMENT_FORMAT,
    options::platform,
};

macro_rules! inspecting {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $spelling:literal, $usage:literal, $about:literal, $names:ident) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub struct $name {
            #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
            format: String,
            arguments: Vec<String>,
        }

        impl Command for $name {
            const WORDS: Words = Words {
                spellings: &[$spelling],
                about: $about,
                usage: $usage,
                arity: Arity::AtLeast(1),
                names: Names::$names,
            };

            fn arguments(&self) -> &[String] {
                &self.arguments
            }

            async fn run(self, docker: Docker) -> Result<Exit, CliError> {
                show(&docker, Search::Only(Kind::$kind), &self.arguments, &self.format, "").await
            }
        }
    };
}

inspecting!(
    /// `docker volume inspect`.
    VolumeInspect, Volume, "volume inspect", "[OPTIONS] VOLUME [VOLUME...]",
    "Display detailed information on one or more volumes", Volumes
);

/// `docker container inspect`.
#[derive(Debug, Args)]
pub struct ContainerInspect {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    /// Display total file sizes
    #[arg(short, long)]
    size: bool,
    arguments: Vec<String>,
}

impl Command for ContainerInspect {
    const WORDS: Words = Words {
        spellings: &["container inspect"],
        about: "Display detailed information on one or more containers",
        usage: "[OPTIONS] CONTAINER [CONTAINER...]",
        arity: Arity::AtLeast(1),
        names: Names::Containers,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        show(
            &docker,
            Search::Only(Kind::Container),
            &self.arguments,
            &self.format,
            if self.size { "size=1" } else { "" },
        )
        .await
    }
}

/// `docker network inspect`.
#[derive(Debug, Args)]
pub struct NetworkInspect {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    /// Say more: of a swarm, that is
    #[arg(short, long)]
    verbose: bool,
    arguments: Vec<String>,
}

impl Command for NetworkInspect {
    const WORDS: Words = Words {
        spellings: &["network inspect"],
        about: "Display detailed information on one or more networks",
        usage: "[OPTIONS] NETWORK [NETWORK...]",
        arity: Arity::AtLeast(1),
        names: Names::Networks,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let search = Search::Only(Kind::Network);
        let query = if self.verbose { "verbose=true" } else { "" };
        show(&docker, search, &self.arguments, &self.format, query).await
    }
}

/// `docker image inspect`.
#[derive(Debug, Args)]
pub struct ImageInspect {
    #[arg(short, long, value_name = "string", help = DOCUMENT_FORMAT, default_value = "")]
    format: String,
    /// Show this platform of the image
    #[arg(long, value_name = "string", default_value = "")]
    platform: String,
    arguments: Vec<String>,
}

impl Command for ImageInspect {
    const WORDS: Words = Words {
        spellings: &["image inspect"],
        about: "Display detailed information on one or more images",
        usage: "[OPTIONS] IMAGE [IMAGE...]",
        arity: Arity::AtLeast(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let query = match self.platform.as_str() {
            "" => String::new(),
            text => {
                let json = platform::json(text).map_err(CliError::failed)?;
                format!("platform={}", percent_encode(&json))
            }
        };
        let search = Search::Only(Kind::Image);
        show(&docker, search, &self.arguments, &self.format, &query).await
    }
}
