//! Messages that stand for what differs: one for each pair of classes, so that the cause of each is
//! found by itself.

use std::collections::BTreeMap;

use fibula_network::filters::{Filters, Pair};
use fibula_network::set::Space;
use fibula_network::{Addr, Family, Proto, Range};

use super::causes::{Because, To, Trial, Witness};
use super::cells::Cell;
use super::classes::Class;
use super::entities::Entities;
use super::lines::Group;
use super::own_node::OwnNode;
use crate::names::SOMEWHERE;
use crate::reach::joints::{FAMILIES, index};
use crate::reach::opened::{Leaf, Part};
use crate::reach::own_ranges;
use crate::trace::Ground;

/// What differs between some sources and some targets.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// 0 for what opens, 1 for what closes.
    pub(super) which: usize,
    pub(super) from: Side,
    pub(super) to: Side,
    pub(super) part: Part,
    pub(super) leaf: Leaf,
    pub(super) with: bool,
}

/// One of its two ends.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// Numbers of classes.
    Classes(Vec<usize>),
    /// Numbers of entities.
    Entities(Vec<usize>),
    OwnNode,
}

/// Finds messages.
pub(super) struct Witnesses<'a> {
    pub(super) grounds: [Ground<'a>; 2],
    pub(super) entities: &'a Entities,
    pub(super) classes: &'a [Class],
}

/// A message, with the difference that it stands for, and the part of that.
pub(super) struct Asked {
    of: usize,
    from: Side,
    to: Side,
    /// None where nobody is there to send it.
    witness: Option<Witness>,
}

/// How many pairs of classes of one difference have messages of their own; of more one stands for all.
const MOST_PAIRS: usize = 1024;
/// Among how many of a class one is looked for.
const MOST_TRIED: usize = 16;
/// How many messages there are in all.
const MOST_WITNESSES: usize = 8192;

// === impl Difference ===

impl Difference {
    pub(super) fn of_cell(which: usize, cell: Cell) -> Difference {
        let Cell { from, to, part, leaf, with } = cell;
        let (from, to) = (Side::Classes(from), Side::Classes(to));
        Difference { which, from, to, part, leaf, with }
    }

    pub(super) fn of_own_node(which: usize, own: OwnNode) -> Difference {
        let OwnNode { from, part, leaf, with } = own;
        Difference { which, from: Side::Entities(from), to: Side::OwnNode, part, leaf, with }
    }

    pub(super) fn groups(&self, classes: &[Class]) -> (Group, Group) {
        let group = |side: &Side| match side {
            Side::Classes(numbers) => Group::of(classes, numbers),
            Side::Entities(entities) => Group { entities: entities.clone(), ..Group::default() },
            Side::OwnNode => Group { own_node: true, ..Group::default() },
        };
        (group(&self.from), group(&self.to))
    }
}

// === impl Witnesses ===

impl Witnesses<'_> {
    /// A message for each pair of what differs between those that are in both clusters.
    pub(super) fn all(&self, pair: &mut Pair, marks: &[u32], found: &[Difference]) -> Vec<Asked> {
        let mut asked: Vec<Asked> = vec![];
        for (of, difference) in found.iter().enumerate().filter(|(_, found)| !found.with) {
            let Some(header) = picked(pair, difference) else { continue };
            let mut add = |from: Side, to: Side| {
                let witness = self.one((&from, &to), &header, difference.which == 0);
                asked.push(Asked { of, from, to, witness });
            };
            match (&difference.from, &difference.to) {
                (Side::Classes(from), Side::Classes(to)) if from.len() * to.len() <= MOST_PAIRS => {
                    for source in from {
                        for target in to {
                            add(Side::Classes(vec![*source]), Side::Classes(vec![*target]));
                        }
                    }
                }
                (Side::Entities(from), to) => {
                    let mark = |at: &usize| marks[self.entities.all[*at].whole.0 as usize];
                    let mut by_mark: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
                    for at in from {
                        by_mark.entry(mark(at)).or_default().push(*at);
                    }
                    for own in by_mark.into_values() {
                        add(Side::Entities(own), to.clone());
                    }
                }
                (from, to) => add(from.clone(), to.clone()),
            }
            if asked.len() >= MOST_WITNESSES {
                break;
            }
        }
        asked
    }

    /// Somebody of the one side who sends to somebody of the other. None where nobody is there, or
    /// where policies have no word, or another one: between a Node and a pod that it hosts (NP-32,
    /// DR-3).
    fn one(&self, (from, to): (&Side, &Side), header: &Picked, opens: bool) -> Option<Witness> {
        let all = &self.entities.all;
        let sources = self.some(from);
        let classes: &[usize] = match to {
            Side::OwnNode => {
                let source = sources.first()?;
                return Some(header.witness(all[*source], To::OwnNode, opens));
            }
            Side::Classes(numbers) => numbers,
            Side::Entities(_) => &[],
        };
        let ranges = classes.iter().flat_map(|at| &self.classes[*at].ranges);
        let mut ranges = ranges.peekable();
        if ranges.peek().is_some() {
            let to = To::World(self.address(ranges)?);
            return Some(header.witness(all[*sources.first()?], to, opens));
        }
        let targets = self.some(to);
        let pairs = sources.iter().flat_map(|from| targets.iter().map(move |to| (*from, *to)));
        let mut pairs = pairs.filter(|(from, to)| {
            let hosts = |from: usize, to: usize| {
                [0, 1].into_iter().any(|side| {
                    let fib = |id| self.grounds[side].network.fib(id);
                    let host = all[to].sides[side].and_then(|id| fib(id)?.me.host);
                    host.is_some() && host == all[from].sides[side]
                })
            };
            from != to && !hosts(*from, *to) && !hosts(*to, *from)
        });
        let (from, to) = pairs.next()?;
        Some(header.witness(all[from], To::Entity(all[to]), opens))
    }

    /// The first of a side that were there before.
    fn some(&self, side: &Side) -> Vec<usize> {
        let was = |at: &usize| self.entities.all[*at].sides[0].is_some();
        match side {
            Side::Classes(numbers) => {
                let classes = numbers.iter().map(|at| &self.classes[*at]);
                let entities = classes.flat_map(|class| class.entities.iter().copied());
                entities.filter(was).take(MOST_TRIED).collect()
            }
            Side::Entities(entities) => {
                entities.iter().copied().filter(was).take(MOST_TRIED).collect()
            }
            Side::OwnNode => vec![],
        }
    }

    /// An address of the world: one that nobody has, in none of the clusters' own ranges.
    pub(super) fn address<'r>(&self, ranges: impl Iterator<Item = &'r Range>) -> Option<Addr> {
        let inside: Vec<Range> =
            self.grounds.iter().filter_map(|ground| ground.cluster).flat_map(own_ranges).collect();
        let good = |addr: &Addr| {
            self.grounds.iter().all(|ground| ground.network.owners_of(*addr).is_empty())
                && !inside.iter().any(|range| range.contains(*addr))
        };
        let mut all = ranges.flat_map(|range| {
            let usual = range.contains(SOMEWHERE).then_some(SOMEWHERE);
            usual.into_iter().chain([range.lo, range.hi])
        });
        all.find(good)
    }
}

