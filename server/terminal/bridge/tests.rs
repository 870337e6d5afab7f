use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::terminal::{
    flow::WINDOW,
    output::{BATCH, READ},
};

/// A page, an engine, and a bridge between them that waits to be run.
struct Rig {
    page: WebSocketStream<DuplexStream>,
    engine: DuplexStream,
    bridge: Bridge<DuplexStream, DuplexStream>,
}

async fn rig() -> Rig {
    let (page, ours) = duplex(16 * 1024);
    let (engine, theirs) = duplex(16 * 1024);
    let limits = Some(crate::terminal::transport::limits());
    Rig {
        page: WebSocketStream::from_raw_socket(page, Role::Client, None).await,
        engine,
        bridge: Bridge {
            page: WebSocketStream::from_raw_socket(ours, Role::Server, limits).await,
            engine: theirs,
            shutdown: CancellationToken::new(),
        },
    }
}

fn wire(frame: &Frame) -> BytesMut {
    let mut wire = BytesMut::new();
    frame.encode(&mut wire);
    wire
}

fn output(len: usize) -> BytesMut {
    wire(&Frame::Output(vec![b'y'; len].into()))
}

/// The next message that is no ping.
async fn next(page: &mut WebSocketStream<DuplexStream>) -> Message {
    loop {
        match page
            .next()
            .await
            .expect("the page is still open")
            .expect("no error")
        {
            Message::Ping(_) => {}
            message => return message,
        }
    }
}

fn binary(bytes: &[u8]) -> Message {
    Message::Binary(Bytes::copy_from_slice(bytes))
}

#[tokio::test]
async fn keys_reach_the_engine_and_output_reaches_the_page() {
    let Rig {
        mut page,
        mut engine,
        bridge,
    } = rig().await;
    let talk = async {
        engine
            .write_all(&wire(&Frame::Replay(Bytes::from_static(b"before"))))
            .await
            .unwrap();
        assert_eq!(next(&mut page).await, binary(b"hbefore"));
        page.send(binary(b"ils\r")).await.unwrap();
        page.send(binary(&[b'r', 0, 100, 0, 30])).await.unwrap();
        let mut heard = BytesMut::new();
        let mut frames = Vec::new();
        while frames.len() < 2 {
            engine.read_buf(&mut heard).await.unwrap();
            while let Some(frame) = Frame::decode(&mut heard).unwrap() {
                frames.push(frame);
            }
        }
        assert_eq!(frames[0], Frame::Input(Bytes::from_static(b"ls\r")));
        assert_eq!(
            frames[1],
            Frame::Resize {
                cols: 100,
                rows: 30
            }
        );
        engine.write_all(&output(3)).await.unwrap();
        assert_eq!(next(&mut page).await, binary(b"oyyy"));
        page.close(None).await.unwrap();
    };
    let (end, ()) = tokio::join!(bridge.run(async |_: &End| None), talk);
    assert!(matches!(end, End::PageLeft), "{end:?}");
}

#[tokio::test]
async fn a_long_replay_begins_with_one_replay_message() {
    let Rig {
        mut page,
        mut engine,
        bridge,
    } = rig().await;
    let talk = async {
        let long = Bytes::from(vec![b'r'; drydock_api::terminal::MAX_PAYLOAD + 1]);
        engine.write_all(&wire(&Frame::Replay(long))).await.unwrap();
        assert_eq!(next(&mut page).await.into_data()[0], b'h');
        assert_eq!(next(&mut page).await, binary(b"or"));
        drop(page);
    };
    tokio::join!(bridge.run(async |_: &End| None), talk);
}

#[tokio::test(start_paused = true)]
async fn a_flood_stops_at_the_window_and_goes_on_when_it_is_drawn() {
    const CHUNK: usize = 4096;
    let Rig {
        mut page,
        mut engine,
        bridge,
    } = rig().await;
    let talk = async {
        let mut pending = BytesMut::new();
        let mut written = 0;
        let mut received = 0;
        // The page takes everything off the wire and draws none of it.
        loop {
            if pending.is_empty() {
                pending = output(CHUNK);
            }
            tokio::select! {
                biased;
                result = engine.write_buf(&mut pending) => written += result.unwrap(),
                message = next(&mut page) => received += message.len() - 1,
                () = tokio::time::sleep(Duration::from_secs(1)) => break,
            }
        }
        assert!(received <= WINDOW, "{received}");
        assert!(received > WINDOW - BATCH - CHUNK, "{received}");
        // What is under way beside it: the engine's pipe and one read of it, and what is gathered.
        assert!(
            written <= WINDOW + 16 * 1024 + READ + 2 * CHUNK,
            "{written}"
        );

        page.send(binary(&[b'a', 0, 1, 0, 0])).await.unwrap();
        assert!(next(&mut page).await.len() > CHUNK);
        page.close(None).await.unwrap();
    };
    tokio::join!(bridge.run(async |_: &End| None), talk);
}

