//! What is under way, for work that takes more than a moment: a line on the terminal that is gone when
//! the answer comes. Never in a pipe.
//!
//! A thread of its own draws, and only what blocks is told: so that nothing else is printed meanwhile.
//! No crate: an animation of one line is not worth the ten that would come with it.

use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long nothing is shown: most work is done by then.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long each picture stays.
const BEAT: Duration = Duration::from_millis(120);

/// Where it is drawn; nowhere until [`on`] says.
static SCREEN: OnceLock<Terminal> = OnceLock::new();

/// A terminal to draw on.
struct Terminal {
    out: File,
    unicode: bool,
}

/// Something that is being done, until it is dropped.
pub(crate) struct Doing {
    what: Arc<Mutex<String>>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Draws on this terminal from now on.
pub(crate) fn on(out: File, unicode: bool) {
    let _ = SCREEN.set(Terminal { out, unicode });
}

/// Says what is being done, until the result is dropped.
pub(crate) fn doing(what: impl Into<String>) -> Doing {
    Doing::on(SCREEN.get(), what.into(), PATIENCE)
}

impl Doing {
    fn on(screen: Option<&'static Terminal>, what: String, patience: Duration) -> Doing {
        let what = Arc::new(Mutex::new(what));
        let drawing = screen.map(|screen| {
            let (stop, stopped) = channel();
            let what = Arc::clone(&what);
            (stop, std::thread::spawn(move || draw(screen, &what, &stopped, patience)))
        });
        Doing { what, drawing }
    }

    /// Says something else of the same work.
    pub(crate) fn say(&self, what: String) {
        *self.what.lock().unwrap_or_else(|poison| poison.into_inner()) = what;
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.drawing.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

fn draw(screen: &Terminal, what: &Mutex<String>, stopped: &Receiver<()>, patience: Duration) {
    let begin = Instant::now();
    let pictures: &[&str] = match screen.unicode {
        true => &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
        false => &["|", "/", "-", "\\"],
    };
    let mut out = &screen.out;
    let mut wait = patience;
    for picture in pictures.iter().cycle() {
        match stopped.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => break,
        }
        let what = what.lock().unwrap_or_else(|poison| poison.into_inner()).clone();
        let _ = write!(out, "\r\x1b[K{picture} {what}  {} s", begin.elapsed().as_secs());
        wait = BEAT;
    }
    if wait == BEAT {
        let _ = write!(out, "\r\x1b[K");
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use super::{Doing, Terminal};

    /// What is drawn of work that takes so long.
    fn drawn(name: &str, takes: Duration) -> String {
        let path = std::env::temp_dir().join(format!("fibula-{name}-{}", std::process::id()));
        let out = File::create(&path).expect("a file");
        let terminal = Box::leak(Box::new(Terminal { out, unicode: false }));
        let doing = Doing::on(Some(terminal), "reading".to_owned(), Duration::from_millis(50));
        doing.say("reading pods".to_owned());
        std::thread::sleep(takes);
        drop(doing);
        let drawn = fs::read_to_string(&path).expect("it is there");
        fs::remove_file(&path).expect("it is ours");
        drawn
    }

    #[test]
    fn long_work_is_told_and_leaves_nothing_behind() {
        let drawn = drawn("long", Duration::from_millis(400));
        assert!(drawn.starts_with("\r\x1b[K| reading pods  0 s\r\x1b[K/ reading"), "{drawn:?}");
        assert!(drawn.ends_with("\r\x1b[K"), "{drawn:?}");
    }

    #[test]
    fn short_work_is_not_told() {
        assert_eq!(drawn("short", Duration::ZERO), "");
    }
}
