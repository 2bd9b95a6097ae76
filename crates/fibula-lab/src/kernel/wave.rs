//! Many probes at the same time, and all that is heard of them.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fibula_network::Proto;
use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};
use rustc_hash::FxHashMap;

use crate::plan::{Origin, SpaceId};

use super::Lab;
use super::client::{Client, Heard};
use super::error::Error;
use super::listen::Arrival;
use super::look;
use super::probe::{Arrived, Outcome, Probe, Seen};

/// Marks what epoll knows as a door of the lab; anything else is a probe's number in its wave.
pub(super) const DOOR: u64 = 1 << 63;

/// Probes that are under way together. Their source ports are unique among those of a protocol.
#[derive(Default)]
pub(super) struct Wave {
    probes: Vec<Way>,
    by_port: FxHashMap<(Proto, u16), usize>,
    /// Tells the datagrams of this wave from older ones.
    number: u32,
    /// How many probes nothing accounts for yet.
    open: usize,
}

/// A probe under way.
struct Way {
    /// The caller's number for it.
    number: usize,
    probe: Probe,
    client: Option<Client>,
    heard: Option<Heard>,
    arrived: Option<Arrived>,
    stopped: Option<(SpaceId, Origin)>,
    /// The other end of its connection, open as long as the probe is under way.
    _stream: Option<TcpStream>,
}

// === impl Wave ===

impl Wave {
    pub(super) fn new(number: u32) -> Wave {
        Wave { number, ..Wave::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.probes.len()
    }

    /// Whether a probe of this wave has the port already.
    pub(super) fn has(&self, proto: Proto, port: u16) -> bool {
        self.by_port.contains_key(&(proto, port))
    }

    /// Sends a probe from the namespace that the thread is in.
    pub(super) fn send(&mut self, lab: &Lab, number: usize, probe: Probe) -> Result<(), Error> {
        let place = self.probes.len();
        self.by_port.insert((probe.proto, probe.from.port()), place);
        let (client, heard) = match Client::send(
            probe.proto,
            probe.from,
            probe.to,
            (u64::from(self.number) << 32 | place as u64).to_be_bytes(),
        ) {
            Ok(client) => (Some(client), None),
            Err(Heard::Error { errno: Errno::EMFILE | Errno::ENFILE, .. }) => {
                return Err(Error::new(
                    "the lab may not open as many files as it needs: raise `ulimit -n`",
                ));
            }
            Err(heard) => (None, Some(heard)),
        };
        if let Some(client) = &client {
            let what = match probe.proto {
                Proto::Udp => EpollFlags::EPOLLIN,
                Proto::Tcp | Proto::Sctp => EpollFlags::EPOLLOUT,
            };
            let event = EpollEvent::new(what | EpollFlags::EPOLLET, place as u64);
            lab.epoll.add(client, event).map_err(Error::at("wait for a probe"))?;
        }
        let way = Way { number, probe, client, heard, arrived: None, stopped: None, _stream: None };
        self.open += usize::from(!way.settled());
        self.probes.push(way);
        Ok(())
    }

    /// Hears what there is to hear, for at most `wait`. Whether there was anything.
    pub(super) fn hear(&mut self, lab: &Lab, wait: Duration) -> Result<bool, Error> {
        let mut events = [EpollEvent::empty(); 256];
        let wait = u16::try_from(wait.as_millis()).unwrap_or(u16::MAX);
        let count = match lab.epoll.wait(&mut events, wait) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(why) => return Err(Error::at("wait for probes")(why)),
        };
        for event in &events[..count] {
            let number = event.data();
            if number & DOOR != 0 {
                let number = (number & !DOOR) as usize;
                while let Some(arrival) = lab.doors[number].take() {
                    self.arrived(lab, number, arrival);
                }
            } else if let Some(way) = self.probes.get_mut(number as usize) {
                let settled = way.settled();
                way.heard = way.heard.or_else(|| way.client.as_ref().and_then(Client::hears));
                self.open -= usize::from(way.settled() && !settled);
            }
        }
        Ok(count > 0)
    }

    /// Something came to a door: whose is it?
    fn arrived(&mut self, lab: &Lab, door: usize, arrival: Arrival) {
        let (space, listener) = lab.listener(door);
        let Arrival { from, to, stream, begins } = arrival;
        let place = match begins {
            Some(content) => {
                let content = u64::from_be_bytes(content);
                let ours = content >> 32 == u64::from(self.number);
                ours.then_some((content & 0xffff_ffff) as usize)
            }
            None => self.by_port.get(&(listener.proto, from.port())).copied(),
        };
        // Anything else is a stranger: from a command that runs in the lab, or an older wave.
        if let Some(way) = place.and_then(|place| self.probes.get_mut(place)) {
            let settled = way.settled();
            way.arrived = Some(Arrived { space, process: listener.process, from, to });
            way._stream = stream;
            self.open -= usize::from(way.settled() && !settled);
        }
    }

