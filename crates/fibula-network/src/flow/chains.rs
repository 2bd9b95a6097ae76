//! What chains do with messages to one target: exactly, and what they could do at most.
//!
//! A chain by source is asked of messages from the Pods that the deciding switch hosts, so that no
//! two Nodes that host something decide alike. Whoever asks for all of 150,000 targets cannot have
//! that, and need not: a chain lets a message go on, or ends it. So there are two readings. One
//! follows each chain, switch by switch ([`Flow::exactly`](super::Flow::exactly)). The other says
//! what some chain of the table could do, whichever Pod the message is from: end it in each way in
//! which an entry of a filter ends messages, and let it go on, at the next table and at each that an
//! entry names. Its sets overlap, and what it says of no message is true of none.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;

use super::classes::{Classes, Detail};
use super::decide::{Decider, Passing, State, Step};
use super::ground::{Hosted, hosted};
use super::matching::{Case, Move};
use crate::addr::Addr;
use crate::element::ElementId;
use crate::fib::{Action, Addrs, Chains, Pattern, Side, TableId};
use crate::network::Network;
use crate::set::{SetId, Space};
use crate::walk::Verdict;

/// How closely messages to a target are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Care {
    /// As `Reasons`, and an entry for *own* addresses at *listened* ports could match every port and
    /// none, a trusted Rewrite from whose list not all switches see a backend be passed by: what is
    /// so of a target is so whichever ports are listened on, and whichever switches see some.
    Roughly,
    /// No further than to where they are trusted to end with a reason (see
    /// [`Trust`](super::Trust)); of chains, what they could do.
    Reasons,
    /// Through every alternative; of chains, what they could do.
    Alternatives,
    /// Through every alternative, and chains as they are.
    Exact,
}

impl Care {
    /// Whether messages are followed no further than to where they are trusted to end.
    pub(super) fn trusts(self) -> bool {
        matches!(self, Care::Roughly | Care::Reasons)
    }
}

/// The chains of a network, prepared for both readings.
#[derive(Debug)]
pub(crate) struct Filtering {
    /// By table, what its chains could do; none where it has no chains.
    could: Vec<Option<Could>>,
    /// By table, whether a pipeline has it: the others are asked in chains, if at all.
    piped: Vec<bool>,
    /// What only those ask for that follow chains.
    exact: OnceLock<Exact>,
}

/// What the chains of a table could do.
#[derive(Debug)]
struct Could {
    /// The ends that an entry of a filter has.
    ends: Vec<Verdict>,
    /// The tables at which one goes on.
    tables: Vec<TableId>,
}

/// Switches as chains tell them apart.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) classes: Classes,
    /// The switches that each switch hosts, by these classes.
    pub(super) hosted: Vec<Hosted>,
    /// The places among the owners of those to whom each switch leads, sorted by switch.
    led: Vec<(ElementId, u32)>,
}

// === impl Filtering ===

impl Filtering {
    /// Costs a pass over the chains, and one over the entries of each filter for each table whose
    /// chains ask it.
    pub(crate) fn new(network: &Network) -> Filtering {
        let mut piped = vec![false; network.tables.len()];
        for table in network.pipelines.iter().flatten() {
            piped[table.0 as usize] = true;
        }
        let could = network
            .tables
            .iter()
            .map(|table| table.chains.as_deref().map(|chains| Could::new(network, chains)));
        Filtering { could: could.collect(), piped, exact: OnceLock::new() }
    }

    /// Whether no table has chains.
    pub(crate) fn is_empty(&self) -> bool {
        self.could.iter().all(Option::is_none)
    }

    /// The patterns that are asked of messages whatever their Pods: those of the tables of
    /// pipelines. Or `all`.
    pub(crate) fn patterns<'a>(
        &'a self,
        network: &'a Network,
        all: bool,
    ) -> impl Iterator<Item = &'a Pattern> {
        let tables = network.tables.iter().zip(&self.piped);
        let tables = tables.filter(move |(_, piped)| all || **piped);
        tables.flat_map(|(table, _)| &table.entries).map(|entry| &entry.pattern)
    }

    /// Whether a pipeline has a table.
    pub(crate) fn is_piped(&self, table: usize) -> bool {
        self.piped[table]
    }

    fn exact(&self, network: &Network, backends: &[Addr]) -> &Exact {
        self.exact.get_or_init(|| {
            let owners = (0..).zip(&network.owners).filter(|(_, owner)| owner.to != owner.via);
            let mut led: Vec<(ElementId, u32)> = owners.map(|(i, owner)| (owner.via, i)).collect();
            led.sort_unstable();
            let classes = Classes::new(network, backends, Detail::Chains(self));
            let hosted = hosted(network, &classes, &classes);
            Exact { classes, hosted, led }
        })
    }
}

