//! The policies of a cluster as facts, and what is refused of them.

mod common;

use common::policies::{cluster_policy, faults, old_policy, policy, selection_told, told};
use fibula_cluster::{Isolates, PolicyKind, Tier};
use serde_json::{Value, json};

const ALL: &str = "namespaces, pods, networks, nodes and domainNames";

fn egress(rule: Value) -> String {
    told(&policy(&cluster_policy(json!({"egress": [rule]}))).egress[0])
}

/// A rule with these peers that accepts.
fn to(peer: Value) -> Value {
    json!({"action": "Accept", "to": [peer]})
}

fn with(mut rule: Value, field: &str, value: Value) -> Value {
    rule[field] = value;
    rule
}

#[test]
fn cnp_10_cnp_11_policies_come_in_their_order_of_evaluation() {
    let of = |name: &str, tier: &str, priority: i64| {
        let mut policy = cluster_policy(json!({"tier": tier, "priority": priority}));
        policy["metadata"]["name"] = json!(name);
        policy
    };
    let cluster = common::cluster(&[
        of("z", "Baseline", 0),
        old_policy("BaselineAdminNetworkPolicy", json!({})),
        common::policies::network_policy(json!({})),
        of("b", "Admin", 7),
        of("c", "Admin", 6),
        of("a", "Admin", 7),
        old_policy("AdminNetworkPolicy", json!({"priority": 6})),
    ]);
    let told = cluster.policies.iter();
    let told: Vec<_> = told.map(|p| (p.tier, p.priority, p.path(), p.kind.name())).collect();
    let (old, new) = ("AdminNetworkPolicy", "ClusterNetworkPolicy");
    let expected = [
        (Tier::Admin, 6, "c", new),
        (Tier::Admin, 6, "default", old),
        (Tier::Admin, 7, "a", new),
        (Tier::Admin, 7, "b", new),
        (Tier::NetworkPolicy, 0, "x/np", "NetworkPolicy"),
        (Tier::Baseline, 0, "default", "BaselineAdminNetworkPolicy"),
        (Tier::Baseline, 0, "z", new),
    ];
    let expected = expected.map(|(tier, p, path, kind)| (tier, p, path.to_owned(), kind));
    assert_eq!(told, expected);
}

