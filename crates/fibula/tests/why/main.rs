//! What decides, the changes that would turn it, and what is printed to apply them.

mod boutique;
#[path = "../common/mod.rs"]
mod common;
mod patches;
mod sessions;

use fibula_report::Screen;

use common::{Ran, run_on};

/// The cluster of these tests: a shop in which little works.
const INPUT: &str = "tests/input/why.yaml";

/// Runs a command line as it would be typed where the input is, and shows it so.
fn shown(screen: Screen, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let words: Vec<&str> =
        words.into_iter().map(|word| if word == "shop.yaml" { INPUT } else { word }).collect();
    let Ran { code, out, err } = run_on(screen, &words, b"");
    let printed = format!("$ fibula {line}\n{err}{out}[exit {code}]\n");
    printed.replace(INPUT, "shop.yaml").replace("tests/input/", "")
}
