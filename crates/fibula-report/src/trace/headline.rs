//! The first line of a trace: the answer, what was asked, and what the client sees of it.

use std::collections::BTreeMap;

use fibula_answers::names::What;
use fibula_answers::trace::{Answer, Branch, Share, Trace, Way};
use fibula_network::walk::Verdict;

use crate::branches::{is_known, unit};
use crate::life;
use crate::open;
use crate::page::Text;
use crate::preface::{count, list};
use crate::style::Label;
use crate::view::{View, host};

/// The first line.
pub(super) fn headline(view: &View<'_>, trace: &Trace) -> Text {
    let question = format!("   {}", question(view, trace));
    let branches = trace.branches();
    let several = count(branches.len(), unit(view, branches));
    match (trace.answer(), trace.verdict()) {
        (Answer::Undecided, _) => {
            let text = Text::new().with(Label::Open, "? undecided").plain(question);
            let alone = trace.doubts.len() == trace.open.len();
            match open::depends(view, trace).filter(|_| alone) {
                Some(about) => text.plain(format!(" depends on {about}")),
                None => text,
            }
        }
        (Answer::None, _) if trace.is_nameless() => {
            let text = Text::new().with(Label::Bad, "✗ no such name").plain(question);
            text.plain(": policies keep it from asking DNS, so the name does not resolve (DNS-12)")
        }
        (Answer::All, _) => {
            let text = life::verdict(Verdict::Delivered).plain(question);
            let text = match branches.len() {
                1 => text,
                2 => text.plain(several.replace("2 ", ": both ")),
                _ => text.plain(format!(": all {several}")),
            };
            let unknown = branches.iter().filter(|branch| !is_known(view, branch)).count();
            let replied = branches.iter().all(|branch| branch.reply.is_some());
            match unknown {
                0 if replied => text.plain(", and the reply comes back"),
                0 => text,
                n if n == branches.len() => {
                    text.plain(", if something listens there: nothing declares this port")
                }
                n => {
                    text.plain(format!(", if something listens: nothing declares the port of {n}"))
                }
            }
        }
        (Answer::Some, _) => {
            let arrived = branches.iter().filter(|branch| branch.arrived()).count();
            let says = format!(": {arrived} of {several}");
            let text = Text::new().with(Label::Open, "◐ some").plain(question).plain(says);
            text.plain(format!(". {}", failures(branches)))
        }
        (Answer::None, _) if branches.iter().all(|branch| branch.astray) => {
            let astray = Text::new().with(Label::Bad, "✗ astray").plain(question);
            let at = branches[0].life.ending.at;
            astray.plain(format!(": delivered to {}", view.name(at)))
        }
        (Answer::None, Some(verdict)) if same_for_all(branches) => {
            let text = life::verdict(verdict).plain(question);
            text.plain(format!(": the client {}", client(verdict, branches[0].unheard)))
        }
        (Answer::None, _) => {
            let text = Text::new().with(Label::Bad, "✗ not delivered").plain(question);
            text.plain(format!(": none of {several}. {}", failures(branches)))
        }
    }
}

/// What was asked: `web → svc/db:5432/TCP`.
pub(crate) fn question(view: &View<'_>, trace: &Trace) -> String {
    format!("{} → {}", source(view, trace), target(trace))
}

/// A way in which the open choices fall, in a line.
pub(crate) fn way(view: &View<'_>, way: &Way) -> Text {
    let first = &way.branches[0];
    let ends: Vec<_> = way.outcome().into_keys().collect();
    match &ends[..] {
        [(verdict, at)] => life::verdict(*verdict).plain(", at ").then(life::element(view, *at)),
        _ => {
            let arrived = way.branches.iter().filter(|branch| branch.arrived()).count();
            let of = count(way.branches.len(), unit(view, &way.branches));
            match arrived {
                0 => life::verdict(first.verdict()).plain(format!(", by {of}")),
                n if n == way.branches.len() => {
                    life::verdict(Verdict::Delivered).plain(format!(", by {of}"))
                }
                n => Text::new().with(Label::Open, "◐ some").plain(format!(", {n} of {of}")),
            }
        }
    }
}

