//! `Filters` against `walk`, and against `flow`: on random networks with chains it says of every
//! pair of addresses whether a filter ends the message on its way.

#[allow(unused_imports, reason = "shared with other tests")]
mod random;

use std::collections::BTreeSet;

use fibula_network::filters::{Filters, Owner as Owned};
use fibula_network::flow::{Flow, Ground};
use fibula_network::set::{SetId, Space};
use fibula_network::walk::{Step, Verdict, walk};
use fibula_network::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};
use random::{Drawn, Samples, filtered};

/// Ports that are tried between two addresses.
const PORTS: usize = 5;

/// Who can send from an address: a process, and the Node where its messages come from first; none
/// for the world.
struct Party {
    addr: Addr,
    process: ElementId,
    node: Option<ElementId>,
    is_node: bool,
    owner: ElementId,
}

fn filters(n: &Network) -> BTreeSet<TableId> {
    let chains = n.tables.iter().filter_map(|table| table.chains.as_deref());
    chains.flat_map(|chains| chains.lists.iter().flatten().copied()).collect()
}

/// Whether messages come to all chains: no table before them decides.
fn asks(n: &Network) -> bool {
    n.pipelines.iter().all(|tables| {
        let mut tables = tables.iter().map(|table| n.table(*table));
        tables.by_ref().take_while(|table| table.entries.is_empty()).for_each(drop);
        tables.all(|table| table.chains.is_none())
    }) && n.tables.iter().all(|table| table.chains.is_none() || table.entries.is_empty())
}

/// The network with filters that ask for nothing that only the way of a message tells: where it came
/// from, its source port, who hosts an address, who listens. [`Filters`] takes no others.
fn plain(mut n: Network) -> Network {
    let relative =
        |addrs| !matches!(addrs, Addrs::Any | Addrs::In(_) | Addrs::Set(_) | Addrs::Same);
    for filter in filters(&n) {
        for Entry { pattern, .. } in &mut n.tables[filter.0 as usize].entries {
            (pattern.from, pattern.sport) = (None, Ports::Any);
            (pattern.marked, pattern.reply) = (None, None);
            if pattern.dport == Ports::Listened {
                pattern.dport = Ports::Any;
            }
            for addrs in [&mut pattern.src, &mut pattern.dst] {
                if relative(*addrs) {
                    *addrs = Addrs::Any;
                }
            }
        }
    }
    n
}

/// With a filter that asks for all sources but one that somebody owns.
fn all_but_one(mut n: Network) -> Network {
    let one = n.owners.first().and_then(|owner| Some((owner.addr.previous()?, owner.addr.next()?)));
    if let (Some((hi, lo)), Some(filter)) = (one, filters(&n).first()) {
        let ranges = vec![Range { lo: Addr::MIN, hi }, Range { lo, hi: Addr::MAX }];
        let set = AddrSetId(n.sets.len() as u32);
        n.sets.push(AddrSet::new("all but one", ranges));
        let pattern = Pattern { src: Addrs::Set(set), ..Pattern::ANY };
        let entry = Entry::new("NP-16", pattern, Action::Discard(Reason::Policy));
        n.tables[filter.0 as usize].entries.insert(0, entry);
    }
    n
}

fn parties(n: &Network, choices: &[u8]) -> Vec<Party> {
    let process =
        |host| n.ids().find(|id| n.kind(*id).is_process() && n.facts.host(*id) == Some(host));
    let held =
        |o: &&Owner| o.when.is_none_or(|when| choices[usize::from(when.choice.0)] == when.value);
    let owned = n.owners.iter().filter(held).filter_map(|owner| {
        let (addr, process) = (owner.addr, process(owner.to)?);
        Some(Party {
            addr,
            process,
            node: Some(owner.via),
            is_node: owner.to == owner.via,
            owner: owner.to,
        })
    });
    let world = n.of_kind(Kind::World).next().unwrap();
    // What is sent to loopback comes to no Node.
    let beyond = Samples::of(n).addresses.into_iter().filter(|addr| {
        let loopback =
            [Range::LOOPBACK_V4, Range::LOOPBACK_V6].iter().any(|range| range.contains(*addr));
        n.owners_of(*addr).is_empty() && !loopback
    });
    let beyond =
        beyond.map(|addr| Party { addr, process: world, node: None, is_node: false, owner: world });
    owned.chain(beyond.step_by(3)).collect()
}

/// Whether a filter of one side goes on past a table that asks the other side.
fn skips(n: &Network) -> bool {
    n.pipelines.iter().any(|tables| {
        tables.iter().enumerate().any(|(place, table)| {
            let Some(chains) = n.table(*table).chains.as_deref() else { return false };
            let entries =
                chains.lists.iter().flatten().flat_map(|filter| &n.table(*filter).entries);
            entries.filter_map(|entry| entry.action.then()).any(|then| {
                let past = tables[place + 1..].iter().take_while(|table| **table != then);
                past.filter_map(|table| n.table(*table).chains.as_deref())
                    .any(|other| other.by != chains.by)
            })
        })
    })
}

