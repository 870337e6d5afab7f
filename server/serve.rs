//! Opens the data directory, starts the web server, ends it cleanly.
//!
//! SIGTERM is an upgrade: websockets are told to come back, sandboxes keep running, and the next
//! server finds them. SIGINT is the end: every learner's sandbox goes too.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use actix_web::{HttpServer, web};
use anyhow::Context as _;
use drydock_session::{Role, Sessions, SessionsConfig, host::DataDir};
use tokio::{
    net::TcpSocket,
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

pub use crate::config::ServeOptions;
use crate::{
    app::App,
    config::{IDLE, WORKERS},
    gates::Gates,
    learner,
    lessons::{Broken, Catalogue, Source},
    limits::Limits,
    router,
    sandboxes::Sandboxes,
    security::Site,
    store::Store,
    terminal::Terminals,
};

/// How long requests under way may take once the server is going down, in seconds.
const DRAIN_SECONDS: u64 = 3;
/// How long all sandboxes together may take to end on SIGINT.
const END_ALL: Duration = Duration::from_secs(15);
/// A browser that takes longer to send a request's head is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections per worker; each costs memory.
const MAX_CONNECTIONS: usize = 2048;

/// Connections that may wait to be accepted: a class that comes back after a restart.
const BACKLOG: u32 = 1024;

/// Serves until a signal says to stop.
///
/// # Errors
/// When the data directory, the lessons or the listen address cannot be used.
pub fn run(options: ServeOptions) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(serve(options))
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    // First of all, so that a busy address is said before any sandbox is touched.
    let listener = listen(options.listen)
        .with_context(|| format!("could not listen on {}", options.listen))?;
    let site = Site::new(listener.local_addr()?, options.public_url.as_deref())
        .context("--public-url cannot be used")?;
    if let Some(url) = &options.preview_url {
        site.check_preview_url(url)
            .context("--preview-url cannot be used")?;
    }
    let home = site.home().to_owned();
    let app = web::Data::new(assemble(&options, site).await?);
    let shutdown = app.shutdown.clone();
    let patrol = tokio::spawn({
        let app = app.clone();
        app.sandboxes
            .clone()
            .patrol(shutdown.clone(), move || app.limits.forget_old())
    });

    let factory = app.clone();
    let server = HttpServer::new(move || router::site!(factory.clone()))
        .workers(WORKERS)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(DRAIN_SECONDS)
        .disable_signals()
        .listen(listener)
        .context("could not start the web server")?
        .run();
    let handle = server.handle();
    let running = tokio::spawn(server);
    println!("Drydock is ready at {home}");

    let ending = wait_for_signal().await?;
    tracing::info!(?ending, "stopping");
    // Websockets first: actix would wait for them as long as for any other request.
    shutdown.cancel();
    handle.stop(true).await;
    running.await.context("the web server ended badly")??;
    patrol.await.context("the patrol ended badly")?;
    if ending == Ending::Final
        && tokio::time::timeout(END_ALL, app.sandboxes.end_all())
            .await
            .is_err()
    {
        tracing::warn!("some sandboxes are slow to end; the next server will see to them");
    }
    app.store.close().await;
    Ok(())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restarted server need not wait for the connections of the one before to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Why the server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// SIGTERM: another server will follow.
    Upgrade,
    /// SIGINT: nothing is to stay.
    Final,
}

async fn wait_for_signal() -> io::Result<Ending> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => Ending::Upgrade,
        _ = interrupt.recv() => Ending::Final,
    })
}

pub(crate) async fn assemble(options: &ServeOptions, site: Site) -> anyhow::Result<App> {
    let data = DataDir::open(&options.data_dir).context("the data directory cannot be used")?;
    let data_dir = data.path();
    let (catalogue, left_out) = load_lessons(options.lessons_dir.as_deref())?;
    let key = learner::load_or_create_key(&data_dir.join("cookie.key"))?;
    let store = Store::open(&data_dir.join("drydock.db")).await?;
    let sessions = Sessions::open(SessionsConfig {
        data_dir: data_dir.to_owned(),
        role: Role::Server,
        idle: IDLE,
        registries: options.registries.clone(),
        egress: options.egress,
    })
    .await
    .context("could not open the sandboxes")?;
    if sessions.unlimited() {
        tracing::warn!(
            "nothing limits the sandboxes' memory here; `drydock doctor` tells what mends that"
        );
    }
    Ok(App {
        site,
        key,
        catalogue,
        left_out,
        sandboxes: Sandboxes::new(sessions, store.clone(), options.max_sandboxes).await?,
        store,
        limits: Limits::new(),
        checks: Gates::default(),
        terminals: Terminals::default(),
        runtime: Handle::current(),
        shutdown: CancellationToken::new(),
    })
}

/// A broken lesson is left out and named; the others are served.
fn load_lessons(directory: Option<&Path>) -> anyhow::Result<(Catalogue, Vec<Broken>)> {
    if let Some(directory) = directory {
        fs::read_dir(directory).with_context(|| {
            format!(
                "could not read the lessons directory {}",
                directory.display()
            )
        })?;
    }
    let source = directory.map_or(Source::Embedded, |directory| Source::Dir(directory.into()));
    let (catalogue, left_out) = Catalogue::load(&source);
    for broken in &left_out {
        tracing::warn!(lesson = broken.folder, "left out: {broken}");
    }
    if catalogue.is_empty() {
        tracing::warn!("there is no lesson to show");
    }
    Ok((catalogue, left_out))
}