#[tokio::test]
async fn a_paste_that_nobody_reads_does_not_stop_the_output() {
    let Rig {
        mut page,
        mut engine,
        bridge,
    } = rig().await;
    let talk = async {
        // The engine's pipe holds 16 KiB and the engine does not read.
        for _ in 0..4 {
            let mut paste = vec![b'p'; 64 * 1024];
            paste[0] = b'i';
            page.send(binary(&paste)).await.unwrap();
        }
        let mut drawn = 0;
        while drawn < 2 * WINDOW {
            engine.write_all(&output(8 * 1024)).await.unwrap();
            let len = next(&mut page).await.len() - 1;
            drawn += len;
            let mut ack = vec![b'a'];
            ack.extend_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
            page.send(binary(&ack)).await.unwrap();
        }
        page.close(None).await.unwrap();
    };
    tokio::join!(bridge.run(async |_: &End| None), talk);
}

#[tokio::test]
async fn a_restart_is_told_at_once_with_its_code() {
    let Rig {
        mut page,
        engine: _engine,
        bridge,
    } = rig().await;
    let shutdown = bridge.shutdown.clone();
    let talk = async {
        shutdown.cancel();
        let Message::Close(Some(frame)) = next(&mut page).await else {
            panic!("no close frame")
        };
        assert_eq!(u16::from(frame.code), CLOSE_RESTART);
    };
    let code_for = async |end: &End| {
        assert!(matches!(end, End::ShuttingDown), "{end:?}");
        Some((CLOSE_RESTART, "restarting"))
    };
    tokio::join!(bridge.run(code_for), talk);
}

#[tokio::test]
async fn the_last_output_and_the_exit_code_arrive_before_the_close() {
    let Rig {
        mut page,
        mut engine,
        bridge,
    } = rig().await;
    let talk = async {
        engine.write_all(&output(2)).await.unwrap();
        engine.write_all(&wire(&Frame::Exit(7))).await.unwrap();
        drop(engine);
        assert_eq!(next(&mut page).await, binary(b"oyy"));
        assert_eq!(next(&mut page).await, binary(&[b'x', 0, 0, 0, 7]));
        assert!(matches!(next(&mut page).await, Message::Close(Some(_))));
    };
    let (end, ()) = tokio::join!(
        bridge.run(async |_: &End| Some((1000, "the shell ended"))),
        talk
    );
    assert!(matches!(end, End::ShellExited), "{end:?}");
}

#[tokio::test]
async fn an_engine_that_goes_away_without_a_word_is_told_apart() {
    let Rig {
        mut page,
        engine,
        bridge,
    } = rig().await;
    drop(engine);
    let talk = async { while page.next().await.is_some_and(|message| message.is_ok()) {} };
    let code_for = async |_: &End| Some((CLOSE_SANDBOX_ENDED, "over"));
    let (end, ()) = tokio::join!(bridge.run(code_for), talk);
    assert!(matches!(end, End::EngineGone), "{end:?}");
}

#[tokio::test]
async fn a_message_that_is_none_ends_the_terminal() {
    let Rig {
        mut page,
        engine: _engine,
        bridge,
    } = rig().await;
    let talk = async { page.send(binary(b"?")).await.unwrap() };
    let (end, ()) = tokio::join!(bridge.run(async |_: &End| None), talk);
    assert!(
        matches!(end, End::PageGarbled(FrameError::UnknownOpcode(b'?'))),
        "{end:?}"
    );
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_terminal() {
    let Rig {
        mut page,
        engine: _engine,
        bridge,
    } = rig().await;
    let talk = async {
        let huge = vec![b'i'; crate::terminal::transport::MAX_MESSAGE + 1];
        let _ = page.send(binary(&huge)).await;
    };
    let (end, ()) = tokio::join!(bridge.run(async |_: &End| None), talk);
    assert!(matches!(end, End::PageLeft), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_answers_no_ping_is_given_up() {
    let Rig {
        page: _page,
        engine: _engine,
        bridge,
    } = rig().await;
    let before = Instant::now();
    let end = bridge.run(async |_: &End| None).await;
    assert!(matches!(end, End::PageSilent), "{end:?}");
    assert!(before.elapsed() < SILENCE + 2 * PING_PERIOD);
}
