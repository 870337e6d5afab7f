//! The two doors: listeners, connections, and when the engine may end.

use std::{
    convert::Infallible,
    future::Future,
    io,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
use tower_service::Service;

use crate::{Engine, http::version, router};

/// Connections at once, of one door.
const CONNECTIONS: usize = 256;

const HEALTH: &str = "/drydock/v1/health";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Door {
    /// The learner, by `/var/run/docker.sock` on the workstation.
    Learner,
    /// The server, by the control socket on the host.
    Control,
}

/// Takes over a socket that listens already.
pub(crate) fn adopt(fd: OwnedFd) -> io::Result<UnixListener> {
    let listener = std::os::unix::net::UnixListener::from(fd);
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// A fresh socket at `path` that anybody on the workstation may open.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Answers at both doors until the runtime ends; `docker` is the learner's door on the host.
pub(crate) fn open(
    engine: &Engine,
    control: UnixListener,
    learner: UnixListener,
    docker: Option<UnixListener>,
) {
    tokio::spawn(accept(engine.clone(), Door::Control, control));
    for listener in [Some(learner), docker].into_iter().flatten() {
        tokio::spawn(accept(engine.clone(), Door::Learner, listener));
    }
}

async fn accept(engine: Engine, door: Door, listener: UnixListener) {
    let router = router::routes(door).with_state(engine.clone());
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Who comes later waits in the kernel's queue.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let serving = serve(engine.clone(), door, router.clone(), stream);
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            // Out of descriptors or memory: others must end first.
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(engine: Engine, door: Door, router: Router, stream: UnixStream) {
    let _guard = (door == Door::Control).then(|| engine.activity.control_connection());
    let service = service_fn(|request: Request<Incoming>| {
        // The server asks for its health all the time: that is nobody being here.
        if request.uri().path() != HEALTH {
            engine.activity.touch();
        }
        answer(door, router.clone(), request.map(Body::new))
    });
    // A client that hangs up drops its request's future, and with it whatever that waits for.
    let served = http1::Builder::new()
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

fn answer(
    door: Door,
    mut router: Router,
    mut request: Request<Body>,
) -> impl Future<Output = Result<axum::response::Response, Infallible>> {
    let api = version::strip(&mut request);
    async move {
        match api {
            Ok(api) => {
                request.extensions_mut().insert(door);
                request.extensions_mut().insert(api);
                let mut response = router.call(request).await?;
                version::stamp(response.headers_mut());
                Ok(response)
            }
            Err(error) => Ok(axum::response::IntoResponse::into_response(error)),
        }
    }
}

/// Returns once nobody has been here for the limit that the starter set.
pub(crate) async fn idle(engine: &Engine) {
    loop {
        let left = engine
            .config
            .idle_limit
            .saturating_sub(engine.activity.idle_for());
        let busy = engine.activity.is_controlled() || engine.terminals.attached() > 0;
        if left.is_zero() && !busy {
            return;
        }
        tokio::time::sleep(left.max(Duration::from_secs(1))).await;
    }
}
