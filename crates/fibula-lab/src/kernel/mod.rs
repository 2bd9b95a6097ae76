//! A plan in the kernel: namespaces that one process holds, and probes that it sends through them.
//!
//! Nothing is shelled out for but rulesets (`nft`). Everything vanishes with the [`Lab`], or with
//! the process however it ends: namespaces are held by file descriptors and nothing else.

mod build;
mod client;
mod error;
mod ground;
mod lane;
mod listen;
mod look;
mod netlink;
mod probe;
mod rest;
mod route;
mod run;
mod space;
mod wave;

use std::collections::VecDeque;
use std::time::Duration;

use fibula_network::Proto;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use crate::plan::{Listener, Plan, SpaceId, Wire};

pub use error::Error;
pub use ground::Ground;
pub use probe::{Arrived, Outcome, Probe, Seen};
pub use run::Names;

use lane::Lane;
use listen::{Arrival, Door};
use look::Rules;
use rest::Rest;
use space::{Namespace, aside};
use wave::{Wave, with_port};

/// A plan that is realised. Dropping it takes everything down.
#[derive(Debug)]
pub struct Lab {
    namespaces: Vec<Namespace>,
    doors: Vec<Door>,
    rules: Vec<(SpaceId, Rules)>,
    listeners: Vec<Vec<Listener>>,
    /// Tells of doors.
    epoll: Epoll,
    lanes: Vec<Lane>,
    /// By namespace, the one through which all that it sends goes first.
    beside: Vec<SpaceId>,
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
    /// By protocol.
    next: [usize; Proto::ALL.len()],
}

/// How many probes of a lane are under way together, where there are files enough for them.
const WAVE: usize = 1024;

/// How many files a probe takes: the two ends of a connection.
const FILES: usize = 2;

