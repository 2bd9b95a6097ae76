//! The header of a message (N5).

use std::fmt;
use std::str::FromStr;

use crate::addr::Addr;

/// A transport protocol that the model speaks of (NM-24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proto {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// The header of a message: the article's four fields, and the protocol (N5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// The source address.
    pub src: Addr,
    /// The source port.
    pub sport: u16,
    /// The target address.
    pub dst: Addr,
    /// The target port.
    pub dport: u16,
    /// The protocol.
    pub proto: Proto,
}

/// A port of a protocol, printed as `8080` for TCP and as `53/UDP` for any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// The protocol.
    pub proto: Proto,
    /// The number.
    pub number: u16,
}

// === impl Header ===

impl Header {
    /// The header of a reply: source and target exchanged.
    pub fn mirrored(self) -> Header {
        let Header { src, sport, dst, dport, proto } = self;
        Header { src: dst, sport: dport, dst: src, dport: sport, proto }
    }
}

// === impl Proto ===

impl Proto {
    /// Each protocol, in their order.
    pub const ALL: [Proto; 3] = [Proto::Tcp, Proto::Udp, Proto::Sctp];

    /// Its name, as Kubernetes writes it.
    pub fn name(self) -> &'static str {
        match self {
            Proto::Tcp => "TCP",
            Proto::Udp => "UDP",
            Proto::Sctp => "SCTP",
        }
    }
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Proto {
    type Err = String;

    fn from_str(text: &str) -> Result<Proto, String> {
        Proto::ALL
            .into_iter()
            .find(|proto| proto.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("{text:?} is no protocol: TCP, UDP or SCTP"))
    }
}

// === impl Port ===

impl Port {
    /// A TCP port.
    pub fn tcp(number: u16) -> Port {
        Port { proto: Proto::Tcp, number }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.proto {
            Proto::Tcp => write!(f, "{}", self.number),
            proto => write!(f, "{}/{proto}", self.number),
        }
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Port, String> {
        let (number, proto) = text.split_once('/').unwrap_or((text, "TCP"));
        let number = number
            .parse()
            .map_err(|_| format!("{number:?} is no port: a number from 0 to 65535"))?;
        Ok(Port { proto: proto.parse()?, number })
    }
}
