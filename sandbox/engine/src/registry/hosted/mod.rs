//! A registry at `localhost:5000` on the workstation, after the OCI distribution specification: what
//! `docker run -d -p 5000:5000 registry` would be, where there is a network to pull it from. Off unless the starter of
//! the sandbox says so.
//!
//! - [`storage`]: blobs, manifests, tags, uploads. [`manifest`], [`place`]: small rules; pure.
//! - `pages`: what is answered; `blobs`: the same for blobs and uploads. [`error`]: refusals.

mod blobs;
pub(crate) mod error;
pub(crate) mod manifest;
mod pages;
pub(crate) mod place;
pub(crate) mod storage;

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use tower_service::Service as _;

use self::storage::Storage;
use crate::Engine;

/// Where it listens: the sandbox's network is the workstation's.
const PORT: u16 = 5000;
/// By what names the workstation reaches it.
pub(crate) const HOSTS: [&str; 2] = ["localhost:5000", "127.0.0.1:5000"];

/// Connections at once.
const CONNECTIONS: usize = 64;
/// How long a client may take to send a request's head.
const HEAD: Duration = Duration::from_secs(30);

/// Answers until the runtime ends, if the sandbox has a registry.
pub(crate) async fn serve(engine: &Engine) -> io::Result<()> {
    let Some(storage) = engine.hosted.clone() else {
        return Ok(());
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await?;
    tokio::spawn(accept(listener, pages::routes(storage)));
    Ok(())
}

async fn accept(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors or memory: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: axum::http::Request<Incoming>| {
                router.clone().call(request.map(Body::new))
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection to the registry ended");
            }
            drop(place);
        });
    }
}

/// Where its content is, in the sandbox's storage.
pub(crate) fn open(config: &crate::EngineConfig) -> io::Result<Option<Arc<Storage>>> {
    if !config.registry {
        return Ok(None);
    }
    Storage::open(config.data.join("registry")).map(|storage| Some(Arc::new(storage)))
}

/// `GET /distribution/{name}/json` of something that is in the registry.
pub(crate) fn describe(
    storage: &Storage,
    hosted: &place::Name,
    name: &drydock_spec::ImageRef,
) -> Result<serde_json::Value, crate::error::EngineError> {
    use place::Reference;
    use serde_json::{Value, json};
    let reference = match (name.digest(), name.tag()) {
        (Some(digest), _) => Reference::Digest(digest.clone()),
        (None, tag) => Reference::Tag(tag.unwrap_or("latest").into()),
    };
    let (bytes, digest, note) = storage.manifest(hosted, &reference)?;
    let manifest: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let word = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let of = |value: &Value| {
        platform(
            &word(value, "os"),
            &word(value, "architecture"),
            &word(value, "variant"),
        )
    };
    let platforms: Vec<Value> = match manifest["manifests"].as_array() {
        Some(list) => list.iter().map(|entry| of(&entry["platform"])).collect(),
        None => {
            let config = manifest["config"]["digest"].as_str().unwrap_or_default();
            let config = config
                .parse()
                .ok()
                .and_then(|digest| storage.blob(hosted, &digest).ok());
            let config: Option<Value> =
                config.and_then(|(file, _)| serde_json::from_reader(io::BufReader::new(file)).ok());
            config.iter().map(of).collect()
        }
    };
    Ok(json!({
        "Descriptor": {"mediaType": note.media_type, "digest": digest, "size": note.size},
        "Platforms": platforms,
    }))
}

/// A platform as Docker writes it.
pub(crate) fn platform(os: &str, architecture: &str, variant: &str) -> serde_json::Value {
    let mut platform = serde_json::json!({"architecture": architecture, "os": os});
    if !variant.is_empty() {
        platform["variant"] = variant.into();
    }
    platform
}
