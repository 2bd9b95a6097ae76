//! The chains at which the kernel asks: before targets are rewritten, while, and after, and where
//! sources are.

use std::fmt::Write as _;

use crate::plan::Origin;

use super::super::nets::FAMILIES;
use super::super::nft;
use super::Mode;
use super::write::{HOOK, Hook, MARKED, Writer};

/// The bits of a mark that are its number.
const NUMBER: u32 = MARKED - 1;

/// Lets messages alone that the model does not speak of.
const OTHERS: &str = "meta l4proto != { tcp, udp, sctp } accept";

/// A reset that answers an answer: one that answers the first packet acknowledges that.
const RESET: &str = "tcp flags & (rst | ack) == rst";

/// Keeps in what a client says to a stranger that answers: the half-open connection that it would
/// end is all there is to see of a message that arrived and whose reply does not come home. Nobody
/// in the model sends it, and a connection that was made is not touched.
pub(super) fn strangers(hook: Hook, text: &mut String) {
    let base = base("filter", hook, -120, "strangers");
    let _ = write!(
        text,
        "{base}    {RESET} ct state invalid drop\n    {RESET} ct status & assured == 0 drop\n  }}\n"
    );
}

impl Writer<'_, '_> {
    pub(super) fn before(&self, hook: Hook, text: &mut String) {
        if self.shape.before == 0 {
            return;
        }
        let first = self.name(Mode::New, 0).replace(HOOK, self.suffix(&hook));
        let base = base("filter", hook, -110, "before");
        let _ = write!(
            text,
            "{base}    {OTHERS}\n    ct state established,related accept\n    goto {first}\n  }}\n"
        );
    }

    pub(super) fn nat(&self, hook: Hook, text: &mut String) {
        if self.rewrites.is_empty() {
            return;
        }
        let items: Vec<String> = self
            .rewrites
            .iter()
            .map(|(mark, chain)| format!("{} : goto {chain}", mark.0))
            .collect();
        let base = base("nat", hook, -100, "rewrite");
        let list = nft::elements(&items, "      ");
        let _ = write!(text, "{base}    meta mark vmap {{\n      {list}\n    }}\n  }}\n");
    }

    pub(super) fn after(&self, hook: Hook, text: &mut String) {
        let suffix = self.suffix(&hook);
        let chain = |mode, place| self.name(mode, place).replace(HOOK, suffix);
        let (before, tables) = (self.shape.before, self.switch.tables.len());
        // Where rules choose the route of what a process sends, it is looked up again.
        let kind = if hook == Hook::Out { "route" } else { "filter" };
        text.push_str(&base(kind, hook, -90, "after"));
        let _ = writeln!(text, "    {OTHERS}");
        match self.shape.answers < tables {
            true => {
                let back = chain(Mode::Reply, self.shape.answers);
                let _ = writeln!(text, "    ct direction reply goto {back}");
            }
            false => text.push_str("    ct direction reply accept\n"),
        }
        if !self.leads.is_empty() {
            text.push_str("    ct state established meta mark set ct mark accept\n");
        }
        text.push_str("    ct state established,related accept\n");
        let numbers = |marks: &mut dyn Iterator<Item = Origin>| {
            marks.map(|mark| mark.0.to_string()).collect::<Vec<_>>().join(", ")
        };
        if !self.shape.always.is_empty() {
            let marks = numbers(&mut self.shape.always.iter().copied());
            let _ = writeln!(
                text,
                "    meta mark {{ {marks} }} meta mark set meta mark or {MARKED:#x}"
            );
        }
        if !self.shape.hairpin.is_empty() {
            let marks = numbers(&mut self.shape.hairpin.iter().map(|(mark, _)| *mark));
            for family in FAMILIES.into_iter().filter(|family| !self.hairpins(*family).is_empty()) {
                let word = nft::word(family);
                let _ = writeln!(
                    text,
                    "    meta mark {{ {marks} }} {word} saddr . {word} daddr @itself_{word} meta \
                     mark set meta mark or {MARKED:#x}"
                );
            }
        }
        if !self.shape.jumps.is_empty() {
            let jump = |(mark, to): &(Origin, usize)| {
                format!("{} : goto {}", mark.0, chain(Mode::New, *to))
            };
            let items: Vec<String> = self.shape.jumps.iter().map(jump).collect();
            let list = nft::elements(&items, "      ");
            let _ = writeln!(text, "    meta mark and {NUMBER:#x} vmap {{\n      {list}\n    }}");
        }
        if before < tables {
            let _ = writeln!(text, "    goto {}", chain(Mode::New, before));
        }
        text.push_str("  }\n");
    }

    pub(super) fn sources(&self, text: &mut String) {
        let rules = |text: &mut String| {
            for (mark, addr) in &self.sources {
                let word = nft::word(addr.family());
                let words = self.comment(*mark);
                let _ = writeln!(
                    text,
                    "    ct mark {} snat {word} to {addr} comment \"{words}\"",
                    mark.0
                );
            }
        };
        if !self.sources.is_empty() {
            for (name, hook) in [("leave", "postrouting"), ("arrive", "input")] {
                let _ = writeln!(
                    text,
                    "  chain {name} {{\n    type nat hook {hook} priority 100; policy accept;"
                );
                rules(text);
                text.push_str("  }\n");
            }
        }
        if !self.leads.is_empty() {
            let mut marks: Vec<u32> = self.leads.iter().map(|lead| lead.mark.0).collect();
            marks.sort_unstable();
            marks.dedup();
            let marks = marks.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                text,
                "  chain keep {{\n    type filter hook postrouting priority 110; policy accept;\n    \
                 ct state new meta mark {{ {marks} }} ct mark set meta mark\n  }}"
            );
        }
    }
}

/// The head of a chain.
fn base(kind: &str, hook: Hook, priority: i32, name: &str) -> String {
    let (at, suffix) = if hook == Hook::In { ("prerouting", "in") } else { ("output", "out") };
    // What leaves through `lo` was judged as it left.
    let first = if hook == Hook::In { "    iifname \"lo\" accept\n" } else { "" };
    format!(
        "  chain {name}_{suffix} {{\n    type {kind} hook {at} priority {priority}; policy \
         accept;\n{first}"
    )
}
