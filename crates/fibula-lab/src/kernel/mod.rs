//! A plan in the kernel: namespaces that one process holds, and probes that it sends through them.
//!
//! Nothing is shelled out for but rulesets (`nft`). Everything vanishes with the [`Lab`], or with
//! the process however it ends: namespaces are held by file descriptors and nothing else.

mod build;
mod client;
mod error;
mod ground;
mod listen;
mod look;
mod netlink;
mod probe;
mod rest;
mod route;
mod run;
mod space;
mod wave;

use std::time::Duration;

use fibula_network::Proto;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use crate::plan::{Listener, Plan, SpaceId};

pub use error::Error;
pub use ground::Ground;
pub use probe::{Arrived, Outcome, Probe, Seen};
pub use run::Names;

use listen::Door;
use look::Rules;
use rest::Rest;
use space::{Namespace, aside};
use wave::{DOOR, Wave, with_port};

/// A plan that is realised. Dropping it takes everything down.
#[derive(Debug)]
pub struct Lab {
    namespaces: Vec<Namespace>,
    doors: Vec<Door>,
    rules: Vec<(SpaceId, Rules)>,
    listeners: Vec<Vec<Listener>>,
    epoll: Epoll,
    rest: Rest,
    ports: Ports,
    deadline: Duration,
    waves: u32,
    missing: Vec<Proto>,
}

/// The source ports that probes take in turn.
#[derive(Debug)]
struct Ports {
    all: Vec<u16>,
    next: usize,
}

/// How many probes are under way together.
const WAVE: usize = 1024;

/// Where source ports are taken from: above node ports (SVC-6).
const SOURCES: std::ops::Range<u16> = 33_000..65_000;

// === impl Lab ===

impl Lab {
    /// Realises a plan: namespaces, wires, rulesets, listeners.
    ///
    /// # Errors
    ///
    /// The kernel refuses something, which the error names, or `nft` is not installed. Nothing
    /// stays behind.
    pub fn up(_ground: &Ground, plan: &Plan) -> Result<Lab, Error> {
        aside(|| {
            let namespaces = build::build(plan)?;
            let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
            let epoll = epoll.map_err(Error::at("wait for anything"))?;
            let mut lab = Lab {
                namespaces,
                doors: Vec::new(),
                rules: Vec::new(),
                listeners: plan.spaces.iter().map(|space| space.listeners.clone()).collect(),
                epoll,
                rest: Rest::open()?,
                ports: Ports::beside(plan),
                deadline: Duration::from_millis(100),
                waves: 0,
                missing: Vec::new(),
            };
            for (number, space) in plan.spaces.iter().enumerate() {
                if space.listeners.is_empty() && space.ruleset.is_none() {
                    continue;
                }
                lab.open(SpaceId(number as u32)).map_err(Error::inside(&space.name))?;
                if space.ruleset.is_some() {
                    lab.rules.push((SpaceId(number as u32), Rules::open()?));
                }
            }
            lab.missing.sort_unstable();
            lab.missing.dedup();
            Ok(lab)
        })
    }

    /// Opens the ports of a namespace, and takes the thread there.
    fn open(&mut self, space: SpaceId) -> Result<(), Error> {
        self.namespaces[space.index()].enter()?;
        for listener in self.listeners[space.index()].iter().enumerate() {
            let mut known = false;
            for v4 in [true, false] {
                let Some(door) = Door::open(space, listener, v4)? else { continue };
                let event = EpollEvent::new(EpollFlags::EPOLLIN, DOOR | self.doors.len() as u64);
                self.epoll.add(&door, event).map_err(Error::at("wait for messages"))?;
                self.doors.push(door);
                known = true;
            }
            if !known {
                self.missing.push(listener.1.proto);
            }
        }
        Ok(())
    }

    /// The protocols that somebody would listen on and that this kernel does not have: SCTP
    /// mostly.
    pub fn missing(&self) -> &[Proto] {
        &self.missing
    }

