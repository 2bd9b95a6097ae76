//! Which tables a Pod's messages pass in a tier.

use std::collections::BTreeMap;

use fibula_cluster::select::{Class, ClassId, NamedPort};
use fibula_cluster::{NamespaceSelection, Policy, Tier};
use fibula_network::{
    Action, Addrs, ChainId, Chains, ChoiceId, ElementId, Entry, Pattern, Reason, Side, Table,
    TableId, When,
};
use rustc_hash::FxHashMap;

use super::rules::{means, port_names};
use super::{Direction, Maker};
use crate::decisions::Decision;

/// The filter tables of a cluster, while chains are made of them.
pub(super) struct Chaining {
    /// By class, the policies that select it, in their order, and under which choice.
    selecting: Vec<Vec<(u32, Option<When>)>>,
    /// By class, its switches.
    members: Vec<Vec<ElementId>>,
    filters: Vec<Table>,
    known: FxHashMap<Filter, TableId>,
}

/// What a filter table is made from.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Filter {
    /// A policy, in a direction, for pods with these named ports, under these choices.
    Policy(u32, Direction, Vec<NamedPort>, Vec<When>),
    /// What no policy can withhold.
    Exempt(Direction),
    /// What isolation means.
    Deny,
}

// === impl Chaining ===

impl Chaining {
    pub(super) fn new(maker: &Maker<'_>) -> Chaining {
        let classes = maker.select.classes();
        let members = classes.iter().map(|class| {
            let switches = class.pods.iter().filter_map(|pod| maker.switches[*pod as usize]);
            switches.collect()
        });
        Chaining {
            selecting: vec![vec![]; classes.len()],
            members: members.collect(),
            filters: vec![],
            known: FxHashMap::default(),
        }
    }

    /// All filter tables.
    pub(super) fn finish(self) -> Vec<Table> {
        self.filters
    }

    /// The chains of a tier in a direction, if some Pod has one.
    pub(super) fn tier(
        &mut self,
        maker: &mut Maker<'_>,
        direction: Direction,
        tier: Tier,
    ) -> Option<Chains> {
        if !maker.cluster.policies.iter().any(|policy| policy.tier == tier) {
            return None;
        }
        self.select(maker, direction, tier);
        let orders = orders(maker, direction, tier);
        let mut lists: Vec<Vec<TableId>> = vec![];
        let mut numbers: FxHashMap<Vec<TableId>, ChainId> = FxHashMap::default();
        let mut of: Vec<(ElementId, ChainId)> = vec![];
        for class in 0..self.selecting.len() {
            if self.members[class].is_empty() || self.selecting[class].is_empty() {
                continue;
            }
            let list = self.chain(maker, direction, tier, ClassId(class as u32), &orders);
            let id = *numbers.entry(list).or_insert_with_key(|list| {
                lists.push(list.clone());
                ChainId((lists.len() - 1) as u32)
            });
            of.extend(self.members[class].iter().map(|switch| (*switch, id)));
        }
        of.sort_unstable();
        let by = match direction {
            Direction::Egress => Side::Source,
            Direction::Ingress => Side::Target,
        };
        (!of.is_empty()).then_some(Chains { by, of, lists })
    }

    /// Notes which policies of a tier select which classes.
    fn select(&mut self, maker: &mut Maker<'_>, direction: Direction, tier: Tier) {
        self.selecting.iter_mut().for_each(Vec::clear);
        let cluster = maker.cluster;
        for (i, policy) in (0..).zip(&cluster.policies) {
            if policy.tier != tier || !direction.concerns(policy) {
                continue;
            }
            let selected = maker.select.pods(maker.select.subject(i)).clone();
            for class in selected.surely {
                self.selecting[class.0 as usize].push((i, None));
            }
            // The labels of a namespace that was not read (DR-22).
            for class in selected.perhaps {
                if let NamespaceSelection::By(by) = &policy.subject.namespaces {
                    let when = maker.unread(by, maker.namespace(class));
                    self.selecting[class.0 as usize].push((i, Some(when)));
                }
            }
        }
    }

    /// The tables of a class: its policies; and behind NetworkPolicies what they cannot withhold,
    /// and the end of what none of them allows (NP-2, NP-3).
    fn chain(
        &mut self,
        maker: &mut Maker<'_>,
        direction: Direction,
        tier: Tier,
        class: ClassId,
        orders: &BTreeMap<u16, Order>,
    ) -> Vec<TableId> {
        let cluster = maker.cluster;
        let selecting = self.selecting[class.0 as usize].clone();
        let mut chain = vec![];
        let policy = |i: u32| &cluster.policies[i as usize];
        for alike in selecting.chunk_by(|a, b| policy(a.0).priority == policy(b.0).priority) {
            // DR-6: of several policies of one priority any may be asked first.
            if let Some(order) =
                orders.get(&policy(alike[0].0).priority).filter(|_| alike.len() > 1)
            {
                for (i, when) in alike {
                    let Some(first) = order.first(*i) else { continue };
                    let when = when.iter().copied().chain([first]).collect();
                    chain.push(self.filter(maker, direction, class, *i, when));
                }
            }
            for (i, when) in alike {
                let when = when.iter().copied().collect();
                chain.push(self.filter(maker, direction, class, *i, when));
            }
        }
        if tier == Tier::NetworkPolicy {
            chain.extend(self.exempt(maker, direction));
            chain.push(self.table(Filter::Deny, || {
                let deny = Action::Discard(Reason::Policy);
                Table::new("isolation", vec![Entry::new("NP-2", Pattern::ANY, deny)])
            }));
        }
        chain
    }

