//! From here into a container.

use std::io;

use drydock_api::client::Body;
use http::Method;

use super::{
    DEVICE, IRREGULAR, archive_path, local, pack,
    plan::{Plan, Target, Written, plan},
    progress::{self, Count},
    stat,
};
use crate::{context::pack::Chunks, docker::Docker, error::CliError, tty, tty::input::Input};

const TAR: &str = "application/x-tar";

/// What is asked for.
#[derive(Debug)]
pub struct Copy<'a> {
    /// Here; `-` is a tar stream on standard input.
    pub source: &'a str,
    /// Which container.
    pub container: &'a str,
    /// There.
    pub path: &'a str,
    /// Copies what a link leads to.
    pub follow: bool,
    /// The files become the container's user's.
    pub copy_ids: bool,
    /// Tells nothing.
    pub quiet: bool,
}

impl Copy<'_> {
    /// Does it.
    ///
    /// # Errors
    /// In Docker's words.
    pub async fn run(&self, docker: &Docker) -> Result<(), CliError> {
        let target = self.target(docker).await?;
        let count = Count::default();
        let (dir, body) = if self.source == "-" {
            if target.there != Some(true) {
                return Err(CliError::failed(format!(
                    "destination \"{}:{}\" must be a directory",
                    self.container, self.path
                )));
            }
            (target.path.text(), stdin(count.clone()))
        } else {
            let source = local::absolute(self.source)
                .map_err(|error| CliError::io("could not find the working directory", error))?;
            let found = local::find(&source, self.follow).map_err(CliError::failed)?;
            let plan = plan(&found.source, &target).map_err(CliError::failed)?;
            (plan.dir.clone(), packed(found, plan, count.clone()))
        };
        let ids = if self.copy_ids {
            "&copyUIDGID=true"
        } else {
            ""
        };
        let path = format!(
            "{}&noOverwriteDirNonDir=true{ids}",
            archive_path(self.container, &dir)
        );
        let work = docker.request(Method::PUT, &path, body);
        if self.quiet {
            return work.await.map(drop);
        }
        progress::show("Copying to container - ", &count, work).await??;
        tty::complain(&format!(
            "Successfully copied {} to {}:{}",
            count.human(),
            self.container,
            target.path.text()
        ))
    }

    /// What is at the destination, all links followed. What cannot be looked at may still be made.
    async fn target(&self, docker: &Docker) -> Result<Target, CliError> {
        let mut target = Target {
            path: Written::parse(self.path),
            there: None,
        };
        let Ok(mut found) = stat(docker, self.container, self.path).await else {
            return Ok(target);
        };
        if found.is_link() {
            target.path = Written::parse(&found.link_target);
            match stat(docker, self.container, &found.link_target).await {
                Ok(end) => found = end,
                Err(_) => return Ok(target),
            }
        }
        for (bit, what) in [(DEVICE, "a device"), (IRREGULAR, "an irregular file")] {
            if found.mode & bit != 0 {
                return Err(CliError::failed(format!(
                    "destination \"{}:{}\" must be a directory or a regular file: got {what}",
                    self.container, self.path
                )));
            }
        }
        target.there = Some(found.is_dir());
        Ok(target)
    }
}

fn stdin(count: Count) -> Body {
    let (sender, body) = Body::channel(4, TAR);
    tokio::spawn(async move {
        let mut input = Input::open();
        while let Some(piece) = input.next().await {
            count.add(piece.len());
            if !sender.send(piece).await {
                return;
            }
        }
    });
    body
}

fn packed(found: local::Found, plan: Plan, count: Count) -> Body {
    let (sender, body) = Body::channel(4, TAR);
    tokio::task::spawn_blocking(move || {
        let mut out = Counted {
            out: Chunks::new(sender.clone()),
            count,
        };
        if let Err(error) = pack::pack(&found, &plan.name, &mut out) {
            sender.blocking_abort(error.to_string());
        }
    });
    body
}

struct Counted {
    out: Chunks,
    count: Count,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.count.add(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
