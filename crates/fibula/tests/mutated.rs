//! The functions that fuzzing runs, on real input that was damaged by dice: the short form of
//! `fuzz/run`, on every machine. `FIBULA_MUTATIONS=100000` is a long one.

#[allow(unreachable_pub, reason = "they are called from elsewhere, too")]
#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// How often each function is asked, unless someone says more.
const USUAL: u64 = 400;

/// What manifests are made of.
const WORDS: [&str; 24] = [
    "---\n",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    "&a ",
    "*a",
    "<<: *a",
    "\t",
    "\0",
    "\r\n",
    "#",
    "!!str ",
    "{{ x }}",
    "kind: List\nitems:\n",
    "null",
    "-1",
    "99999",
    "\u{feff}",
];

/// Dice that fall the same every time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (n.max(1) as u64)).expect("it is below n")
    }
}

/// Real input, and some that is broken already.
fn seeds() -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![here.join("k1.yaml"), here.join("tests/snapshots/k1.json")];
    for folder in ["tests/input", "tests/errors/input"] {
        let entries = fs::read_dir(here.join(folder)).expect("the inputs");
        files.extend(entries.map(|entry| entry.expect("a file").path()));
    }
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file")).collect()
}

/// A piece of one seed, with some damage, and sometimes a piece of another.
fn damaged(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let piece = |dice: &mut Dice| {
        let seed = &seeds[dice.below(seeds.len())];
        let from = dice.below(seed.len());
        // Whole documents, mostly, so that there is something to read.
        let from =
            seed[..from].windows(4).rposition(|four| four == b"---\n").map_or(0, |at| at + 4);
        let most = 200 + dice.below(3_000);
        seed[from..].iter().copied().take(most).collect::<Vec<u8>>()
    };
    let mut bytes = piece(dice);
    for _ in 0..dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(7) {
            0 => _ = bytes.drain(at..end),
            1 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            2 => bytes.truncate(at),
            3 => bytes.insert(at, u8::try_from(dice.below(256)).expect("a byte")),
            4 => {
                let other = piece(dice);
                bytes.splice(at..end, other);
            }
            _ => {
                let word = WORDS[dice.below(WORDS.len())].bytes();
                bytes.splice(at..at, word);
            }
        }
    }
    bytes
}

fn hold(name: &str, part: u64, check: fn(&[u8])) {
    let times = std::env::var("FIBULA_MUTATIONS").ok().and_then(|times| times.parse().ok());
    let seeds = seeds();
    for n in 0..times.unwrap_or(USUAL) / part {
        let mut dice = Dice((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.below(1);
        let bytes = damaged(&seeds, &mut dice);
        if catch_unwind(AssertUnwindSafe(|| check(&bytes))).is_err() {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mutated-{name}-{n}"));
            fs::write(&file, &bytes).expect("the test folder takes files");
            panic!("{name} does not hold of {}", file.display());
        }
    }
}

#[test]
fn yaml_of_any_kind_is_read_or_refused() {
    hold("yaml", 1, fuzz::yaml);
}

#[test]
fn json_of_any_kind_is_read_or_refused() {
    hold("json", 1, fuzz::json);
}

#[test]
fn folders_of_any_kind_are_read_or_refused() {
    hold("inputs", 2, fuzz::inputs);
}

#[test]
fn networks_of_any_kind_are_read_or_refused() {
    hold("network", 1, fuzz::network);
}

#[test]
fn configurations_of_any_kind_are_read_or_refused() {
    hold("config", 4, fuzz::config);
}

#[test]
fn answers_to_anything_are_as_documented() {
    hold("answers", 8, fuzz::answers);
}
