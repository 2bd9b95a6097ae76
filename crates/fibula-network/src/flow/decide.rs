//! What one switch does with every message to one target: its FIB as a partition of headers.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::matching::{Act, Case, Matcher, Move, Relation};
use crate::element::Kind;
use crate::fib::EntryId;
use crate::set::{SetId, Space};
use crate::walk::Verdict;

/// A partition of the headers to one target by what a switch does with them.
pub(crate) type Decision = Rc<[(SetId, Move)]>;

/// Decides, and remembers what it decided.
#[derive(Default)]
pub(crate) struct Decider {
    matcher: Matcher,
    known: FxHashMap<Key, Decision>,
}

/// Everything that a decision depends on.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    class: u32,
    zone: u32,
    arrived: Kind,
    relation: Relation,
    layout: Option<u32>,
}

// === impl Decider ===

impl Decider {
    /// What the switch does with every message to the target that arrives from such an element.
    pub(crate) fn decide(&mut self, space: &mut Space, case: &Case<'_>) -> Decision {
        let Some(relation) = case.relation() else { return self.run(space, case) };
        let key = Key {
            class: case.class,
            zone: case.zone,
            arrived: case.arrived,
            relation,
            layout: (relation.own || case.zone_listens).then_some(case.layout),
        };
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let decision = self.run(space, case);
        self.known.insert(key, decision.clone());
        decision
    }

    fn run(&mut self, space: &mut Space, case: &Case<'_>) -> Decision {
        let tables = case.network.pipeline(case.fib.pipeline);
        let mut arriving = vec![Space::EMPTY; tables.len() + 1];
        arriving[0] = Space::FULL;
        let mut out = vec![];
        for (position, &table) in tables.iter().enumerate() {
            let mut rest = arriving[position];
            let entries = &case.network.table(table).entries;
            for index in case.sieves[table.0 as usize].entries(case.first()) {
                if space.is_empty(rest) {
                    break;
                }
                let id = EntryId { table, index };
                let entry = &entries[index as usize];
                for (set, act) in self.matcher.matches(space, case, id, entry) {
                    let hit = space.and(rest, set);
                    rest = space.minus(rest, set);
                    let to = match act {
                        Act::Move(to) => to,
                        Act::Goto(later) => match case.later(position, later) {
                            Some(later) => {
                                arriving[later] = space.or(arriving[later], hit);
                                continue;
                            }
                            // A Goto that does not lead on would never end.
                            None => Move::End(Verdict::NoEntry),
                        },
                    };
                    add(space, &mut out, hit, to);
                }
            }
            arriving[position + 1] = space.or(arriving[position + 1], rest);
        }
        add(space, &mut out, arriving[tables.len()], Move::End(Verdict::NoEntry));
        out.into()
    }
}

/// Adds headers to the part of a partition that ends alike.
pub(crate) fn add<T: PartialEq>(
    space: &mut Space,
    out: &mut Vec<(SetId, T)>,
    set: SetId,
    value: T,
) {
    if space.is_empty(set) {
        return;
    }
    match out.iter_mut().find(|(_, known)| *known == value) {
        Some((known, _)) => *known = space.or(*known, set),
        None => out.push((set, value)),
    }
}
