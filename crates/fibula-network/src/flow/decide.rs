//! What one switch does with every message to one target: its FIB as a cover of all headers.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::became::Became;
use super::chains::{Care, compares};
use super::matching::{Act, Case, Matcher, Move, Relation};
use crate::element::Kind;
use crate::fib::{BackendsId, EntryId, Mark, Scope, Source, TableId};
use crate::network::Backends;
use crate::set::{SetId, Space};
use crate::walk::Verdict;

/// What a switch does with all headers to one target: sets that together are all of them. Where a
/// message has alternatives they overlap.
pub(crate) type Decision = Rc<[(SetId, Step)]>;

/// What a switch does with some headers. The words of `to` speak of the target that the message
/// has then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) to: Move,
    pub(crate) became: Became,
}

/// Where a message begins in the pipeline of a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Entering {
    /// The table, by its place in the pipeline.
    pub(crate) position: usize,
    /// Whether the message is marked.
    pub(crate) marked: bool,
}

/// Decides, and remembers what it decided.
#[derive(Default)]
pub(crate) struct Decider {
    matcher: Matcher,
    known: FxHashMap<Key, Decision>,
}

/// Everything that a decision depends on, unless it depends on more than its class says of a
/// switch.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    class: u32,
    zone: u32,
    arrived: Kind,
    entering: Entering,
    care: Care,
    relation: Relation,
    layout: Option<u32>,
}

/// What is known of a message between two tables of a switch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) became: Became,
    marked: bool,
}

/// What reaches each table of a pipeline, and what leaves the pipeline. Sets are of headers as they
/// arrived at the switch.
pub(super) struct Passing<'a, 'c> {
    case: &'a Case<'c>,
    arriving: Vec<Vec<(SetId, State)>>,
    out: Vec<(SetId, Step)>,
    /// Whether every switch of the class decides so.
    pub(super) by_class: bool,
}

/// Whether an entry that matches can do what it says at a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Applies {
    No,
    /// At some switches, perhaps.
    Perhaps,
    Yes,
}

// === impl Applies ===

impl Applies {
    /// Whether a switch can choose from a list, whichever switch it is.
    pub(super) fn of(list: &Backends) -> Applies {
        // Those that everybody sees come first.
        match list.members.first().map(|backend| backend.at) {
            None => Applies::No,
            Some(Scope::Everywhere) => Applies::Yes,
            Some(_) => Applies::Perhaps,
        }
    }
}

// === impl Decider ===

impl Decider {
    /// What the switch does with every message to the target that arrives from such an element, or
    /// is on its way through the tables.
    pub(crate) fn decide(
        &mut self,
        space: &mut Space,
        case: &Case<'_>,
        entering: Entering,
    ) -> Decision {
        let key = case.relation().map(|relation| Key {
            class: case.ground.classes.of(case.switch),
            zone: case.zone,
            arrived: case.arrived,
            entering,
            care: case.care,
            relation,
            layout: (relation.own.is_some() && case.care != Care::Roughly || case.zone_listens)
                .then(|| case.ground.layouts.of(case.switch)),
        });
        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            return known.clone();
        }
        let (decision, by_class) = self.run(space, case, entering);
        if let Some(key) = key.filter(|_| by_class) {
            self.known.insert(key, decision.clone());
        }
        decision
    }

    fn run(&mut self, space: &mut Space, case: &Case<'_>, entering: Entering) -> (Decision, bool) {
        let tables = case.network.pipeline(case.fib.pipeline);
        let arriving = vec![vec![]; tables.len() + 1];
        let mut passing = Passing { case, arriving, out: vec![], by_class: true };
        let begin = State { became: Became::default(), marked: entering.marked };
        passing.arriving[entering.position.min(tables.len())].push((Space::FULL, begin));
        for position in 0..tables.len() {
            for (set, state) in std::mem::take(&mut passing.arriving[position]) {
                self.pass(space, &mut passing, position, set, state);
            }
        }
        for (set, State { became, .. }) in std::mem::take(&mut passing.arriving[tables.len()]) {
            let end = Step { to: Move::End(Verdict::NoEntry), became };
            add(space, &mut passing.out, set, end);
        }
        (passing.out.into(), passing.by_class)
    }

    /// One table, and the messages in one state.
    fn pass(
        &mut self,
        space: &mut Space,
        passing: &mut Passing<'_, '_>,
        position: usize,
        set: SetId,
        state: State,
    ) {
        let case = &match state.became.target {
            Some(target) => passing.case.toward(target),
            None => *passing.case,
        };
        let table = case.network.pipeline(case.fib.pipeline)[position];
        let mut rest = self.ask(space, passing, case, (position, table), (set, state));
        if let Some(chains) = case.network.table(table).chains.as_deref()
            && !space.is_empty(rest)
        {
            rest = self.filter(space, passing, case, position, (rest, state), chains);
        }
        passing.arrive(space, position + 1, rest, state);
    }

    /// Asks the entries of a table, which is at a place in the pipeline or in a chain that is asked
    /// there: what they leave.
    pub(super) fn ask(
        &mut self,
        space: &mut Space,
        passing: &mut Passing<'_, '_>,
        case: &Case<'_>,
        (position, table): (usize, TableId),
        (set, state): (SetId, State),
    ) -> SetId {
        let State { became, marked } = state;
        let entries = &case.network.table(table).entries;
        let mut rest = set;
        for index in case.ground.sieves()[table.0 as usize].entries(case.first(), case.is_own()) {
            if space.is_empty(rest) {
                break;
            }
            let entry = &entries[index as usize];
            let pattern = &entry.pattern;
            // The first message of a connection answers none.
            if pattern.reply == Some(true) || pattern.marked.is_some_and(|m| m != marked) {
                continue;
            }
            // Which source is the target, no class says.
            passing.by_class &= !compares(pattern);
            let id = EntryId { table, index };
            for (matched, act) in self.matcher.matches(space, case, id, entry) {
                let matched = became.before(space, case.fields, matched);
                let hit = space.and(rest, matched);
                if space.is_empty(hit) {
                    continue;
                }
                match passing.applies(case, act) {
                    Applies::No => continue,
                    Applies::Yes if case.is_vague(pattern) => {}
                    Applies::Perhaps => {}
                    Applies::Yes => rest = space.minus(rest, matched),
                }
                passing.act(space, case, position, (hit, state), act);
            }
        }
        rest
    }
}

