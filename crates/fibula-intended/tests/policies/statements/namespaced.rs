//! NP-1 to NP-9, NP-20, NP-51, NP-52, NP-54: whom a NetworkPolicy isolates, and what that means.

use fibula_network::walk::{Verdict, Walks, walk};
use fibula_network::{ElementId, Kind};

use super::{FIXTURE, check, np, scene, told};
use crate::scene::Scene;

#[test]
fn np_1_a_policy_speaks_of_pods_of_its_own_namespace() {
    let bot = np("shop", "podSelector: {matchLabels: {app: bot}}, ingress: []");
    check(&[bot], &[("shop/web", "ops/bot:80", "yes")]);
    for all in ["podSelector: {}, ", "podSelector: null, ", ""] {
        let policy = np("shop", &format!("{all}ingress: []"));
        check(
            &[policy],
            &[
                ("ops/bot", "shop/web:80", "no"),
                ("ops/bot", "shop/db:80", "no"),
                ("shop/web", "ops/bot:80", "yes"),
            ],
        );
    }
}

#[test]
fn np_2_each_direction_is_isolated_for_itself() {
    let web = |types: &str| {
        np("shop", &format!("podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [{types}]"))
    };
    let (in_, out) = (("ops/bot", "shop/web:80"), ("shop/web", "ops/bot:80"));
    for (types, to_web, from_web) in
        [("Ingress", "no", "yes"), ("Egress", "yes", "no"), ("Ingress, Egress", "no", "no")]
    {
        check(
            &[web(types)],
            &[
                (in_.0, in_.1, to_web),
                (out.0, out.1, from_web),
                // Not selected, not isolated.
                ("ops/bot", "shop/db:80", "yes"),
            ],
        );
    }
}

#[test]
fn np_3_what_is_allowed_is_the_union_in_any_order() {
    let bot = np("shop", "ingress: [{from: [{namespaceSelector: {matchLabels: {team: ops}}}]}]");
    let port = np("shop", "ingress: [{ports: [{port: 80}]}, {ports: [{port: 81}]}]");
    let deny = np("shop", "ingress: []");
    let table = &[
        ("ops/bot", "shop/web:9", "yes"),
        ("shop/db", "shop/web:80", "yes"),
        ("shop/db", "shop/web:81", "yes"),
        ("shop/db", "shop/web:9", "no"),
    ];
    check(&[bot.clone(), port.clone(), deny.clone()], table);
    check(&[deny, port, bot], table);
}

#[test]
fn np_4_both_sides_must_allow() {
    let out = np(
        "ops",
        "egress: [{to: [{namespaceSelector: {}}], ports: [{port: 80}, {port: 81}]}], policyTypes: [Egress]",
    );
    let in_ = np("shop", "ingress: [{ports: [{port: 80}, {port: 82}]}]");
    check(
        &[out, in_],
        &[
            ("ops/bot", "shop/web:80", "yes"),
            ("ops/bot", "shop/web:81", "no"),
            ("ops/bot", "shop/web:82", "no"),
            ("shop/db", "shop/web:82", "yes"),
        ],
    );
}

#[test]
fn np_5_what_no_pod_sends_or_receives_is_not_asked_about() {
    let deny = ["shop", "ops"].map(|namespace| np(namespace, "policyTypes: [Ingress, Egress]"));
    check(
        &deny,
        &[
            ("n1", "n2:10250", "yes"),
            ("n1", "n1:10250", "yes"),
            ("n1", "8.8.8.8:53/UDP", "yes"),
            ("198.51.100.7", "n1:10250", "yes"),
            ("shop/agent1", "n2:10250", "yes"),
        ],
    );
}

#[test]
fn np_6_the_types_that_a_policy_has_by_default() {
    // policyTypes absent or empty, the rules, and what is left: into web, and out of it.
    for (types, rules, to_web, from_web) in [
        ("", "ingress: []", "no", "yes"),
        ("", "egress: []", "no", "yes"),
        ("policyTypes: [], ", "egress: []", "no", "yes"),
        ("", "egress: [{ports: [{port: 81}]}]", "no", "no"),
        ("policyTypes: [], ", "egress: [{ports: [{port: 81}]}]", "no", "no"),
        ("policyTypes: [Egress], ", "egress: []", "yes", "no"),
    ] {
        let policy = np("shop", &format!("{types}{rules}"));
        check(
            &[policy],
            &[("ops/bot", "shop/web:80", to_web), ("shop/web", "ops/bot:80", from_web)],
        );
    }
}

#[test]
fn np_7_rules_of_a_direction_that_is_not_named_are_ignored() {
    let policy = np("shop", "policyTypes: [Egress], ingress: [{ports: [{port: 81}]}]");
    check(&[policy], &[("ops/bot", "shop/web:80", "yes"), ("shop/web", "ops/bot:80", "no")]);
    let policy = np("shop", "policyTypes: [Ingress], egress: [{ports: [{port: 81}]}]");
    check(&[policy], &[("ops/bot", "shop/web:80", "no"), ("shop/web", "ops/bot:80", "yes")]);
}

