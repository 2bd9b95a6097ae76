//! Section 9.1: the 48 end-to-end tests of NetworkPolicy, in the model.

use std::collections::BTreeSet;

use fibula_network::walk::Verdict;

use crate::scene::Scene;
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
    let mut wrong = vec![];
    for Case { number, name, step, manifests, probes } in cases() {
        let scene = Scene::of(&manifests);
        for Probe { from, to, at, port, protocol, blocked } in probes {
            let life = scene.life(from, &format!("{at}:{port}/{protocol}"));
            let expected = if blocked { Verdict::DroppedByPolicy } else { Verdict::Delivered };
            if life.ending.verdict != expected {
                let verdict = life.ending.verdict.name();
                let step = format!("{number}, {name}, step {step}");
                wrong.push(format!("{step}: {from} to {to}:{port}/{protocol} {verdict}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