/// How many files are left for what else opens some.
const SPARE: usize = 256;

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
                lanes: Lane::all()?,
                beside: beside(plan),
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
            let Some(door) = Door::open(space, listener)? else {
                self.missing.push(listener.1.proto);
                continue;
            };
            let event = EpollEvent::new(EpollFlags::EPOLLIN, self.doors.len() as u64);
            self.epoll.add(&door, event).map_err(Error::at("wait for messages"))?;
            self.doors.push(door);
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
        self.probe_from(self.lanes.len(), probes)
    }

    /// The same, but from one processor: rules which take turns take them in the order of the probes
    /// of each namespace, wherever in the lab they are and whichever way a probe goes.
    ///
    /// # Errors
    ///
    /// As of [`Lab::probe`].
    pub fn probe_in_turn(&mut self, probes: &[Probe]) -> Result<Vec<Seen>, Error> {
        self.probe_from(1, probes)
    }

    fn probe_from(&mut self, lanes: usize, probes: &[Probe]) -> Result<Vec<Seen>, Error> {
        aside(|| {
            let mut seen: Vec<Option<Seen>> = vec![None; probes.len()];
            let mut waiting = self.shares(lanes, probes);
            let files = ground::free_files().saturating_sub(SPARE) / FILES / lanes.max(1);
            let many = files.clamp(1, WAVE);
            while waiting.iter().any(|share| !share.is_empty()) {
                for (number, what) in self.wave(probes, &mut waiting, many)?.end(self)? {
                    seen[number] = Some(what);
                }
            }
            Ok(seen.into_iter().flatten().collect())
        })
    }

    /// What each lane sends, in the order of the probes, but from one namespace after the other: to
    /// enter one costs more than to send. What goes the same way first goes by one lane, so that
    /// rules which take turns mostly take them in this order.
    fn shares(&self, lanes: usize, probes: &[Probe]) -> Vec<VecDeque<usize>> {
        let group = |number: &usize| self.beside[probes[*number].space.index()];
        let mut numbers: Vec<usize> = (0..probes.len()).collect();
        numbers.sort_by_key(|number| (group(number), probes[*number].space));
        let mut shares = vec![VecDeque::new(); lanes];
        for group in numbers.chunk_by(|a, b| group(a) == group(b)) {
            if let Some(least) = shares.iter_mut().min_by_key(|share| share.len()) {
                least.extend(group);
            }
        }
        shares
    }

    /// Sends what can be under way together, so many from each lane, and leaves what cannot yet.
    fn wave(
        &mut self,
        probes: &[Probe],
        waiting: &mut [VecDeque<usize>],
        many: usize,
    ) -> Result<Wave, Error> {
        for (_, rules) in &mut self.rules {
            rules.forget_stopped()?;
        }
        if self.ports.left() < many * waiting.len() {
            // Ports come around again, and are to be strangers to every rule.
            self.ports.next = Default::default();
            forget(&mut self.rules)?;
        }
        self.waves = self.waves.wrapping_add(1);
        let mut wave = Wave::new(self.waves);
        for share in waiting {
            let mut later = vec![];
            for _ in 0..many {
                let Some(number) = share.pop_front() else { break };
                let mut probe = probes[number];
                if wave.has(probe.proto, probe.from.port()) {
                    later.push(number);
                    continue;
                }
                if probe.from.port() == 0 {
                    probe.from = with_port(probe.from, self.ports.take(probe.proto, &wave));
                }
                wave.add(number, probe);
            }
            for number in later.into_iter().rev() {
                share.push_front(number);
            }
            wave.next_lane();
        }
        wave.send(self)?;
        Ok(wave)
    }

    /// What came to the doors by now, and to which.
    fn arrivals(&self) -> Result<Vec<(usize, Arrival)>, Error> {
        let mut arrivals = vec![];
        for (number, _) in lane::ready(&self.epoll).map_err(Error::at("wait for messages"))? {
            let Some(door) = self.doors.get(number as usize) else { continue };
            let all = std::iter::from_fn(|| door.take());
            arrivals.extend(all.map(|arrival| (number as usize, arrival)));
        }
        Ok(arrivals)
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

/// By namespace of a plan, the one through which all that it sends goes first: its neighbour, if it
/// has but one.
fn beside(plan: &Plan) -> Vec<SpaceId> {
    let mut neighbours: Vec<Vec<SpaceId>> = vec![vec![]; plan.spaces.len()];
    for Wire { ends: [a, b] } in &plan.wires {
        neighbours[a.space.index()].push(b.space);
        neighbours[b.space.index()].push(a.space);
    }
    let beside = |space: SpaceId| match neighbours[space.index()][..] {
        [only] if plan.space(only).fabric => space,
        [only] if neighbours[only.index()].len() == 1 => space.min(only),
        [only] => only,
        _ => space,
    };
    (0..).map(SpaceId).take(plan.spaces.len()).map(beside).collect()
}

// === impl Ports ===

impl Ports {
    /// Those on which nobody of a plan listens.
    fn beside(plan: &Plan) -> Ports {
        let listeners = plan.spaces.iter().flat_map(|space| &space.listeners);
        let taken: std::collections::BTreeSet<u16> =
            listeners.map(|listener| listener.port).collect();
        Ports {
            all: SOURCES.filter(|port| !taken.contains(port)).collect(),
            next: Default::default(),
        }
    }

    fn left(&self) -> usize {
        self.all.len().saturating_sub(self.next.into_iter().max().unwrap_or(0))
    }

    /// The next one that no probe of the wave has. A wave begins with more ports than it has
    /// probes; should it use all up with ports that were given, they come around.
    fn take(&mut self, proto: Proto, wave: &Wave) -> u16 {
        let next = &mut self.next[proto as usize];
        loop {
            let port = self.all.get(*next % self.all.len().max(1)).copied().unwrap_or(1);
            *next += 1;
            if !wave.has(proto, port) {
                return port;
            }
        }
    }
}
