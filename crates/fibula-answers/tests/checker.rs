//! `verify` judged by enumeration: it reports a violation exactly when sending one message for
//! each combination of values that the network tells apart finds one, and counts the same pairs.
//!
//! The judge reads C1 to C4 and R5 from the model and knows `walk`; nothing of sets of headers.
//! The long form: `PROPTEST_CASES=20000 cargo test --release -p fibula-answers --test checker`.

mod cases;
#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../../fibula-intended/tests/clusters/mod.rs"]
mod clusters;
mod judge;
#[allow(unused_imports, reason = "shared with other tests")]
#[path = "../../fibula-network/tests/random/mod.rs"]
mod random;

use fibula_answers::verify;
use fibula_intended::network;
use fibula_network::*;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use judge::{Messages, compare, enumerate, replay};

/// So many messages enumerate in a moment, unoptimised.
const FEW: usize = 12_000;

/// 64 cases, unless PROPTEST_CASES says how many.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: 64, ..config },
    }
}

/// Whether a network is small enough, and every process has a host as the types ask for.
fn judgeable(network: &Network) -> bool {
    let hosted = |id| !network.kind(id).is_process() || network.facts.host(id).is_some();
    network.ids().all(hosted) && Messages::of(network).count() <= FEW
}

/// Proves a network and enumerates its messages; both must say the same.
fn agree(network: &Network) -> Result<(), TestCaseError> {
    if !judgeable(network) {
        return Ok(());
    }
    let Some(found) = enumerate(network) else { return Ok(()) };
    let proof = verify(network);
    let agreed = compare(&proof, &found).and_then(|()| replay(network, &proof));
    agreed.map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn verify_is_right_of_random_networks(
        network in random::networks().prop_filter("few messages", |drawn| judgeable(&drawn.0)),
        rolls in random::rolls(12),
    ) {
        agree(&network.0)?;
        agree(&random::mutate(&network.0, &rolls))?;
    }

    #[test]
    fn verify_is_right_of_a_network_that_leaves_choices_open(network in undecided()) {
        agree(&network.0)?;
    }

    #[test]
    fn verify_is_right_of_an_article_with_a_fault(
        network in random::articles().prop_filter("few messages", |drawn| judgeable(&drawn.0)),
        faults in prop::collection::vec(random::rolls(12), 1..4),
    ) {
        for rolls in faults {
            agree(&random::mutate(&network.0, &rolls))?;
        }
    }

    #[test]
    fn verify_is_right_of_filters_and_a_fault(
        network in random::filtered().prop_filter("few messages", |drawn| judgeable(&drawn.0)),
        faults in prop::collection::vec(random::rolls(12), 1..4),
    ) {
        agree(&network.0)?;
        for rolls in faults {
            agree(&random::mutate(&network.0, &rolls))?;
        }
    }

    #[test]
    fn verify_is_right_of_an_intended_network_with_a_fault(
        (network, _drawn) in intended(),
        faults in prop::collection::vec(random::rolls(12), 1..4),
    ) {
        for rolls in faults {
            agree(&random::mutate(&network.0, &rolls))?;
        }
    }
}

/// Small articles with a choice on which entries before the article's own depend: by source, by
/// target, or whatever the message.
fn undecided() -> impl Strategy<Value = random::Drawn> {
    let entry = (any::<[prop::sample::Index; 3]>(), 0..4usize, prop::option::of(0..2u8), 0..5usize);
    let entries = prop::collection::vec(entry, 1..=5);
    (random::articles(), entries)
        .prop_map(|(mut drawn, entries)| {
            let n = &mut drawn.0;
            let (id, question) = ("POD-7".into(), "which?".into());
            n.choices = vec![Choice { id, question, values: 2 }];
            for ([table, src, dst], fields, value, action) in entries {
                let addr = |at: prop::sample::Index| {
                    Addrs::In(Range::one(n.facts.addr[at.index(n.facts.addr.len())].1))
                };
                let when = value.map(|value| When { choice: ChoiceId(0), value });
                let pattern = Pattern {
                    src: if fields & 1 == 0 { addr(src) } else { Addrs::Any },
                    dst: if fields & 2 == 0 { addr(dst) } else { Addrs::Any },
                    when: when.into_iter().collect(),
                    ..Pattern::ANY
                };
                let action = match action {
                    0 => Action::Discard(Reason::NoRoute),
                    1 => Action::Discard(Reason::Policy),
                    2 => Action::Forward(Hop::Host),
                    3 => Action::Deliver(Receiver::Me),
                    _ => Action::Forward(Hop::To(ElementId(0))),
                };
                // The tables before the Pods' and the Nodes' own.
                let entries = &mut n.tables[2 * table.index(2)].entries;
                entries.push(Entry::new("random", pattern, action));
            }
            drawn
        })
        .prop_filter("few messages", |drawn| judgeable(&drawn.0))
}

/// Intended networks of small clusters, some with an address that two entities share (POD-7), in
/// some a switch that shares no tables.
fn intended() -> impl Strategy<Value = (random::Drawn, clusters::Drawn)> {
    let shape = clusters::Shape { nodes: 3, pods: 3, services: 1, beyond_the_article: true };
    let unshared = any::<prop::sample::Index>();
    let drawn = prop_oneof![
        2 => clusters::drawn(shape),
        1 => clusters::shared(shape).prop_map(|(drawn, _)| drawn),
    ];
    (drawn, any::<bool>(), unshared)
        .prop_map(|(drawn, unshare, at)| {
            let mut network = network(&drawn.cluster, &drawn.intent);
            if unshare {
                let switch = at.index(network.elements.len());
                network.unshare(ElementId(switch as u32));
            }
            (random::Drawn(network), drawn)
        })
        .prop_filter("few messages", |(network, _)| judgeable(&network.0))
}
