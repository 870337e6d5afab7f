//! The process that does one errand at a registry: a job on its standard input, news on its standard output.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::Path,
    process::ExitCode,
    thread,
};

use anyhow::Context as _;
use bytes::{Buf as _, Bytes};
use drydock_api::{
    client::{Body, Client},
    errand::{
        Blob, Done, Errand, FoundLayer, Job, Login, MAX_LINE, News, Refusal, RefusalKind, Stage,
    },
};
use drydock_image::{
    ImageRef, Store,
    registry::{
        self, Endpoint, Options, Platform, PullEvent, PushBlob, PushEvent, PushImage,
        RegistryError, credentials,
    },
};
use http_body_util::BodyExt as _;
use hyper::{Method, body::Incoming};
use tokio::runtime::Runtime;

/// Does the job; its last news is that it is done or has failed.
pub fn main() -> ExitCode {
    super::log("warn");
    let last = match job().and_then(|job| work(&job)) {
        Ok(done) => News::Done(done),
        Err(error) => News::Failed(refusal(&error)),
    };
    tell(&last);
    ExitCode::SUCCESS
}

fn job() -> anyhow::Result<Job> {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    (&mut input)
        .take(2 * MAX_LINE as u64)
        .read_line(&mut line)?;
    // Whoever waits for this holds the other end: when it goes, so does this process.
    thread::spawn(move || {
        let _ = io::copy(&mut input, &mut io::sink());
        std::process::exit(1);
    });
    serde_json::from_str(&line).context("no job")
}

fn work(job: &Job) -> anyhow::Result<Done> {
    match &job.errand {
        Errand::Pull { name, platform } => pull(job, &name.parse()?, platform.as_deref()),
        Errand::Tags { repository } => {
            let repository: ImageRef = repository.parse()?;
            let options = options(job, &Endpoint::of(&repository), None)?;
            Ok(Done::Tags(registry::tags(&repository, options)?))
        }
        Errand::Look { name, login } => {
            let name: ImageRef = name.parse()?;
            let options = options(job, &Endpoint::of(&name), login.as_ref())?;
            let looked = registry::look(&name, options)?;
            Ok(Done::Looked {
                descriptor: Blob {
                    digest: looked.descriptor.digest.to_string(),
                    size: looked.descriptor.size,
                    media_type: looked.descriptor.media_type,
                    from: None,
                },
                platforms: looked.platforms,
            })
        }
        Errand::Login { registry, login } => {
            let options = options(job, &Endpoint::registry(registry), Some(login))?;
            registry::login(registry, options)?;
            Ok(Done::LoggedIn)
        }
        Errand::Push {
            name,
            manifest,
            config,
            layers,
            login,
        } => {
            let image = PushImage {
                manifest: blob(manifest)?,
                config: blob(config)?,
                layers: layers.iter().map(blob).collect::<Result<_, _>>()?,
            };
            push(job, &name.parse()?, &image, login.as_ref())
        }
    }
}

fn pull(job: &Job, name: &ImageRef, platform: Option<&str>) -> anyhow::Result<Done> {
    let platform = platform.map_or_else(|| Some(Platform::host()), Platform::parse);
    let platform = platform.context("no platform that is known")?;
    let options = options(job, &Endpoint::of(name), None)?;
    let store = Store::open(Path::new(&job.data_dir).join("images"))?;
    if store.total_bytes()? >= job.store_limit {
        anyhow::bail!(
            "the server's image store is full; its operator can make room or raise --pull-limit-gib"
        );
    }
    let pulled = registry::pull(&store, name, &platform, options, &mut |event| {
        tell(&match event {
            PullEvent::Found {
                image,
                digest,
                layers,
            } => News::Found {
                image: image.to_string(),
                digest: digest.to_string(),
                layers: layers
                    .iter()
                    .map(|(digest, diff_id, size)| FoundLayer {
                        digest: digest.to_string(),
                        diff_id: diff_id.to_string(),
                        size: *size,
                    })
                    .collect(),
            },
            PullEvent::Downloading(number, bytes) => News::Layer(number, Stage::Downloading(bytes)),
            PullEvent::Pulled(number) => News::Layer(number, Stage::Pulled),
        });
    })?;
    Ok(Done::Pulled {
        image: pulled.id.to_string(),
        digest: pulled.digest.to_string(),
    })
}

