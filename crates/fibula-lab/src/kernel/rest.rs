//! When all messages in a lab have come to rest.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::error::Error;
use super::route::Route;
use super::space::Namespace;

/// How many steps a message and what the kernel answers to it can take: each passes at most 64
/// switches, as many as its hop limit, and between two of them perhaps a fabric.
const STEPS: usize = 2 * 2 * 64;

/// Tells that nothing moves any more, without waiting for any length of time.
///
/// What is sent into a virtual interface stands in a queue of the processor that sends, first come
/// first served, until that processor takes it a step further. So a thread that stays on one
/// processor knows that everything sent there took a step when a message that it sent itself,
/// later, has arrived.
#[derive(Debug)]
pub(super) struct Rest(UdpSocket);

// === impl Rest ===

impl Rest {
    /// Leaves the thread in a namespace where nothing else is.
    pub(super) fn open() -> Result<Rest, Error> {
        let doing = || Error::at("send a message to itself");
        Namespace::make()?;
        Route::open()?.loopback()?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(doing())?;
        let own = socket.local_addr().map_err(doing())?;
        socket.connect(own).map_err(doing())?;
        socket.set_read_timeout(Some(Duration::from_secs(10))).map_err(doing())?;
        Ok(Rest(socket))
    }

    /// Waits until everything that was sent before from the processor that the thread stays on has
    /// taken all its steps.
    pub(super) fn wait(&self) -> Result<(), Error> {
        for _ in 0..STEPS {
            let round = self.0.send(&[0]).and_then(|_| self.0.recv(&mut [0]));
            round.map_err(Error::at("send a message to itself"))?;
        }
        Ok(())
    }
}
