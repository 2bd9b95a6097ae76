//! Whoever asks roughly hears of every message that ends without a reason, and the same of all targets
//! that are alike.
//!
//! The long form: `PROPTEST_CASES=20000 cargo test --release -p fibula-network --test flow_roughly`.

#[allow(unused_imports, reason = "shared with other tests")]
mod random;

use fibula_network::flow::{Atom, Fate, Flow, Ground, Likeness, Likenesses, Trust};
use fibula_network::set::{SetId, Space};
use fibula_network::{Kind, Network};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestCaseError;
use random::{Drawn, articles, filtered, mutate, networks, rolls};

/// The headers that end without a reason.
fn silent(space: &mut Space, fate: &Fate) -> SetId {
    let silent = fate.iter().filter(|(_, end)| !end.verdict.has_reason());
    let sets: Vec<SetId> = silent.map(|(set, _)| *set).collect();
    space.any(&sets)
}

/// What ends without a reason could do so; and whether some message could is the same for targets that
/// are alike.
fn at_most(network: &Network) -> Result<usize, String> {
    let ground = Ground::new(network);
    let trust = Trust::candidates(&ground);
    let alike = Likenesses::new(&ground, &trust);
    let mut flow = Flow::trusting(&ground, &trust);
    let mut known: Vec<(Likeness, Atom, bool)> = vec![];
    for target in ground.targets() {
        let mut some = false;
        for switch in network.ids().filter(|id| network.fib(*id).is_some()) {
            for from in Kind::ALL {
                let [most, least] = [true, false].map(|roughly| {
                    let toward = if roughly { flow.roughly(target) } else { flow.toward(target) };
                    let fate = flow.fate(&toward, switch, from);
                    silent(&mut flow.space, &fate)
                });
                some |= !flow.space.is_empty(most);
                let lacks = flow.space.minus(least, most);
                if !flow.space.is_empty(lacks) {
                    return Err(format!("lost from {switch:?} to {target}, and could not be"));
                }
            }
        }
        known.extend(alike.of(target).map(|likeness| (likeness, target, some)));
    }
    let mut pairs = 0;
    for (i, (likeness, target, some)) in known.iter().enumerate() {
        for (other, theirs, others) in &known[..i] {
            if likeness == other && some != others {
                return Err(format!("{target} is not alike to {theirs}"));
            }
            pairs += usize::from(likeness == other);
        }
    }
    Ok(pairs)
}

fn holds(network: &Network) -> Result<(), TestCaseError> {
    at_most(network).map(|_| ()).map_err(TestCaseError::fail)
}

proptest! {
    #[test]
    fn what_could_be_holds_what_is(Drawn(network) in networks()) {
        holds(&network)?;
    }

    #[test]
    fn what_could_be_holds_what_is_behind_filters(Drawn(network) in filtered()) {
        holds(&network)?;
    }

    #[test]
    fn what_could_be_holds_what_is_after_a_fault(Drawn(network) in articles(), fault in rolls(20)) {
        holds(&mutate(&network, &fault))?;
    }
}

/// What is never alike is never compared.
#[test]
fn some_targets_are_alike() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pairs = (0..100).map(|_| {
        let Drawn(network) = networks().new_tree(&mut runner).expect("a network").current();
        at_most(&network).expect("alike")
    });
    assert!(pairs.filter(|pairs| *pairs > 0).count() > 10);
}
