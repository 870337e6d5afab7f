//! ADD of a URL. The engine fetches it itself, from inside the sandbox's own network: it goes the way that the
//! learner's programs go, so the same addresses are closed to it, and no process of the host speaks to strangers.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use drydock_spec::Digest;
use jiff::fmt::rfc2822;
use sha2::{Digest as _, Sha256};
use ureq::Agent;

use super::{error::Failure, inputs::Content, solve::Solver};
use crate::build::{
    cancel::Cancel,
    tree::{find::Source, hash::hex, place::Target},
};

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(30 * 60);
const REDIRECTS: u32 = 10;
/// Bytes of one file, as of one archive.
const LARGEST: u64 = 2 << 30;

/// A URL that ADD names.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) url: String,
    /// Of its bytes: found by fetching it, or promised by `--checksum`.
    pub(super) content: Content,
    /// The directory that it is in, once it is fetched.
    dir: Option<PathBuf>,
}

impl Remote {
    /// Fetches it, unless a checksum says already what it is: then only if the step has to run.
    pub(super) fn new(
        solver: &Solver<'_>,
        url: &str,
        wanted: Option<&str>,
    ) -> Result<Self, Failure> {
        let wrong = |words: &str| Err(Failure::Wrong(format!("{url} {words}")));
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return wrong(
                "is a git repository, which cannot be added here; clone it into the build context",
            );
        }
        if !solver.engine.config.egress {
            return wrong(
                "is on the network, which this sandbox does not have; put the file into the build context, or ask \
                 whoever runs Drydock for a sandbox with --egress",
            );
        }
        let mut remote = Self {
            url: url.into(),
            content: [0; 32],
            dir: None,
        };
        match wanted.map(checksum).transpose()? {
            Some(content) => remote.content = content,
            None => {
                let (content, dir) = remote.fetch(solver, None)?;
                (remote.content, remote.dir) = (content, Some(dir));
            }
        }
        Ok(remote)
    }

    fn fetch(
        &self,
        solver: &Solver<'_>,
        wanted: Option<Content>,
    ) -> Result<(Content, PathBuf), Failure> {
        let desk = solver.room.desk();
        let desk = desk.map_err(Failure::os("make a directory for what is fetched"))?;
        let dir = desk.path.join(PLACE);
        Ok((fetch(&self.url, &dir, wanted, solver.cancel)?, dir))
    }

    /// Copies or unpacks it.
    pub(super) fn put(
        &self,
        solver: &Solver<'_>,
        target: &Target<'_>,
        unpacks: bool,
    ) -> Result<(), Failure> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => self.fetch(solver, Some(self.content))?.1,
        };
        let dir = File::open(dir).map_err(Failure::os("open what was fetched"))?;
        let source = Source::named(dir.as_fd(), Path::new(&name(&self.url)))
            .map_err(|error| Failure::Wrong(error.to_string()))?;
        match unpacks {
            true => target.add(dir.as_fd(), &source)?,
            false => target.copy(dir.as_fd(), &source)?,
        }
        Ok(())
    }
}

/// Where in a step's directory.
const PLACE: &str = "fetched";

/// Why a URL brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("failed to load cache key: invalid response status {0}")]
    Status(u16),
    #[error("failed to load cache key: {0}")]
    Http(Box<ureq::Error>),
    /// BuildKit's words.
    #[error("digest mismatch {found}: {wanted}")]
    Checksum { found: String, wanted: String },
    #[error("{0:?} is no checksum; write --checksum=sha256: and 64 hexadecimal digits")]
    NoChecksum(String),
    #[error("{0} is larger than 2 GiB, which is more than a build takes")]
    Large(String),
    #[error("context canceled")]
    Cancelled,
    #[error("could not keep {url}: {source}")]
    Os { url: String, source: io::Error },
}

/// The last part of a URL's path; BuildKit's name for a file without one.
fn name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let name = path.split_once('/').map_or("", |(_, path)| path);
    let name = name
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    match name {
        "" | "." | ".." => "__unnamed__".into(),
        name => name.into(),
    }
}

/// `--checksum`.
fn checksum(text: &str) -> Result<Content, FetchError> {
    let digest: Digest = text
        .parse()
        .map_err(|_| FetchError::NoChecksum(text.into()))?;
    let hex = digest.to_string();
    let hex = hex.strip_prefix("sha256:").unwrap_or(&hex);
    let mut content = [0; 32];
    for (at, byte) in content.iter_mut().enumerate() {
        let digits = hex.get(2 * at..2 * at + 2).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).map_err(|_| FetchError::NoChecksum(text.into()))?;
    }
    Ok(content)
}

/// Fetches `url` into the directory `dir`, with BuildKit's mode and time.
fn fetch(
    url: &str,
    dir: &Path,
    wanted: Option<Content>,
    cancel: &Cancel,
) -> Result<Content, FetchError> {
    let failed = |source: io::Error| FetchError::Os {
        url: url.into(),
        source,
    };
    let agent: Agent = Agent::config_builder()
        .user_agent(concat!("drydock/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(REDIRECTS)
        .proxy(None)
        .timeout_global(Some(LONGEST))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .build()
        .new_agent();
    let response = agent.get(url).call();
    let response = response.map_err(|error| FetchError::Http(Box::new(error)))?;
    if !response.status().is_success() {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let changed = response.headers().get("last-modified");
    let changed = changed.and_then(|text| time(text.to_str().ok()?));
    std::fs::create_dir(dir).map_err(failed)?;
    let mut file = File::create(dir.join(name(url))).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        cancel.check().map_err(|_| FetchError::Cancelled)?;
        let count = body.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        size += count as u64;
        if size > LARGEST {
            return Err(FetchError::Large(url.into()));
        }
        hash.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(failed)?;
    }
    let content: Content = hash.finalize().into();
    if let Some(wanted) = wanted.filter(|wanted| *wanted != content) {
        return Err(FetchError::Checksum {
            found: format!("sha256:{}", hex(&content)),
            wanted: format!("sha256:{}", hex(&wanted)),
        });
    }
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .map_err(failed)?;
    file.set_modified(changed.unwrap_or(UNIX_EPOCH))
        .map_err(failed)?;
    Ok(content)
}

/// An HTTP date.
fn time(text: &str) -> Option<SystemTime> {
    let time = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(SystemTime::from(time))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_as_the_last_part_of_its_path() {
        for (url, expected) in [
            ("https://example.org/a/b.tar.gz?x=/y#z", "b.tar.gz"),
            ("http://example.org/a/", "a"),
            ("http://example.org", "__unnamed__"),
            ("http://example.org/?q=/x", "__unnamed__"),
            ("http://example.org/..", "__unnamed__"),
        ] {
            assert_eq!(name(url), expected, "{url}");
        }
    }

    #[test]
    fn checksums_and_dates_are_read() {
        let hex = "ab".repeat(32);
        assert_eq!(checksum(&format!("sha256:{hex}")).unwrap(), [0xab; 32]);
        for wrong in ["", "sha256:12", "md5:1", &hex] {
            assert!(checksum(wrong).is_err(), "{wrong}");
        }
        let time = time("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        assert_eq!(
            time.duration_since(UNIX_EPOCH).unwrap().as_secs(),
            1_445_412_480
        );
    }
}