// === impl Passing ===

impl Passing<'_, '_> {
    /// Whether an entry that matches can do what it says at this switch.
    fn applies(&mut self, case: &Case<'_>, act: Act) -> Applies {
        let is = match act {
            Act::Rewrite(to, ..) if case.care == Care::Roughly && case.trusts(to) => {
                return Applies::of(case.network.backends(to));
            }
            Act::Rewrite(to, ..) => {
                self.by_class &= !case.ground.rewrites.is_scoped(to);
                case.seen(to).next().is_some()
            }
            Act::Masquerade(by, _) => {
                self.by_class &= by != Source::Own;
                case.masquerade(by).is_some()
            }
            Act::Move(_) | Act::Goto(_) => true,
        };
        if is { Applies::Yes } else { Applies::No }
    }

    fn act(
        &mut self,
        space: &mut Space,
        case: &Case<'_>,
        position: usize,
        (hit, state): (SetId, State),
        act: Act,
    ) {
        let State { became, .. } = state;
        let then = match act {
            Act::Move(to) => return self.end(space, hit, Step { to, became }),
            Act::Goto(then) => return self.go_on(space, case, position, (hit, state), then),
            Act::Rewrite(_, _, then) | Act::Masquerade(_, then) => then,
        };
        let Some(later) = case.later(position, then) else {
            return self.go_on(space, case, position, (hit, state), then);
        };
        match act {
            Act::Rewrite(to, ..) if case.trusts(to) => {
                self.end(space, hit, Step { to: Move::Trusted, became });
            }
            Act::Rewrite(to, mark, _) => self.rewrite(space, case, later, (hit, state), to, mark),
            Act::Masquerade(by, _) => {
                let source = case.masquerade(by).or(became.source);
                let became = Became { source, ..became };
                self.arrive(space, later, hit, State { became, ..state });
            }
            Act::Move(_) | Act::Goto(_) => {}
        }
    }

    /// Lets messages go on at a table that comes later.
    pub(super) fn go_on(
        &mut self,
        space: &mut Space,
        case: &Case<'_>,
        position: usize,
        (hit, state): (SetId, State),
        then: TableId,
    ) {
        match case.later(position, then) {
            Some(later) => self.arrive(space, later, hit, state),
            // An entry that does not lead on would never end.
            None => {
                let end = Step { to: Move::End(Verdict::NoEntry), became: state.became };
                self.end(space, hit, end);
            }
        }
    }

    /// What leaves the pipeline.
    pub(super) fn end(&mut self, space: &mut Space, set: SetId, step: Step) {
        add(space, &mut self.out, set, step);
    }

    fn rewrite(
        &mut self,
        space: &mut Space,
        case: &Case<'_>,
        later: usize,
        (hit, state): (SetId, State),
        to: BackendsId,
        mark: Mark,
    ) {
        // Which backend is the switch's own or leads elsewhere, no class says.
        self.by_class = false;
        for backend in case.seen(to) {
            let target = case.ground.atoms.of(backend.addr);
            let became = Became { target: Some(target), port: Some(backend.port), ..state.became };
            let marked = match (mark, state.became.source) {
                (Mark::Never, _) => Space::EMPTY,
                (Mark::Always, _) => Space::FULL,
                (Mark::Hairpin, Some(source)) if source == target => Space::FULL,
                (Mark::Hairpin, Some(_)) => Space::EMPTY,
                (Mark::Hairpin, None) => case.fields.from(space, (target, target)),
            };
            let marked = if state.marked { Space::FULL } else { marked };
            let (yes, no) = (space.and(hit, marked), space.minus(hit, marked));
            self.arrive(space, later, yes, State { became, marked: true });
            self.arrive(space, later, no, State { became, marked: false });
        }
    }

    fn arrive(&mut self, space: &mut Space, position: usize, set: SetId, state: State) {
        add(space, &mut self.arriving[position], set, state);
    }
}

/// Adds headers to the part of a cover that has a value.
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
