//! NP-11 to NP-19: the other end of a rule.

use super::{FIXTURE, check, np, told};
use crate::scene::Scene;

const WEB: &str = "podSelector: {matchLabels: {app: web}}, ";

/// A policy of web that lets in whom these peers name.
fn from(peers: &str) -> String {
    np("shop", &format!("{WEB}ingress: [{{from: [{peers}]}}]"))
}

/// A policy of bot that lets it out to whom these peers name.
fn to(peers: &str) -> String {
    np("ops", &format!("policyTypes: [Egress], egress: [{{to: [{peers}]}}]"))
}

#[test]
fn np_11_a_peer_with_two_selectors_is_an_and_two_peers_are_an_or() {
    let table = |peers: &str, db: &str, bot: &str| {
        check(&[from(peers)], &[("shop/db", "shop/web:80", db), ("ops/bot", "shop/web:80", bot)]);
    };
    // Pods of the policy's own namespace.
    table("{podSelector: {matchLabels: {app: db}}}", "yes", "no");
    table("{podSelector: {matchLabels: {app: bot}}}", "no", "no");
    // All pods of the namespaces.
    table("{namespaceSelector: {matchLabels: {team: ops}}}", "no", "yes");
    let both = "namespaceSelector: {matchLabels: {team: ops}}";
    table(&format!("{{{both}, podSelector: {{matchLabels: {{app: bot}}}}}}"), "no", "yes");
    table(&format!("{{{both}, podSelector: {{matchLabels: {{app: db}}}}}}"), "no", "no");
    table(&format!("{{{both}}}, {{podSelector: {{matchLabels: {{app: db}}}}}}"), "yes", "yes");
}

#[test]
fn np_12_an_empty_selector_is_all_pods_and_nothing_else() {
    check(
        &[from("{podSelector: {}}")],
        &[("shop/db", "shop/web:80", "yes"), ("ops/bot", "shop/web:80", "no")],
    );
    check(
        &[from("{namespaceSelector: {}}")],
        &[
            ("shop/db", "shop/web:80", "yes"),
            ("ops/bot", "shop/web:80", "yes"),
            // Not what is no pod: another Node, and the world through it.
            ("n2", "shop/web:80", "no"),
            ("198.51.100.7", "n2:30080", "no"),
        ],
    );
    check(&[to("{namespaceSelector: {}}")], &[("ops/bot", "8.8.8.8:80", "no")]);
}

#[test]
fn np_13_not_in_and_does_not_exist_match_what_lacks_the_key() {
    let of = |expression: &str| {
        from(&format!(
            "{{namespaceSelector: {{}}, podSelector: {{matchExpressions: [{{{expression}}}]}}}}"
        ))
    };
    // Of them only web has a tier.
    for (expression, db) in [
        ("key: tier, operator: NotIn, values: [front]", "yes"),
        ("key: tier, operator: DoesNotExist", "yes"),
        ("key: tier, operator: In, values: [front]", "no"),
        ("key: tier, operator: Exists", "no"),
        ("key: app, operator: NotIn, values: [db]", "no"),
        ("key: app, operator: In, values: [db, bot]", "yes"),
        ("key: app, operator: Exists", "yes"),
        ("key: app, operator: DoesNotExist", "no"),
    ] {
        check(&[of(expression)], &[("shop/db", "shop/web:80", db)]);
    }
    let all = "{podSelector: {matchLabels: {app: db}, matchExpressions: [{key: tier, operator: Exists}]}}";
    check(&[from(all)], &[("shop/db", "shop/web:80", "no")]);
}

#[test]
fn np_14_every_namespace_has_its_name_as_a_label() {
    let by_name = |name: &str| {
        from(&format!(
            "{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}}}"
        ))
    };
    check(
        &[by_name("ops")],
        &[("ops/bot", "shop/web:80", "yes"), ("shop/db", "shop/web:80", "no")],
    );
}

#[test]
fn dr_22_the_labels_of_a_namespace_that_was_not_read_are_open() {
    let pod = "
apiVersion: v1
kind: Pod
metadata: {namespace: unread, name: p}
spec: {nodeName: n1, containers: [{name: c}]}
status: {podIP: 10.1.1.7}
";
    for (by, told_) in [
        ("{kubernetes.io/metadata.name: unread}", "yes"),
        ("{kubernetes.io/metadata.name: ops}", "no"),
        ("{team: ops}", "DR-22: no, yes"),
        ("{kubernetes.io/metadata.name: ops, team: ops}", "no"),
    ] {
        let policy = from(&format!("{{namespaceSelector: {{matchLabels: {by}}}}}"));
        let scene = Scene::of(&format!("{FIXTURE}---{pod}---\n{policy}"));
        told(&scene, &[("unread/p", "shop/web:80", told_), ("shop/db", "shop/web:80", "no")]);
    }
}

