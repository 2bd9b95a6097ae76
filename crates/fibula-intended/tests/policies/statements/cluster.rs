//! CNP-20 to CNP-29: the peers and ports of policies of the cluster.

use super::tiers::out;
use super::{FIXTURE, check, cnp, np, object, told};
use crate::scene::Scene;

#[test]
fn cnp_20_ingress_rules_cannot_match_what_is_no_pod() {
    for tier in ["Admin", "Baseline"] {
        let deny = cnp(
            tier,
            1,
            "subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}, {pods: {podSelector: {}}}]}]",
        );
        check(
            &[deny],
            &[
                ("ops/bot", "shop/web:80", "no"),
                ("n1", "shop/web:80", "yes"),
                ("n2", "shop/web:80", "yes"),
                ("shop/agent2", "shop/web:80", "yes"),
                ("198.51.100.7", "n2:30080", "yes"),
                ("198.51.100.7", "n2:30082", "yes"),
            ],
        );
    }
}

#[test]
fn cnp_22_pods_of_the_host_network_are_nobodys_peers() {
    let deny = out(
        "Admin",
        "{action: Deny, to: [{namespaces: {}}, {pods: {podSelector: {matchLabels: {app: agent}}}}]}",
    );
    check(&[deny], &[("ops/bot", "shop/agent2:80", "yes"), ("ops/bot", "shop/db:80", "no")]);
}

#[test]
fn cnp_23_networks_match_what_is_in_the_cluster_too() {
    let deny = out("Admin", "{action: Deny, to: [{networks: [10.1.2.0/24, 10.0.0.2/32]}]}");
    check(
        &[deny],
        &[
            // Whatever plugins do with ipBlocks: nothing is open (DR-2b).
            ("ops/bot", "shop/db:80", "no"),
            ("ops/bot", "10.96.0.2:8000", "no"),
            ("ops/bot", "n2:80", "no"),
            ("ops/bot", "shop/web:80", "yes"),
            // The way in is not the way out.
            ("shop/db", "ops/bot:80", "yes"),
        ],
    );
    check(
        &[out("Admin", "{action: Deny, to: [{networks: ['::/0']}]}")],
        &[("ops/bot", "shop/db:80", "yes")],
    );
}

#[test]
fn cnp_24_nodes_by_their_labels_at_all_of_their_addresses() {
    let deny = |by: &str| out("Admin", &format!("{{action: Deny, to: [{{nodes: {by}}}]}}"));
    for (by, n1, n2) in [
        ("{matchLabels: {role: front}}", "no", "yes"),
        ("{matchExpressions: [{key: role, operator: NotIn, values: [front]}]}", "yes", "no"),
        ("{}", "no", "no"),
    ] {
        check(
            &[deny(by)],
            &[
                ("ops/bot", "n1:80", n1),
                ("ops/bot", "203.0.113.1:80", n1),
                ("ops/bot", "n2:80", n2),
                ("ops/bot", "shop/agent2:80", n2),
                ("ops/bot", "shop/db:80", "yes"),
                ("n1", "n2:80", "yes"),
            ],
        );
    }
    // The own Node too: DR-3 is about NetworkPolicies.
    check(&[deny("{}"), np("ops", "policyTypes: [Egress]")], &[("ops/bot", "n1:80", "no")]);
}

#[test]
fn cnp_25_what_addresses_a_name_has_is_open() {
    let rules = "{action: Accept, to: [{domainNames: ['*.example.org']}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}";
    check(
        &[out("Admin", rules)],
        &[
            ("ops/bot", "198.51.100.9:443", "CNP-25: no, yes"),
            ("ops/bot", "203.0.113.1:443", "CNP-25: no, yes"),
            // What is known to be the cluster's has other names.
            ("ops/bot", "shop/web:80", "no"),
            ("ops/bot", "n2:80", "no"),
        ],
    );
}

#[test]
fn cnp_26_who_is_not_known_is_not_let_pass() {
    let known = "{namespaces: {matchLabels: {team: shop}}}";
    for (action, to_web, to_world) in
        [("Accept", "yes", "no"), ("Deny", "no", "no"), ("Pass", "no", "no")]
    {
        let rules = format!(
            "{{action: {action}, to: [{known}, {{newest: {{}}}}]}}, {{action: Deny, to: [{{networks: [0.0.0.0/0]}}]}}"
        );
        check(
            &[out("Admin", &rules)],
            &[("ops/bot", "shop/web:80", to_web), ("ops/bot", "8.8.8.8:53", to_world)],
        );
    }
    // In Accept it matches nothing: what comes after decides.
    check(
        &[out("Admin", "{action: Accept, to: [{newest: {}}]}")],
        &[("ops/bot", "8.8.8.8:53", "yes")],
    );
    // The ports of the rule do not matter, and nodes are denied too.
    let some =
        "{action: Pass, to: [{newest: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}";
    check(
        &[out("Admin", some)],
        &[("ops/bot", "shop/web:81", "no"), ("ops/bot", "n1:9/UDP", "no")],
    );
    // Of ingress: everything but what comes from the own Node.
    let into = "subject: {namespaces: {}}, ingress: [{action: Deny, from: [{newest: {}}]}]";
    check(
        &[cnp("Baseline", 1, into)],
        &[
            ("ops/bot", "shop/web:80", "no"),
            ("n2", "shop/web:80", "no"),
            ("n1", "shop/web:80", "yes"),
        ],
    );
}

