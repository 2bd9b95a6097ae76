//! Looks into the kernel of a namespace: what its rules stopped, and which connections arrived
//! though their reply did not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use fibula_network::Proto;
use nix::errno::Errno;

use crate::plan::{Origin, STOPPED, TABLE};

use super::error::Error;
use super::listen::plain;
use super::netlink::{ACK, DUMP, Message, Talk, attributes, number};

const NETFILTER: isize = 12;
const DIAGNOSIS: isize = 4;

// linux/netfilter/nfnetlink.h, nf_tables.h, nfnetlink_conntrack.h
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const TABLES: u16 = 10 << 8;
const GET_ELEMENTS: u16 = TABLES | 13;
const DELETE_ELEMENTS: u16 = TABLES | 14;
const CONNECTIONS_DELETE: u16 = 1 << 8 | 2;
const ELEMENTS_TABLE: u16 = 1;
const ELEMENTS_SET: u16 = 2;
const ELEMENTS: u16 = 3;
const ELEMENT_KEY: u16 = 1;
const DATA_VALUE: u16 = 1;
const INET: u8 = 1;

// linux/inet_diag.h
const BY_FAMILY: u16 = 20;
const SYN_RECEIVED: u32 = 1 << 3;

/// What a rule stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    pub(super) proto: Proto,
    pub(super) sport: u16,
    pub(super) origin: Origin,
}

/// The rules of one namespace.
#[derive(Debug)]
pub(super) struct Rules {
    talk: Talk,
    /// Whether the set was not empty when it was read.
    used: bool,
}

// === impl Rules ===

impl Rules {
    /// The rules of the namespace that the thread is in.
    pub(super) fn open() -> Result<Rules, Error> {
        Ok(Rules { talk: Talk::open(NETFILTER)?, used: false })
    }

    /// What the rules stopped since it was last forgotten. A ruleset that declares no set
    /// [`STOPPED`] stops nothing.
    pub(super) fn stopped(&mut self) -> Result<Vec<Stopped>, Error> {
        let mut stopped = Vec::new();
        let request = in_set(GET_ELEMENTS, DUMP, 0);
        let outcome = self.talk.ask(request, |body| {
            let lists = attributes(body.get(4..).unwrap_or_default());
            for (_, list) in lists.filter(|(kind, _)| *kind == ELEMENTS) {
                stopped.extend(attributes(list).filter_map(|(_, element)| element_key(element)));
            }
        })?;
        self.used |= !stopped.is_empty();
        match outcome {
            Ok(()) | Err(Errno::ENOENT) => Ok(stopped),
            Err(why) => Err(Error::at("read what the rules stopped")(why)),
        }
    }

    /// Forgets what was stopped so far.
    pub(super) fn forget_stopped(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.used) {
            return Ok(());
        }
        let subsystem = (TABLES >> 8).to_be_bytes();
        let batch = [0, 0, subsystem[0], subsystem[1]];
        let mut requests = Message::new(BATCH_BEGIN, 0, 0, &batch).end();
        requests.extend(in_set(DELETE_ELEMENTS, ACK, 1).end());
        requests.extend(Message::new(BATCH_END, 0, 2, &batch).end());
        let mut outcome = Ok(());
        self.talk.exchange(&requests, 1, |answer| {
            if let Err((_, errno)) = answer {
                outcome = Err(errno);
            }
        })?;
        outcome.map_err(Error::at("forget what the rules stopped"))
    }

    /// Forgets every connection that the namespace knows.
    pub(super) fn forget_connections(&mut self) -> Result<(), Error> {
        let request = Message::new(CONNECTIONS_DELETE, ACK, 0, &[0; 4]);
        self.talk.ask(request, |_| {})?.map_err(Error::at("forget connections"))
    }
}

fn in_set(kind: u16, flags: u16, sequence: u32) -> Message {
    Message::new(kind, flags, sequence, &[INET, 0, 0, 0])
        .text(ELEMENTS_TABLE, TABLE)
        .text(ELEMENTS_SET, STOPPED)
}

/// The key of an element of [`STOPPED`]: protocol, port and mark, each in four bytes.
fn element_key(element: &[u8]) -> Option<Stopped> {
    let (_, key) = attributes(element).find(|(kind, _)| *kind == ELEMENT_KEY)?;
    let (_, value) = attributes(key).find(|(kind, _)| *kind == DATA_VALUE)?;
    let proto = Proto::ALL.into_iter().find(|proto| number_of(*proto) == value.first().copied());
    let sport = u16::from_be_bytes([*value.get(4)?, *value.get(5)?]);
    Some(Stopped { proto: proto?, sport, origin: Origin(number(value, 8)?) })
}

/// The number of a protocol in an IP header.
fn number_of(proto: Proto) -> Option<u8> {
    Some(match proto {
        Proto::Tcp => 6,
        Proto::Udp => 17,
        Proto::Sctp => 132,
    })
}

/// The TCP connections that arrived in the namespace that the thread is in and whose handshake
/// does not end: where each comes from and what it was sent to.
pub(super) fn half_open() -> Result<Vec<(SocketAddr, SocketAddr)>, Error> {
    let mut talk = Talk::open(DIAGNOSIS)?;
    let mut found = Vec::new();
    for family in [libc_family(true), libc_family(false)] {
        let mut request = [0; 56];
        request[0] = family;
        request[1] = 6;
        request[4..8].copy_from_slice(&SYN_RECEIVED.to_ne_bytes());
        let request = Message::new(BY_FAMILY, DUMP, 0, &request);
        let outcome = talk.ask(request, |body| found.extend(both_ends(body)))?;
        match outcome {
            // A kernel without this family, or without this way to ask.
            Ok(()) | Err(Errno::ENOENT | Errno::EAFNOSUPPORT) => {}
            Err(why) => return Err(Error::at("look for connections")(why)),
        }
    }
    Ok(found)
}

fn libc_family(v4: bool) -> u8 {
    (if v4 { nix::libc::AF_INET } else { nix::libc::AF_INET6 }) as u8
}

/// The source and the target of a connection as its target sees them.
fn both_ends(body: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let port = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
    let ip = |at: usize| -> Option<IpAddr> {
        let bytes: [u8; 16] = body.get(at..at + 16)?.try_into().ok()?;
        let [a, b, c, d, ..] = bytes;
        let v4 = body.first() == Some(&libc_family(true));
        Some(if v4 { Ipv4Addr::from([a, b, c, d]).into() } else { Ipv6Addr::from(bytes).into() })
    };
    let target = SocketAddr::new(ip(8)?, port(4)?);
    let source = SocketAddr::new(ip(24)?, port(6)?);
    Some((plain(source), plain(target)))
}