#[test]
fn cnp_13_a_policy_of_the_cluster_isolates_nobody() {
    let deny = json!({"ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]});
    assert_eq!(policy(&cluster_policy(deny)).isolates, Isolates::default());
}

#[test]
fn cnp_17_the_subject_is_namespaces_or_pods() {
    let subject = |subject: Value| cluster_policy(json!({"subject": subject}));
    for (value, expected) in [
        (json!({"namespaces": {}}), "(*)/*"),
        (json!({"namespaces": {"matchLabels": {"n": "y"}}}), "(n=y)/*"),
        (json!({"pods": {"podSelector": {}}}), "(*)/*"),
        (
            json!({"pods": {"namespaceSelector": {"matchLabels": {"n": "y"}},
                "podSelector": {"matchLabels": {"a": "b"}}}}),
            "(n=y)/a=b",
        ),
    ] {
        let policy = policy(&subject(value));
        assert_eq!(selection_told(&policy.subject), expected);
        assert_eq!((policy.kind, &*policy.namespace), (PolicyKind::ClusterNetworkPolicy, ""));
    }
    for (value, expected) in [
        (json!({}), "spec.subject: , either namespaces or pods"),
        (Value::Null, "spec.subject: , either namespaces or pods"),
        (
            json!({"namespaces": {}, "pods": {"podSelector": {}}}),
            "spec.subject: , either namespaces or pods",
        ),
        (json!({"pods": {}}), "spec.subject.pods.podSelector: , a selector, {} for all"),
    ] {
        assert_eq!(faults(&subject(value)), [expected]);
    }
}

#[test]
fn cnp_20_ingress_rules_know_pods_only() {
    let from =
        |peer: Value| cluster_policy(json!({"ingress": [{"action": "Deny", "from": [peer]}]}));
    let read = from(json!({"pods": {"podSelector": {"matchLabels": {"a": "b"}}}}));
    assert_eq!(told(&policy(&read).ingress[0]), "deny [(*)/a=b] [any]");
    for (field, value) in [
        ("networks", json!(["10.0.0.0/8"])),
        ("nodes", json!({})),
        ("domainNames", json!(["a.example"])),
    ] {
        let mut faults = faults(&from(json!({field: value})));
        let first = faults.swap_remove(0);
        let expected = "namespaces or pods: an ingress rule has no other peers";
        assert_eq!(first, format!("spec.ingress[0].from[0].{field}: , {expected}"));
    }
}

#[test]
fn cnp_21_each_peer_is_one_thing_and_there_is_one_at_least() {
    let rule = |rule: Value| cluster_policy(json!({"egress": [rule]}));
    let one = format!("spec.egress[0].to[0]: , a peer: one of {ALL}");
    for (value, expected) in [
        (to(json!({})), one.as_str()),
        (to(json!({"nodes": {}, "namespaces": {}})), &one),
        (to(json!({"nodes": {}, "planets": {}})), &one),
        (json!({"action": "Deny"}), "spec.egress[0].to: , at least one peer"),
        (json!({"action": "Deny", "to": []}), "spec.egress[0].to: , at least one peer"),
        (
            json!({"action": "Deny", "to": vec![json!({"nodes": {}}); 26]}),
            "spec.egress[0].to: 26 items, at most 25 items",
        ),
        (
            with(to(json!({"nodes": {}})), "action", json!("Allow")),
            "spec.egress[0].action: Allow, Accept, Deny or Pass",
        ),
        (
            with(to(json!({"nodes": {}})), "name", json!("n".repeat(101))),
            &format!("spec.egress[0].name: {}, at most 100 characters", "n".repeat(101)),
        ),
    ] {
        assert_eq!(faults(&rule(value)), [expected]);
    }
    let many = cluster_policy(json!({"egress": vec![to(json!({"nodes": {}})); 26]}));
    assert_eq!(faults(&many), ["spec.egress: 26 items, at most 25 items"]);
}

#[test]
fn cnp_11_tiers_and_priorities() {
    for (spec, expected) in [
        (json!({"tier": "admin"}), "spec.tier: admin, Admin or Baseline"),
        (json!({"tier": null}), "spec.tier: , Admin or Baseline"),
        (json!({"priority": 1001}), "spec.priority: 1001, a priority from 0 to 1000"),
        (json!({"priority": -1}), "spec.priority: -1, a priority from 0 to 1000"),
        (json!({"priority": null}), "spec.priority: , a priority from 0 to 1000"),
    ] {
        assert_eq!(faults(&cluster_policy(spec)), [expected]);
    }
}

#[test]
fn cnp_23_networks_are_ranges_each_once() {
    let peer = json!({"networks": ["10.0.0.7/8", "::/0"]});
    assert_eq!(egress(to(peer)), "allow [10.0.0.0/8 | ::/0] [any]");
    let rule =
        |networks: Value| cluster_policy(json!({"egress": [to(json!({"networks": networks}))]}));
    let range = "a range such as 10.0.0.0/8 or fd00::/8";
    let at = "spec.egress[0].to[0].networks";
    for (networks, expected) in [
        (json!([]), format!("{at}: , at least one")),
        (json!(["10.0.0.0"]), format!("{at}[0]: 10.0.0.0, {range}")),
        // CRDs take no old forms.
        (json!(["010.0.0.0/8"]), format!("{at}[0]: 010.0.0.0/8, {range}")),
        (json!(["::ffff:10.0.0.0/104"]), format!("{at}[0]: ::ffff:10.0.0.0/104, {range}")),
        (json!(["::/0", "::/0"]), format!("{at}[1]: ::/0, each once")),
    ] {
        assert_eq!(faults(&rule(networks)), [expected]);
    }
    let nets: Vec<_> = (0..26).map(|i| format!("10.{i}.0.0/16")).collect();
    assert_eq!(faults(&rule(json!(nets))), [format!("{at}: 26 items, at most 25 items")]);
}

#[test]
fn cnp_24_nodes_by_their_labels() {
    let peer = json!({"nodes": {"matchLabels": {"kubernetes.io/os": "linux"}}});
    assert_eq!(egress(to(peer)), "allow [nodes kubernetes.io/os=linux] [any]");
}

#[test]
fn cnp_25_domain_names_are_kept_and_only_accepted() {
    let names = json!({"domainNames": ["*.example.com", "a.example."]});
    assert_eq!(egress(to(names.clone())), "allow [*.example.com,a.example.] [any]");
    let rule = |rule: Value| cluster_policy(json!({"egress": [rule]}));
    assert_eq!(
        faults(&rule(with(to(names), "action", json!("Deny")))),
        ["spec.egress[0].action: Deny, Accept: no other rule takes domainNames"]
    );
    for name in ["example", "a.*.example.com", "*", "*.", "a..b", "-a.example", ""] {
        let at = "spec.egress[0].to[0].domainNames[0]";
        let expected = format!("{at}: {name}, a name such as *.example.com");
        assert_eq!(faults(&rule(to(json!({"domainNames": [name]})))), [expected]);
    }
}

#[test]
fn cnp_26_a_peer_of_a_newer_api_is_kept_as_unknown() {
    let rules = json!([
        {"action": "Deny", "to": [{"planets": {"any": ["mars"]}}]},
        {"action": "Accept", "to": [{"nodes": {}}, {"planets": 5}]},
        {"action": "Pass", "to": [{"nodes": {}, "planets": null}]},
    ]);
    let policy = policy(&cluster_policy(json!({"egress": rules})));
    let told: Vec<_> = policy.egress.iter().map(told).collect();
    let expected =
        ["deny [unknown] [any]", "allow [nodes  | unknown] [any]", "pass [nodes ] [any]"];
    assert_eq!(told, expected);
}

#[test]
fn cnp_27_cnp_28_ports() {
    let protocols = |list: Value| with(to(json!({"namespaces": {}})), "protocols", list);
    for (list, expected) in [
        (Value::Null, "any"),
        (json!([{"tcp": {"destinationPort": {"number": 80}}}]), "80/TCP"),
        (json!([{"udp": {"destinationPort": {"range": {"start": 1, "end": 9}}}}]), "1-9/UDP"),
        (
            json!([{"sctp": {"destinationPort": {"number": 7}}}, {"destinationNamedPort": "web"}]),
            "7/SCTP web/?",
        ),
    ] {
        assert_eq!(egress(protocols(list)), format!("allow [(*)/*] [{expected}]"));
    }
    let at = "spec.egress[0].protocols";
    let port = |port: Value| json!([{"tcp": {"destinationPort": port}}]);
    for (list, expected) in [
        (json!([]), format!("{at}: , at least one, or none at all for every port")),
        (json!([{}]), format!("{at}[0]: , one of tcp, udp, sctp and destinationNamedPort")),
        (
            json!([{"destinationNamedPort": "a", "tcp": {"destinationPort": {"number": 1}}}]),
            format!("{at}[0]: , one of tcp, udp, sctp and destinationNamedPort"),
        ),
        (
            json!([{"tcp": {}}]),
            format!("{at}[0].tcp.destinationPort: , a port or a range of ports"),
        ),
        (port(json!({})), format!("{at}[0].tcp.destinationPort: , either a number or a range")),
        (
            port(json!({"number": 0})),
            format!("{at}[0].tcp.destinationPort.number: , a port from 1 to 65535"),
        ),
        (
            port(json!({"range": {"start": 5, "end": 5}})),
            format!("{at}[0].tcp.destinationPort.range.end: 5, a port after start, 5"),
        ),
    ] {
        let policy = cluster_policy(json!({"egress": [protocols(list)]}));
        assert_eq!(faults(&policy), [expected]);
    }
    for peer in
        [json!({"nodes": {}}), json!({"networks": ["::/0"]}), json!({"domainNames": ["a.example"]})]
    {
        let rule = with(to(peer), "protocols", json!([{"destinationNamedPort": "web"}]));
        let expected = "spec.egress[0].to: , pods or namespaces only, since a port is named";
        assert_eq!(faults(&cluster_policy(json!({"egress": [rule]}))), [expected]);
    }
}

#[test]
fn cnp_29_the_older_kinds_are_read_as_their_successor() {
    let spec = json!({"egress": [
        {"name": "a", "action": "Allow", "to": [{"namespaces": {}}], "ports": [
            {"portNumber": {"port": 80}}, {"portRange": {"protocol": "UDP", "start": 1, "end": 9}},
            {"namedPort": "web"}]},
        {"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}, {"nodes": {}}]},
        // These leave the selector out and mean all pods.
        {"action": "Deny", "to": [{"pods": {"namespaceSelector": {"matchLabels": {"n": "y"}}}}]},
    ]});
    let expected = [
        "allow [(*)/*] [80/TCP 1-9/UDP web/?]",
        "deny [10.0.0.0/8 | nodes ] [any]",
        "deny [(n=y)/*] [any]",
    ];
    for (kind, tier, priority) in
        [("AdminNetworkPolicy", Tier::Admin, 5), ("BaselineAdminNetworkPolicy", Tier::Baseline, 0)]
    {
        let policy = policy(&old_policy(kind, spec.clone()));
        assert_eq!((policy.tier, policy.priority, policy.kind.name()), (tier, priority, kind));
        assert_eq!(policy.egress.iter().map(told).collect::<Vec<_>>(), expected);
        assert_eq!(policy.egress[0].name.as_deref(), Some("a"));
    }

    let pass = json!({"egress": [{"action": "Pass", "to": [{"namespaces": {}}]}]});
    assert_eq!(faults(&old_policy("AdminNetworkPolicy", pass.clone())), Vec::<String>::new());
    let names = json!({"egress": [{"action": "Allow", "to": [{"domainNames": ["a.example"]}]}]});
    assert_eq!(faults(&old_policy("AdminNetworkPolicy", names.clone())), Vec::<String>::new());
    let mut other = old_policy("BaselineAdminNetworkPolicy", json!({}));
    other["metadata"]["name"] = json!("mine");
    for (policy, expected) in [
        (
            old_policy("BaselineAdminNetworkPolicy", pass),
            "spec.egress[0].action: Pass, Allow or Deny",
        ),
        (
            old_policy("BaselineAdminNetworkPolicy", names),
            "spec.egress[0].to[0].domainNames: , namespaces, pods, nodes or networks",
        ),
        (other, "metadata.name: mine, default: there is only one of this kind"),
        (
            old_policy(
                "AdminNetworkPolicy",
                json!({"ingress": [
                {"action": "Deny", "from": [{"namespaces": {}}], "ports": [{}]}]}),
            ),
            "spec.ingress[0].ports[0]: , one of portNumber, portRange and namedPort",
        ),
    ] {
        assert_eq!(faults(&policy), [expected]);
    }
}
