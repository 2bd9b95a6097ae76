//! What is true of every walk, on random networks.

mod random;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::mem;

use fibula_network::walk::{Branches, Fork, Life, Step, Verdict, Walks, branches, reply, walk};
use fibula_network::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use random::{Drawn, Samples, networks};

/// Headers that are tried from each process of a network.
const HEADERS: usize = 60;

/// Branches of a message that are followed.
const BRANCHES: usize = 40;

/// Messages of a network that could be told apart: who sends, the header, the choices. Half of
/// them have an address of their sender as their source, so that replies can come home.
fn messages(network: &Network) -> Vec<(ElementId, Header, Vec<u8>)> {
    let samples = Samples::of(network);
    let mut messages = vec![];
    for process in network.ids().filter(|id| network.kind(*id).is_process()) {
        let host = network.facts.host(process).and_then(|host| network.fib(host));
        let own = host.map_or(&[][..], |fib| &fib.me.own);
        for (i, (mut header, choices)) in samples.take(HEADERS, process.0.into()).enumerate() {
            let mut sources = own.iter().filter(|addr| addr.family() == header.dst.family());
            header.src = sources.next().copied().filter(|_| i % 2 == 0).unwrap_or(header.src);
            messages.push((process, header, choices.to_vec()));
        }
    }
    messages
}

fn forks(life: &Life) -> Vec<Fork> {
    life.forks().collect()
}

/// Whether a message is where it was sent, with the header that it had there, from event to event;
/// and ends where it is.
fn holds_together(network: &Network, life: &Life) -> Result<(), String> {
    let mut now: Option<(ElementId, Header)> = None;
    for step in &life.steps {
        let wrong = || Err(format!("{step:?} of what is at {now:?}"));
        match *step {
            Step::Send { from, to, header } => {
                if !network.links.contains(from, to) || now.is_some_and(|n| n != (from, header)) {
                    return wrong();
                }
                now = Some((from, header));
            }
            Step::Recv { at, from, header } => {
                if now != Some((from, header)) {
                    return wrong();
                }
                now = Some((at, header));
            }
            Step::Pass { at, .. } if now.is_none_or(|n| n.0 == at) => {}
            Step::Pass { .. } => return wrong(),
            Step::Decide { at, becomes, fork, .. } => {
                let taken = fork.is_none_or(|fork| fork.taken < fork.of);
                if now.is_some_and(|n| n.0 != at) || !taken {
                    return wrong();
                }
                now = now.map(|n| (at, becomes.unwrap_or(n.1)));
            }
        }
    }
    match now.is_none_or(|now| now.0 == life.ending.at) {
        true => Ok(()),
        false => Err(format!("ends at {:?}, being at {now:?}", life.ending)),
    }
}

/// Whether no alternative is left out: where one of several was taken, all of them were, with the
/// same before.
fn complete(branches: &Branches) -> bool {
    let mut taken: BTreeMap<Vec<Fork>, (u32, BTreeSet<u32>)> = BTreeMap::new();
    for life in &branches.lives {
        let forks = forks(life);
        for (i, fork) in forks.iter().enumerate() {
            let (of, all) = taken.entry(forks[..i].to_vec()).or_insert((fork.of, BTreeSet::new()));
            if *of != fork.of {
                return false;
            }
            all.insert(fork.taken);
        }
    }
    taken.values().all(|(of, all)| all.len() == *of as usize)
}

