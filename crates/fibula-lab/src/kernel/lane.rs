//! The processors that probes are sent from.

use std::io;

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::unistd::Pid;

use super::Lab;
use super::error::Error;
use super::listen::Arrival;
use super::wave::Way;

/// The most processors that send at the same time. Messages share the locks of the kernel's tables
/// of connections, and more than two were never measured.
const MOST: usize = 2;

/// How many probes are sent before what came to the doors meanwhile is taken: they fill.
const BETWEEN: usize = 64;

/// A processor, and the probes that are sent from it.
///
/// What a thread sends stays with its processor on the whole way, so that a lane can tell when its
/// own messages are at rest.
#[derive(Debug)]
pub(super) struct Lane {
    cpu: usize,
    epoll: Epoll,
}

// === impl Lane ===

impl Lane {
    /// One for each processor that the thread may use.
    pub(super) fn all() -> Result<Vec<Lane>, Error> {
        let may = sched_getaffinity(Pid::from_raw(0)).map_err(Error::at("count processors"))?;
        let cpus = (0..CpuSet::count()).filter(|cpu| may.is_set(*cpu).unwrap_or(false));
        let lane = |cpu| {
            let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
            Ok(Lane { cpu, epoll: epoll.map_err(Error::at("wait for probes"))? })
        };
        cpus.take(MOST).map(lane).collect()
    }

    /// Keeps the thread on the processor.
    pub(super) fn stay(&self) -> Result<(), Error> {
        let mut one = CpuSet::new();
        let stay = one.set(self.cpu).and_then(|()| sched_setaffinity(Pid::from_raw(0), &one));
        stay.map_err(Error::at("stay on one processor"))
    }

    /// Sends probes that have these places in a wave, each from its namespace, and gives what came
    /// to the doors meanwhile, with the numbers of the doors.
    pub(super) fn send<'w>(
        &self,
        lab: &Lab,
        ways: impl Iterator<Item = (usize, &'w mut Way)>,
        wave: u32,
    ) -> Result<Vec<(usize, Arrival)>, Error> {
        self.stay()?;
        let (mut here, mut arrivals) = (None, vec![]);
        for (count, (place, way)) in (1_usize..).zip(ways) {
            let space = way.space();
            if here.replace(space) != Some(space) {
                lab.namespaces[space.index()].enter()?;
            }
            if let Some((client, what)) = way.send(place, wave)? {
                let event = EpollEvent::new(what | EpollFlags::EPOLLET, place as u64);
                self.epoll.add(client, event).map_err(Error::at("wait for a probe"))?;
            }
            if count.is_multiple_of(BETWEEN) {
                arrivals.extend(lab.arrivals()?);
            }
        }
        Ok(arrivals)
    }

    /// The places of probes of which there is something to hear, and what it is.
    pub(super) fn heard(&self) -> Result<Vec<(usize, EpollFlags)>, Error> {
        let events = ready(&self.epoll).map_err(Error::at("wait for probes"))?;
        Ok(events.into_iter().map(|(place, what)| (place as usize, what)).collect())
    }
}

/// What is ready at this moment.
pub(super) fn ready(epoll: &Epoll) -> io::Result<Vec<(u64, EpollFlags)>> {
    let mut events = [EpollEvent::empty(); 256];
    let count = match epoll.wait(&mut events, 0_u8) {
        Ok(count) => count,
        Err(Errno::EINTR) => 0,
        Err(why) => return Err(why.into()),
    };
    Ok(events[..count].iter().map(|event| (event.data(), event.events())).collect())
}