    /// The table of a policy, as the class is concerned.
    fn filter(
        &mut self,
        maker: &mut Maker<'_>,
        direction: Direction,
        class: ClassId,
        policy: u32,
        when: Vec<When>,
    ) -> TableId {
        let cluster = maker.cluster;
        let it: &Policy = &cluster.policies[policy as usize];
        let Class { ports, .. } = &maker.select.classes()[class.0 as usize];
        // What the policy does not name makes no difference to it.
        let names = if direction == Direction::Ingress { port_names(it) } else { vec![] };
        let own = ports.iter().filter(|port| names.contains(&port.name.as_str()));
        let own: Vec<NamedPort> = own.cloned().collect();
        let key = Filter::Policy(policy, direction, own.clone(), when.clone());
        self.table(key, || maker.policy(direction, it, &own, &when))
    }

    /// What NetworkPolicies do not withhold, or may not: what a pod sends to its own Node (NP-33,
    /// DR-3), and what comes back to itself through a Service (NP-31, DR-4).
    fn exempt(&mut self, maker: &mut Maker<'_>, direction: Direction) -> Option<TableId> {
        if let Some(known) = self.known.get(&Filter::Exempt(direction)) {
            return Some(*known);
        }
        let go = Action::Goto(direction.after().table());
        let mut entries = vec![];
        if direction == Direction::Egress
            && let Some(when) = maker.decided(Decision::OwnNode, 0)
        {
            entries.push(Entry::new("DR-3", Pattern { when, ..Pattern::to(Addrs::Own) }, go));
        }
        if let Some(when) = maker.decided(Decision::Hairpin, 0) {
            entries.push(Entry::new("DR-4", Pattern { when, ..direction.peer(Addrs::Same) }, go));
        }
        let table = || Table::new(&format!("exempt {}", direction.name()), entries);
        Some(self.table(Filter::Exempt(direction), table))
    }

    fn table(&mut self, filter: Filter, make: impl FnOnce() -> Table) -> TableId {
        if let Some(known) = self.known.get(&filter) {
            return *known;
        }
        let id = TableId(self.filters.len() as u32);
        self.filters.push(make());
        self.known.insert(filter, id);
        id
    }
}

/// Policies of one tier and priority that disagree: which of them comes first is a choice (DR-6).
struct Order {
    choice: ChoiceId,
    /// How many values it has.
    values: u8,
    /// Their indices, ascending.
    policies: Vec<u32>,
}

impl Order {
    /// Under which value a policy comes first: of more than the choice has values, under the last.
    fn first(&self, policy: u32) -> Option<When> {
        let at = self.policies.binary_search(&policy).ok()?;
        let value = u8::try_from(at).unwrap_or(u8::MAX).min(self.values - 1);
        Some(When { choice: self.choice, value })
    }
}

/// The orders that are open in a tier, by priority.
fn orders(maker: &mut Maker<'_>, direction: Direction, tier: Tier) -> BTreeMap<u16, Order> {
    let cluster = maker.cluster;
    let mut alike: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    if tier == Tier::NetworkPolicy {
        return BTreeMap::new();
    }
    for (i, policy) in (0..).zip(&cluster.policies).filter(|(_, policy)| policy.tier == tier) {
        alike.entry(policy.priority).or_default().push(i);
    }
    let mut orders = BTreeMap::new();
    for (priority, policies) in alike {
        let rules = policies.iter().map(|i| direction.rules(&cluster.policies[*i as usize]));
        let mut actions: Vec<_> = rules.flatten().map(means).collect();
        actions.dedup();
        if policies.len() < 2 || actions.len() < 2 {
            continue;
        }
        let tier = super::tier_name(tier);
        let question = format!(
            "{} policies of the {} tier have priority {priority}: which of them comes first?",
            policies.len(),
            if tier == "admin" { "Admin" } else { "Baseline" },
        );
        let choice = match u8::try_from(policies.len()) {
            Ok(values) => maker.choice("DR-6", format!("{tier} {priority}"), question, values),
            Err(_) => maker.too_many(),
        };
        let values = maker.network.choice(choice).values;
        orders.insert(priority, Order { choice, values, policies });
    }
    orders
}
