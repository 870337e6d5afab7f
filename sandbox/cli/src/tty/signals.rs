//! Signals that are passed on to a container, and the window's changes.

use http::Method;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};

use crate::{docker::Docker, error::CliError, tty};

/// Passed on with `--sig-proxy`.
const PROXIED: [(&str, i32); 9] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("USR1", 10),
    ("USR2", 12),
    ("ALRM", 14),
    ("TERM", 15),
    ("CONT", 18),
    ("IO", 29),
];

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Watching(Vec<JoinHandle<()>>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

fn listen(number: i32) -> Result<Signal, CliError> {
    signal(SignalKind::from_raw(number))
        .map_err(|source| CliError::io("could not listen for signals", source))
}

/// Passes signals on to the container until dropped.
///
/// # Errors
/// When signals cannot be listened for.
pub fn proxy(docker: &Docker, container: &str) -> Result<Watching, CliError> {
    let mut tasks = Vec::new();
    for (name, number) in PROXIED {
        let mut signals = listen(number)?;
        let (docker, path) = (
            docker.clone(),
            format!("/containers/{container}/kill?signal={name}"),
        );
        tasks.push(tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // The container may have ended at this very moment.
                let _ = docker.call(Method::POST, &path).await;
            }
        }));
    }
    Ok(Watching(tasks))
}

/// Tells the engine the window's size, now and whenever it changes, until dropped.
/// `target` is `containers/ID` or `exec/ID`.
///
/// # Errors
/// When signals cannot be listened for.
pub fn follow_window(docker: &Docker, target: String) -> Result<Watching, CliError> {
    let mut changes = listen(SignalKind::window_change().as_raw_value())?;
    let docker = docker.clone();
    Ok(Watching(vec![tokio::spawn(async move {
        loop {
            if let Some(size) = tty::size() {
                let path = format!("/{target}/resize?h={}&w={}", size.rows, size.cols);
                // Too early or too late is no harm: the next change tells again.
                let _ = docker.call(Method::POST, &path).await;
            }
            if changes.recv().await.is_none() {
                return;
            }
        }
    })]))
}
