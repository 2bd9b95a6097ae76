//! Time and memory of one piece of work, in this process.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What one piece of work costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// The median of its runs, in seconds.
    pub seconds: f64,
    /// The most memory that the process held during the first run, in bytes; 0 where the system
    /// does not tell.
    pub peak: u64,
    /// How much of that it did not hold before.
    pub grown: u64,
    /// How many bytes were read, where that says something.
    pub bytes: u64,
}

/// Work is repeated for so long, but at least [`LEAST`] times.
const LONG: Duration = Duration::from_millis(600);
const LEAST: usize = 3;

/// Measures `work` on what `prepare` makes for each run. What both leave is dropped outside of the
/// time that counts. `each` is how often one run does the work.
pub fn measure<P, T>(
    mut prepare: impl FnMut() -> P,
    mut work: impl FnMut(P) -> T,
    each: u32,
) -> Sample {
    let mut times = vec![];
    let mut sample = Sample::default();
    let start = Instant::now();
    while times.len() < LEAST || start.elapsed() < LONG {
        let prepared = prepare();
        if times.is_empty() {
            forget_peak();
            sample.grown = held();
        }
        let start = Instant::now();
        let done = black_box(work(black_box(prepared)));
        times.push(start.elapsed().as_secs_f64() / f64::from(each.max(1)));
        if times.len() == 1 {
            sample.peak = peak();
            sample.grown = sample.peak.saturating_sub(sample.grown);
        }
        drop(done);
    }
    sample.seconds = median(times);
    sample
}

/// The middle of some numbers; 0 of none.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// The most memory that this process has held, in bytes; 0 where the system does not tell.
pub fn peak() -> u64 {
    memory("VmHWM:")
}

/// What this process holds now, in bytes; 0 where the system does not tell.
pub fn held() -> u64 {
    memory("VmRSS:")
}

fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    let kib = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Lets the peak begin anew, where the system allows it.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
