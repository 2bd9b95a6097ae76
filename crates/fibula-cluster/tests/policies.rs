//! NetworkPolicies as facts, and what is refused of them.

mod common;

use common::policies::{faults, network_policy, policy, selection_told, told};
use fibula_cluster::{Isolates, PolicyKind, Tier};
use serde_json::{Value, json};

fn isolates(spec: Value) -> (bool, bool) {
    let Isolates { ingress, egress } = policy(&network_policy(spec)).isolates;
    (ingress, egress)
}

fn ingress(rules: Value) -> Vec<String> {
    let policy = policy(&network_policy(json!({"podSelector": {}, "ingress": rules})));
    policy.ingress.iter().map(told).collect()
}

fn peer(peer: Value) -> String {
    ingress(json!([{"from": [peer]}])).concat()
}

fn port(port: Value) -> String {
    ingress(json!([{"ports": [port]}])).concat()
}

#[test]
fn np_1_a_policy_speaks_of_pods_of_its_own_namespace() {
    for (spec, expected) in [
        (json!({}), "x/*"),
        (json!({"podSelector": null}), "x/*"),
        (json!({"podSelector": {}}), "x/*"),
        (json!({"podSelector": {"matchLabels": {"app": "web"}}}), "x/app=web"),
    ] {
        assert_eq!(selection_told(&policy(&network_policy(spec)).subject), expected);
    }
    let mut bare = network_policy(json!({}));
    bare["metadata"] = json!({"name": "np"});
    assert_eq!(selection_told(&policy(&bare).subject), "default/*");
    let policy = policy(&bare);
    assert_eq!((policy.kind, policy.tier), (PolicyKind::NetworkPolicy, Tier::NetworkPolicy));
    assert_eq!(policy.path(), "default/np");
}

#[test]
fn np_2_np_6_np_7_a_policy_isolates_as_its_types_or_its_rules_say() {
    for (spec, expected) in [
        (json!({}), (true, false)),
        (json!({"egress": []}), (true, false)),
        (json!({"egress": null, "policyTypes": null}), (true, false)),
        (json!({"egress": [{}]}), (true, true)),
        (json!({"egress": [{}], "policyTypes": []}), (true, true)),
        (json!({"policyTypes": ["Ingress"]}), (true, false)),
        (json!({"policyTypes": ["Egress"]}), (false, true)),
        (json!({"policyTypes": ["Egress"], "ingress": [{}]}), (false, true)),
        (json!({"policyTypes": ["Ingress"], "egress": [{}]}), (true, false)),
        (json!({"policyTypes": ["Egress", "Ingress"]}), (true, true)),
        (json!({"policyTypes": ["Egress", "Egress"]}), (false, true)),
    ] {
        assert_eq!(isolates(spec.clone()), expected, "{spec}");
    }
}

#[test]
fn np_7_rules_of_a_direction_that_is_not_named_are_ignored() {
    let both = json!({"ingress": [{}], "egress": [{}, {}]});
    for (types, expected) in [(json!(["Ingress"]), (1, 0)), (json!(["Egress"]), (0, 2))] {
        let mut spec = both.clone();
        spec["policyTypes"] = types;
        let policy = policy(&network_policy(spec));
        assert_eq!((policy.ingress.len(), policy.egress.len()), expected);
    }
}

#[test]
fn np_8_no_rule_allows_nothing_and_an_empty_rule_everything() {
    for (rules, expected) in [
        (Value::Null, vec![]),
        (json!([]), vec![]),
        (json!([{}]), vec!["allow [any] [any]"]),
        (json!([{"from": null, "ports": null}]), vec!["allow [any] [any]"]),
    ] {
        assert_eq!(ingress(rules.clone()), expected, "{rules}");
    }
}

#[test]
fn np_9_an_empty_list_of_peers_or_ports_is_no_restriction() {
    for (rule, expected) in [
        (json!({"from": [], "ports": []}), "allow [any] [any]"),
        (json!({"from": [], "ports": [{"port": 80}]}), "allow [any] [80/TCP]"),
        (json!({"from": [{"podSelector": {}}], "ports": []}), "allow [x/*] [any]"),
        (
            json!({"from": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}],
                "ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}]}),
            "allow [x/* | 10.0.0.0/8] [80/TCP 53/UDP]",
        ),
        // `to` says nothing of an ingress rule.
        (json!({"to": [{"podSelector": {}}]}), "allow [any] [any]"),
    ] {
        assert_eq!(ingress(json!([rule])), [expected]);
    }
}

