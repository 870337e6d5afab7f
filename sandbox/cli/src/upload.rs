//! Files of the user that become the body of a request.

use std::{
    fs::File,
    io::{self, Read},
};

use drydock_api::client::{Body, BodySender};
use http::{Method, Response};
use hyper::body::Incoming;
use tokio::task::JoinHandle;

use crate::{docker::Docker, error::CliError};

/// Bytes in one piece.
const PIECE: usize = 64 << 10;

/// A file that is being sent.
#[derive(Debug)]
pub struct Upload {
    name: String,
    reading: JoinHandle<io::Result<()>>,
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// As open(2).
pub fn open(path: &str) -> Result<Box<dyn Read + Send>, CliError> {
    if path == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|source| CliError::io(format!("open {path}"), source))?;
    Ok(Box::new(file))
}

impl Upload {
    /// Posts what `source` reads to `path`; the answer may begin before all of it is sent. `name` is what a failure
    /// to read calls it.
    ///
    /// # Errors
    /// When the engine refuses, or the source cannot be read.
    pub async fn post(
        docker: &Docker,
        path: &str,
        name: &str,
        source: Box<dyn Read + Send>,
    ) -> Result<(Response<Incoming>, Self), CliError> {
        let (sender, body) = Body::channel(4, "application/x-tar");
        let upload = Self {
            name: name.into(),
            reading: tokio::task::spawn_blocking(move || pump(source, sender)),
        };
        match docker.request(Method::POST, path, body).await {
            Ok(response) => Ok((response, upload)),
            Err(error) => Err(upload.blame(error).await),
        }
    }

    /// Why the request failed: the source, if it is over and could not be read. It may also still wait for input.
    pub async fn blame(self, error: CliError) -> CliError {
        if !self.reading.is_finished() {
            return error;
        }
        match self.reading.await {
            Ok(Err(source)) => CliError::io(format!("read {}", self.name), source),
            _ => error,
        }
    }
}

fn pump(mut source: Box<dyn Read + Send>, sender: BodySender) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                if !sender.blocking_send(piece[..count].to_vec()) {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                sender.blocking_abort(error.to_string());
                return Err(error);
            }
        }
    }
}
