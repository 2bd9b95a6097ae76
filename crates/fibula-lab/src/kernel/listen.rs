//! The processes of a lab: they take every connection and send every message back.

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use fibula_network::Proto;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol,
    SockType, SockaddrStorage, bind, listen, recvmsg, sendmsg, setsockopt, socket, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};

use crate::plan::{Listener, SpaceId};

use super::error::Error;
use super::route::anybody;

sockopt_impl!(
    /// How often the answer to a connection's first packet is repeated: as seldom as can be, or
    /// it would come into the way of later probes for a minute.
    Attempts, SetOnly, libc::IPPROTO_TCP, libc::TCP_SYNCNT, libc::c_int
);

/// The longest message that is sent back whole.
const LONGEST: usize = 2048;

/// An open port.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) space: SpaceId,
    /// Which listener of the namespace.
    pub(super) listener: usize,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    /// TCP, and SCTP, which is used in the same way.
    Connections(TcpListener),
    Messages {
        socket: UdpSocket,
        port: u16,
        v4: bool,
    },
}

/// Something that arrived: where it seems to come from, and what it was sent to.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// Of a connection, this end of it.
    pub(super) stream: Option<TcpStream>,
    /// Of a message, the first eight bytes.
    pub(super) begins: Option<[u8; 8]>,
}

// === impl Door ===

impl Door {
    /// Opens a port in the namespace that the thread is in, for both families: one socket for each
    /// would cost a lab half as many open files again, and of these there are few. None where the
    /// kernel does not have the protocol.
    pub(super) fn open(
        space: SpaceId,
        (number, listener): (usize, &Listener),
    ) -> Result<Option<Door>, Error> {
        let Listener { proto, port, .. } = *listener;
        let doing = || Error::at(format!("listen on {port}/{}", proto.name()));
        let mut v4 = false;
        let mut socket = open(proto, v4);
        if matches!(socket, Err(Errno::EAFNOSUPPORT)) {
            // A kernel without IPv6.
            (v4, socket) = (true, open(proto, true));
        }
        let socket = match socket {
            Err(Errno::EPROTONOSUPPORT | Errno::ESOCKTNOSUPPORT) => return Ok(None),
            socket => socket.map_err(doing())?,
        };
        let here = SockaddrStorage::from(SocketAddr::new(anybody(v4), port));
        if !v4 {
            setsockopt(&socket, sockopt::Ipv6V6Only, &false).map_err(doing())?;
        }
        setsockopt(&socket, sockopt::ReuseAddr, &true).map_err(doing())?;
        if proto == Proto::Udp {
            // Answers come from any address of the namespace's ranges.
            setsockopt(&socket, sockopt::IpFreebind, &true).map_err(doing())?;
            if v4 {
                setsockopt(&socket, sockopt::Ipv4PacketInfo, &true).map_err(doing())?;
            } else {
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true).map_err(doing())?;
            }
        }
        bind(socket.as_raw_fd(), &here).map_err(doing())?;
        let socket = match proto {
            Proto::Udp => Socket::Messages { socket: UdpSocket::from(socket), port, v4 },
            Proto::Tcp | Proto::Sctp => {
                if proto == Proto::Tcp {
                    setsockopt(&socket, Attempts, &1).map_err(doing())?;
                }
                listen(&socket, Backlog::MAXCONN).map_err(doing())?;
                Socket::Connections(TcpListener::from(socket))
            }
        };
        Ok(Some(Door { space, listener: number, socket }))
    }

    /// What has arrived: a connection is taken, a message is sent back from the address that it
    /// was sent to. None if there is nothing more.
    pub(super) fn take(&self) -> Option<Arrival> {
        match &self.socket {
            Socket::Connections(listener) => loop {
                match listener.accept() {
                    Ok((stream, from)) => {
                        let Ok(to) = stream.local_addr() else { continue };
                        let (from, to) = (plain(from), plain(to));
                        return Some(Arrival { from, to, stream: Some(stream), begins: None });
                    }
                    Err(why) if why.kind() == ErrorKind::WouldBlock => return None,
                    // One that went before it was taken; the next one may be well.
                    Err(why) if why.raw_os_error() == Some(libc::ECONNABORTED) => {}
                    Err(_) => return None,
                }
            },
            Socket::Messages { socket, port, v4 } => echo(socket, *port, *v4),
        }
    }
}

impl AsFd for Door {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Connections(listener) => listener.as_fd(),
            Socket::Messages { socket, .. } => socket.as_fd(),
        }
    }
}

/// A socket that never blocks, in the namespace that the thread is in.
pub(super) fn open(proto: Proto, v4: bool) -> nix::Result<OwnedFd> {
    let family = if v4 { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let (kind, protocol) = match proto {
        Proto::Tcp => (SockType::Stream, SockProtocol::Tcp),
        Proto::Udp => (SockType::Datagram, SockProtocol::Udp),
        Proto::Sctp => (SockType::Stream, SockProtocol::Sctp),
    };
    socket(family, kind, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, protocol)
}

/// Receives a message and sends it back from the address that it was sent to.
fn echo(socket: &UdpSocket, port: u16, v4: bool) -> Option<Arrival> {
    let mut bytes = [0; LONGEST];
    let mut space = nix::cmsg_space!(libc::in6_pktinfo);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let fd = socket.as_raw_fd();
    let received =
        recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut space), MsgFlags::empty()).ok()?;
    let (length, sender) = (received.bytes, received.address?);
    let from = address(&sender)?;
    let info = received.cmsgs().ok()?.next()?;
    let to = match &info {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            std::net::Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into()
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            std::net::Ipv6Addr::from(info.ipi6_addr.s6_addr).into()
        }
        _ => anybody(v4),
    };
    // From this address, but by whichever interface the routes say.
    let (mut v4_info, mut v6_info);
    let control = match info {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            v4_info = info;
            v4_info.ipi_ifindex = 0;
            v4_info.ipi_spec_dst = v4_info.ipi_addr;
            Some(ControlMessage::Ipv4PacketInfo(&v4_info))
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            v6_info = info;
            v6_info.ipi6_ifindex = 0;
            Some(ControlMessage::Ipv6PacketInfo(&v6_info))
        }
        _ => None,
    };
    let parts = [IoSlice::new(&bytes[..length])];
    // What cannot be sent back is a reply that is lost.
    let _ = sendmsg(fd, &parts, control.as_slice(), MsgFlags::empty(), Some(&sender));
    let begins = bytes.first_chunk::<8>().filter(|_| length >= 8).copied();
    let to = SocketAddr::new(to, port);
    Some(Arrival { from: plain(from), to: plain(to), stream: None, begins })
}

/// An address as its own family has it: sockets of both families write IPv4 as IPv6.
pub(super) fn plain(at: SocketAddr) -> SocketAddr {
    SocketAddr::new(at.ip().to_canonical(), at.port())
}

/// An address as the standard library has it.
pub(super) fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    storage
        .as_sockaddr_in()
        .map(|v4| SocketAddrV4::from(*v4).into())
        .or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6).into()))
}
