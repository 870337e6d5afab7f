//! One who looks at a terminal, over a raw connection with frames.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use bytes::BytesMut;
use drydock_api::terminal::Frame;
use drydock_runtime::container::TermSize;
use tokio::{io::AsyncWriteExt as _, net::unix::OwnedWriteHalf, sync::mpsc};

use super::shell::{Shell, Told};
use crate::{
    Engine,
    http::hijack::{Raw, Reader},
};

/// Counts as attached while it lives.
struct Attached<'a>(&'a Engine);

impl<'a> Attached<'a> {
    fn new(engine: &'a Engine) -> Self {
        engine.terminals.attached.fetch_add(1, Ordering::Relaxed);
        Self(engine)
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.0.terminals.attached.fetch_sub(1, Ordering::Relaxed);
        self.0.activity.touch();
    }
}

/// Carries until the shell ends or the viewer goes.
pub(crate) async fn carry(engine: Engine, shell: Arc<Shell>, raw: Raw) {
    let _attached = Attached::new(&engine);
    let (replay, from) = shell.look();
    let Raw { reader, mut writer } = raw;
    let mut buffer = BytesMut::new();
    Frame::Replay(replay).encode(&mut buffer);
    if writer.write_all(&buffer).await.is_err() {
        return;
    }
    drop(buffer);
    tokio::select! {
        result = show(from, &mut writer) => note("showing", result),
        result = type_in(&engine, &shell, reader) => note("typing", result),
    }
}

fn note(what: &str, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, what, "a terminal's viewer is gone");
    }
}

async fn show(mut from: mpsc::Receiver<Told>, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    while let Some(told) = from.recv().await {
        let mut next = Some(told);
        // What has come together goes together.
        while let Some(told) = next.take() {
            match told {
                Told::Output(bytes) => Frame::Output(bytes).encode(&mut buffer),
                Told::Ended(code) => {
                    Frame::Exit(code).encode(&mut buffer);
                    return writer.write_all(&buffer).await;
                }
            }
            if buffer.len() < 64 << 10 {
                next = from.try_recv().ok();
            }
        }
        writer.write_all(&buffer).await?;
        buffer.clear();
    }
    Ok(())
}

async fn type_in(engine: &Engine, shell: &Shell, mut reader: Reader) -> io::Result<()> {
    let mut chunk = vec![0; 8 << 10];
    let mut input = BytesMut::new();
    loop {
        let n = reader.read(&mut chunk).await?;
        if n == 0 {
            return Ok(());
        }
        engine.activity.touch();
        input.extend_from_slice(&chunk[..n]);
        while let Some(frame) = Frame::decode(&mut input).map_err(io::Error::other)? {
            match frame {
                Frame::Input(bytes) => shell.write(&bytes).await?,
                Frame::Resize { cols, rows } => shell.resize(TermSize { cols, rows }),
                Frame::Replay(_) | Frame::Output(_) | Frame::Exit(_) => {
                    return Err(io::Error::other("a frame that only the engine sends"));
                }
            }
        }
    }
}