/// Whether `Filters` says of `asked` what `walk` does in `walked`.
fn agree(asked: &Network, walked: &Network) -> Result<u32, String> {
    let filters = filters(walked);
    let by_switch = skips(walked);
    let samples = Samples::of(walked);
    let said = Filters::new(asked).ok_or("its filters are not plain")?;
    let mut compared = 0;
    for choices in &samples.choices {
        let all = parties(walked, choices);
        for (i, from) in all.iter().enumerate() {
            for (j, to) in all.iter().enumerate() {
                let one_node = from.node.is_some() && from.node == to.node;
                let set = match (one_node, from.is_node, to.is_node) {
                    // Nor does what a Pod sends itself.
                    _ if from.owner == to.owner => continue,
                    (true, true, true) => continue,
                    // What a Node sends to its own pods comes by a gate (NP-32).
                    (true, true, false) => continue,
                    (true, false, true) => said.own_node,
                    (true, false, false) if by_switch => continue,
                    _ => said.allowed,
                };
                if from.addr.family() != to.addr.family() {
                    continue;
                }
                for k in 0..PORTS {
                    let port = |step: usize| {
                        samples.ports[(i * 7 + j * 3 + k * step) % samples.ports.len()]
                    };
                    let proto = Proto::ALL[(i + j + k) % 3];
                    let header = Header {
                        src: from.addr,
                        sport: port(5),
                        dst: to.addr,
                        dport: port(1),
                        proto,
                    };
                    let life = walk(walked, from.process, header, choices);
                    let ended = life.steps.iter().any(|step| {
                        matches!(step, Step::Decide { entry, .. } if filters.contains(&entry.table))
                    });
                    if said.holds(set, header, choices) == ended {
                        return Err(format!("{header:?} under {choices:?}: {ended}\n{life:#?}"));
                    }
                    compared += u32::from(ended);
                }
            }
        }
    }
    Ok(compared)
}

/// Whether `flow` drops what is not allowed, of networks whose filters drop only: from each Pod to
/// whatever is on another Node or nobody's.
fn agrees_with_flow(mut n: Network) -> Result<(), String> {
    let all = filters(&n);
    for filter in &all {
        for entry in &mut n.tables[filter.0 as usize].entries {
            if !matches!(entry.action, Action::Goto(_)) {
                entry.action = Action::Discard(Reason::Policy);
            }
        }
    }
    let ground = Ground::new(&n);
    let mut flow = Flow::new(&ground);
    let said = Filters::new(&n).ok_or("its filters are not plain")?;
    let samples = Samples::of(&n);
    for choices in &samples.choices {
        for from in parties(&n, choices).iter().filter(|from| from.node.is_some() && !from.is_node)
        {
            let parts = flow.flow(from.process, Space::FULL);
            let dropped = parts.iter().filter(|(_, end)| end.verdict == Verdict::DroppedByPolicy);
            let dropped: Vec<SetId> = dropped.map(|(set, _)| *set).collect();
            let dropped = flow.space.any(&dropped);
            for (header, _) in samples.take(100, 1) {
                let header = Header { src: from.addr, ..header };
                let owners = n.owners_of(header.dst).iter();
                let near = owners.map(|owner| owner.via).any(|via| Some(via) == from.node);
                let loopback = Range::LOOPBACK_V4.contains(header.dst)
                    || Range::LOOPBACK_V6.contains(header.dst);
                if near || loopback {
                    continue;
                }
                let member = flow.fields.member(&ground.atoms, header, choices);
                let drops = flow.space.contains(dropped, &member);
                let allows = said.lets(header, choices);
                if drops == allows {
                    return Err(format!("{header:?} under {choices:?}: flow drops: {drops}"));
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn filters_say_what_walk_does(Drawn(network) in filtered()) {
        let network = plain(network);
        if asks(&network) {
            agree(&network, &network).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn filters_say_what_flow_does(Drawn(network) in filtered()) {
        let network = plain(network);
        if asks(&network) {
            agrees_with_flow(network).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn each_address_is_in_one_atom(Drawn(network) in filtered()) {
        let network = all_but_one(plain(network));
        let filters = Filters::new(&network).map(|filters| filters.atoms);
        let atoms = filters.unwrap_or_default();
        for addr in Samples::of(&network).addresses {
            let atom = atoms.get(atoms.of(addr));
            prop_assert_eq!(atom.family, addr.family());
            let owned = !network.owners_of(addr).is_empty();
            prop_assert_eq!(atom.owner == Owned::Nobody, !owned);
            let within = atom.ranges.iter().any(|range| range.contains(addr));
            prop_assert!(owned || within);
        }
        // And no atom is of addresses that are not there.
        for range in atoms.iter().flat_map(|(_, atom)| &atom.ranges) {
            let mut all = std::iter::successors(Some(range.lo), |addr| addr.next());
            let free = all.find(|addr| network.owners_of(*addr).is_empty());
            prop_assert!(free.is_some_and(|addr| range.contains(addr)), "{}", range);
        }
    }
}

/// Enough networks ask their chains, enough messages are ended by filters, and a network that lost
/// the chains of a table, or has an entry too many, is told from the one before.
#[test]
fn a_planted_fault_is_noticed() {
    let mut runner = TestRunner::deterministic();
    let (mut ended, mut asked, mut lost, mut more) = (0, 0, 0, 0);
    for _ in 0..150 {
        let Drawn(network) = filtered().new_tree(&mut runner).unwrap().current();
        let network = plain(network);
        if !asks(&network) {
            continue;
        }
        asked += 1;
        ended += agree(&network, &network).unwrap();
        let mut faulty = network.clone();
        let chained = faulty.tables.iter_mut().find(|table| table.chains.is_some());
        chained.into_iter().for_each(|table| table.chains = None);
        lost += u32::from(agree(&faulty, &network).is_err());
        let mut faulty = network.clone();
        for filter in filters(&network).into_iter().take(1) {
            let entry = Entry::new("fault", Pattern::ANY, Action::Discard(Reason::Policy));
            faulty.tables[filter.0 as usize].entries.insert(0, entry);
        }
        more += u32::from(agree(&faulty, &network).is_err());
    }
    let told = format!("{asked} networks, {ended} messages; noticed {lost} and {more}");
    assert!(asked >= 40 && ended >= 1000 && lost >= 10 && more >= 30, "{told}");
}
