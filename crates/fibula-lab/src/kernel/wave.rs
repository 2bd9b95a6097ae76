//! Many probes at the same time, and all that is heard of them.

use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use fibula_network::Proto;
use nix::errno::Errno;
use nix::sys::epoll::EpollFlags;
use rustc_hash::FxHashMap;

use crate::plan::{Origin, SpaceId};

use super::Lab;
use super::client::{Client, Heard, end};
use super::error::Error;
use super::listen::Arrival;
use super::look;
use super::probe::{Arrived, Outcome, Probe, Seen};

/// A moment, while nothing is heard.
const MOMENT: Duration = Duration::from_millis(1);

/// Probes that are under way together. Their source ports are unique among those of a protocol.
#[derive(Default)]
pub(super) struct Wave {
    ways: Vec<Way>,
    /// Which of them each lane sends.
    lanes: Vec<Range<usize>>,
    by_port: FxHashMap<(Proto, u16), usize>,
    /// Tells the datagrams of this wave from older ones.
    number: u32,
    /// How many probes nothing accounts for yet.
    open: usize,
}

/// A probe under way.
pub(super) struct Way {
    /// The caller's number for it.
    number: usize,
    probe: Probe,
    client: Option<Client>,
    heard: Option<Heard>,
    arrived: Option<Arrived>,
    stopped: Option<(SpaceId, Origin)>,
    /// The other end of its connection, open as long as the probe is under way.
    stream: Option<TcpStream>,
}

// === impl Wave ===

impl Wave {
    pub(super) fn new(number: u32) -> Wave {
        Wave { number, ..Wave::default() }
    }

    /// Whether a probe of this wave has the port already.
    pub(super) fn has(&self, proto: Proto, port: u16) -> bool {
        self.by_port.contains_key(&(proto, port))
    }

    /// A probe to send from the present lane.
    pub(super) fn add(&mut self, number: usize, probe: Probe) {
        self.by_port.insert((probe.proto, probe.from.port()), self.ways.len());
        self.ways.push(Way::new(number, probe));
    }

    /// Ends the present lane: what is added from now on is the next one's.
    pub(super) fn next_lane(&mut self) {
        let start = self.lanes.last().map_or(0, |last| last.end);
        self.lanes.push(start..self.ways.len());
    }

