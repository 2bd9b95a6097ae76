//! One probe as its sender sees it.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use fibula_network::Proto;
use nix::errno::Errno;
use nix::libc;
use nix::sys::epoll::EpollFlags;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, bind, connect, recvmsg, setsockopt, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};

use super::listen::open;

sockopt_impl!(
    /// Whether a connection is only mended: then it ends without a word to the other side. Needs
    /// the rights that a lab has anyway.
    Mended, SetOnly, libc::IPPROTO_TCP, libc::TCP_REPAIR, libc::c_int
);

/// The socket of a probe.
pub(super) enum Client {
    /// TCP, and SCTP, which is used in the same way.
    Connection(TcpStream),
    Message(UdpSocket),
}

/// What the sender hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The connection stands, or the message came back.
    Reply,
    /// An error, and who said so if it came over the network.
    Error { errno: Errno, by: Option<IpAddr> },
}

// === impl Client ===

impl Client {
    /// Sends a probe from the namespace that the thread is in. An error is what the sender hears
    /// at once.
    pub(super) fn send(
        proto: Proto,
        from: SocketAddr,
        to: SocketAddr,
        content: [u8; 8],
    ) -> Result<Client, Heard> {
        let heard = |errno| Heard::Error { errno, by: None };
        let v4 = to.is_ipv4();
        let socket = open(proto, v4).map_err(heard)?;
        let fd = socket.as_raw_fd();
        setsockopt(&socket, sockopt::ReuseAddr, &true).map_err(heard)?;
        // A namespace sends from any address of its ranges, too.
        setsockopt(&socket, sockopt::IpFreebind, &true).map_err(heard)?;
        // ICMP errors that come while the first packet is still being sent are kept only in the
        // queue of errors.
        if v4 {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true).map_err(heard)?;
        } else {
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true).map_err(heard)?;
        }
        bind(fd, &SockaddrStorage::from(from)).map_err(heard)?;
        match connect(fd, &SockaddrStorage::from(to)) {
            Ok(()) | Err(Errno::EINPROGRESS) => {}
            Err(errno) => return Err(heard(errno)),
        }
        Client::from(proto, socket).begin(content)
    }

    fn from(proto: Proto, socket: OwnedFd) -> Client {
        match proto {
            Proto::Udp => Client::Message(UdpSocket::from(socket)),
            Proto::Tcp | Proto::Sctp => Client::Connection(TcpStream::from(socket)),
        }
    }

    fn begin(self, content: [u8; 8]) -> Result<Client, Heard> {
        if let Client::Message(socket) = &self {
            match socket.send(&content) {
                // What a rule of the namespace itself stopped, the rule tells.
                Err(why) if why.raw_os_error() != Some(libc::EPERM) => {
                    return Err(self.queued().unwrap_or_else(|| error(&why)));
                }
                _ => {}
            }
        }
        Ok(self)
    }

    /// What the sender hears by now, if anything, where there is something of this kind to hear.
    pub(super) fn hears(&self, what: EpollFlags) -> Option<Heard> {
        let errors = what.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
        if let Some(heard) = errors.then(|| self.queued()).flatten() {
            return Some(heard);
        }
        match self {
            Client::Connection(stream) => match stream.take_error() {
                Ok(None) => stream.peer_addr().is_ok().then_some(Heard::Reply),
                Ok(Some(why)) | Err(why) => Some(error(&why)),
            },
            Client::Message(socket) => match socket.recv(&mut [0; 8]) {
                Ok(_) => Some(Heard::Reply),
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => None,
                Err(why) => Some(error(&why)),
            },
        }
    }

    /// What the queue of errors holds: an error with who said so.
    fn queued(&self) -> Option<Heard> {
        let mut bytes = [0; 64];
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let mut space = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let fd = self.as_fd().as_raw_fd();
        let received = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut space), flags).ok()?;
        received.cmsgs().ok()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(what, by) => Some(Heard::Error {
                errno: Errno::from_raw(what.ee_errno as i32),
                by: by.map(|by| IpAddr::from(by.sin_addr.s_addr.to_ne_bytes())),
            }),
            ControlMessageOwned::Ipv6RecvErr(what, by) => Some(Heard::Error {
                errno: Errno::from_raw(what.ee_errno as i32),
                by: by.map(|by| IpAddr::from(by.sin6_addr.s6_addr)),
            }),
            _ => None,
        })
    }

    /// Ends the probe, with nothing left to wait for.
    pub(super) fn end(self) {
        if let Client::Connection(stream) = self {
            end(stream);
        }
    }
}

/// Ends this side of a connection at once. The other side hears of it only where the kernel can end
/// none without a word: to say it would cost as much as to begin.
pub(super) fn end(stream: TcpStream) {
    if setsockopt(&stream, Mended, &1).is_err() {
        let now = libc::linger { l_onoff: 1, l_linger: 0 };
        // Without it the connection only ends more slowly.
        let _ = setsockopt(&stream, sockopt::Linger, &now);
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Client::Connection(stream) => stream.as_fd(),
            Client::Message(socket) => socket.as_fd(),
        }
    }
}

fn error(why: &io::Error) -> Heard {
    Heard::Error { errno: Errno::from_raw(why.raw_os_error().unwrap_or(libc::EIO)), by: None }
}