#[test]
fn np_10_what_the_api_server_refuses_is_refused() {
    let rule = |rule: Value| json!({"ingress": [{}, rule]});
    let peer = |peer: Value| rule(json!({"from": [peer]}));
    let port = |port: Value| rule(json!({"ports": [port]}));
    let block =
        |cidr: &str, except: Value| peer(json!({"ipBlock": {"cidr": cidr, "except": except}}));
    let select = |selector: Value| json!({"podSelector": selector});
    let expression = |e: Value| select(json!({"matchExpressions": [e]}));
    for (spec, expected) in [
        (
            peer(json!({})),
            "spec.ingress[1].from[0]: , a peer: a podSelector, a namespaceSelector or an ipBlock",
        ),
        (
            peer(json!({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}})),
            "spec.ingress[1].from[0].ipBlock: , either an ipBlock or selectors",
        ),
        (
            json!({"policyTypes": ["Ingress", "Egress", "Ingress"]}),
            "spec.policyTypes: Ingress, Egress, Ingress, at most two",
        ),
        (json!({"policyTypes": ["ingress"]}), "spec.policyTypes[0]: ingress, Ingress or Egress"),
        (
            port(json!({"protocol": "ICMP"})),
            "spec.ingress[1].ports[0].protocol: ICMP, TCP, UDP or SCTP",
        ),
        (port(json!({"port": 0})), "spec.ingress[1].ports[0].port: , a port from 1 to 65535"),
        (
            port(json!({"port": "80"})),
            "spec.ingress[1].ports[0].port: 80, the name of a port: at most 15 of a-z, 0-9 and \
             single dashes, with a letter",
        ),
        (
            port(json!({"port": 80, "endPort": 79})),
            "spec.ingress[1].ports[0].endPort: 79, a port not below port, 80",
        ),
        (
            port(json!({"port": 80, "endPort": 70000})),
            "spec.ingress[1].ports[0].endPort: 70000, a port from 1 to 65535",
        ),
        (
            port(json!({"port": "web", "endPort": 80})),
            "spec.ingress[1].ports[0].endPort: 80, nothing: only a range from a numeric port has \
             an end",
        ),
        (
            port(json!({"endPort": 80})),
            "spec.ingress[1].ports[0].endPort: 80, nothing: only a range from a numeric port has \
             an end",
        ),
        (
            block("10.0.0.0", json!([])),
            "spec.ingress[1].from[0].ipBlock.cidr: 10.0.0.0, a range such as 10.0.0.0/8",
        ),
        (
            block("10.0.0.0/8", json!(["10.1.0.0"])),
            "spec.ingress[1].from[0].ipBlock.except[0]: 10.1.0.0, a range such as 10.0.0.0/8",
        ),
        (
            block("10.0.0.0/8", json!(["10.0.0.0/9", "10.0.0.0/8"])),
            "spec.ingress[1].from[0].ipBlock.except[1]: 10.0.0.0/8, a smaller range within cidr, \
             10.0.0.0/8",
        ),
        (
            block("10.0.0.0/8", json!(["fd00::/64"])),
            "spec.ingress[1].from[0].ipBlock.except[0]: fd00::/64, a smaller range within cidr, \
             10.0.0.0/8",
        ),
        (
            expression(json!({"key": "a", "operator": "in", "values": ["x"]})),
            "spec.podSelector.matchExpressions[0].operator: in, In, NotIn, Exists or DoesNotExist",
        ),
        (
            expression(json!({"key": "a", "operator": "NotIn"})),
            "spec.podSelector.matchExpressions[0].values: , values for NotIn",
        ),
        (
            expression(json!({"key": "a", "operator": "Exists", "values": ["x"]})),
            "spec.podSelector.matchExpressions[0].values: x, nothing: Exists takes no values",
        ),
        (
            expression(json!({"key": "a b", "operator": "Exists"})),
            "spec.podSelector.matchExpressions[0].key: a b, the key of a label, such as app or \
             example.com/app",
        ),
        (
            select(json!({"matchLabels": {"app": "-x"}})),
            "spec.podSelector.matchLabels[app]: -x, the value of a label: at most 63 letters, \
             digits and -_. within",
        ),
    ] {
        let policy = network_policy(spec);
        assert_eq!(faults(&policy), [expected]);
        // What is refused is no policy, and no reason to panic.
        let object = (fibula_cluster::ObjectId(0), common::unchecked(&policy));
        fibula_cluster::Cluster::new(vec![object], &fibula_cluster::Options::default());
    }
}

#[test]
fn np_10_what_the_api_server_takes_is_taken() {
    for spec in [
        json!({"ingress": [{"ports": [{"port": 80, "endPort": 80}]}]}),
        json!({"ingress": [{"ports": [{"port": "a-1"}]}]}),
        json!({"ingress": [{"from": [{"ipBlock": {"cidr": "::/0", "except": ["fd00::/8"]}}]}]}),
        json!({"podSelector": {"matchLabels": {"example.com/a.B_c": "", "x": "a.b_C-1"}}}),
    ] {
        assert_eq!(faults(&network_policy(spec)), Vec::<String>::new());
    }
}

