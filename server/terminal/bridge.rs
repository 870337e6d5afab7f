//! The pump between a page's websocket and a terminal of the engine.
//!
//! Five things run side by side until one of them ends, and none of them waits for another but
//! through [`Flow`]: page → queue, queue → engine, engine → outbox (within the page's credit),
//! outbox → page, and the pings.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use drydock_api::terminal::{Frame, FrameError as EngineFrameError};
use futures_util::{
    SinkExt as _, Stream, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    flow::{Flow, InputFull},
    frame::{ClientFrame, FrameError, ServerFrame},
    output::Output,
};

/// Messages that wait for the page's connection; each is at most one frame of the engine.
const OUTBOX: usize = 2;
const PING_PERIOD: Duration = Duration::from_secs(20);
/// A page that said nothing, not even to a ping, for so long is gone.
const SILENCE: Duration = Duration::from_secs(65);
/// How long the last words to a page may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// The page may come back at once: the server restarts.
pub const CLOSE_RESTART: u16 = 1012;
/// The page may come back: the engine let this connection go, but lives.
pub const CLOSE_TRY_AGAIN: u16 = 1013;
/// The sandbox is over.
pub const CLOSE_SANDBOX_ENDED: u16 = 4404;

/// Why the pump stopped.
#[derive(Debug)]
pub enum End {
    /// The page closed the websocket or its connection broke.
    PageLeft,
    /// The page does not answer pings.
    PageSilent,
    /// The page said something that is no message of ours.
    PageGarbled(FrameError),
    /// The shell ended and said so.
    ShellExited,
    /// The engine ended the stream or went away.
    EngineGone,
    /// The engine said something that is no frame.
    EngineGarbled(EngineFrameError),
    /// The server is going down.
    ShuttingDown,
}

/// Both ends of one terminal.
#[derive(Debug)]
pub struct Bridge<S, E> {
    /// The page.
    pub page: WebSocketStream<S>,
    /// The engine's stream of terminal frames.
    pub engine: E,
    /// Fires when the server is going down.
    pub shutdown: CancellationToken,
}

impl<S, E> Bridge<S, E>
where
    S: AsyncRead + AsyncWrite + Unpin,
    E: AsyncRead + AsyncWrite + Unpin,
{
    /// Pumps until one side ends, then closes the page's side with the code that `code_for` gives.
    pub async fn run(self, code_for: impl AsyncFnOnce(&End) -> Option<(u16, &'static str)>) -> End {
        let flow = Flow::new();
        let (mut sink, mut stream) = self.page.split();
        let (from_engine, to_engine) = tokio::io::split(self.engine);
        let (outbox, mut waiting) = mpsc::channel(OUTBOX);

        let end = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => End::ShuttingDown,
            end = read_page(&mut stream, &flow, &outbox) => end,
            end = write_page(&mut sink, &mut waiting) => end,
            end = write_engine(to_engine, &flow) => end,
            end = Output::new(from_engine, &flow, &outbox).run() => end,
            end = keep_alive(&flow, &outbox) => end,
        };
        if let Some((code, reason)) = code_for(&end).await {
            let _ = timeout(FAREWELL, async {
                say_farewell(&mut sink, &mut waiting, code, reason).await?;
                hear_farewell(&mut stream).await;
                Ok::<_, SocketError>(())
            })
            .await;
        }
        end
    }
}

/// Closes a websocket that never got as far as a terminal.
pub async fn close<S>(mut page: WebSocketStream<S>, code: u16, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = close_frame(code, reason);
    let _ = timeout(FAREWELL, async {
        page.close(Some(frame)).await?;
        hear_farewell(&mut page).await;
        Ok::<_, SocketError>(())
    })
    .await;
}

/// Waits for the page's answer to a close frame: a connection that is closed while it still brings
/// something is reset, and the close frame may be lost with it.
async fn hear_farewell(page: &mut (impl Stream<Item = Result<Message, SocketError>> + Unpin)) {
    while page.next().await.is_some_and(|message| message.is_ok()) {}
}

fn close_frame(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code: CloseCode::from(code),
        reason: reason.into(),
    }
}

async fn read_page<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    flow: &Flow,
    outbox: &mpsc::Sender<Message>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut overflowing = false;
    while let Some(Ok(message)) = stream.next().await {
        flow.hear();
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return End::PageLeft,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Text(_) => return End::PageGarbled(FrameError::Empty),
        };
        let queued = match ClientFrame::decode(&bytes) {
            Ok(ClientFrame::Input(_)) => flow.queue(Frame::Input(bytes.slice(1..))),
            Ok(ClientFrame::Resize(size)) => flow.queue(Frame::Resize {
                cols: size.cols,
                rows: size.rows,
            }),
            Ok(ClientFrame::Ack(count)) => {
                flow.acknowledge(count);
                continue;
            }
            Err(error) => return End::PageGarbled(error),
        };
        // Said once per jam, and not at all when the page does not take messages either.
        if queued == Err(InputFull) && !overflowing {
            let notice =
                "The program in the terminal is not reading its input; some of it was dropped.";
            let _ = outbox.try_send(message_of(&ServerFrame::Notice(notice.into())));
        }
        overflowing = queued == Err(InputFull);
    }
    End::PageLeft
}

async fn write_page<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    waiting: &mut mpsc::Receiver<Message>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = waiting.recv().await {
        if feed_all(sink, waiting, message).await.is_err() {
            break;
        }
    }
    End::PageLeft
}

/// Hands over everything that waits before flushing, so that a flood travels in large writes.
async fn feed_all<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    waiting: &mut mpsc::Receiver<Message>,
    first: Message,
) -> Result<(), SocketError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    sink.feed(first).await?;
    while let Ok(message) = waiting.try_recv() {
        sink.feed(message).await?;
    }
    sink.flush().await
}

async fn write_engine<E: AsyncWrite + Unpin>(mut engine: E, flow: &Flow) -> End {
    let mut wire = BytesMut::new();
    loop {
        flow.next_input().await.encode(&mut wire);
        let written: io::Result<()> = async {
            engine.write_all_buf(&mut wire).await?;
            engine.flush().await
        }
        .await;
        // The reading side knows best why the engine went; it must not be cut short by this one.
        if written.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn keep_alive(flow: &Flow, outbox: &mpsc::Sender<Message>) -> End {
    let mut ticks = interval(PING_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if Instant::now().duration_since(flow.last_heard()) > SILENCE {
            return End::PageSilent;
        }
        // A full outbox means that the page is being written to: silence will tell.
        let _ = outbox.try_send(Message::Ping(Bytes::new()));
    }
}

async fn say_farewell<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    waiting: &mut mpsc::Receiver<Message>,
    code: u16,
    reason: &'static str,
) -> Result<(), SocketError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Ok(message) = waiting.try_recv() {
        sink.feed(message).await?;
    }
    sink.send(Message::Close(Some(close_frame(code, reason))))
        .await
}

fn message_of(frame: &ServerFrame) -> Message {
    Message::Binary(frame.encode())
}

#[cfg(test)]
mod tests;
