//! Netlink messages as bytes: what every family of them has in common.

use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;

use super::error::Error;

/// Flags of a request.
pub(super) const REQUEST: u16 = 0x1;
pub(super) const ACK: u16 = 0x4;
pub(super) const DUMP: u16 = 0x300;
pub(super) const CREATE: u16 = 0x400;

const HEADER: usize = 16;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// A conversation with the kernel about the namespace in which it was opened.
#[derive(Debug)]
pub(super) struct Talk {
    socket: Socket,
    buffer: Vec<u8>,
}

/// A request that is being written.
pub(super) struct Message(Vec<u8>);

/// A message that was received.
pub(super) struct Received<'a> {
    pub(super) sequence: u32,
    kind: u16,
    pub(super) body: &'a [u8],
}

// === impl Talk ===

impl Talk {
    pub(super) fn open(protocol: isize) -> Result<Talk, Error> {
        let mut socket = Socket::new(protocol).map_err(Error::at("open a netlink socket"))?;
        socket.bind(&SocketAddr::new(0, 0)).map_err(Error::at("open a netlink socket"))?;
        Ok(Talk { socket, buffer: Vec::with_capacity(1 << 16) })
    }

    /// Sends requests, of which the one numbered `last` asks for an answer, and gives what comes
    /// back until then to `see`: messages, and what was refused, by number.
    pub(super) fn exchange(
        &mut self,
        requests: &[u8],
        last: u32,
        mut see: impl FnMut(Result<Received<'_>, (u32, Errno)>),
    ) -> Result<(), Error> {
        let asking = || Error::at("ask the kernel");
        self.socket.send(requests, 0).map_err(asking())?;
        loop {
            self.buffer.clear();
            self.socket.recv(&mut self.buffer, 0).map_err(asking())?;
            for message in received(&self.buffer) {
                let (sequence, kind) = (message.sequence, message.kind);
                match (kind, number(message.body, 0)) {
                    (ERROR, Some(0)) => {}
                    (ERROR | DONE, Some(code)) if (code as i32) < 0 => {
                        let code = (code as i32).saturating_neg();
                        see(Err((sequence, Errno::from_raw(code))));
                    }
                    (ERROR | DONE, _) => {}
                    _ => see(Ok(message)),
                }
                if matches!(kind, ERROR | DONE) && sequence == last {
                    return Ok(());
                }
            }
        }
    }

    /// Sends one request and gives what comes back.
    pub(super) fn ask(
        &mut self,
        request: Message,
        mut see: impl FnMut(&[u8]),
    ) -> Result<Result<(), Errno>, Error> {
        let mut outcome = Ok(());
        self.exchange(&request.end(), 0, |answer| match answer {
            Ok(message) => see(message.body),
            Err((_, errno)) => outcome = Err(errno),
        })?;
        Ok(outcome)
    }
}

// === impl Message ===

impl Message {
    /// A request, its number and the fixed part of its body.
    pub(super) fn new(kind: u16, flags: u16, sequence: u32, fixed: &[u8]) -> Message {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&(REQUEST | flags).to_ne_bytes());
        bytes.extend_from_slice(&sequence.to_ne_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(fixed);
        Message(bytes)
    }

    /// An attribute whose value is text.
    pub(super) fn text(mut self, kind: u16, text: &str) -> Message {
        let length = 4 + text.len() + 1;
        self.0.extend_from_slice(&(length as u16).to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self.0.resize(self.0.len() + 1 + length.next_multiple_of(4) - length, 0);
        self
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0
    }
}

/// The messages in what was received at once.
fn received(mut bytes: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let length = number(bytes, 0)? as usize;
        let body = bytes.get(HEADER..length)?;
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        let sequence = number(bytes, 8)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Received { sequence, kind, body })
    })
}

/// The attributes in bytes: kind and value. A kind has no flags.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let head = bytes.get(..4)?;
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let kind = u16::from_ne_bytes([head[2], head[3]]) & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The number of 32 bits at a place, in the order of this machine.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_ne_bytes)
}
