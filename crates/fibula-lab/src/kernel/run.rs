//! A command inside a namespace, while the processes of the lab answer it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::epoll::EpollEvent;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{getpid, getppid};

use crate::plan::SpaceId;

use super::Lab;
use super::error::Error;
use super::listen::Arrival;

/// What a command finds where programs look names up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The text of `/etc/hosts`.
    pub hosts: String,
    /// The text of `/etc/resolv.conf`.
    pub resolv: String,
}

/// How long somebody who connects may take to say something first.
const FIRST_WORD: Duration = Duration::from_millis(500);

/// Signals that the terminal sends to the command as well: they are the command's.
const THE_COMMANDS: [Signal; 2] = [Signal::SIGINT, Signal::SIGQUIT];

// === impl Lab ===

impl Lab {
    /// Runs a command inside a namespace, with this process's input and output unless it says
    /// otherwise, and waits for it. Meanwhile the processes of the lab answer: over TCP with one
    /// line that says who received what from whom, as HTTP if asked in HTTP, and over UDP with
    /// what they were sent.
    ///
    /// With `names`, it sees these texts as `/etc/hosts` and `/etc/resolv.conf`, where there are
    /// such files. It ends with this process, however that ends.
    ///
    /// # Errors
    ///
    /// The command cannot be started.
    pub fn run(
        &self,
        space: SpaceId,
        command: &mut Command,
        names: Option<&Names>,
    ) -> Result<ExitStatus, Error> {
        let done = AtomicBool::new(false);
        ends_with(command);
        let before = THE_COMMANDS.map(|which| handle(which, SigHandler::SigIgn));
        let status = thread::scope(|scope| {
            // This very thread is what the command is a child of: it stays until the end.
            let parent = scope.spawn(|| {
                let status = self.start(space, command, names);
                done.store(true, Ordering::Relaxed);
                status
            });
            while !done.load(Ordering::Relaxed) {
                self.serve();
            }
            parent.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        for (which, before) in THE_COMMANDS.into_iter().zip(before) {
            handle(which, before);
        }
        status
    }

    fn start(
        &self,
        space: SpaceId,
        command: &mut Command,
        names: Option<&Names>,
    ) -> Result<ExitStatus, Error> {
        self.namespaces[space.index()].enter()?;
        if let Some(names) = names {
            put(names).map_err(Error::at("give the command names"))?;
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(Error::at(format!("run {program}")))?;
        child.wait().map_err(Error::at(format!("wait for {program}")))
    }

    /// Answers what comes within a moment.
    fn serve(&self) {
        let mut events = [EpollEvent::empty(); 64];
        let count = self.epoll.wait(&mut events, 20_u16).unwrap_or_default();
        for event in &events[..count] {
            let number = event.data() as usize;
            let Some(door) = self.doors.get(number) else { continue };
            while let Some(Arrival { from, to, stream, .. }) = door.take() {
                let Some(stream) = stream else { continue };
                let name = self.listener(number).1.name.clone();
                // One that gets no thread is closed, as by a process that has too much to do.
                let _ = thread::Builder::new().spawn(move || answer(stream, &name, from, to));
            }
        }
    }
}

/// Says who received what from whom.
fn answer(mut stream: TcpStream, name: &str, from: SocketAddr, to: SocketAddr) {
    let line = format!("{name} received this from {from}, sent to {to}\n");
    let mut said = [0; 4096];
    // Whoever says nothing gets the line too, and who went away needs none.
    let _ = stream.set_read_timeout(Some(FIRST_WORD));
    let length = stream.read(&mut said).unwrap_or_default();
    let first = said[..length].split(|byte| *byte == b'\r').next().unwrap_or_default();
    let text = if first.ends_with(b"HTTP/1.1") || first.ends_with(b"HTTP/1.0") {
        format!(
            "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{line}",
            line.len()
        )
    } else {
        line
    };
    let _ = stream.write_all(text.as_bytes());
}

/// Gives the thread a file system of its own with other texts in two places. The texts are never
/// on a disk.
fn put(names: &Names) -> Result<(), Errno> {
    const NONE: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    // A place to write to, for this thread only and for a moment only.
    let place = Path::new("/tmp");
    mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), NONE)?;
    for (target, text) in [("/etc/hosts", &names.hosts), ("/etc/resolv.conf", &names.resolv)] {
        let source = place.join("text");
        fs::write(&source, text)
            .map_err(|why| why.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
        match mount(Some(&source), target, NONE, MsFlags::MS_BIND, NONE) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(why) => return Err(why),
        }
        fs::remove_file(&source)
            .map_err(|why| why.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    }
    umount2(place, MntFlags::MNT_DETACH)
}

/// A command that ends when this process does, and that hears signals as any command does.
#[allow(unsafe_code)]
fn ends_with(command: &mut Command) {
    let lab = getpid();
    let begin = move || {
        set_pdeathsig(Signal::SIGKILL)?;
        // It may have died before the line above.
        if getppid() != lab {
            return Err(Errno::ESRCH.into());
        }
        for which in THE_COMMANDS {
            handle(which, SigHandler::SigDfl);
        }
        Ok(())
    };
    // SAFETY: between fork and exec, `begin` makes only system calls: it takes no lock and no
    // memory.
    unsafe { command.pre_exec(begin) };
}

/// Says what a signal does, and what it did before.
#[allow(unsafe_code)]
fn handle(which: Signal, handler: SigHandler) -> SigHandler {
    // SAFETY: no handler of ours runs code: a signal is ignored, has its default, or gets back
    // the handler that it had.
    unsafe { signal(which, handler) }.unwrap_or(SigHandler::SigDfl)
}
