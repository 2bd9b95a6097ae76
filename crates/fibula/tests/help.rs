//! What `--help` says, on screens of any width; `docs/cli.md` is made of it.

mod common;

use std::fmt::Write as _;

use fibula_report::Screen;
use snapbox::{assert_data_eq, file};

use common::{run, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };

const COMMANDS: [&str; 19] = [
    "",
    "demo",
    "trace",
    "why",
    "reach",
    "verify",
    "lint",
    "diff",
    "check",
    "graph",
    "lab",
    "lab check",
    "lab run",
    "lab shell",
    "lab show",
    "explain",
    "dump",
    "generate",
    "completions",
];

/// `docs/cli.md` is what `--help` prints.
#[test]
fn the_reference_is_what_help_says() {
    let mut page = String::from(
        "# The command line\n\nWhat `--help` prints, as `cargo test` checks. Written anew by \
         `SNAPSHOTS=overwrite cargo test -p fibula`.\n",
    );
    for command in COMMANDS {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = run(&words);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command}");
        let name = format!("fibula {command}");
        let _ = write!(page, "\n## {}\n\n```text\n{}```\n", name.trim_end(), help.out);
    }
    assert_data_eq!(page, file!["../../../docs/cli.md"].raw());
}

#[test]
fn help_fits_the_screen() {
    let set_in = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("  "));
        lines.map(str::to_owned).collect()
    };
    // The first page has two lines, which are two on purpose.
    for command in &COMMANDS[1..] {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let told = |screen: Screen| {
            let help = run_on(screen, &words, b"").out;
            // What stands below the last list of options.
            let lists = ["Output", "Assumptions", "Input", "Options"];
            let lists = lists.iter().filter_map(|list| help.rfind(&format!("\n\n{list}:")));
            let below = lists.max().expect("options");
            let below = help[below..].trim_start();
            (help.clone(), below.split_once("\n\n").map_or("", |(_, below)| below).to_owned())
        };
        let (narrow, below) = told(NARROW);
        for (text, width) in [(&below, 80), (&told(WIDE).1, 100)] {
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2).filter(|pair| pair.iter().all(|l| is_prose(l))) {
                // The screen breaks a paragraph, and nobody else.
                let next = pair[1].split(' ').next().unwrap_or_default();
                let would_fit = pair[0].chars().count() + 1 + next.chars().count() <= width;
                assert!(!would_fit, "{command} at {width}: {pair:?}");
            }
        }
        assert_eq!(set_in(&below), set_in(&told(WIDE).1), "{command}: an example is broken");
        let longest = narrow.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{narrow}");
    }
}

/// Whether a line is part of a paragraph, and not its end before what is set in.
fn is_prose(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':')
}