/// A message that differs, but for who sends it to whom.
struct Picked {
    family: Family,
    proto: Proto,
    port: u16,
    choices: Vec<u8>,
}

impl Picked {
    fn witness(&self, from: super::entities::Entity, to: To, opens: bool) -> Witness {
        let Picked { family, proto, port, ref choices } = *self;
        Witness { from: Some(from), to, family, proto, port, choices: choices.clone(), opens }
    }
}

/// One of the messages of a difference, and values of the choices under which it is one.
fn picked(pair: &mut Pair, difference: &Difference) -> Option<Picked> {
    let (_, family, ports) = &difference.part;
    let (proto, (lo, hi)) = *ports.0.first()?;
    let families = FAMILIES.into_iter().filter(|own| family.is_none_or(|wanted| wanted == *own));
    for family in families {
        let Some(set) = difference.leaf[index(family)] else { continue };
        let wanted = pair.space.interval(Filters::PROTO, proto as u32, proto as u32);
        let ports = pair.space.interval(Filters::PORT, lo, hi);
        let wanted = pair.space.and(wanted, ports);
        let set = pair.space.and(set, wanted);
        if set == Space::EMPTY {
            continue;
        }
        let values = pair.space.pick(set)?;
        let value = |at: usize| values.get(at).copied().unwrap_or(0);
        let choices = (0..pair.choices.len()).map(|i| value(usize::from(Filters::CHOICE.0) + i));
        return Some(Picked {
            family,
            proto: *Proto::ALL.get(value(usize::from(Filters::PROTO.0)) as usize)?,
            port: u16::try_from(value(usize::from(Filters::PORT.0))).ok()?,
            choices: choices.map(|value| u8::try_from(value).unwrap_or(0)).collect(),
        });
    }
    None
}

/// What differs, parted by its causes: as few parts as there are.
pub(super) fn parted(
    found: Vec<Difference>,
    asked: Vec<Asked>,
    trial: &Trial<'_>,
) -> Vec<(Difference, Because)> {
    let witnesses: Vec<Witness> = asked.iter().filter_map(|asked| asked.witness.clone()).collect();
    let mut causes = trial.causes(&witnesses).into_iter();
    // By difference and cause: the sources of each target.
    type Ends = (Vec<(Side, Side)>, BTreeMap<usize, Vec<usize>>);
    let mut by: BTreeMap<(usize, Because), Ends> = BTreeMap::new();
    for Asked { of, from, to, witness } in asked {
        let because = witness.and_then(|_| causes.next()).unwrap_or_default();
        let (others, pairs) = by.entry((of, because)).or_default();
        match (&from, &to) {
            (Side::Classes(source), Side::Classes(target)) if source.len() + target.len() == 2 => {
                pairs.entry(target[0]).or_default().push(source[0]);
            }
            _ => others.push((from, to)),
        }
    }
    let mut parted = vec![];
    let mut done: Vec<bool> = vec![false; found.len()];
    for ((of, because), (others, pairs)) in by {
        done[of] = true;
        let mut by_sources: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (target, sources) in pairs {
            by_sources.entry(sources).or_default().push(target);
        }
        let pairs =
            by_sources.into_iter().map(|(from, to)| (Side::Classes(from), Side::Classes(to)));
        for (from, to) in others.into_iter().chain(pairs) {
            parted.push((Difference { from, to, ..found[of].clone() }, because.clone()));
        }
    }
    // What no message stands for: it came or went with somebody, or nobody can send it.
    let rest = found.into_iter().zip(done).filter(|(_, done)| !done);
    parted.extend(rest.map(|(difference, _)| (difference, Because::default())));
    parted
}