    /// Sends all probes, those of the first lane from this thread.
    pub(super) fn send(&mut self, lab: &Lab) -> Result<(), Error> {
        let wave = self.number;
        let arrivals = thread::scope(|scope| {
            let (mut rest, mut threads) = (&mut *self.ways, vec![]);
            let mut own = None;
            for (lane, places) in lab.lanes.iter().zip(&self.lanes) {
                let (here, later) = rest.split_at_mut(places.len());
                let here = places.clone().zip(here);
                rest = later;
                match own {
                    None => own = Some((lane, here)),
                    Some(_) if places.is_empty() => {}
                    Some(_) => {
                        let send = move || lane.send(lab, here, wave);
                        let thread = thread::Builder::new().spawn_scoped(scope, send);
                        threads.push(thread.map_err(Error::at("start a thread"))?);
                    }
                }
            }
            let mut arrivals = match own {
                Some((lane, here)) => lane.send(lab, here, wave)?,
                None => vec![],
            };
            for thread in threads {
                let others = thread.join();
                arrivals.extend(others.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(arrivals)
        })?;
        self.open = self.ways.iter().filter(|way| !way.settled()).count();
        for (door, arrival) in arrivals {
            self.arrived(lab, door, arrival);
        }
        Ok(())
    }

    /// Hears what there is to hear at this moment. Whether there was anything.
    fn hear(&mut self, lab: &Lab) -> Result<bool, Error> {
        let arrivals = lab.arrivals()?;
        let mut any = !arrivals.is_empty();
        for (door, arrival) in arrivals {
            self.arrived(lab, door, arrival);
        }
        for lane in &lab.lanes {
            for (place, what) in lane.heard()? {
                any = true;
                let Some(way) = self.ways.get_mut(place) else { continue };
                let settled = way.settled();
                way.heard = way.heard.or_else(|| way.client.as_ref().and_then(|it| it.hears(what)));
                self.open -= usize::from(way.settled() && !settled);
            }
        }
        Ok(any)
    }

    /// Waits until all that this wave sent has taken all its steps. Every answer comes from the
    /// processor of the first lane.
    fn rest(&self, lab: &Lab) -> Result<(), Error> {
        let lanes = lab.lanes.iter().zip(&self.lanes).enumerate();
        for (_, (lane, _)) in lanes.rev().filter(|(n, (_, places))| *n == 0 || !places.is_empty()) {
            lane.stay()?;
            lab.rest.wait()?;
        }
        Ok(())
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
        if let Some(way) = place.and_then(|place| self.ways.get_mut(place)) {
            let settled = way.settled();
            way.arrived = Some(Arrived { space, process: listener.process, from, to });
            way.stream = stream;
            self.open -= usize::from(way.settled() && !settled);
        }
    }

    /// Waits until every message is at rest, and the deadline for those of which nothing is known.
    pub(super) fn end(mut self, lab: &mut Lab) -> Result<Vec<(usize, Seen)>, Error> {
        self.settle(lab)?;
        if !self.all_known() {
            let start = Instant::now();
            while !self.all_known() && start.elapsed() < lab.deadline {
                if !self.hear(lab)? {
                    thread::sleep(MOMENT);
                }
            }
            self.settle(lab)?;
        }
        Ok(self.seen())
    }

    /// Hears all that there is to hear, and looks for the rest.
    fn settle(&mut self, lab: &mut Lab) -> Result<(), Error> {
        while self.hear(lab)? {}
        while self.open > 0 {
            self.rest(lab)?;
            if !self.hear(lab)? {
                break;
            }
            while self.hear(lab)? {}
        }
        self.stopped(lab)?;
        self.half_open(lab)
    }

    /// Asks the rules what they stopped, unless every probe came home.
    fn stopped(&mut self, lab: &mut Lab) -> Result<(), Error> {
        let home = |way: &Way| way.heard == Some(Heard::Reply);
        if self.ways.iter().all(home) {
            return Ok(());
        }
        for (space, rules) in &mut lab.rules {
            for stopped in rules.stopped()? {
                let place = self.by_port.get(&(stopped.proto, stopped.sport));
                if let Some(way) = place.map(|place| &mut self.ways[*place]) {
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
        if !self.ways.iter().any(lost) {
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
                    self.ways[*place].arrived.get_or_insert(arrived);
                }
            }
        }
        Ok(())
    }

    /// Whether for each probe something is known of it.
    fn all_known(&self) -> bool {
        self.ways.iter().all(|way| way.settled() || way.arrived.is_some())
    }

    fn seen(self) -> Vec<(usize, Seen)> {
        let seen = |way: Way| {
            let seen = (way.number, Seen { from: way.probe.from, outcome: way.outcome() });
            if let Some(client) = way.client {
                client.end();
            }
            if let Some(stream) = way.stream {
                end(stream);
            }
            seen
        };
        self.ways.into_iter().map(seen).collect()
    }
}

// === impl Way ===

impl Way {
    fn new(number: usize, probe: Probe) -> Way {
        let (client, heard, arrived, stopped, stream) = (None, None, None, None, None);
        Way { number, probe, client, heard, arrived, stopped, stream }
    }

    /// Where it is sent.
    pub(super) fn space(&self) -> SpaceId {
        self.probe.space
    }

    /// Sends it from the namespace that the thread is in, and gives what there may be to hear of
    /// it later, and where.
    pub(super) fn send(
        &mut self,
        place: usize,
        wave: u32,
    ) -> Result<Option<(&Client, EpollFlags)>, Error> {
        let Probe { from, to, proto, .. } = self.probe;
        let content = u64::from(wave) << 32 | place as u64;
        match Client::send(proto, from, to, content.to_be_bytes()) {
            Ok(client) => self.client = Some(client),
            Err(Heard::Error { errno: Errno::EMFILE | Errno::ENFILE, .. }) => {
                return Err(Error::new(
                    "the lab may not open as many files as it needs: raise `ulimit -n`",
                ));
            }
            Err(heard) => self.heard = Some(heard),
        }
        let what = match proto {
            Proto::Udp => EpollFlags::EPOLLIN,
            Proto::Tcp | Proto::Sctp => EpollFlags::EPOLLOUT,
        };
        Ok(self.client.as_ref().map(|client| (client, what)))
    }

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
