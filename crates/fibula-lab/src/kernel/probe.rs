//! Probes: what is sent, and what is seen of it.

use std::net::{IpAddr, SocketAddr};

use fibula_network::{ElementId, Proto};

use crate::plan::{Origin, SpaceId};

/// A message to send: the first packet of a connection, or a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    /// Where it is sent.
    pub space: SpaceId,
    /// From which address and port. With port 0 the lab takes one that no other probe of the
    /// moment has and on which nobody listens. The unspecified address lets the kernel choose.
    ///
    /// A port that is given and was used to the same target a moment ago can belong to a
    /// connection that the rules still know: [`Lab::forget`](super::Lab::forget) ends those.
    pub from: SocketAddr,
    /// To which address and port.
    pub to: SocketAddr,
    /// The protocol.
    pub proto: Proto,
}

/// What was seen of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// From where it was sent, with the port that it had.
    pub from: SocketAddr,
    /// What became of it.
    pub outcome: Outcome,
}

/// What becomes of a probe in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived, and the reply came home: the handshake was done, or the datagram came back.
    Accepted(Arrived),
    /// It arrived, and no reply came home.
    ReplyLost(Arrived),
    /// Nobody listens, says where it arrived: a reset, or "port unreachable".
    Refused {
        /// Who said so, where that was an ICMP error.
        by: Option<IpAddr>,
    },
    /// Another error that the sender hears, as a number of Linux: EHOSTUNREACH, ENETUNREACH,
    /// EACCES. EPROTONOSUPPORT: this kernel does not have the protocol.
    Unreachable {
        /// The error.
        errno: i32,
        /// Who said so; nobody if the sender's own kernel knew.
        by: Option<IpAddr>,
    },
    /// A rule stopped it without a word.
    Dropped {
        /// Where.
        space: SpaceId,
        /// Which.
        origin: Origin,
    },
    /// A rule stopped it, and the sender heard of that.
    Rejected {
        /// Where.
        space: SpaceId,
        /// Which.
        origin: Origin,
        /// What the sender heard, as a number of Linux: ECONNREFUSED mostly.
        errno: i32,
    },
    /// Nothing is known until the deadline.
    Silent,
}

/// How a probe arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Where.
    pub space: SpaceId,
    /// At whom.
    pub process: ElementId,
    /// From where, as it saw it.
    pub from: SocketAddr,
    /// Sent to what, as it saw it.
    pub to: SocketAddr,
}