    /// Waits until every message is at rest, and the deadline for those of which nothing is known.
    pub(super) fn end(mut self, lab: &mut Lab) -> Result<Vec<(usize, Seen)>, Error> {
        self.settle(lab)?;
        if !self.all_known() {
            let start = Instant::now();
            while !self.all_known() && start.elapsed() < lab.deadline {
                self.hear(lab, Duration::from_millis(1))?;
            }
            self.settle(lab)?;
        }
        Ok(self.seen())
    }

    /// Hears all that there is to hear, and looks for the rest.
    fn settle(&mut self, lab: &mut Lab) -> Result<(), Error> {
        while self.hear(lab, Duration::ZERO)? {}
        while self.open > 0 {
            lab.rest.wait()?;
            if !self.hear(lab, Duration::ZERO)? {
                break;
            }
            while self.hear(lab, Duration::ZERO)? {}
        }
        self.stopped(lab)?;
        self.half_open(lab)
    }

    /// Asks the rules what they stopped, unless every probe came home.
    fn stopped(&mut self, lab: &mut Lab) -> Result<(), Error> {
        let home = |way: &Way| way.heard == Some(Heard::Reply);
        if self.probes.iter().all(home) {
            return Ok(());
        }
        for (space, rules) in &mut lab.rules {
            for stopped in rules.stopped()? {
                let place = self.by_port.get(&(stopped.proto, stopped.sport));
                if let Some(way) = place.map(|place| &mut self.probes[*place]) {
                    let settled = way.settled();
                    way.stopped.get_or_insert((*space, stopped.origin));
                    self.open -= usize::from(way.settled() && !settled);
                }
            }
        }
        Ok(())
    }

    /// Looks where connections arrived whose reply does not come home.
    fn half_open(&mut self, lab: &Lab) -> Result<(), Error> {
        let lost = |way: &Way| !way.settled() && way.probe.proto == Proto::Tcp;
        if !self.probes.iter().any(lost) {
            return Ok(());
        }
        for (space, plan) in lab.listening() {
            lab.namespaces[space.index()].enter()?;
            for (from, to) in look::half_open()? {
                let listener = plan
                    .iter()
                    .find(|listener| listener.proto == Proto::Tcp && listener.port == to.port());
                let place = self.by_port.get(&(Proto::Tcp, from.port()));
                if let (Some(listener), Some(place)) = (listener, place) {
                    let process = listener.process;
                    let arrived = Arrived { space, process, from, to };
                    self.probes[*place].arrived.get_or_insert(arrived);
                }
            }
        }
        Ok(())
    }

    /// Whether for each probe something is known of it.
    fn all_known(&self) -> bool {
        self.probes.iter().all(|way| way.settled() || way.arrived.is_some())
    }

    fn seen(self) -> Vec<(usize, Seen)> {
        let seen = |way: Way| {
            let seen = (way.number, Seen { from: way.probe.from, outcome: way.outcome() });
            if let Some(client) = way.client {
                client.end();
            }
            seen
        };
        self.probes.into_iter().map(seen).collect()
    }
}

// === impl Way ===

impl Way {
    /// Whether there is nothing more to wait for.
    fn settled(&self) -> bool {
        match self.heard {
            Some(Heard::Reply) => self.arrived.is_some(),
            Some(Heard::Error { .. }) => true,
            None => self.stopped.is_some(),
        }
    }

    fn outcome(&self) -> Outcome {
        match (self.heard, self.arrived, self.stopped) {
            (Some(Heard::Reply), Some(arrived), _) => Outcome::Accepted(arrived),
            (Some(Heard::Error { errno, .. }), _, Some((space, origin))) => {
                Outcome::Rejected { space, origin, errno: errno as i32 }
            }
            (None, None, Some((space, origin))) => Outcome::Dropped { space, origin },
            (Some(Heard::Error { errno: Errno::ECONNREFUSED, by }), ..) => Outcome::Refused { by },
            (Some(Heard::Error { errno, by }), ..) => {
                Outcome::Unreachable { errno: errno as i32, by }
            }
            (None, Some(arrived), _) => Outcome::ReplyLost(arrived),
            // A reply without an arrival: somebody answered who is no process of the lab.
            (Some(Heard::Reply) | None, None, _) => Outcome::Silent,
        }
    }
}

/// The address that a probe to `to` is sent from.
pub(super) fn with_port(from: SocketAddr, port: u16) -> SocketAddr {
    let mut from = from;
    from.set_port(port);
    from
}
