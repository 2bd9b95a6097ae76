//! The chains of Pods: a map from their addresses, and what each chain is made of.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fibula_network::{ChainId, Family, Side, TableId};

use super::super::nets::FAMILIES;
use super::super::nft;
use super::names::{HOOK, Hook};
use super::write::Writer;
use super::{At, Mode};

impl Writer<'_, '_> {
    /// The rules that lead from a table to the chains of Pods.
    pub(super) fn pods_of(&self, mode: Mode, place: usize) -> Vec<String> {
        let Some(chained) = &self.switch.tables[place].chained else { return vec![] };
        let field = side(chained.by);
        let rule = |family: Family| {
            let some = chained.of.iter().any(|(addr, ..)| addr.family() == family);
            let (word, map) = (nft::word(family), self.map(mode, place, family));
            some.then(|| format!("{word} {field} vmap @{map}"))
        };
        FAMILIES.into_iter().filter_map(rule).collect()
    }

    /// The maps and the chains that they lead to, for each hook by which messages come there.
    pub(super) fn pods(&mut self) {
        for &(hook, mode, at) in self.reached {
            let At::Place(place) = at else { continue };
            let Some(chained) = &self.switch.tables[place].chained else { continue };
            for family in FAMILIES {
                let here = chained.of.iter().filter(|(addr, ..)| addr.family() == family);
                let element = |(addr, chain, pod): &(_, ChainId, &str)| {
                    let to = self.list_name(mode, place, *chain, &hook);
                    format!("{addr} comment \"{}\" : jump {to}", nft::comment(pod))
                };
                let elements: Vec<String> = here.map(element).collect();
                if elements.is_empty() {
                    continue;
                }
                let name = self.map(mode, place, family).replace(HOOK, self.suffix(&hook));
                let _ = writeln!(
                    self.named,
                    "  map {name} {{\n    typeof {} {} : verdict\n    elements = {{\n      {}\n    \
                     }}\n  }}",
                    nft::word(family),
                    side(chained.by),
                    nft::elements(&elements, "      ")
                );
            }
            let mut written = BTreeSet::new();
            for (chain, list) in chained.lists.iter().filter(|(_, list)| list.len() != 1) {
                let name = self.list_name(mode, place, *chain, &hook);
                if written.insert(name.clone()) {
                    let jumps = list.iter().filter_map(|table| self.jump(mode, *table, &hook));
                    let jumps: String = jumps.map(|to| format!("    jump {to}\n")).collect();
                    let _ = writeln!(self.chains, "  chain {name} {{\n{jumps}  }}");
                }
            }
        }
    }

    /// The name of a map from addresses to chains.
    fn map(&self, mode: Mode, place: usize, family: Family) -> String {
        let name = self.name(mode, At::Place(place)).replace(HOOK, "");
        format!("pods_{name}_{}{HOOK}", nft::word(family))
    }

    /// The name of a Pod's chain: of its only filter, if it has but one.
    fn list_name(&self, mode: Mode, place: usize, chain: ChainId, hook: &Hook) -> String {
        let lists = self.switch.tables[place].chained.iter().flat_map(|chained| &chained.lists);
        let only = lists.filter(|(id, _)| *id == chain).find_map(|(_, list)| match &list[..] {
            [only] => self.jump(mode, *only, hook),
            _ => None,
        });
        let name = self.name(mode, At::Place(place)).replace(HOOK, "");
        only.unwrap_or_else(|| format!("of_{name}_{}{}", chain.0, self.suffix(hook)))
    }

    fn jump(&self, mode: Mode, table: TableId, hook: &Hook) -> Option<String> {
        let filter = self.switch.filter(table)?;
        Some(self.name(mode, At::Filter(filter)).replace(HOOK, self.suffix(hook)))
    }
}

/// The word for one of the two addresses.
fn side(side: Side) -> &'static str {
    match side {
        Side::Source => "saddr",
        Side::Target => "daddr",
    }
}
