//! `docker build`, as `docker buildx build` has it.
//!
//! Source: the reference of `docker buildx build`.

use clap::Args;
use http::Method;
use serde_json::Value;

use super::build_classic::{self, ClassicBuild, tag};
use crate::{
    build,
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::{bytes, integer},
    options::{hosts, limits},
};

/// The header of an engine that has our own builder.
const HEADER: &str = "drydock-builder";

/// `docker build`.
#[derive(Debug, Args)]
pub struct Build {
    /// Add a custom host-to-IP mapping (format: "host:ip")
    #[arg(long, value_name = "strings", value_delimiter = ',', value_parser = hosts::extra)]
    pub add_host: Vec<String>,
    /// Allow extra privileged entitlement (e.g., "network.host", "security.insecure")
    #[arg(long, value_name = "strings", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Add annotation to the image
    #[arg(long, value_name = "stringArray")]
    pub annotation: Vec<String>,
    /// Attestation parameters (format: "type=sbom,generator=image")
    #[arg(long, value_name = "stringArray")]
    pub attest: Vec<String>,
    /// Set build-time variables
    #[arg(long, value_name = "stringArray")]
    pub build_arg: Vec<String>,
    /// Additional build contexts (e.g., name=path)
    #[arg(long, value_name = "stringArray")]
    pub build_context: Vec<String>,
    /// Override the configured builder instance
    #[arg(long, value_name = "string")]
    pub builder: Option<String>,
    /// External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")
    #[arg(long, value_name = "stringArray")]
    pub cache_from: Vec<String>,
    /// Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")
    #[arg(long, value_name = "stringArray")]
    pub cache_to: Vec<String>,
    /// Set method for evaluating build ("check", "outline", "targets") (default "build")
    #[arg(long, value_name = "string")]
    pub call: Option<String>,
    /// Set the parent cgroup for the "RUN" instructions during build
    #[arg(long, value_name = "string")]
    pub cgroup_parent: Option<String>,
    /// Shorthand for "--call=check"
    #[arg(long)]
    pub check: bool,
    #[arg(long, hide = true)]
    pub compress: bool,
    #[arg(long, hide = true)]
    pub cpu_period: Option<String>,
    #[arg(long, hide = true)]
    pub cpu_quota: Option<String>,
    #[arg(short, long, hide = true, value_parser = integer)]
    pub cpu_shares: Option<i64>,
    #[arg(long, hide = true)]
    pub cpuset_cpus: Option<String>,
    #[arg(long, hide = true)]
    pub cpuset_mems: Option<String>,
    #[arg(short = 'D', long, hide = true)]
    pub debug: bool,
    /// Tell of each step why it ran and what its layer weighs
    #[arg(long)]
    pub explain: bool,
    /// Name of the Dockerfile (default: "PATH/Dockerfile")
    #[arg(short, long, value_name = "string")]
    pub file: Option<String>,
    #[arg(long, hide = true)]
    pub force_rm: bool,
    /// Write the image ID to a file
    #[arg(long, value_name = "string")]
    pub iidfile: Option<String>,
    #[arg(long, hide = true)]
    pub isolation: Option<String>,
    /// Set metadata for an image
    #[arg(long, value_name = "stringArray")]
    pub label: Vec<String>,
    /// Shorthand for "--output=type=docker"
    #[arg(long)]
    pub load: bool,
    #[arg(short, long, hide = true, value_parser = bytes)]
    pub memory: Option<i64>,
    #[arg(long, hide = true)]
    pub memory_swap: Option<String>,
    /// Write build result metadata to a file
    #[arg(long, value_name = "string")]
    pub metadata_file: Option<String>,
    /// Set the networking mode for the "RUN" instructions during build (default "default")
    #[arg(long, value_name = "string")]
    pub network: Option<String>,
    /// Do not use cache when building the image
    #[arg(long)]
    pub no_cache: bool,
    /// Do not cache specified stages
    #[arg(long, value_name = "stringArray")]
    pub no_cache_filter: Vec<String>,
    /// Output destination (format: "type=local,dest=path")
    #[arg(short, long, value_name = "stringArray")]
    pub output: Vec<String>,
    /// Set target platform for build
    #[arg(long, value_name = "stringArray")]
    pub platform: Vec<String>,
    /// Set type of progress output ("auto", "quiet", "plain", "tty", "rawjson"). Use plain to show container output (default "auto")
    #[arg(long, value_name = "string")]
    pub progress: Option<String>,
    /// Shorthand for "--attest=type=provenance"
    #[arg(long, value_name = "string")]
    pub provenance: Option<String>,
    /// Always attempt to pull all referenced images
    #[arg(long)]
    pub pull: bool,
    /// Shorthand for "--output=type=registry"
    #[arg(long)]
    pub push: bool,
    /// Suppress the build output and print image ID on success
    #[arg(short, long)]
    pub quiet: bool,
    #[arg(long, hide = true, default_value = "true")]
    pub rm: bool,
    /// Shorthand for "--attest=type=sbom"
    #[arg(long, value_name = "string")]
    pub sbom: Option<String>,
    /// Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")
    #[arg(long, value_name = "stringArray")]
    pub secret: Vec<String>,
    #[arg(long, hide = true)]
    pub security_opt: Vec<String>,
    /// Shared memory size for build containers
    #[arg(long, value_name = "bytes", value_parser = bytes)]
    pub shm_size: Option<i64>,
    #[arg(long, hide = true)]
    pub squash: bool,
    /// SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")
    #[arg(long, value_name = "stringArray")]
    pub ssh: Vec<String>,
    /// Name and optionally a tag (format: "name:tag")
    #[arg(short, long, value_name = "stringArray", value_parser = tag)]
    pub tag: Vec<String>,
    /// Set the target build stage to build
    #[arg(long, value_name = "string")]
    pub target: Option<String>,
    /// Ulimit options (default [])
    #[arg(long, value_name = "ulimit", value_parser = limits::ulimit)]
    pub ulimit: Vec<Value>,
    arguments: Vec<String>,
}

