//! NP-30 to NP-36: a pod and itself, Nodes, and the host network.

use super::{FIXTURE, check, np, told};
use crate::scene::Scene;

fn deny_all() -> [String; 2] {
    ["shop", "ops"].map(|namespace| np(namespace, "policyTypes: [Ingress, Egress]"))
}

#[test]
fn np_30_a_pod_always_reaches_itself() {
    check(
        &deny_all(),
        &[
            ("shop/web", "shop/web:80", "yes"),
            ("shop/web", "127.0.0.1:80", "yes"),
            ("shop/web", "shop/db:80", "no"),
        ],
    );
}

#[test]
fn np_31_dr_4_what_comes_back_through_a_service_is_open() {
    check(&deny_all(), &[("shop/web", "10.96.0.1:8000", "DR-4: yes, no")]);
    // To another pod it is like any other.
    check(&deny_all(), &[("shop/db", "10.96.0.1:8000", "no")]);
    // Where a rule allows it, it is allowed.
    let itself = "from: [{podSelector: {matchLabels: {app: web}}}]";
    let policy = np("shop", &format!("ingress: [{{{itself}}}]"));
    check(&[policy], &[("shop/web", "10.96.0.1:8000", "yes"), ("shop/db", "10.96.0.1:8000", "no")]);
}

#[test]
fn np_32_what_the_own_node_sends_comes_in() {
    check(
        &deny_all(),
        &[
            ("n1", "shop/web:80", "yes"),
            ("n1", "10.96.0.1:8000", "yes"),
            ("n2", "shop/db:80", "yes"),
            ("n2", "shop/web:80", "no"),
        ],
    );
}

#[test]
fn np_33_dr_3_what_a_pod_sends_to_its_own_node_is_open() {
    check(
        &deny_all(),
        &[("shop/web", "n1:10250", "DR-3: yes, no"), ("shop/web", "n2:10250", "no")],
    );
    // Where a rule allows it, nothing is open.
    let policy =
        np("shop", "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.1/32}}]}]");
    check(&[policy], &[("shop/web", "n1:10250", "yes"), ("shop/web", "n2:10250", "no")]);
    // And where nothing isolates the pod.
    check(&[np("ops", "policyTypes: [Egress]")], &[("shop/web", "n1:10250", "yes")]);
}

#[test]
fn np_34_other_nodes_are_ordinary_and_have_no_labels() {
    for (from, told) in [
        ("", "yes"),
        ("from: [{ipBlock: {cidr: 10.0.0.2/32}}]", "yes"),
        ("from: [{ipBlock: {cidr: 10.0.0.1/32}}]", "no"),
        ("from: [{namespaceSelector: {}}]", "no"),
        ("from: [{podSelector: {}}]", "no"),
    ] {
        let policy = np("shop", &format!("ingress: [{{{from}}}]"));
        check(&[policy], &[("n2", "shop/web:80", told)]);
    }
}

#[test]
fn np_35_pods_of_the_host_network_are_their_node() {
    // As subject: no policy that selects the agents does anything.
    let agents =
        np("shop", "podSelector: {matchLabels: {app: agent}}, policyTypes: [Ingress, Egress]");
    check(
        &[agents],
        &[("shop/agent2", "shop/web:80", "yes"), ("ops/bot", "shop/agent2:80", "yes")],
    );
    // As peer: labels do not match them, addresses do.
    let web = |from: &str| {
        np(
            "shop",
            &format!("podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{from}]}}]"),
        )
    };
    check(
        &[web("{podSelector: {matchLabels: {app: agent}}}")],
        &[("shop/agent2", "shop/web:80", "no")],
    );
    check(&[web("{ipBlock: {cidr: 10.0.0.2/32}}")], &[("shop/agent2", "shop/web:80", "yes")]);
    let bot = |to: &str| np("ops", &format!("policyTypes: [Egress], egress: [{{to: [{to}]}}]"));
    check(&[bot("{namespaceSelector: {}}")], &[("ops/bot", "shop/agent2:80", "no")]);
    check(&[bot("{ipBlock: {cidr: 10.0.0.2/32}}")], &[("ops/bot", "shop/agent2:80", "yes")]);
}

#[test]
fn np_36_a_pod_of_the_host_network_is_let_in_on_its_own_node() {
    check(
        &deny_all(),
        &[("shop/agent1", "shop/web:80", "yes"), ("shop/agent2", "shop/web:80", "no")],
    );
}

/// Where nothing says which Node runs a pod, whether a Node is its own is not known either.
#[test]
fn np_32_the_own_node_is_the_one_that_the_input_names() {
    let moved = FIXTURE.replace(
        "spec: {nodeName: n1, containers: [{name: c, ports: [{name: http",
        "spec: {nodeName: n2, containers: [{name: c, ports: [{name: http",
    );
    let policy = np("shop", "ingress: []");
    let scene = Scene::of(&format!("{moved}---\n{policy}"));
    told(&scene, &[("n2", "shop/web:80", "yes"), ("n1", "shop/web:80", "no")]);
}