proptest! {
    #[test]
    fn n3_every_life_holds_together_and_ends(Drawn(network) in networks()) {
        for (process, header, choices) in messages(&network) {
            let life = walk(&network, process, header, &choices);
            prop_assert_eq!(holds_together(&network, &life), Ok(()), "{:#?}", life);
            prop_assert!(life.ending.verdict != Verdict::ReplyLost);
            if let Some(Step::Send { from, header: sent, .. }) = life.steps.first() {
                prop_assert_eq!((*from, *sent), (process, header));
            }
        }
    }

    #[test]
    fn branches_are_distinct_and_complete(Drawn(network) in networks()) {
        for (process, header, choices) in messages(&network) {
            let of = |limit| branches(&network, process, header, &choices, limit);
            let some = of(BRANCHES);
            prop_assert_eq!(&some.lives[0], &walk(&network, process, header, &choices));
            let taken: Vec<Vec<Fork>> = some.lives.iter().map(forks).collect();
            prop_assert!(taken.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", taken);
            prop_assert_eq!(some.all, complete(&some), "{:?}", taken);
            if !some.all {
                prop_assert_eq!(some.lives.len(), BRANCHES);
            }
            let mut fewer = of(2);
            prop_assert_eq!(mem::take(&mut fewer.lives), &some.lives[..some.lives.len().min(2)]);
            prop_assert_eq!(fewer.all, some.lives.len() <= 2);
        }
    }

    #[test]
    fn n6_entries_that_are_looked_up_decide_as_entries_asked_one_by_one(
        Drawn(network) in networks(),
    ) {
        let walks = Walks::new(&network);
        for (process, header, choices) in messages(&network) {
            let asked = branches(&network, process, header, &choices, 4);
            prop_assert_eq!(&asked, &walks.branches(process, header, &choices, 4));
            let life = walk(&network, process, header, &choices);
            prop_assert_eq!(&life, &walks.walk(process, header, &choices));
            prop_assert_eq!(reply(&network, &life, &choices), walks.reply(&life, &choices));
        }
    }

    #[test]
    fn a_reply_comes_home_or_is_lost(Drawn(network) in networks()) {
        for (process, header, choices) in messages(&network) {
            for life in branches(&network, process, header, &choices, 4).lives {
                let reply = reply(&network, &life, &choices);
                let delivered = life.ending.verdict == Verdict::Delivered;
                prop_assert_eq!(reply.is_some(), delivered, "only what is delivered is answered");
                let Some(reply) = reply else { continue };
                prop_assert_eq!(holds_together(&network, &reply), Ok(()), "{:#?}", reply);
                prop_assert!(matches!(
                    reply.ending.verdict,
                    Verdict::Delivered | Verdict::ReplyLost
                ));
                if reply.ending.verdict == Verdict::Delivered {
                    prop_assert_eq!(reply.ending.at, process);
                    let received = reply.steps.iter().rev().find_map(|step| match step {
                        Step::Recv { header, .. } => Some(*header),
                        _ => None,
                    });
                    prop_assert_eq!(received, Some(header.mirrored()));
                }
            }
        }
    }
}

/// What an entry does, without what it does it to.
fn name(action: Action) -> &'static str {
    match action {
        Action::Rewrite { mark: Mark::Never, .. } => "rewrite",
        Action::Rewrite { mark: Mark::Hairpin, .. } => "rewrite, mark a hairpin",
        Action::Rewrite { mark: Mark::Always, .. } => "rewrite, mark",
        Action::Masquerade { by: Source::Own, .. } => "masquerade own",
        Action::Masquerade { by: Source::Is(_), .. } => "masquerade",
        Action::Undo { .. } => "undo",
        Action::Deliver(Receiver::Caller) => "deliver caller",
        Action::Forward(Hop::OneOf(_)) => "forward one of",
        _ => "",
    }
}

#[test]
fn random_networks_use_everything_and_end_in_every_way() {
    let mut runner = TestRunner::deterministic();
    let (mut first, mut back) = (BTreeMap::new(), BTreeMap::new());
    let (mut used, mut of, mut scopes) = (BTreeMap::new(), BTreeMap::new(), HashSet::new());
    for _ in 0..200 {
        let Drawn(network) = networks().new_tree(&mut runner).unwrap().current();
        let members = network.backends.iter().flat_map(|list| &list.members);
        scopes.extend(members.map(|backend| mem::discriminant(&backend.at)));
        for (process, header, choices) in messages(&network) {
            for life in branches(&network, process, header, &choices, 8).lives {
                *first.entry(life.ending.verdict).or_insert(0) += 1;
                let reply = reply(&network, &life, &choices);
                for step in life.steps.iter().chain(reply.iter().flat_map(|reply| &reply.steps)) {
                    let Step::Decide { entry, fork, .. } = step else { continue };
                    *used.entry(name(network.entry(*entry).action)).or_insert(0) += 1;
                    *of.entry(fork.map_or(1, |fork| fork.of)).or_insert(0) += 1;
                }
                // Replies to what was not rewritten come home more easily than others.
                if let Some(reply) = reply {
                    let rewritten = forks(&life).len().min(1);
                    *back.entry((rewritten, reply.ending.verdict)).or_insert(0) += 1;
                }
            }
        }
    }
    let told = format!("{first:?}\n{back:?}\n{used:?}\n{of:?}");
    let enough = |count: &i32| *count >= 10;
    let lost = Verdict::ReplyLost;
    for verdict in Verdict::ALL.into_iter().filter(|verdict| *verdict != lost) {
        assert!(first.get(&verdict).is_some_and(enough), "{verdict:?}: {told}");
    }
    for rewritten in [0, 1] {
        for verdict in [Verdict::Delivered, lost] {
            assert!(back.get(&(rewritten, verdict)).is_some_and(enough), "{verdict:?}: {told}");
        }
    }
    assert_eq!((used.len(), scopes.len()), (9, 3), "{told}");
    assert!(used.values().all(enough), "{told}");
    assert!([2, 3, 4].iter().all(|n| of.get(n).is_some_and(enough)), "{told}");
}
