//! What a client asks for: the query of `POST /build`.

use std::{collections::BTreeMap, net::IpAddr};

use drydock_spec::ImageRef;
use serde::de::DeserializeOwned;

use super::error::BuildError;
use crate::http::query::{is_true, pairs};

/// Bytes of lines for `/etc/hosts`.
const MOST_HOSTS: usize = 64 << 10;

/// What a client asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BuildRequest {
    /// Names for the image.
    pub(super) tags: Vec<ImageRef>,
    /// The Dockerfile's path in the context.
    pub(super) dockerfile: String,
    /// `--build-arg`; a name without value has none.
    pub(super) args: BTreeMap<String, Option<String>>,
    /// `--label`.
    pub(super) labels: BTreeMap<String, String>,
    /// The stage to stop after.
    pub(super) target: Option<String>,
    /// Neither takes from the cache.
    pub(super) no_cache: bool,
    /// Says only the id.
    pub(super) quiet: bool,
    /// Removes the containers of steps that went well.
    pub(super) remove: bool,
    /// And of those that failed.
    pub(super) force_remove: bool,
    /// Looks for a newer base image.
    pub(super) pull: bool,
    /// `--network`.
    pub(super) network: String,
    /// `--add-host`: lines of `/etc/hosts`.
    pub(super) hosts: String,
}

impl BuildRequest {
    /// Reads a query; unknown parameters are left alone, as Docker does.
    ///
    /// # Errors
    /// A bad tag or bad JSON, or something that the classic builder of a sandbox cannot do.
    pub(super) fn parse(query: &str) -> Result<Self, BuildError> {
        let mut request = Self {
            dockerfile: "Dockerfile".into(),
            // Clients say so only to opt out.
            remove: true,
            ..Self::default()
        };
        for (name, value) in pairs(query) {
            match name.as_str() {
                "t" if !value.is_empty() => request.add_tag(&value)?,
                "dockerfile" if !value.is_empty() => request.dockerfile = value,
                "buildargs" => request.args = json("build args", &value)?,
                "labels" => request.labels = json("labels", &value)?,
                "target" if !value.is_empty() => request.target = Some(value),
                "nocache" => request.no_cache = is_true(&value),
                "q" => request.quiet = is_true(&value),
                "rm" => request.remove = is_true(&value),
                "forcerm" => request.force_remove = is_true(&value),
                "pull" => request.pull = is_true(&value),
                "networkmode" => request.network = value,
                "extrahosts" => request.add_host(&value)?,
                "remote" if !value.is_empty() => return Err(remote()),
                "version" if value == "2" => return Err(buildkit()),
                "squash" if is_true(&value) => return Err(squash()),
                _ => {}
            }
        }
        Ok(request)
    }

    fn add_tag(&mut self, text: &str) -> Result<(), BuildError> {
        let tag = text.parse::<ImageRef>()?;
        if tag.digest().is_some() {
            let text = "build tag cannot contain a digest";
            return Err(BuildError::Request(text.into()));
        }
        let tag = tag.with_default_tag();
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        Ok(())
    }

    fn add_host(&mut self, text: &str) -> Result<(), BuildError> {
        let bad = || BuildError::Request(format!("invalid extra host: {text}"));
        let line = hosts_line(text).ok_or_else(bad)?;
        self.hosts.push_str(&line);
        if self.hosts.len() > MOST_HOSTS {
            return Err(BuildError::Request("too many extra hosts".into()));
        }
        Ok(())
    }
}

/// `name:address`, whose address may have colons of its own.
pub(crate) fn hosts_line(text: &str) -> Option<String> {
    let (name, address) = text.split_once(':')?;
    let address: IpAddr = address.parse().ok()?;
    let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let named = !name.is_empty() && name.chars().all(plain);
    named.then(|| format!("{address}\t{name}\n"))
}

fn remote() -> BuildError {
    BuildError::Request(
        "a sandbox cannot fetch a build context from the network; send a directory: docker build ."
            .into(),
    )
}

fn buildkit() -> BuildError {
    BuildError::Request(
        "BuildKit is not available in a sandbox; set DOCKER_BUILDKIT=0 and build again".into(),
    )
}

fn squash() -> BuildError {
    BuildError::Request(
        "squash is only supported with experimental mode; build without --squash".into(),
    )
}

fn json<T: DeserializeOwned + Default>(what: &str, text: &str) -> Result<T, BuildError> {
    if text.is_empty() || text == "null" {
        return Ok(T::default());
    }
    serde_json::from_str(text)
        .map_err(|error| BuildError::Request(format!("error reading {what}: {error}")))
}

/// The pairs of a query, percent and plus decoded; names may come several times.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<BuildRequest, String> {
        BuildRequest::parse(query).map_err(|error| error.to_string())
    }

    #[test]
    fn the_query_of_a_real_client_is_understood() {
        let request = parse(
            "buildargs=%7B%22A%22%3A%221%22%2C%22B%22%3Anull%7D&cachefrom=%5B%5D&cgroupparent=&dockerfile=D%2Fx\
             &forcerm=1&labels=%7B%22l%22%3A%22v+w%22%7D&memory=0&networkmode=default&nocache=1&rm=1&shmsize=0\
             &extrahosts=box%3A10.0.0.1&extrahosts=six%3A%3A%3A1&t=a&t=b%3A1&t=a%3Alatest&target=two&ulimits=null&version=1",
        )
        .unwrap();
        let tags: Vec<String> = request.tags.iter().map(ToString::to_string).collect();
        assert_eq!(tags, ["a:latest", "b:1"]);
        assert_eq!(request.args["A"].as_deref(), Some("1"));
        assert_eq!(request.args["B"], None);
        assert_eq!(request.labels["l"], "v w");
        assert_eq!(request.dockerfile, "D/x");
        assert_eq!(request.hosts, "10.0.0.1\tbox\n::1\tsix\n");
        assert_eq!(request.target.as_deref(), Some("two"));
        assert!(request.no_cache && request.remove && request.force_remove);
        assert!(!request.quiet && request.network == "default" && !request.pull);
    }

    #[test]
    fn containers_of_steps_are_removed_unless_the_client_opts_out() {
        assert!(parse("").unwrap().remove);
        assert!(!parse("rm=0").unwrap().remove);
    }

    #[test]
    fn what_cannot_be_built_is_refused() {
        assert_eq!(
            parse("t=Foo").unwrap_err(),
            "invalid reference format: repository name (Foo) must be lowercase"
        );
        assert!(
            parse("buildargs=x")
                .unwrap_err()
                .starts_with("error reading build args: ")
        );
        assert!(
            parse("version=2")
                .unwrap_err()
                .contains("DOCKER_BUILDKIT=0")
        );
        assert!(parse("remote=http%3A%2F%2Fx").is_err());
        assert!(parse("extrahosts=box%3Aelsewhere").is_err());
        assert!(parse("extrahosts=a%0Ab%3A10.0.0.1").is_err());
    }
}
