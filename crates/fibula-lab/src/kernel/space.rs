//! Network namespaces, kept by file descriptor only.

use std::fs::File;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use super::error::Error;

/// A network namespace. It goes when the last descriptor, process and socket in it has gone.
#[derive(Debug)]
pub(super) struct Namespace(File);

// === impl Namespace ===

impl Namespace {
    /// Makes a namespace, and takes the calling thread there.
    pub(super) fn make() -> Result<Namespace, Error> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(Error::at("make a network namespace"))?;
        File::open("/proc/thread-self/ns/net")
            .map(Namespace)
            .map_err(Error::at("hold a network namespace"))
    }

    /// Takes the calling thread there.
    pub(super) fn enter(&self) -> Result<(), Error> {
        setns(&self.0, CloneFlags::CLONE_NEWNET).map_err(Error::at("enter a network namespace"))
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }
}

/// Does something on a thread of its own, which may go from namespace to namespace: that belongs to
/// a thread, and the caller's stays where it is.
pub(super) fn aside<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, work);
        let thread = thread.map_err(Error::at("start a thread"))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