#[test]
fn np_15_labels_as_they_are_now_decide() {
    let policy = from("{namespaceSelector: {matchLabels: {team: new}}}");
    check(std::slice::from_ref(&policy), &[("ops/bot", "shop/web:80", "no")]);
    let relabelled = FIXTURE.replace("labels: {team: ops}", "labels: {team: new}");
    let scene = Scene::of(&format!("{relabelled}---\n{policy}"));
    told(&scene, &[("ops/bot", "shop/web:80", "yes")]);
    let relabelled = FIXTURE.replace("{app: web, tier: front}", "{app: other}");
    let scene = Scene::of(&format!("{relabelled}---\n{policy}"));
    told(&scene, &[("ops/bot", "shop/web:80", "yes")]);
}

#[test]
fn np_16_except_is_no_deny() {
    let block = "{ipBlock: {cidr: 8.0.0.0/8, except: [8.8.0.0/16, 8.9.9.9/32]}}";
    let table = |peers: &str, except: &str| {
        check(
            &[to(peers)],
            &[
                ("ops/bot", "8.1.1.1:80", "yes"),
                ("ops/bot", "8.8.8.8:80", except),
                ("ops/bot", "8.9.9.9:80", except),
                ("ops/bot", "9.9.9.9:80", "no"),
            ],
        );
    };
    table(block, "no");
    // Another peer, rule or policy allows it still.
    table(&format!("{block}, {{ipBlock: {{cidr: 8.8.0.0/15}}}}"), "yes");
    let other = np("ops", "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 8.8.8.8/32}}]}]");
    check(
        &[to(block), other],
        &[("ops/bot", "8.8.8.8:80", "yes"), ("ops/bot", "8.8.8.9:80", "no")],
    );
}

#[test]
fn np_17_dr_2b_whether_a_block_matches_pods_is_open() {
    check(
        &[to("{ipBlock: {cidr: 10.0.0.0/8}}")],
        &[
            ("ops/bot", "shop/db:80", "DR-2b: yes, no"),
            // What is no pod has no such doubt.
            ("ops/bot", "n2:80", "yes"),
            ("ops/bot", "10.200.0.1:80", "yes"),
        ],
    );
    check(
        &[from("{ipBlock: {cidr: 10.1.2.2/32}}")],
        &[("shop/db", "shop/web:80", "DR-2b: yes, no")],
    );
    // Nor what another peer allows.
    let both = "{ipBlock: {cidr: 10.0.0.0/8}}, {namespaceSelector: {}}";
    check(&[to(both)], &[("ops/bot", "shop/db:80", "yes")]);
}

#[test]
fn np_18_blocks_see_a_message_after_services_have_rewritten_it() {
    // The address of the Service, and that of the pod behind it.
    check(&[to("{ipBlock: {cidr: 10.96.0.0/16}}")], &[("ops/bot", "10.96.0.2:8000", "no")]);
    check(
        &[to("{ipBlock: {cidr: 10.1.2.2/32}}")],
        &[("ops/bot", "10.96.0.2:8000", "DR-2b: yes, no"), ("ops/bot", "10.96.0.1:8000", "no")],
    );
}

#[test]
fn np_19_whose_address_a_policy_sees_of_what_comes_from_outside() {
    // db has externalTrafficPolicy Local: its policy sees the client.
    let db = |cidr: &str| {
        let from = format!("from: [{{ipBlock: {{cidr: {cidr}}}}}]");
        np("shop", &format!("podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{{from}}}]"))
    };
    check(&[db("198.51.100.0/24")], &[("198.51.100.7", "n2:30082", "yes")]);
    check(&[db("10.0.0.0/24")], &[("198.51.100.7", "n2:30082", "no")]);
    // web has Cluster: through another Node it sees that Node (SVC-61); through its own, the client
    // or, by DR-7, its own Node, which it never withholds (NP-32).
    let web = |cidr: &str| from(&format!("{{ipBlock: {{cidr: {cidr}}}}}"));
    check(
        &[web("10.0.0.2/32")],
        &[("198.51.100.7", "n2:30080", "yes"), ("198.51.100.7", "n1:30080", "DR-7: no, yes")],
    );
    check(
        &[web("198.51.100.0/24")],
        &[("198.51.100.7", "n2:30080", "no"), ("198.51.100.7", "n1:30080", "yes")],
    );
}
