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
