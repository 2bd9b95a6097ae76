//! What could be left out, against brute force: leave it out, and follow every message.
//!
//! For each policy and each rule of a random cluster, in each direction by itself: the network
//! without it, and every message that a chain can be asked about, at ports that entries tell apart,
//! under every combination of choices. What `Filters::spare` calls idle changes none of them, and
//! what it says matters changes one.

#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../clusters/mod.rs"]
mod clusters;

mod messages;

use std::collections::BTreeMap;

use fibula_answers::lint::parts;
use fibula_cluster::{Cluster, ContainerList, Policy, PolicyKind, Rule};
use fibula_intended::{Intent, network};
use fibula_network::Side;
use fibula_network::filters::{Filters, Part, PartKey};
use fibula_network::walk::Walks;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use clusters::{Drawn, Shape, container, pod, policed};
use messages::{Said, messages};

const SHAPE: Shape = Shape { nodes: 2, pods: 4, services: 0, beyond_the_article: true };

/// A policy or a rule, and the cluster without it.
struct Gone {
    key: (u32, Option<u64>),
    cluster: Cluster,
}

/// Only what policies say of one direction; a policy that says nothing there is one without rules.
fn only(side: Side, mut cluster: Cluster) -> Cluster {
    for policy in &mut cluster.policies {
        match side {
            Side::Target => {
                policy.egress.clear();
                policy.isolates.egress = false;
            }
            Side::Source => {
                policy.ingress.clear();
                policy.isolates.ingress = false;
            }
        }
    }
    cluster
}

fn rules(side: Side, policy: &mut Policy) -> &mut Vec<Rule> {
    match side {
        Side::Target => &mut policy.ingress,
        Side::Source => &mut policy.egress,
    }
}

/// Each policy and each rule that says something in a direction, and the cluster without it. The
/// policy itself stays, so that the choices mean what they meant.
fn gone(side: Side, cluster: &Cluster) -> Vec<Gone> {
    let mut all = vec![];
    for at in 0..cluster.policies.len() {
        let mut without = cluster.clone();
        let policy = &mut without.policies[at];
        if policy.kind == PolicyKind::NetworkPolicy {
            match side {
                Side::Target => policy.isolates.ingress = false,
                Side::Source => policy.isolates.egress = false,
            }
        }
        let count = std::mem::take(rules(side, policy)).len();
        all.push(Gone { key: (at as u32, None), cluster: without });
        for index in 0..count {
            let mut without = cluster.clone();
            let list = rules(side, &mut without.policies[at]);
            let place = list[index].place;
            list.remove(index);
            let (list, index) = place.container.expect("a rule has a place");
            let egress = u64::from(list == ContainerList::Egress);
            let part = 1 + (egress << 16 | u64::from(index));
            all.push(Gone { key: (at as u32, Some(part)), cluster: without });
        }
    }
    all
}

fn found(cluster: &Cluster, intent: &Intent) -> BTreeMap<PartKey, Part> {
    let network = network(cluster, intent);
    let mut filters = Filters::new(&network).expect("filters are plain");
    parts(cluster, &mut filters)
}

/// Compares, and counts what was idle, though it is in somebody's chains.
fn agree(drawn: &Drawn, found: &BTreeMap<PartKey, Part>) -> Result<usize, String> {
    let mut idle = 0;
    for side in [Side::Source, Side::Target] {
        let cluster = only(side, drawn.cluster.clone());
        let whole = network(&cluster, &drawn.intent);
        let asked = messages(&whole, side);
        let walks = Walks::new(&whole);
        let said: Vec<Said> = asked.iter().map(|message| message.ask(&walks)).collect();
        for Gone { key: (policy, part), cluster: without } in gone(side, &cluster) {
            let other = network(&without, &drawn.intent);
            let walks = Walks::new(&other);
            let differs =
                asked.iter().zip(&said).find(|(message, said)| !message.ask(&walks).is_like(said));
            let known = found.get(&(side, policy, part));
            let matters = known.is_some_and(|part| part.matters);
            idle += usize::from(known.is_some() && !matters);
            if differs.is_some() != matters {
                let it = &cluster.policies[policy as usize];
                let what = format!("{} {part:?} {side:?}: {it:#?}", it.called());
                return Err(match differs {
                    Some((message, said)) => format!(
                        "called idle, and changes {message:?}: {said:?}, without it {:?}\n{what}",
                        message.ask(&walks)
                    ),
                    None => format!("changes nothing of {}, and matters: {what}", asked.len()),
                });
            }
        }
    }
    Ok(idle)
}