#[test]
fn np_11_np_12_selectors_of_a_peer() {
    for (value, expected) in [
        (json!({"podSelector": {"matchLabels": {"a": "b"}}}), "allow [x/a=b] [any]"),
        (json!({"podSelector": {}}), "allow [x/*] [any]"),
        (json!({"podSelector": {}, "namespaceSelector": null}), "allow [x/*] [any]"),
        (json!({"namespaceSelector": {}}), "allow [(*)/*] [any]"),
        (json!({"namespaceSelector": {"matchLabels": {"n": "y"}}}), "allow [(n=y)/*] [any]"),
        (
            json!({"namespaceSelector": {"matchLabels": {"n": "y"}}, "podSelector": {}}),
            "allow [(n=y)/*] [any]",
        ),
        (
            json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}),
            "allow [(*)/a=b] [any]",
        ),
    ] {
        assert_eq!(peer(value), expected);
    }
    let two = json!([{"from": [
        {"namespaceSelector": {}}, {"podSelector": {"matchLabels": {"a": "b"}}}]}]);
    assert_eq!(ingress(two), ["allow [(*)/* | x/a=b] [any]"]);
}

#[test]
fn np_16_np_17_blocks_and_what_they_leave_out() {
    for (block, expected) in [
        (json!({"cidr": "10.0.0.0/8"}), "allow [10.0.0.0/8] [any]"),
        // IP-8
        (json!({"cidr": "10.1.2.3/8"}), "allow [10.0.0.0/8] [any]"),
        (json!({"cidr": "010.0.0.0/8"}), "allow [10.0.0.0/8] [any]"),
        (json!({"cidr": "fd00::1/64"}), "allow [fd00::/64] [any]"),
        (
            json!({"cidr": "10.0.0.0/8", "except": ["10.2.0.9/16", "10.1.0.0/16", "10.2.0.0/16"]}),
            "allow [10.0.0.0/8 but 10.1.0.0/16 but 10.2.0.0/16] [any]",
        ),
    ] {
        assert_eq!(peer(json!({"ipBlock": block})), expected);
    }
}

#[test]
fn np_40_np_41_np_42_np_45_ports() {
    for (value, expected) in [
        (json!({}), "allow [any] [*/TCP]"),
        (json!({"protocol": "UDP"}), "allow [any] [*/UDP]"),
        (json!({"protocol": "SCTP", "port": 7}), "allow [any] [7/SCTP]"),
        (json!({"port": 80, "protocol": null}), "allow [any] [80/TCP]"),
        (json!({"port": 80, "endPort": 90}), "allow [any] [80-90/TCP]"),
        (json!({"port": "web"}), "allow [any] [web/TCP]"),
        (json!({"port": "dns", "protocol": "UDP"}), "allow [any] [dns/UDP]"),
    ] {
        assert_eq!(port(value), expected);
    }
}

#[test]
fn np_44_the_ports_of_a_rule_are_any_of_these_and_no_others() {
    let rules = json!([{"ports": [{"protocol": "UDP", "port": 81}]}, {}]);
    assert_eq!(ingress(rules), ["allow [any] [81/UDP]", "allow [any] [any]"]);
}

#[test]
fn rules_and_peers_know_where_they_stand() {
    let spec = json!({
        "ingress": [{}, {"from": [{"podSelector": {}}, {"namespaceSelector": {}}]}],
        "egress": [{"to": [{"podSelector": {}}]}],
    });
    let cluster = common::cluster(&[network_policy(spec)]);
    let policy = &cluster.policies[0];
    let rules = policy.rules().map(|rule| cluster.path(rule.place));
    assert_eq!(rules.collect::<Vec<_>>(), ["spec.ingress[0]", "spec.ingress[1]", "spec.egress[0]"]);
    let peers = policy.rules().flat_map(|rule| rule.peers());
    let peers: Vec<_> = peers.map(|peer| cluster.path(peer.place)).collect();
    let expected = ["spec.ingress[1].from[0]", "spec.ingress[1].from[1]", "spec.egress[0].to[0]"];
    assert_eq!(peers, expected);
    assert_eq!(policy.ingress[1].index, 1);
}

#[test]
fn the_old_group_is_read_as_the_new_one() {
    let new = network_policy(json!({"ingress": [{}]}));
    let mut old = new.clone();
    old["apiVersion"] = json!("extensions/v1beta1");
    assert_eq!(policy(&old), policy(&new));
    assert_eq!(common::cluster(&[old, new]).twins, []);
}
