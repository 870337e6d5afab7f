//! Messages between a process and the helper it started: JSON with a length before it, and descriptors
//! beside it, on a Unix stream socket.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Serialize, de::DeserializeOwned};

/// No message is larger: a container's whole specification fits many times over.
const MAX_MESSAGE: usize = 4 << 20;
/// Descriptors beside one message, at most.
const MAX_FDS: usize = 32;

/// Sends one message, with descriptors.
///
/// # Errors
/// The other side is gone, or the message is too large.
pub fn send<T: Serialize>(
    socket: &UnixStream,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    if body.len() > MAX_MESSAGE || fds.len() > MAX_FDS {
        return Err(io::Error::from_raw_os_error(libc::E2BIG));
    }
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut packet = [len.to_be_bytes(), fd_count(fds.len())].concat();
    packet.extend_from_slice(&body);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    // One call, so that two processes reporting on one socket do not mix their messages.
    let sent = rustix::io::retry_on_intr(|| {
        sendmsg(
            socket,
            &[IoSlice::new(&packet)],
            &mut control,
            SendFlags::NOSIGNAL,
        )
    })?;
    (&mut &*socket).write_all(&packet[sent..])
}

/// Receives one message; `None` when the other side has closed.
///
/// # Errors
/// The other side broke off inside a message, or said something unreadable.
pub fn receive<T: DeserializeOwned>(socket: &UnixStream) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut head = [0; 8];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = rustix::io::retry_on_intr(|| {
        recvmsg(
            socket.as_fd(),
            &mut [IoSliceMut::new(&mut head)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        )
    })?
    .bytes;
    let fds: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        })
        .flatten()
        .collect();
    if got == 0 {
        return Ok(None);
    }
    (&mut &*socket).read_exact(&mut head[got..])?;
    let (len, count) = head.split_at(4);
    let len = u32::from_be_bytes([len[0], len[1], len[2], len[3]]) as usize;
    if len > MAX_MESSAGE || fd_count(fds.len()) != count {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; len];
    (&mut &*socket).read_exact(&mut body)?;
    Ok(Some((serde_json::from_slice(&body)?, fds)))
}

fn fd_count(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors() {
        let (here, there) = UnixStream::pair().unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        send(&here, &"hello", &[reader.as_fd()]).unwrap();
        writer.write_all(b"through").unwrap();
        drop((here, reader, writer));
        let (text, fds) = receive::<String>(&there).unwrap().unwrap();
        assert_eq!(text, "hello");
        let mut got = String::new();
        std::fs::File::from(fds.into_iter().next().unwrap())
            .read_to_string(&mut got)
            .unwrap();
        assert_eq!(got, "through");
        assert!(receive::<String>(&there).unwrap().is_none());
    }

    #[test]
    fn a_length_past_the_limit_is_refused_without_reading_on() {
        let (mut here, there) = UnixStream::pair().unwrap();
        here.write_all(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
            .unwrap();
        assert!(receive::<String>(&there).is_err());
    }
}
