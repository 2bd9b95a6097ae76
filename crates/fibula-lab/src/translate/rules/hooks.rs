//! The chains at which the kernel asks: before targets are rewritten, while, and after, and where
//! sources are.

use std::fmt::Write as _;

use crate::plan::Origin;

use super::super::nets::FAMILIES;
use super::super::nft;
use super::names::{HOOK, Hook};
use super::write::{MARKED, NUMBER, PLACES, Writer};
use super::{At, Mode};

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
        let first = self.name(Mode::New, At::Place(0)).replace(HOOK, self.suffix(&hook));
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

    /// The hooks after targets are rewritten: one, and another behind each table with chains.
    pub(super) fn after(&self, hook: Hook, text: &mut String) {
        let mut start = 0;
        for (number, &end) in self.shape.ends.iter().enumerate() {
            let first = [self.shape.before, self.shape.answers].map(|place| place.max(start));
            let modes = [Mode::New, Mode::Reply];
            let enters: Vec<String> =
                modes.into_iter().zip(first).map(|(m, p)| self.enter(hook, m, p, end)).collect();
            let (new, reply) = (&enters[0], &enters[1]);
            let last = end == self.switch.tables.len();
            if last || number == 0 || !new.is_empty() || !reply.is_empty() {
                // Where rules choose the route of what a process sends, it is looked up again.
                let kind = if hook == Hook::Out && last { "route" } else { "filter" };
                let name = match number {
                    0 => "after".to_owned(),
                    _ => format!("after_{}", nft::name(self.switch.tables[start - 1].name)),
                };
                text.push_str(&base(kind, hook, -90 + number as i32, &name));
                let _ = writeln!(text, "    {OTHERS}");
                text.push_str(reply);
                if reply.is_empty() {
                    text.push_str("    ct direction reply accept\n");
                }
                if !self.leads.is_empty() && last {
                    text.push_str("    ct state established meta mark set ct mark accept\n");
                }
                text.push_str("    ct state established,related accept\n");
                if number == 0 {
                    self.marks(hook, text);
                }
                text.push_str(new);
                text.push_str("  }\n");
            }
            start = end;
        }
    }

    /// Leads to the table of a place, or to a later one that the mark names.
    fn enter(&self, hook: Hook, mode: Mode, first: usize, end: usize) -> String {
        let suffix = self.suffix(&hook);
        let mut text = String::new();
        if first >= end {
            return text;
        }
        let replies = if mode == Mode::Reply { "ct direction reply " } else { "" };
        let judges = |place| self.is_reached(hook, mode, At::Place(place));
        let chain = |place| self.name(mode, At::Place(place)).replace(HOOK, suffix);
        let held = self.gone.iter().filter(|place| **place > first);
        let items: Vec<String> = held
            .filter_map(|&place| {
                let mark = place << NUMBER.count_ones();
                match place >= end {
                    true => Some(format!("{mark:#x} : accept")),
                    false => judges(place).then(|| format!("{mark:#x} : goto {}", chain(place))),
                }
            })
            .collect();
        if !judges(first) && !items.iter().any(|item| item.contains("goto")) {
            return text;
        }
        if !items.is_empty() && self.shape.hook_of(first) > 0 {
            let items = items.join(", ");
            let _ = writeln!(text, "    {replies}meta mark and {PLACES:#x} vmap {{ {items} }}");
        }
        if judges(first) {
            let _ = writeln!(text, "    {replies}goto {}", chain(first));
        }
        text
    }

    /// What the marks of rewritten messages mean for what comes after.
    fn marks(&self, hook: Hook, text: &mut String) {
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
                let to = match self.shape.hook_of(*to) {
                    0 => self.name(Mode::New, At::Place(*to)).replace(HOOK, self.suffix(&hook)),
                    _ => format!("go_{to}"),
                };
                format!("{} : goto {to}", mark.0)
            };
            let items: Vec<String> = self.shape.jumps.iter().map(jump).collect();
            let list = nft::elements(&items, "      ");
            let _ = writeln!(text, "    meta mark and {NUMBER:#x} vmap {{\n      {list}\n    }}");
        }
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