impl Command for Build {
    const WORDS: Words = Words {
        spellings: &[
            "build",
            "image build",
            "builder build",
            "buildx build",
            "buildx b",
        ],
        about: "Build an image from a Dockerfile",
        usage: "[OPTIONS] PATH | URL | -",
        arity: Arity::Exactly(1),
        names: Names::Files,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        if has_builder(&docker).await.map_err(build::told)? {
            let context = self.arguments[0].clone();
            return build::run(self, &context, docker).await;
        }
        self.classic()?.run(docker).await
    }
}

/// Whether the engine has our own builder. Docker's daemon has another, which speaks gRPC.
async fn has_builder(docker: &Docker) -> Result<bool, CliError> {
    let answer = docker
        .request(Method::GET, "/_ping", drydock_api::client::Body::empty())
        .await?;
    Ok(answer.headers().contains_key(HEADER))
}

impl Build {
    /// The same for the classic builder.
    fn classic(self) -> Result<ClassicBuild, CliError> {
        let unknown = [
            ("annotation", !self.annotation.is_empty()),
            ("attest", !self.attest.is_empty()),
            ("build-context", !self.build_context.is_empty()),
            ("cache-to", !self.cache_to.is_empty()),
            ("call", self.call.is_some()),
            ("check", self.check),
            ("explain", self.explain),
            ("metadata-file", self.metadata_file.is_some()),
            ("no-cache-filter", !self.no_cache_filter.is_empty()),
            ("output", !self.output.is_empty()),
            ("secret", !self.secret.is_empty()),
            ("ssh", !self.ssh.is_empty()),
        ];
        if let Some((flag, _)) = unknown.iter().find(|(_, given)| *given) {
            return Err(CliError::failed(format!(
                "the flag --{flag} needs the builder of a sandbox, and this engine has only its classic one for this command"
            )));
        }
        Ok(ClassicBuild {
            add_host: self.add_host,
            build_arg: self.build_arg,
            cache_from: self.cache_from,
            cpu_shares: self.cpu_shares,
            file: self.file,
            force_rm: self.force_rm,
            iidfile: self.iidfile,
            label: self.label,
            memory: self.memory,
            network: self.network,
            no_cache: self.no_cache,
            platform: self.platform.into_iter().next_back(),
            progress: None,
            pull: self.pull,
            quiet: self.quiet,
            rm: self.rm,
            shm_size: self.shm_size,
            tag: self.tag,
            target: self.target,
            ulimit: self.ulimit,
            arguments: self.arguments,
        })
    }
}

/// The other command that `docker build` may be.
pub use build_classic::is_wanted as is_classic_wanted;