/// Who was asked to send, as a person said it.
fn source(view: &View<'_>, trace: &Trace) -> String {
    let chosen = &trace.from.chosen;
    match (&chosen.what, &*chosen.namespace) {
        (What::Container | What::Daemon, _) => view.name(trace.from.process),
        (What::Node, _) => format!("node/{}", chosen.name),
        (_, "" | "default") => chosen.name.clone(),
        _ => chosen.path(),
    }
}

/// What a person asked for, and on which port: `svc/web:80/TCP`.
fn target(trace: &Trace) -> String {
    let header = trace.header;
    let port = format!("{}/{}", header.dport, header.proto);
    match &trace.to.chosen {
        Some(chosen) if chosen.what == What::World => format!("world:{port}"),
        Some(chosen) => {
            let name = match &*chosen.namespace {
                "" | "default" => chosen.name.clone(),
                _ => chosen.path(),
            };
            format!("{}/{name}:{port}", chosen.what.prefix())
        }
        None => format!("{}:{port}", host(header.dst)),
    }
}

/// Whether the clients of all branches hear of it, or none.
fn same_for_all(branches: &[Branch]) -> bool {
    branches.iter().all(|branch| branch.unheard == branches[0].unheard)
}

fn client(verdict: Verdict, unheard: bool) -> String {
    match verdict {
        Verdict::Closed | Verdict::Rejected if unheard => {
            "hears nothing of the refusal: it hangs, then times out".to_owned()
        }
        Verdict::Closed | Verdict::Rejected => format!("sees {}", life::seen(verdict)),
        Verdict::NoRoute => "sees \"unreachable\", or hangs".to_owned(),
        _ => "hangs, then times out".to_owned(),
    }
}

/// What the clients of branches see that do not arrive, and how many of them: "About 1 connection
/// in 3 hangs, then times out".
fn failures(branches: &[Branch]) -> String {
    let mut seen: BTreeMap<[&str; 2], Share> = BTreeMap::new();
    for branch in branches.iter().filter(|branch| !branch.arrived()) {
        let share = seen.entry(sees(branch)).or_insert(Share::NONE);
        *share = share.and(branch.share);
    }
    let mut seen: Vec<([&str; 2], Share)> = seen.into_iter().collect();
    // The most frequent first.
    seen.sort_by_key(|(_, share)| std::cmp::Reverse(share.part * u64::from(u32::MAX) / share.of));
    let says = seen.into_iter().enumerate().map(|(i, ([one, more], share))| {
        let (n, of) = simple(share);
        let what = match (i, n) {
            (0, 1) => " connection",
            (0, _) => " connections",
            _ => "",
        };
        format!("{n}{what} in {of} {}", if n == 1 { one } else { more })
    });
    let says: Vec<String> = says.collect();
    format!("About {}", list(&says))
}

/// What the client of a branch sees, of one connection and of several.
fn sees(branch: &Branch) -> [&'static str; 2] {
    match branch.verdict() {
        _ if branch.astray => ["reaches somebody else", "reach somebody else"],
        Verdict::Closed | Verdict::Rejected if !branch.unheard => {
            ["gets \"connection refused\"", "get \"connection refused\""]
        }
        Verdict::NoRoute => ["is unreachable, or hangs", "are unreachable, or hang"],
        _ => ["hangs, then times out", "hang, then time out"],
    }
}

/// A share as people say it: `1 in 3`, rounded where it is neither simple nor exact.
fn simple(share: Share) -> (u64, u64) {
    let Share { part, of } = share;
    match (part, of) {
        (0 | 1, _) | (_, ..=100) => (part, of),
        // Seldom: one in so many.
        _ if part * 10 < of => (1, (of + part / 2) / part),
        _ => (((part * 100 + of / 2) / of).clamp(1, 99), 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_said_simply() {
        let says = |part, of| simple(Share { part, of });
        assert_eq!(says(1, 3), (1, 3));
        assert_eq!(says(7, 100), (7, 100));
        assert_eq!(says(1, 4000), (1, 4000));
        assert_eq!(says(2, 4001), (1, 2001));
        assert_eq!(says(1999, 4000), (50, 100));
        assert_eq!(says(3999, 4000), (99, 100));
    }
}