#[test]
fn np_8_no_rule_allows_nothing_and_an_empty_rule_everything() {
    for (rules, told) in
        [("", "no"), ("ingress: null, ", "no"), ("ingress: [], ", "no"), ("ingress: [{}], ", "yes")]
    {
        let policy = np("shop", &format!("{rules}policyTypes: [Ingress]"));
        check(&[policy], &[("ops/bot", "shop/web:80", told), ("n2", "shop/web:80", told)]);
    }
}

#[test]
fn np_9_no_peers_are_all_peers_and_peer_and_port_must_match() {
    for from in ["", "from: [], "] {
        let policy = np("shop", &format!("ingress: [{{{from}ports: [{{port: 80}}]}}]"));
        check(
            &[policy],
            &[
                ("ops/bot", "shop/web:80", "yes"),
                ("n2", "shop/web:80", "yes"),
                ("198.51.100.7", "n2:30080", "yes"),
                ("ops/bot", "shop/web:81", "no"),
            ],
        );
    }
    let policy = np(
        "ops",
        "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 80}]}]",
    );
    check(
        &[policy],
        &[
            ("ops/bot", "shop/web:80", "yes"),
            ("ops/bot", "shop/web:81", "no"),
            ("ops/bot", "8.8.8.8:80", "no"),
        ],
    );
    let policy = np("ops", "policyTypes: [Egress], egress: [{ports: []}]");
    check(&[policy], &[("ops/bot", "8.8.8.8:9/SCTP", "yes"), ("ops/bot", "n2:9", "yes")]);
}

#[test]
fn np_20_replies_are_allowed() {
    // Nothing may begin at web, and nothing may go to bot: what web answers bot does all the same.
    let policies = ["shop", "ops"].map(|namespace| {
        let (in_, out) = if namespace == "shop" { ("[{}]", "[]") } else { ("[]", "[{}]") };
        np(namespace, &format!("policyTypes: [Ingress, Egress], ingress: {in_}, egress: {out}"))
    });
    let scene = scene(&policies);
    told(&scene, &[("ops/bot", "shop/web:80", "yes"), ("shop/web", "ops/bot:80", "no")]);
    for to in ["shop/web:80", "10.96.0.1:8000", "shop/db:8080"] {
        let life = scene.life("ops/bot", to);
        let reply = Walks::new(&scene.network).reply(&life, &[]).expect("a delivered message");
        assert_eq!(reply.ending.verdict, Verdict::Delivered, "{to}");
    }
}

#[test]
fn np_51_policies_apply_to_every_container_of_a_pod() {
    let pod = "
apiVersion: v1
kind: Pod
metadata: {namespace: ops, name: job}
spec:
  nodeName: n1
  initContainers: [{name: side, restartPolicy: Always, ports: [{name: side, containerPort: 90}]}]
  containers: [{name: main}]
status: {podIP: 10.1.1.9}
";
    let policy = np("ops", "policyTypes: [Ingress, Egress]");
    let scene = Scene::of(&format!("{FIXTURE}---{pod}---\n{policy}"));
    told(&scene, &[("ops/job", "shop/web:80", "no"), ("shop/web", "ops/job:90", "no")]);
    let (_, header) = scene.message("ops/job", "shop/web:80");
    let network = &scene.network;
    let inside = |id: &ElementId| network.element(*id).name.starts_with("ops/job/");
    let containers: Vec<ElementId> = network.of_kind(Kind::Container).filter(inside).collect();
    assert_eq!(containers.len(), 2, "the sidecar is one");
    for container in containers {
        let verdict = walk(network, container, header, &[]).ending.verdict;
        assert_eq!(verdict, Verdict::DroppedByPolicy, "{}", network.element(container).name);
    }
}

#[test]
fn np_52_who_has_finished_or_has_no_address_takes_no_part() {
    // It had the address that bot has now, and labels that web lets in.
    let pods = "
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: gone, labels: {app: db}}
spec: {nodeName: n1, containers: [{name: c}]}
status: {phase: Succeeded, podIP: 10.1.1.3}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: waits, labels: {app: db}}
spec: {nodeName: n1, containers: [{name: c}]}
status: {phase: Pending}
";
    let policy = np(
        "shop",
        "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]",
    );
    let denies = np("shop", "podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]");
    let scene = Scene::of(&format!("{FIXTURE}---{pods}---\n{policy}---\n{denies}"));
    told(
        &scene,
        &[
            ("ops/bot", "shop/web:80", "no"),
            ("shop/db", "shop/web:80", "yes"),
            // Nor is bot isolated by the policy of who had its address before.
            ("shop/web", "ops/bot:80", "yes"),
        ],
    );
}

#[test]
fn np_54_what_is_denied_is_dropped_without_a_word() {
    let scene = scene(&[np("shop", "ingress: []")]);
    let life = scene.life("ops/bot", "shop/web:80");
    assert_eq!(life.ending.verdict, Verdict::DroppedByPolicy);
    assert_eq!(Walks::new(&scene.network).refusal(&life, &[]), None);
}
