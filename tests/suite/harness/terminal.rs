//! The page's end of a terminal: the websocket, its frames and its credit.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use super::PATIENCE;
use super::transcript::Transcript;

/// An open terminal. It reads only while it waits, so a test can be a page that does not read.
pub struct TestTerminal {
    socket: WebSocket<TcpStream>,
    screen: Transcript,
    /// Bytes shown and not yet acknowledged.
    owed: u32,
    pub exit: Option<i32>,
    pub closed: Option<u16>,
    /// Why the last read gave nothing.
    trouble: Option<Error>,
    /// Bytes of output received in all.
    pub received: u64,
}

impl TestTerminal {
    /// Opens terminal `main`; the HTTP status if it is refused.
    pub fn open(
        authority: &str,
        sandbox: &str,
        cookie: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Self, u16> {
        let url = format!("ws://{authority}/ws/terminal/{sandbox}?name=main&cols=80&rows=24");
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        for (name, value) in [("cookie", cookie), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        let stream = TcpStream::connect(authority).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let opened = tungstenite::client(request, stream);
        let socket = match opened {
            Ok((socket, _)) => socket,
            Err(HandshakeError::Failure(Error::Http(answer))) => {
                return Err(answer.status().as_u16());
            }
            Err(error) => panic!("{error}"),
        };
        let screen = Transcript::default();
        Ok(Self {
            socket,
            screen,
            owed: 0,
            exit: None,
            closed: None,
            trouble: None,
            received: 0,
        })
    }

    pub fn type_keys(&mut self, keys: &str) {
        self.send(b'i', keys.as_bytes());
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.send(b'r', &[cols.to_be_bytes(), rows.to_be_bytes()].concat());
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut message = vec![opcode];
        message.extend_from_slice(payload);
        // A short read timeout must not cut a write short.
        self.socket.send(Message::binary(message)).unwrap();
    }

    /// Waits for `text`; answers everything shown up to its end.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(shown) = self.screen.take(text) {
                return shown;
            }
            let left = end.saturating_duration_since(Instant::now());
            let open = !left.is_zero() && self.read(left);
            assert!(
                open,
                "no {text:?} in time (close {:?}, {:?}); the terminal showed {:?}",
                self.closed,
                self.trouble,
                self.screen.rest()
            );
        }
    }

    /// Types a command line; waits until `answer` is shown, as output rather than as the echo of the typing.
    #[track_caller]
    pub fn command(&mut self, line: &str, answer: &str) -> String {
        self.type_keys(&format!("{line}\r"));
        self.expect(answer)
    }

    /// Reads messages until the socket is closed; answers the close code.
    #[track_caller]
    pub fn wait_closed(&mut self) -> Option<u16> {
        let end = Instant::now() + PATIENCE;
        while self.read(end.saturating_duration_since(Instant::now())) {}
        assert!(Instant::now() < end, "the terminal stayed open");
        self.closed
    }

    /// Reads one message, waiting at most `patience`; false when there was none in time or the socket is closed.
    pub fn read(&mut self, patience: Duration) -> bool {
        let patience = patience.max(Duration::from_millis(1));
        self.socket
            .get_ref()
            .set_read_timeout(Some(patience))
            .unwrap();
        match self.socket.read() {
            Ok(Message::Binary(message)) => self.take(&message),
            Ok(Message::Close(frame)) => {
                self.closed = frame.map(|frame| CloseCode::into(frame.code));
                return false;
            }
            Ok(_) => {}
            // A stopped and continued process sees this on sockets with a time limit.
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.trouble = Some(error);
                return false;
            }
        }
        true
    }

    fn take(&mut self, message: &[u8]) {
        let (&opcode, payload) = message.split_first().expect("an empty message");
        match opcode {
            b'h' | b'o' => {
                self.screen.push(payload);
                self.received += payload.len() as u64;
                if opcode == b'o' {
                    self.owed += u32::try_from(payload.len()).unwrap();
                }
                if self.owed >= 32 * 1024 {
                    let owed = std::mem::take(&mut self.owed);
                    self.send(b'a', &owed.to_be_bytes());
                }
            }
            b'x' => self.exit = Some(i32::from_be_bytes(payload.try_into().unwrap())),
            b'm' => self.screen.push(payload),
            other => panic!("unknown message {:?}", char::from(other)),
        }
    }

    /// Forgets what was shown: a flood would fill the memory of the test.
    pub fn forget(&mut self) {
        self.screen = Transcript::default();
    }

    /// Everything shown since the last look.
    pub fn rest(&self) -> String {
        self.screen.rest()
    }
}
