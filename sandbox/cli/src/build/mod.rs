//! `docker build` on a sandbox's own builder.
//!
//! ```text
//! flags ── request, place (what is asked for, from what)
//!            ├─▶ upload (walk, send): the context, of which the engine gets what it has not
//!            ├─▶ solve: the build; what it tells goes to the display
//!            │     └─▶ fetch: what `--output` asked for
//!            └─▶ watch: shows it, and heeds Ctrl-C          arrange, own: steps that this side makes
//! finish: warnings, --explain, the excerpt of a failure, files with the id
//! ```
//!
//! - [`call`]: what a Dockerfile can build, without building. [`display`]: BuildKit's progress. [`explain`]: why steps ran. [`warnings`], [`excerpt`]: what was found where.
//! - [`refuse`]: flags that a sandbox has no use for.
//!
//! Deliberately absent: BuildKit's gRPC. Another engine gets the classic builder's request.

mod arrange;
mod call;
pub mod display;
mod excerpt;
mod explain;
mod fetch;
mod finish;
mod output;
mod own;
mod place;
pub mod refuse;
mod request;
mod secret;
mod send;
mod solve;
mod upload;
mod walk;
mod warnings;
mod watch;

use std::fs;

use tokio::sync::mpsc;

use self::{
    display::{About, Display, Mode},
    finish::{Finish, Results},
    place::{Definition, Place},
    request::Asked,
    upload::Line,
    watch::Ended,
};
use crate::{
    command::Exit,
    commands::build::Build,
    docker::Docker,
    error::CliError,
    tty::{self, Output},
};

/// Messages that wait for the display.
const DEPTH: usize = 64;

/// Builds.
///
/// # Errors
/// When it cannot begin; a build that fails is told of, and gives the code.
pub async fn run(build: Build, context: &str, docker: Docker) -> Result<Exit, CliError> {
    let result = prepared(&build, context, docker).await;
    result.map_err(told)
}

/// An error as buildx tells it.
#[must_use]
pub fn told(error: CliError) -> CliError {
    match error {
        quiet @ (CliError::Quiet(_) | CliError::Run { .. }) => quiet,
        other => {
            let code = other.exit_code();
            let message = format!("ERROR: {other}");
            CliError::Failed { message, code }
        }
    }
}

async fn prepared(build: &Build, context: &str, docker: Docker) -> Result<Exit, CliError> {
    refuse::check(build).map_err(CliError::failed)?;
    let mode = mode(build).map_err(CliError::failed)?;
    let method = method(build).map_err(CliError::failed)?;
    let mut asked = request::of(build).map_err(CliError::failed)?;
    asked.request.check = method == Method::Check;
    remove_old(build)?;
    let (place, definition) =
        place::find(context, build.file.as_deref()).map_err(CliError::failed)?;
    if matches!(method, Method::Outline | Method::Targets) {
        let text = asked_for(method, &definition, &asked).map_err(CliError::failed)?;
        tty::print(&text)?;
        return Ok(0);
    }
    for words in refuse::warnings(build) {
        tty::complain(&format!("WARNING: {words}"))?;
    }
    let finish = Finish {
        mode,
        debug: docker.debug() || build.debug,
        quiet: build.quiet || mode == Mode::Quiet,
        explain: build.explain,
        check: asked.request.check,
        iidfile: build.iidfile.clone(),
        metadata_file: build.metadata_file.clone(),
    };
    let driver = match docker.context() {
        "" => refuse::BUILDER,
        name => name,
    };
    let text = format!("building with {driver:?} instance using docker driver");
    let builder = format!("docker:{driver}");
    let about = About {
        text: &text,
        builder: &builder,
    };
    let (tell, told) = mpsc::channel(DEPTH);
    let line = Line { docker, tell };
    let work = solve::all(line, asked, place, definition);
    match watch::until_done(Display::new(mode, about), told, work).await? {
        Ended::Done(results) => finish.all(results),
        Ended::Canceled(signal) => Err(CliError::Failed {
            message: "failed to solve: Canceled: context canceled".into(),
            code: 128 + signal,
        }),
    }
}

/// What is done with the Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Build,
    Check,
    Outline,
    Targets,
}

/// What a method other than building prints.
fn asked_for(method: Method, definition: &Definition, asked: &Asked) -> Result<String, String> {
    let failed = |why: String| format!("failed to solve: {why}");
    let text = definition.read().map_err(failed)?.ok_or_else(|| {
        failed(
            "the Dockerfile of an archive is not looked at: unpack it, and name its directory"
                .into(),
        )
    })?;
    let file = drydock_dockerfile::Dockerfile::parse(&text, definition.shown())
        .map_err(|error| failed(error.to_string()))?;
    match method {
        Method::Targets => Ok(call::targets(&file)),
        Method::Build | Method::Check | Method::Outline => {
            let target = asked.request.target.as_deref();
            call::outline(file, target, &asked.request.args).map_err(failed)
        }
    }
}

fn method(build: &Build) -> Result<Method, String> {
    let call = build.call.as_deref().map(|call| {
        // Options such as the format stand behind a comma.
        call.split(',').next().unwrap_or_default()
    });
    match call {
        _ if build.check => Ok(Method::Check),
        None | Some("" | "build") => Ok(Method::Build),
        Some("check" | "lint") => Ok(Method::Check),
        Some("outline") => Ok(Method::Outline),
        Some("targets") => Ok(Method::Targets),
        Some(other) => Err(format!(
            "the method {other:?} is not known: use build, check, outline or targets"
        )),
    }
}

fn mode(build: &Build) -> Result<Mode, String> {
    let flag = build.progress.clone().filter(|mode| mode != "auto");
    let named = flag
        .clone()
        .or_else(|| std::env::var("BUILDKIT_PROGRESS").ok());
    if build.quiet {
        return match flag.as_deref() {
            None | Some("" | "quiet") => Ok(Mode::Quiet),
            Some(other) => Err(format!(
                "progress={other} and quiet cannot be used together"
            )),
        };
    }
    let terminal = Output::Stderr.is_terminal();
    match named.as_deref() {
        None | Some("" | "auto") if terminal => Ok(Mode::Tty),
        None | Some("" | "auto" | "plain") => Ok(Mode::Plain),
        Some("tty") if terminal => Ok(Mode::Tty),
        Some("tty") => Err("failed to get console: provided file is not a console".into()),
        Some("quiet") => Ok(Mode::Quiet),
        Some("rawjson") => Ok(Mode::RawJson),
        Some(other) => Err(format!("invalid progress mode {other}")),
    }
}

/// A build that fails leaves no id of another.
fn remove_old(build: &Build) -> Result<(), CliError> {
    let Some(path) = &build.iidfile else {
        return Ok(());
    };
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(CliError::io("removing image ID file", source))
        }
        _ => Ok(()),
    }
}