#[test]
fn cnp_27_ports_of_each_protocol() {
    let deny = |protocols: &str| {
        out("Admin", &format!("{{action: Deny, to: [{{namespaces: {{}}}}]{protocols}}}"))
    };
    let check = |protocols: &str, table: &[(&str, &str)]| {
        let table: Vec<(String, &str)> =
            table.iter().map(|(port, told)| (format!("shop/web:{port}"), *told)).collect();
        let table: Vec<(&str, &str, &str)> =
            table.iter().map(|(to, told)| ("ops/bot", to.as_str(), *told)).collect();
        check(&[deny(protocols)], &table);
    };
    check("", &[("1", "no"), ("1/UDP", "no"), ("1/SCTP", "no")]);
    check(
        ", protocols: [{tcp: {destinationPort: {number: 80}}}]",
        &[("80", "no"), ("81", "yes"), ("80/UDP", "yes")],
    );
    check(
        ", protocols: [{udp: {destinationPort: {range: {start: 53, end: 55}}}}, {sctp: {destinationPort: {number: 9}}}]",
        &[
            ("52/UDP", "yes"),
            ("53/UDP", "no"),
            ("55/UDP", "no"),
            ("56/UDP", "yes"),
            ("9/SCTP", "no"),
            ("9/UDP", "yes"),
            ("53", "yes"),
        ],
    );
}

#[test]
fn cnp_28_a_named_port_is_what_the_target_pod_calls_so() {
    let named = |name: &str| {
        out(
            "Admin",
            &format!(
                "{{action: Deny, to: [{{namespaces: {{}}}}], protocols: [{{destinationNamedPort: {name}}}]}}"
            ),
        )
    };
    check(
        &[named("http")],
        &[
            ("ops/bot", "shop/web:80", "no"),
            ("ops/bot", "shop/web:80/UDP", "yes"),
            ("ops/bot", "shop/web:8080", "yes"),
            ("ops/bot", "shop/db:8080", "no"),
        ],
    );
    // Of whatever protocol it is.
    check(
        &[named("dns")],
        &[("ops/bot", "shop/web:53/UDP", "no"), ("ops/bot", "shop/web:53", "yes")],
    );
    let into = "subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{destinationNamedPort: http}]}]";
    check(
        &[cnp("Admin", 1, into)],
        &[("ops/bot", "shop/db:8080", "no"), ("ops/bot", "shop/db:80", "yes")],
    );
}

#[test]
fn cnp_29_the_older_kinds_are_their_successor() {
    let old = |kind: &str, spec: &str| {
        let policy = object("policy.networking.k8s.io/v1alpha1", kind, "", spec);
        // There is one Baseline of this name (CNP-29).
        match kind {
            "BaselineAdminNetworkPolicy" => {
                let lines = policy.lines().map(|line| {
                    if line.starts_with("metadata") { "metadata: {name: default}" } else { line }
                });
                lines.collect::<Vec<_>>().join("\n") + "\n"
            }
            _ => policy,
        }
    };
    let subject = "subject: {namespaces: {}}";
    let anp = |action: &str| {
        old(
            "AdminNetworkPolicy",
            &format!(
                "priority: 5, {subject}, ingress: [{{action: {action}, from: [{{namespaces: {{matchLabels: {{team: ops}}}}}}], ports: [{{portNumber: {{port: 80}}}}]}}]"
            ),
        )
    };
    let banp = |action: &str| {
        old(
            "BaselineAdminNetworkPolicy",
            &format!("{subject}, ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]"),
        )
    };
    let table = |policies: &[String], p80: &str, p81: &str| {
        told(
            &Scene::of(&format!("{FIXTURE}---\n{}", policies.join("---\n"))),
            &[("ops/bot", "shop/web:80", p80), ("ops/bot", "shop/web:81", p81)],
        );
    };
    table(&[anp("Deny")], "no", "yes");
    table(&[anp("Allow"), banp("Deny")], "yes", "no");
    table(&[anp("Pass"), banp("Deny")], "no", "no");
    table(&[anp("Pass"), banp("Allow"), np("shop", "ingress: []")], "no", "no");
}