// === impl Could ===

impl Could {
    fn new(network: &Network, chains: &Chains) -> Could {
        let filters: FxHashSet<TableId> = chains.lists.iter().flatten().copied().collect();
        let mut filters: Vec<TableId> = filters.into_iter().collect();
        filters.sort_unstable();
        let mut could = Could { ends: vec![], tables: vec![] };
        for entry in filters.iter().flat_map(|filter| &network.table(*filter).entries) {
            match entry.action {
                Action::Discard(reason) => add(&mut could.ends, Verdict::of(reason)),
                Action::Reject(_) => add(&mut could.ends, Verdict::Rejected),
                Action::Goto(table) => add(&mut could.tables, table),
                _ => {}
            }
        }
        could
    }
}

/// Adds one of a few things, unless it is there.
fn add<T: PartialEq>(few: &mut Vec<T>, one: T) {
    if !few.contains(&one) {
        few.push(one);
    }
}

// === impl Case ===

impl<'a> Case<'a> {
    /// The messages that each chain of a table is asked about here, and its filters. Where several
    /// own an address, their chains are asked in their order.
    fn chained(&self, space: &mut Space, chains: &'a Chains) -> Vec<(SetId, &'a [TableId])> {
        let owners = &self.network.owners;
        let mut asked = vec![];
        let mut ask = |space: &mut Space, owner: &crate::fib::Owner, set: SetId| {
            let Some(filters) = chains.of(owner.to) else { return };
            let set = match owner.when {
                Some(when) => {
                    let chosen = self.fields.when(space, when);
                    space.and(set, chosen)
                }
                None => set,
            };
            asked.push((set, filters));
        };
        match chains.by {
            Side::Target => {
                for owner in self.owners.iter().filter(|owner| self.leads_to(owner)) {
                    ask(space, owner, Space::FULL);
                }
            }
            Side::Source => {
                let led = &self.ground.exact().led;
                let start = led.partition_point(|(switch, _)| *switch < self.switch);
                for (_, place) in led[start..].iter().take_while(|led| led.0 == self.switch) {
                    let owner = &owners[*place as usize];
                    let atom = self.ground.atoms.of(owner.addr);
                    let from = self.fields.from(space, (atom, atom));
                    ask(space, owner, from);
                }
            }
        }
        asked
    }
}

// === impl Ground ===

impl super::Ground<'_> {
    /// Costs as [`Classes::new`] does, once.
    pub(super) fn exact(&self) -> &Exact {
        self.filtering.exact(self.network, &self.rewrites.backends)
    }
}

// === impl Decider ===

impl Decider {
    /// What the chains of a table leave of messages.
    pub(super) fn filter(
        &mut self,
        space: &mut Space,
        passing: &mut Passing<'_, '_>,
        case: &Case<'_>,
        position: usize,
        (set, state): (SetId, State),
        chains: &Chains,
    ) -> SetId {
        let mut rest = set;
        if case.care != Care::Exact {
            passing.could(space, case, position, (set, state));
            return rest;
        }
        // Which Pods a switch hosts, no class says.
        passing.by_class = false;
        for (asked, filters) in case.chained(space, chains) {
            let asked = state.became.before(space, case.fields, asked);
            let asked = space.and(rest, asked);
            let mut left = asked;
            for filter in filters {
                left = self.ask(space, passing, case, (position, *filter), (left, state));
            }
            let decided = space.minus(asked, left);
            rest = space.minus(rest, decided);
        }
        rest
    }
}

// === impl Passing ===

impl Passing<'_, '_> {
    /// What chains could do with messages, beside letting them go on at the next table.
    fn could(
        &mut self,
        space: &mut Space,
        case: &Case<'_>,
        position: usize,
        (set, state): (SetId, State),
    ) {
        let table = case.network.pipeline(case.fib.pipeline)[position];
        let chains = case.network.table(table).chains.as_deref();
        let by_target = chains.is_some_and(|chains| chains.by == Side::Target);
        let leads = || case.owners.iter().any(|owner| case.leads_to(owner));
        let Some(could) = &case.ground.filtering.could[table.0 as usize] else { return };
        if by_target && !leads() {
            return;
        }
        for end in &could.ends {
            self.end(space, set, Step { to: Move::End(*end), became: state.became });
        }
        for then in &could.tables {
            self.go_on(space, case, position, (set, state), *then);
        }
    }
}

/// Whether a pattern compares the two addresses of a header.
pub(crate) fn compares(pattern: &Pattern) -> bool {
    pattern.src == Addrs::Same || pattern.dst == Addrs::Same
}
