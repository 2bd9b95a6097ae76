//! Policies: what the Node Switches ask of messages from and for the Pods that they host.
//!
//! ```text
//!   rules      NP-9 to 16, 40 to 45, CNP-20 to 29   one policy, one direction: a table of filters
//!   peers      the other end of a rule, as sets of addresses; what is open about it (DR-2b, 19, 22)
//!   ports      its ports; names mean what the target pod calls so (NP-42)
//!   chains     NP-1 to 3, CNP-10 to 14              which tables a Pod's messages pass, by tier
//! ```
//!
//! A message that a Pod sends passes `egress` and its three tiers where the Pod's Node meets it,
//! after Services have rewritten its target (DR-2); one that is for a Pod passes `ingress` and its
//! tiers there, before its source is rewritten (DR-7). In each tier a Pod has one chain of tables,
//! and Pods that no policy tells apart share it. Pods of the host network have none, and are nobody's
//! peers (DR-1, NP-35, CNP-17, CNP-22): their messages are their Node's.
//!
//! Costs a pass over the classes of pods and the policies that select them, and the addresses of
//! whatever is selected.

mod chains;
mod peers;
mod ports;
mod rules;

use std::rc::Rc;

use fibula_cluster::select::Select;
use fibula_cluster::{Cluster, Policy, Protocol, Rule, Tier};
use fibula_network::{
    Action, AddrSet, AddrSetId, Addrs, Choice, ChoiceId, ElementId, Entry, Kind, Network, Pattern,
    Range, When,
};
use rustc_hash::FxHashMap;

use crate::decisions::Decision;
use crate::tables::{Pipeline, Slot};
use crate::{Decisions, Intent};
use peers::{Asked, Block, SetKey};

/// A direction, as a Pod sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Direction {
    Egress,
    Ingress,
}

/// What has been named on the way.
struct Maker<'a> {
    network: &'a mut Network,
    cluster: &'a Cluster,
    select: Select,
    decisions: &'a Decisions,
    /// By pod of the cluster, its switch; none for one without a network of its own.
    switches: Vec<Option<ElementId>>,
    sets: FxHashMap<SetKey, AddrSetId>,
    /// The numbers of ports by their names.
    numbers: FxHashMap<(String, Protocol), Vec<u16>>,
    /// What selections of pods are, as peers.
    selected: FxHashMap<Asked, Vec<(Addrs, Vec<When>)>>,
    /// What ranges less others are, as peers of NetworkPolicies and of other kinds.
    blocks: FxHashMap<Block, Vec<(Addrs, Vec<When>)>>,
    /// Where addresses were invented, and whose.
    invented: Rc<[(&'static str, Vec<Range>)]>,
    /// How many sets have a name.
    named: FxHashMap<String, u32>,
    /// The choices that were made here, by what they are about.
    choices: FxHashMap<String, ChoiceId>,
}

/// How many choices there are before what was not read gets none of its own.
const MOST_UNREAD: usize = 200;

/// Adds what policies ask to the pipeline of the Nodes, and says whether that is anything.
pub(crate) fn tables(
    network: &mut Network,
    cluster: &Cluster,
    intent: &Intent,
    pipeline: &mut Pipeline,
) -> bool {
    if cluster.policies.is_empty() {
        return false;
    }
    let mut pods = network.of_kind(Kind::Pod).collect::<Vec<_>>().into_iter();
    let switches = cluster.pods.iter().map(|pod| pod.has_network().then(|| pods.next()).flatten());
    let switches = switches.collect();
    let select = Select::new(cluster);
    let mut maker = Maker {
        network,
        cluster,
        numbers: ports::numbers(&select),
        select,
        decisions: &intent.decisions,
        switches,
        sets: FxHashMap::default(),
        selected: FxHashMap::default(),
        blocks: FxHashMap::default(),
        invented: peers::invented(cluster),
        named: FxHashMap::default(),
        choices: FxHashMap::default(),
    };
    let mut chains = chains::Chaining::new(&maker);
    let mut asked = false;
    for direction in [Direction::Egress, Direction::Ingress] {
        let gate = maker.gate(direction);
        let mut any = false;
        for tier in [Tier::Admin, Tier::NetworkPolicy, Tier::Baseline] {
            let name = format!("{}, {}", direction.name(), tier_name(tier));
            let made = chains.tier(&mut maker, direction, tier);
            any |= made.is_some();
            pipeline.chained(direction.slot(tier), &name, vec![], made);
        }
        if any {
            pipeline.table(direction.first(), direction.name(), gate);
        }
        asked |= any;
    }
    pipeline.filters(chains.finish());
    asked
}

/// The name of a tier in the names of tables.
fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Admin => "admin",
        Tier::NetworkPolicy => "policies",
        Tier::Baseline => "baseline",
    }
}