/// Whether what a rule of a NetworkPolicy allows is withheld by the other end, all of it: by the
/// messages that the rule lets through by itself, and what the other direction says of them.
fn one_side(drawn: &Drawn, found: &BTreeMap<PartKey, Part>) -> Result<usize, String> {
    let mut withheld = 0;
    for (side, opposite) in [(Side::Source, Side::Target), (Side::Target, Side::Source)] {
        let whole = network(&drawn.cluster, &drawn.intent);
        let asked = messages(&whole, side);
        let other = network(&only(opposite, drawn.cluster.clone()), &drawn.intent);
        let other = Walks::new(&other);
        for (key, part) in found.iter().filter(|(key, part)| key.0 == side && part.matches) {
            let &(_, policy, Some(number)) = key else { continue };
            let mut cluster = only(side, drawn.cluster.clone());
            let mut policy = cluster.policies[policy as usize].clone();
            if policy.kind != PolicyKind::NetworkPolicy {
                continue;
            }
            let index = (number - 1) & 0xffff;
            rules(side, &mut policy).retain(|rule| u64::from(rule.index) == index);
            cluster.policies = vec![policy];
            let alone = network(&cluster, &drawn.intent);
            let chains = alone.tables.iter().filter_map(|table| table.chains.as_ref());
            let pods: Vec<_> = chains.flat_map(|chains| &chains.of).map(|(pod, _)| *pod).collect();
            let alone = Walks::new(&alone);
            let mut open = None;
            let mut some = false;
            for message in asked.iter().filter(|message| message.concerns(&whole, side, &pods)) {
                let said = message.ask(&alone);
                if message.is_own(&whole) || !said.lets() {
                    continue;
                }
                some = true;
                let there = match side {
                    Side::Source => message.ask(&other),
                    Side::Target => match message.sent(&whole) {
                        Some(sent) => sent.ask(&other),
                        None => said.clone(),
                    },
                };
                if said.lets_with(&there) {
                    open = Some(*message);
                    break;
                }
            }
            // Of what only goes to itself nothing is said. What goes to the Pod's own Node nobody
            // withholds, and by these messages alone it is not seen whether the rule or DR-3 lets it.
            let said = part.withheld == Some(true);
            let node = side == Side::Source && part.withheld == Some(false);
            withheld += usize::from(said);
            if said != (some && open.is_none()) && !(node && open.is_none()) {
                return Err(format!("{key:?} {part:?}: {some}, {open:?}"));
            }
        }
    }
    Ok(withheld)
}

/// With two pods on each Node that can send from any address, and that only policies for all select.
fn with_carriers(cluster: &Cluster) -> Cluster {
    let mut cluster = cluster.clone();
    let has = |v4| {
        let mut addresses = cluster.nodes.iter().flat_map(|node| &node.addresses);
        addresses.any(|ip| ip.is_ipv4() == v4)
    };
    let families = [(has(true), "172.30.0."), (has(false), "fd00:ff::")];
    for i in 0..2 * cluster.nodes.len() {
        let some = families.iter().filter(|(some, _)| *some);
        let addresses: Vec<String> = some.map(|(_, net)| format!("{net}{}", i + 1)).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let containers = vec![container("c", &[])];
        let mut carrier = pod(&format!("carrier-{i}"), i / 2, &addresses, containers);
        carrier.namespace = "zz".to_owned();
        cluster.pods.push(carrier);
    }
    cluster
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(64);
    ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// NP-3, CNP-11.
    #[test]
    fn what_could_be_left_out_changes_no_message(drawn in carried()) {
        let found = found(&drawn.cluster, &drawn.intent);
        let agreed = agree(&drawn, &found);
        prop_assert!(agreed.is_ok(), "{}", agreed.unwrap_err());
    }

    /// NP-4.
    #[test]
    fn what_the_other_end_withholds_never_passes_both(drawn in carried()) {
        let found = found(&drawn.cluster, &drawn.intent);
        let agreed = one_side(&drawn, &found);
        prop_assert!(agreed.is_ok(), "{}", agreed.unwrap_err());
    }
}

fn carried() -> impl Strategy<Value = Drawn> {
    policed(SHAPE, 4).prop_map(|drawn| Drawn { cluster: with_carriers(&drawn.cluster), ..drawn })
}

/// Whoever calls something idle that matters is found out, and whoever calls something that is idle
/// needed.
#[test]
fn a_planted_fault_is_noticed() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut idle, mut planted) = (0, 0);
    for _ in 0..24 {
        let drawn = carried().new_tree(&mut runner).expect("a cluster").current();
        let right = found(&drawn.cluster, &drawn.intent);
        idle += agree(&drawn, &right).expect("as long as nothing is planted");
        for key in right.keys() {
            let mut wrong = right.clone();
            let part = wrong.get_mut(key).expect("it is there");
            part.matters = !part.matters;
            assert!(agree(&drawn, &wrong).is_err(), "{key:?}");
            planted += 1;
            if planted % 16 == 0 {
                break;
            }
        }
    }
    assert!(idle > 10 && planted > 20, "{idle} idle, {planted} planted");
}

/// So is whoever says that the other end withholds what it does not, or lets what it withholds.
#[test]
fn a_planted_fault_about_the_other_end_is_noticed() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut withheld, mut planted) = (0, 0);
    for _ in 0..200 {
        let drawn = carried().new_tree(&mut runner).expect("a cluster").current();
        let right = found(&drawn.cluster, &drawn.intent);
        withheld += one_side(&drawn, &right).expect("as long as nothing is planted");
        for (key, part) in right.iter().filter(|(key, part)| key.2.is_some() && part.matches) {
            let of = &drawn.cluster.policies[key.1 as usize];
            let wrong = Part { withheld: Some(part.withheld != Some(true)), ..part.clone() };
            // What `one_side` does not look at.
            let blind = key.0 == Side::Source && wrong.withheld == Some(false);
            if of.kind != PolicyKind::NetworkPolicy || blind {
                continue;
            }
            let wrong = right.clone().into_iter().chain([(*key, wrong)]).collect();
            assert!(one_side(&drawn, &wrong).is_err(), "{key:?}");
            planted += 1;
        }
    }
    assert!(withheld > 0 && planted > 20, "{withheld} withheld, {planted} planted");
}