    /// How long the lab goes on listening for a probe of which no rule, no listener and no error
    /// tells anything, though every message is at rest by then. 100 ms unless set.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Sends probes, many at a time, and says what was seen of each, in their order.
    ///
    /// A probe's own source port tells it apart, so no rule of a plan may change one.
    ///
    /// # Errors
    ///
    /// The lab itself fails: no more open files, or a namespace that cannot be asked.
    pub fn probe(&mut self, probes: &[Probe]) -> Result<Vec<Seen>, Error> {
        aside(|| {
            Rest::stay()?;
            let mut seen: Vec<Option<Seen>> = vec![None; probes.len()];
            // From one namespace after the other: to enter one costs more than to send.
            let mut waiting: Vec<usize> = (0..probes.len()).collect();
            waiting.sort_by_key(|number| probes[*number].space);
            while !waiting.is_empty() {
                let (wave, later) = self.wave(probes, waiting)?;
                for (number, what) in wave.end(self)? {
                    seen[number] = Some(what);
                }
                waiting = later;
            }
            Ok(seen.into_iter().flatten().collect())
        })
    }

    /// Sends what can be under way together, and says what cannot yet.
    fn wave(&mut self, probes: &[Probe], waiting: Vec<usize>) -> Result<(Wave, Vec<usize>), Error> {
        for (_, rules) in &mut self.rules {
            rules.forget_stopped()?;
        }
        if self.ports.left() < WAVE {
            // Ports come around again, and are to be strangers to every rule.
            self.ports.next = 0;
            forget(&mut self.rules)?;
        }
        self.waves = self.waves.wrapping_add(1);
        let mut wave = Wave::new(self.waves);
        let (mut later, mut here) = (Vec::new(), None);
        for number in waiting {
            let mut probe = probes[number];
            if wave.len() == WAVE || wave.has(probe.proto, probe.from.port()) {
                later.push(number);
                continue;
            }
            if probe.from.port() == 0 {
                probe.from = with_port(probe.from, self.ports.take(probe.proto, &wave));
            }
            if here.replace(probe.space) != Some(probe.space) {
                self.namespaces[probe.space.index()].enter()?;
            }
            wave.send(self, number, probe)?;
            // Doors fill while nobody takes what comes.
            if wave.len().is_multiple_of(64) {
                wave.hear(self, Duration::ZERO)?;
            }
        }
        Ok((wave, later))
    }

    /// Ends every connection that the rules know, as if all had been idle for long.
    ///
    /// # Errors
    ///
    /// The kernel has no way to do so (`nf_conntrack_netlink`).
    pub fn forget(&mut self) -> Result<(), Error> {
        forget(&mut self.rules)
    }

    /// Where a door leads.
    fn listener(&self, door: usize) -> (SpaceId, &Listener) {
        let Door { space, listener, .. } = &self.doors[door];
        (*space, &self.listeners[space.index()][*listener])
    }

    /// The namespaces in which somebody listens.
    fn listening(&self) -> impl Iterator<Item = (SpaceId, &[Listener])> {
        let numbered = (0..).map(SpaceId).zip(&self.listeners);
        numbered
            .filter(|(_, listeners)| !listeners.is_empty())
            .map(|(space, listeners)| (space, &**listeners))
    }
}

fn forget(rules: &mut [(SpaceId, Rules)]) -> Result<(), Error> {
    rules.iter_mut().try_for_each(|(_, rules)| rules.forget_connections())
}

// === impl Ports ===

impl Ports {
    /// Those on which nobody of a plan listens.
    fn beside(plan: &Plan) -> Ports {
        let listeners = plan.spaces.iter().flat_map(|space| &space.listeners);
        let taken: std::collections::BTreeSet<u16> =
            listeners.map(|listener| listener.port).collect();
        Ports { all: SOURCES.filter(|port| !taken.contains(port)).collect(), next: 0 }
    }

    fn left(&self) -> usize {
        self.all.len().saturating_sub(self.next)
    }

    /// The next one that no probe of the wave has. A wave begins with more ports than it has
    /// probes; should it use all up with ports that were given, they come around.
    fn take(&mut self, proto: Proto, wave: &Wave) -> u16 {
        loop {
            let port = self.all.get(self.next % self.all.len().max(1)).copied().unwrap_or(1);
            self.next += 1;
            if !wave.has(proto, port) {
                return port;
            }
        }
    }
}
