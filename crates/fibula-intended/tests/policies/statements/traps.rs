//! Section 13: the traps that policies set, 1 to 7 and 20 to 23.

use super::{check, cnp, np};

#[test]
fn trap_1_np_6_np_8_empty_lists() {
    check(
        &[np("shop", "egress: []")],
        &[("shop/web", "ops/bot:80", "yes"), ("ops/bot", "shop/web:80", "no")],
    );
    check(&[np("shop", "ingress: []")], &[("ops/bot", "shop/web:80", "no")]);
    check(&[np("shop", "ingress: [{}]")], &[("ops/bot", "shop/web:80", "yes")]);
}

#[test]
fn trap_2_np_11_and_or() {
    let one =
        "{namespaceSelector: {matchLabels: {team: ops}}, podSelector: {matchLabels: {app: db}}}";
    let two =
        "{namespaceSelector: {matchLabels: {team: ops}}}, {podSelector: {matchLabels: {app: db}}}";
    for (from, told) in [(one, "no"), (two, "yes")] {
        let policy = np("shop", &format!("ingress: [{{from: [{from}]}}]"));
        check(&[policy], &[("ops/bot", "shop/web:80", told), ("shop/db", "shop/web:80", told)]);
    }
}

#[test]
fn trap_3_np_11_a_pod_selector_stays_at_home() {
    let policy = np("shop", "ingress: [{from: [{podSelector: {}}]}]");
    check(&[policy], &[("ops/bot", "shop/web:80", "no"), ("shop/db", "shop/web:80", "yes")]);
}

#[test]
fn trap_4_np_13_a_missing_key() {
    let policy = np(
        "shop",
        "podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}, ingress: []",
    );
    check(&[policy], &[("ops/bot", "shop/web:80", "yes"), ("ops/bot", "shop/db:80", "no")]);
}

#[test]
fn trap_5_np_16_except_is_not_a_deny() {
    let policy = np(
        "ops",
        "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [8.0.0.0/8]}}]}, {to: [{ipBlock: {cidr: 8.8.8.8/32}}]}]",
    );
    check(&[policy], &[("ops/bot", "8.8.8.8:53", "yes"), ("ops/bot", "8.8.4.4:53", "no")]);
}

#[test]
fn trap_6_np_40_policies_speak_of_target_ports() {
    for (port, told) in [(80, "yes"), (8000, "no")] {
        let policy = np("shop", &format!("ingress: [{{ports: [{{port: {port}}}]}}]"));
        check(&[policy], &[("ops/bot", "10.96.0.1:8000", told)]);
    }
}

#[test]
fn trap_7_np_42_one_name_two_numbers() {
    let policy = np("ops", "policyTypes: [Egress], egress: [{ports: [{port: http}]}]");
    check(
        &[policy],
        &[
            ("ops/bot", "10.96.0.1:8000", "yes"),
            ("ops/bot", "10.96.0.2:8000", "yes"),
            ("ops/bot", "shop/db:80", "no"),
        ],
    );
    let policy =
        np("ops", "policyTypes: [Egress], egress: [{ports: [{port: http, protocol: UDP}]}]");
    check(&[policy], &[("ops/bot", "shop/web:80", "no"), ("ops/bot", "shop/web:80/UDP", "no")]);
}

#[test]
fn trap_20_np_32_np_36_the_own_node_gets_in() {
    let policies =
        [np("shop", "policyTypes: [Ingress, Egress]"), np("ops", "policyTypes: [Ingress, Egress]")];
    check(
        &policies,
        &[
            ("n1", "shop/web:80", "yes"),
            ("shop/agent1", "shop/web:80", "yes"),
            ("shop/agent2", "shop/db:80", "yes"),
            ("198.51.100.7", "n2:10250", "yes"),
        ],
    );
}

#[test]
fn trap_21_cnp_11_to_15_tiers() {
    let all = "subject: {namespaces: {}}, ";
    let anybody = "from: [{namespaces: {}}]";
    let deny = np("shop", "ingress: []");
    // Pass ends the tier, and what comes later in it does not matter.
    let pass = cnp(
        "Admin",
        1,
        &format!("{all}ingress: [{{action: Pass, {anybody}}}, {{action: Deny, {anybody}}}]"),
    );
    check(&[pass], &[("ops/bot", "shop/web:80", "yes")]);
    // Baseline's Accept does not open what a NetworkPolicy closes.
    let accept = cnp("Baseline", 1, &format!("{all}ingress: [{{action: Accept, {anybody}}}]"));
    check(&[accept, deny.clone()], &[("ops/bot", "shop/web:80", "no")]);
    // Admin's Accept on the way out does not open the way in.
    let out =
        cnp("Admin", 1, &format!("{all}egress: [{{action: Accept, to: [{{namespaces: {{}}}}]}}]"));
    check(&[out, deny], &[("ops/bot", "shop/web:80", "no")]);
}

#[test]
fn trap_22_cnp_23_cnp_20_everything_is_pods_too_and_nobody_matches_nodes() {
    let all = "subject: {namespaces: {}}, ";
    let out = cnp(
        "Admin",
        1,
        &format!("{all}egress: [{{action: Deny, to: [{{networks: [0.0.0.0/0]}}]}}]"),
    );
    check(&[out], &[("ops/bot", "shop/web:80", "no"), ("ops/bot", "8.8.8.8:53", "no")]);
    let in_ =
        cnp("Admin", 1, &format!("{all}ingress: [{{action: Deny, from: [{{namespaces: {{}}}}]}}]"));
    check(
        &[in_],
        &[
            ("n2", "shop/web:80", "yes"),
            ("198.51.100.7", "n2:30080", "yes"),
            ("ops/bot", "shop/web:80", "no"),
        ],
    );
}

#[test]
fn trap_23_cnp_26_pass_to_who_is_not_known_denies_all() {
    let policy =
        cnp("Admin", 1, "subject: {namespaces: {}}, egress: [{action: Pass, to: [{newest: {}}]}]");
    check(&[policy], &[("ops/bot", "shop/web:80", "no"), ("ops/bot", "8.8.8.8:53", "no")]);
}
