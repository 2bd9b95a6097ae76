//! Whether this machine has room for a lab, and how far it is.

use std::fs;

use fibula_lab::size::Size;
use fibula_report::{no_room, under_way};

use crate::{Exit, Stop, Streams};

/// How many in 100 bytes that are free a lab may take: what runs beside it needs some too.
const SHARE: u64 = 80;

/// Refuses a lab that this machine has no memory for: the kernel would end the program, or another.
pub(super) fn enough(size: Size, force: bool) -> Result<(), Stop> {
    fits(size, free(), force)
}

fn fits(size: Size, free: Option<u64>, force: bool) -> Result<(), Stop> {
    match free {
        Some(free) if !force && size.bytes() > free / 100 * SHARE => {
            Err(Stop::with(vec![no_room(size, free)], Exit::Cannot))
        }
        _ => Ok(()),
    }
}

/// How many bytes are free: of the machine, or of the group that this process is in, which may have
/// a limit of its own. None where the system does not say.
fn free() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    let number = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
    };
    let group = number("memory.max")
        .zip(number("memory.current"))
        .map(|(most, now)| most.saturating_sub(now));
    Some((kilobytes << 10).min(group.unwrap_or(u64::MAX)))
}

/// Says on a terminal what is being done, until the next word or [`done`].
pub(super) fn doing(
    streams: &mut Streams<'_>,
    doing: &str,
    n: usize,
    what: &str,
) -> Result<(), Stop> {
    if streams.err_screen.width.is_some() {
        write!(streams.err, "\r\x1b[K{}", under_way(doing, n, what))?;
        streams.err.flush()?;
    }
    Ok(())
}

/// Takes back what [`doing`] said.
pub(super) fn done(streams: &mut Streams<'_>) -> Result<(), Stop> {
    if streams.err_screen.width.is_some() {
        write!(streams.err, "\r\x1b[K")?;
        streams.err.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use fibula_lab::size::Size;
    use fibula_report::Screen;

    use super::{Exit, fits};

    #[test]
    fn what_takes_more_than_is_free_is_refused_unless_it_is_forced() {
        let size = Size { spaces: 27_530, routes: 27_809_364, ..Size::default() };
        let stop = fits(size, Some(16 << 30), false).expect_err("it does not fit");
        assert_eq!(stop.exit, Exit::Cannot);
        let mut said = vec![];
        stop.pages[0].print(&Screen::PIPE, &mut said).expect("a list takes all");
        let said = String::from_utf8(said).expect("it is text");
        assert_eq!(
            said,
            "error: this lab takes some 22.4 GB, and 17.1 GB are free: 27,530 namespaces and \
             27,809,364 routes      name fewer files with -f, or go on with --force\n"
        );
        assert!(fits(size, Some(16 << 30), true).is_ok());
        assert!(fits(size, Some(64 << 30), false).is_ok());
        // A system that does not say how much is free is trusted.
        assert!(fits(size, None, false).is_ok());
    }
}
