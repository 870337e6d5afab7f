//! Standard input as it is typed.

use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces of standard input. Reading blocks, so a thread does it; at most four pieces wait.
#[derive(Debug)]
pub struct Input {
    pieces: mpsc::Receiver<Bytes>,
}

impl Input {
    /// Begins to read.
    #[must_use]
    pub fn open() -> Self {
        let (sender, pieces) = mpsc::channel(4);
        std::thread::spawn(move || {
            let mut buffer = vec![0u8; 64 * 1024];
            loop {
                match rustix::io::read(std::io::stdin(), &mut buffer[..]) {
                    Ok(0) => return,
                    Ok(count)
                        if sender
                            .blocking_send(Bytes::copy_from_slice(&buffer[..count]))
                            .is_err() =>
                    {
                        return;
                    }
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        });
        Self { pieces }
    }

    /// The next piece; `None` at the end of the input.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.pieces.recv().await
    }
}
