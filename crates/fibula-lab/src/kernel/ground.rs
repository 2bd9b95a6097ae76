//! What a process may do here: the ground that a lab stands on.

use std::fs;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{getegid, geteuid};

use super::error::Error;
use super::route::Route;
use super::space::{Namespace, aside};

/// That this process may make network namespaces.
///
/// One process holds a whole lab and sends its messages itself, so that no probe needs a protocol
/// with a helper. The price is that the process must [enter](Ground::enter) a user namespace
/// before it has a second thread, because Linux moves only a single thread to one. A process that
/// has the privileges already keeps them, and can start labs whenever it likes.
#[derive(Debug)]
pub struct Ground(());

/// CAP_NET_ADMIN and CAP_SYS_ADMIN.
const NEEDED: u64 = 1 << 12 | 1 << 21;

/// What forbids user namespaces: where that is written, the value, and what to allow.
const GATES: [(&str, &str, &str); 3] = [
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "allow user namespaces: sysctl user.max_user_namespaces=10000",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor restricts user namespaces: sysctl \
         kernel.apparmor_restrict_unprivileged_userns=0, or give this program a profile that \
         allows `userns`",
    ),
];

// === impl Ground ===

impl Ground {
    /// Takes the privileges that the process has, or enters a user namespace of its own where it
    /// is root. Also allows the process as many open files as it may have. To be called while the
    /// process has only one thread; files are read as the same user as before.
    ///
    /// # Errors
    ///
    /// Neither is allowed. The error says what to allow.
    pub fn enter() -> Result<Ground, Error> {
        more_files();
        if privileged() && aside(trial).is_ok() {
            return Ok(Ground(()));
        }
        let (user, group) = (geteuid(), getegid());
        into_user_namespace().map_err(refused)?;
        // A group may be mapped only by who can no longer drop groups.
        fs::write("/proc/self/setgroups", "deny").map_err(refused)?;
        fs::write("/proc/self/uid_map", format!("0 {user} 1")).map_err(refused)?;
        fs::write("/proc/self/gid_map", format!("0 {group} 1")).map_err(refused)?;
        aside(trial).map_err(refused)?;
        Ok(Ground(()))
    }
}

fn privileged() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    effective.is_some_and(|caps| caps & NEEDED == NEEDED)
}

/// Makes a namespace and something in it, to see whether that is allowed.
fn trial() -> Result<(), Error> {
    Namespace::make()?;
    Route::open()?.loopback()
}

/// A thread that was joined a moment ago can still count as one for the kernel.
fn into_user_namespace() -> nix::Result<()> {
    for _ in 0..50 {
        match unshare(CloneFlags::CLONE_NEWUSER) {
            Err(Errno::EINVAL) => std::thread::sleep(std::time::Duration::from_millis(1)),
            other => return other,
        }
    }
    unshare(CloneFlags::CLONE_NEWUSER)
}

fn refused(why: impl std::fmt::Display) -> Error {
    let closed = |(path, value, _): &&(&str, &str, &str)| {
        fs::read_to_string(path).is_ok_and(|now| now.trim() == *value)
    };
    let advice = GATES.iter().find(closed).map_or(
        "in a container, allow `unshare` in its seccomp profile, or give it CAP_SYS_ADMIN and \
         CAP_NET_ADMIN",
        |(_, _, advice)| advice,
    );
    Error::new(format!("this system lets the lab make no network namespaces ({why}): {advice}"))
}

/// How many files this process may still open: a look at all that it has open.
pub(super) fn free_files() -> usize {
    let most = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(open)
}

/// A lab of 1,000 pods holds thousands of open files: namespaces and listeners.
fn more_files() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is refused, opening a file too many says so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