fn push(
    job: &Job,
    name: &ImageRef,
    image: &PushImage,
    login: Option<&Login>,
) -> anyhow::Result<Done> {
    let options = options(job, &Endpoint::of(name), login)?;
    let (socket, id) = job.source.clone().context("nothing to push from")?;
    let (client, runtime) = (Client::new(socket), Runtime::new()?);
    let runtime = std::sync::Arc::new(runtime);
    let mut source = |blob: &PushBlob| {
        let path = format!("/drydock/v1/errands/{id}/blobs/{}", blob.digest);
        let response = runtime
            .block_on(client.request(Method::GET, &path, Body::empty()))
            .map_err(io::Error::other)?;
        let reader = Blocking {
            runtime: runtime.clone(),
            body: response.into_body(),
            piece: Bytes::new(),
        };
        Ok(Box::new(reader) as Box<dyn Read>)
    };
    registry::push(name, image, &mut source, options, &mut |event| {
        let (number, stage) = match event {
            PushEvent::Pushing(number, bytes) => (number, Stage::Pushing(bytes)),
            PushEvent::Pushed(number) => (number, Stage::Pushed),
            PushEvent::Exists(number) => (number, Stage::Exists),
            PushEvent::Mounted(number, from) => (number, Stage::Mounted(from)),
        };
        tell(&News::Layer(number, stage));
    })?;
    Ok(Done::Pushed)
}

/// The body of an engine's answer, for a thread that may block.
struct Blocking {
    runtime: std::sync::Arc<Runtime>,
    body: Incoming,
    piece: Bytes,
}

impl Read for Blocking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.body.frame()) {
                None => return Ok(0),
                Some(Ok(frame)) => self.piece = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Err(io::Error::other(error)),
            }
        }
        let count = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// The learner's own login first, then the operator's.
fn options(job: &Job, endpoint: &Endpoint, login: Option<&Login>) -> anyhow::Result<Options> {
    let own = login
        .filter(|login| !login.username.is_empty())
        .map(|login| registry::Login {
            username: login.username.clone(),
            password: login.password.clone(),
        });
    let login = match (own, &job.docker_config) {
        (Some(own), _) => Some(own),
        (None, None) => None,
        (None, Some(path)) => {
            let read = credentials::from_docker_config(Path::new(path), endpoint.key());
            // Where the operator's file is, is nothing for learners.
            read.unwrap_or_else(|error| {
                tracing::warn!("the Docker configuration cannot be used: {error}");
                None
            })
        }
    };
    Ok(Options {
        login,
        plain_http: job.plain_http.clone(),
        ..Options::default()
    })
}

fn blob(blob: &Blob) -> anyhow::Result<PushBlob> {
    Ok(PushBlob {
        digest: blob.digest.parse()?,
        size: blob.size,
        media_type: blob.media_type.clone(),
        from: blob.from.clone(),
    })
}

fn tell(news: &News) {
    let mut line = serde_json::to_vec(news).unwrap_or_default();
    line.push(b'\n');
    // Nobody is left to tell when it is closed.
    let _ = io::stdout().write_all(&line);
}

/// What the learner is told. The particulars of the host's own failures may hold its paths.
fn refusal(error: &anyhow::Error) -> Refusal {
    let Some(known) = error.downcast_ref::<RegistryError>() else {
        return Refusal::new(RefusalKind::Failed, error.to_string());
    };
    let kind = match known {
        RegistryError::Denied(_)
        | RegistryError::NoManifest(_)
        | RegistryError::NoRepository(_)
        | RegistryError::OtherMachine { .. } => RefusalKind::NotFound,
        RegistryError::Unauthorized { .. } => RefusalKind::Unauthorized,
        RegistryError::Unreachable { .. } => RefusalKind::Unreachable,
        RegistryError::PushDenied
        | RegistryError::Answer { .. }
        | RegistryError::TooLarge { .. }
        | RegistryError::Source(_) => RefusalKind::Failed,
        RegistryError::Store(error) => {
            tracing::warn!(%error, "a pull failed");
            let text = "the server could not keep the image; its log says why";
            return Refusal::new(RefusalKind::Failed, text);
        }
    };
    Refusal::new(kind, known.to_string())
}
