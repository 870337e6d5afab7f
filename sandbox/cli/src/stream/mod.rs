//! The streams of an attached container or command.

pub mod body;

use bytes::BytesMut;
use drydock_api::{
    client::{HijackReader, HijackWriter, Hijacked},
    stdcopy::{Decoder, Stream},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::{
    error::CliError,
    tty::{
        Output,
        detach::{DetachKeys, Typed, Watch},
        input::Input,
        raw::RawMode,
    },
};

const BUFFER: usize = 256 * 1024;

/// How a container is attached.
#[derive(Debug)]
pub struct Attach {
    /// It has a terminal: one raw stream.
    pub tty: bool,
    /// Our standard input goes to it.
    pub stdin: bool,
    /// The keys that leave it.
    pub detach: DetachKeys,
}

/// How an attachment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The container closed its output.
    Closed,
    /// The user left it.
    Detached,
}

/// Carries bytes both ways until the container closes its output or the user leaves.
///
/// # Errors
/// When our own output fails or the engine breaks off.
pub async fn carry(stream: Hijacked, attach: Attach) -> Result<End, CliError> {
    let raw = if attach.tty && attach.stdin {
        Some(RawMode::enter()?)
    } else {
        None
    };
    let (reader, writer) = stream.split();
    let output = show(reader, attach.tty);
    let end = if attach.stdin {
        tokio::select! {
            shown = output => shown.map(|()| End::Closed),
            () = feed(writer, attach.tty.then(|| Watch::new(attach.detach))) => Ok(End::Detached),
        }
    } else {
        let shown = output.await.map(|()| End::Closed);
        drop(writer);
        shown
    };
    drop(raw);
    end
}

/// Sends what is typed. Ends only when the user leaves: after the end of the input, our direction is closed and the
/// container's answer is waited for.
async fn feed(mut writer: HijackWriter, mut watch: Option<Watch>) {
    let mut input = Input::open();
    while let Some(piece) = input.next().await {
        let sent = match watch.as_mut().map(|watch| watch.see(&piece)) {
            None => writer.write_all(&piece).await,
            Some(Typed::Keys(keys)) => writer.write_all(&keys).await,
            Some(Typed::Detach(_)) => return,
        };
        if sent.is_err() {
            break;
        }
    }
    // The engine may have closed first; what it wrote before is still to be read.
    let _ = writer.shutdown().await;
    std::future::pending().await
}

async fn show(reader: HijackReader, tty: bool) -> Result<(), CliError> {
    if tty {
        copy(reader).await
    } else {
        split(reader).await
    }
}

/// Shows a raw stream.
///
/// # Errors
/// When our own output fails or the engine breaks off.
pub async fn copy(mut reader: impl AsyncRead + Unpin) -> Result<(), CliError> {
    let mut buffer = BytesMut::with_capacity(BUFFER);
    while read(&mut reader, &mut buffer).await? {
        Output::Stdout.write(&buffer)?;
        buffer.clear();
    }
    Ok(())
}

/// Shows a stream of stdout and stderr, each where it belongs.
///
/// # Errors
/// As [`copy`], and when the stream is not framed.
pub async fn split(mut reader: impl AsyncRead + Unpin) -> Result<(), CliError> {
    let mut decoder = Decoder::default();
    let mut buffer = BytesMut::with_capacity(BUFFER);
    while read(&mut reader, &mut buffer).await? {
        let mut pending: Option<(Output, Vec<u8>)> = None;
        while let Some((stream, piece)) = decoder
            .decode(&mut buffer)
            .map_err(|e| CliError::failed(e.to_string()))?
        {
            let output = match stream {
                Stream::Stdin | Stream::Stdout => Output::Stdout,
                Stream::Stderr => Output::Stderr,
                Stream::System => {
                    let words = String::from_utf8_lossy(&piece).trim_end().to_owned();
                    return Err(CliError::failed(format!(
                        "error from daemon in stream: {words}"
                    )));
                }
            };
            // Many short lines become one write.
            match &mut pending {
                Some((same, bytes)) if *same == output => bytes.extend_from_slice(&piece),
                other => {
                    if let Some((before, bytes)) = other.replace((output, piece.to_vec())) {
                        before.write(&bytes)?;
                    }
                }
            }
        }
        if let Some((output, bytes)) = pending {
            output.write(&bytes)?;
        }
    }
    Ok(())
}

async fn read(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> Result<bool, CliError> {
    buffer.reserve(BUFFER / 2);
    match reader.read_buf(buffer).await {
        Ok(count) => Ok(count > 0),
        // The engine ends an attachment abruptly when the container is removed.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(false),
        Err(source) => Err(CliError::io("error reading from the engine", source)),
    }
}
