//! Section 9.1: the 48 end-to-end tests of NetworkPolicy, in the model.

use std::collections::{BTreeMap, BTreeSet};

use fibula_intended::Profile;
use fibula_network::walk::Verdict;

use crate::scene::{Scene, cluster};
use crate::upstream::{Case, Probe, cases, tests};

#[test]
fn there_are_48_tests() {
    let numbers: BTreeSet<u8> = tests().map(|test| test.number).collect();
    assert_eq!(numbers, (1..=48).collect());
    assert_eq!(tests().count(), 48);
    let names: BTreeSet<&str> = tests().map(|test| test.name).collect();
    assert_eq!(names.len(), 48);
}

/// Each probe of each step ends as the test expects; what is open is decided as the reference does.
#[test]
fn every_upstream_test_is_right() {
    let wrong = wrong(Profile::Reference);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A plugin that never matches pods by ipBlock fails the three tests that Cilium leaves out, and
/// those alone.
#[test]
fn np_17_dr_2b_such_a_plugin_fails_34_to_36() {
    assert_eq!(wrong(Profile::Cilium).into_keys().collect::<Vec<_>>(), [34, 35, 36]);
}

/// What goes wrong under a profile, by test.
fn wrong(profile: Profile) -> BTreeMap<u8, Vec<String>> {
    let mut wrong: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for Case { number, name, step, manifests, probes } in cases() {
        let scene = Scene::under(cluster(&manifests), profile.into());
        for Probe { from, to, at, port, protocol, blocked } in probes {
            let life = scene.life(from, &format!("{at}:{port}/{protocol}"));
            let expected = if blocked { Verdict::DroppedByPolicy } else { Verdict::Delivered };
            if life.ending.verdict != expected {
                let verdict = life.ending.verdict.name();
                let probe = format!("{from} to {to}:{port}/{protocol}");
                let wrong = wrong.entry(number).or_default();
                wrong.push(format!("{name}, step {step}: {probe} {verdict}"));
            }
        }
    }
    wrong
}