// === impl Direction ===

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Direction::Egress => "egress",
            Direction::Ingress => "ingress",
        }
    }

    /// The table that says whether policies are asked at all.
    fn first(self) -> Slot {
        match self {
            Direction::Egress => Slot::Egress,
            Direction::Ingress => Slot::Ingress,
        }
    }

    fn slot(self, tier: Tier) -> Slot {
        match (self, tier) {
            (Direction::Egress, Tier::Admin) => Slot::EgressAdmin,
            (Direction::Egress, Tier::NetworkPolicy) => Slot::EgressPolicies,
            (Direction::Egress, Tier::Baseline) => Slot::EgressBaseline,
            (Direction::Ingress, Tier::Admin) => Slot::IngressAdmin,
            (Direction::Ingress, Tier::NetworkPolicy) => Slot::IngressPolicies,
            (Direction::Ingress, Tier::Baseline) => Slot::IngressBaseline,
        }
    }

    /// Where a message goes on that needs no more of this direction.
    fn after(self) -> Slot {
        match self {
            Direction::Egress => Slot::Ingress,
            Direction::Ingress => Slot::Source,
        }
    }

    /// The table after those of a tier.
    fn after_tier(self, tier: Tier) -> Slot {
        match tier {
            Tier::Admin => self.slot(Tier::NetworkPolicy),
            Tier::NetworkPolicy => self.slot(Tier::Baseline),
            Tier::Baseline => self.after(),
        }
    }

    /// `[peer * * *]` or `[* * peer *]`: the other end of the messages.
    fn peer(self, addrs: Addrs) -> Pattern {
        match self {
            Direction::Egress => Pattern::to(addrs),
            Direction::Ingress => Pattern { src: addrs, ..Pattern::ANY },
        }
    }

    /// The rules of a policy.
    fn rules(self, policy: &Policy) -> &[Rule] {
        match self {
            Direction::Egress => &policy.egress,
            Direction::Ingress => &policy.ingress,
        }
    }

    /// Whether a policy has a say.
    fn concerns(self, policy: &Policy) -> bool {
        match self {
            Direction::Egress => policy.judges_egress(),
            Direction::Ingress => policy.judges_ingress(),
        }
    }
}

// === impl Maker ===

impl Maker<'_> {
    /// Whether policies are asked about a message: egress only where its sender is hosted, for what
    /// comes from elsewhere was asked there; ingress not of the Node's own processes (NP-32, CNP-20).
    fn gate(&mut self, direction: Direction) -> Vec<Entry> {
        let from = |kind| Pattern { from: Some(kind), ..Pattern::ANY };
        let skip =
            |rule, pattern| Entry::new(rule, pattern, Action::Goto(direction.after().table()));
        match direction {
            Direction::Egress => [Kind::Daemon, Kind::Node, Kind::Outside]
                .map(|kind| skip("NP-5", from(kind)))
                .to_vec(),
            Direction::Ingress => {
                let mut entries = vec![skip("NP-32", from(Kind::Daemon))];
                // Masqueraded before policies see it, it is the own Node's (NP-32).
                let rewrites = self.network.fibs.iter().flatten();
                let masquerades = rewrites.into_iter().any(|fib| !fib.me.masquerade.is_empty());
                if masquerades && let Some(when) = self.decided(Decision::SeenSource, 1) {
                    let marked = Pattern { marked: Some(true), when, ..Pattern::ANY };
                    entries.push(skip("DR-7", marked));
                }
                entries
            }
        }
    }

    /// Under which choice a decision has a value: none where it was decided otherwise, no choice
    /// where it was decided so.
    fn decided(&mut self, decision: Decision, value: u8) -> Option<Vec<When>> {
        match self.decisions.taken(decision) {
            Some(taken) => (taken == value).then(Vec::new),
            None => {
                let id = decision.id();
                let choice = self.choice(id, id.to_owned(), decision.question().to_owned(), 2);
                Some(vec![When { choice, value }])
            }
        }
    }

    /// A choice, by what it is about. The last that a network can have is for all that come after.
    fn choice(&mut self, id: &str, about: String, question: String, values: u8) -> ChoiceId {
        if let Some(known) = self.choices.get(&about) {
            return *known;
        }
        if self.network.choices.len() + 1 >= Network::MAX_CHOICES && id != Choice::TOO_MANY {
            return self.too_many();
        }
        let choices = &mut self.network.choices;
        choices.push(Choice { id: id.into(), question: question.into(), values });
        let choice = ChoiceId((choices.len() - 1) as u8);
        self.choices.insert(about, choice);
        choice
    }

    /// The choice that stands for all that are too many to be told apart.
    fn too_many(&mut self) -> ChoiceId {
        let question = "more is open than can be told apart: unread namespaces and nodes, or policies \
                        of one priority";
        self.choice(Choice::TOO_MANY, Choice::TOO_MANY.to_owned(), question.to_owned(), 2)
    }

    /// A choice about something that was not read or cannot be known: whether it is so (1) or not
    /// (0). Some places are kept for what policies themselves leave open.
    fn unknown(&mut self, id: &'static str, about: String) -> ChoiceId {
        let many = self.network.choices.len() >= MOST_UNREAD && !self.choices.contains_key(&about);
        match many {
            true => self.too_many(),
            false => self.choice(id, about.clone(), about, 2),
        }
    }

    /// A set of addresses under a name of its own; the same key is the same set.
    fn set(
        &mut self,
        key: SetKey,
        name: String,
        ranges: impl FnOnce(&Self) -> Vec<Range>,
    ) -> AddrSetId {
        if let Some(known) = self.sets.get(&key) {
            return *known;
        }
        let ranges = ranges(self);
        let count = self.named.entry(name.clone()).or_insert(0);
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} ({count})") };
        self.network.sets.push(AddrSet::new(&name, ranges));
        let id = AddrSetId((self.network.sets.len() - 1) as u32);
        self.sets.insert(key, id);
        id
    }
}
