//! Sets and maps, and the chains that rewrite to a list of backends.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fibula_network::{Action, Addr, AddrSetId, Backend, Family, Ports};

use super::super::Refusal;
use super::super::lines::{Line, Switch};
use super::super::nets::FAMILIES;
use super::super::nft;
use super::Outcome;
use super::groups::{Group, Key};
use super::write::Writer;

impl Writer<'_, '_> {
    /// The set or map of the lines of a group.
    pub(super) fn list(
        &mut self,
        group: &Group<'_>,
        key: Key,
        family: Family,
    ) -> (String, Option<String>) {
        let marks = matches!(
            group.outcome,
            Outcome::Rewrite | Outcome::Drop | Outcome::Refuse | Outcome::Leave
        );
        let word = nft::word(family);
        let field = match key {
            Key::Port => format!("{word} daddr . meta l4proto . th dport"),
            _ => format!("{word} daddr"),
        };
        let mut seen = BTreeSet::new();
        let mut elements = vec![];
        for line in &group.lines {
            let Some(addr) = line.single() else { continue };
            let element = match (key, line.pattern.proto, line.pattern.dport) {
                (Key::Port, Some(proto), Ports::In(port, _)) => {
                    format!("{addr} . {} . {port}", nft::proto(proto))
                }
                _ => addr.to_string(),
            };
            // Of two for one target the first decides.
            if seen.insert(element.clone()) {
                let words = if marks { self.comment(line.origin) } else { String::new() };
                elements.push(match marks {
                    true => format!("{element} comment \"{words}\" : {}", line.origin.0),
                    false => element,
                });
            }
        }
        let (kind, data) = if marks { ("map", " : meta mark") } else { ("set", "") };
        let body = format!(
            "typeof {field}{data}\n    elements = {{\n      {}\n    }}\n  }}",
            nft::elements(&elements, "      ")
        );
        let fresh = format!("list_{}", self.lists.len() + 1);
        let name = match self.lists.get(&body) {
            Some(name) => name.clone(),
            None => {
                let _ = writeln!(self.named, "  {kind} {fresh} {{\n    {body}");
                self.lists.insert(body, fresh.clone());
                fresh
            }
        };
        match marks {
            true => (format!("meta mark set {field} map @{name} "), None),
            false => (format!("{field} @{name} "), None),
        }
    }

    /// A chain that rewrites to the backends of a line.
    pub(super) fn rewrite(&mut self, line: &Line, family: Option<Family>) -> Result<(), Refusal> {
        let Action::Rewrite { to, .. } = line.action else { return Ok(()) };
        let family = family.unwrap_or(Family::V4);
        let backends = self.switch.backends(to);
        if backends.clone().any(|backend| backend.addr.family() != family) {
            return Err(self.switch.refuse(line, "rewrites to an address of another family"));
        }
        let v4 = family == Family::V4;
        let name = match self.backends.get(&(to, v4)) {
            Some(name) => name.clone(),
            None => {
                let name = format!("to_{}", self.backends.len() + 1);
                let words = nft::comment(&self.switch.network.backends(to).name);
                let word = nft::word(family);
                let bracket = |addr: Addr| if v4 { addr.to_string() } else { format!("[{addr}]") };
                let all: Vec<_> = backends.collect();
                let dnat = match all[..] {
                    [one] => format!("{}:{}", bracket(one.addr), one.port),
                    _ => {
                        let item =
                            |(i, b): (usize, &&Backend)| format!("{i} : {} . {}", b.addr, b.port);
                        let items: Vec<String> = all.iter().enumerate().map(item).collect();
                        format!(
                            "numgen inc mod {} map {{\n      {}\n    }}",
                            items.len(),
                            nft::elements(&items, "      ")
                        )
                    }
                };
                let _ = writeln!(
                    self.chains,
                    "  chain {name} {{\n    meta l4proto {{ tcp, udp, sctp }} dnat {word} to {dnat} \
                     comment \"{words}\"\n  }}"
                );
                self.backends.insert((to, v4), name.clone());
                name
            }
        };
        self.rewrites.insert(line.origin, name);
        Ok(())
    }

    pub(super) fn addresses(&mut self, id: u32, v4: bool) {
        let family = if v4 { Family::V4 } else { Family::V6 };
        let ranges = &self.switch.network.set(AddrSetId(id)).ranges;
        let items: Vec<String> = ranges.iter().filter_map(|r| nft::range(*r, family)).collect();
        let _ = writeln!(
            self.named,
            "  set {} {{\n    typeof {} daddr\n    flags interval\n    elements = {{\n      {}\n    \
             }}\n  }}",
            set_name(self.switch, id, family),
            nft::word(family),
            nft::elements(&items, "      ")
        );
    }

    /// The backends, each with itself: a message from one of them to itself; and the addresses that
    /// filters compare.
    pub(super) fn same_address(&mut self) {
        for family in FAMILIES {
            let mut items = self.hairpins(family);
            items.extend(self.switch.compared(family));
            if items.is_empty() {
                continue;
            }
            let items: Vec<String> =
                items.into_iter().map(|addr| format!("{addr} . {addr}")).collect();
            let word = nft::word(family);
            let _ = writeln!(
                self.named,
                "  set itself_{word} {{\n    typeof {word} saddr . {word} daddr\n    elements = \
                 {{\n      {}\n    }}\n  }}",
                nft::elements(&items, "      ")
            );
        }
    }

    pub(super) fn hairpins(&self, family: Family) -> BTreeSet<Addr> {
        let lists = self.shape.hairpin.iter().map(|(_, to)| *to).collect::<BTreeSet<_>>();
        let backends = lists.into_iter().flat_map(|to| self.switch.backends(to));
        backends.map(|backend| backend.addr).filter(|addr| addr.family() == family).collect()
    }
}

/// The name of a named set of addresses, in a family.
pub(super) fn set_name(switch: &Switch<'_>, id: u32, family: Family) -> String {
    let name = nft::name(&switch.network.set(fibula_network::AddrSetId(id)).name);
    format!("in_{name}_{id}_{}", nft::word(family))
}
