//! The translation of small networks, entry by entry: what becomes of each kind, as the text that
//! `fibula lab show` prints, and what has no plan.

use fibula_lab::plan::Plan;
use fibula_lab::translate::{Setup, Without, translate};
use fibula_network::{Network, file};
use snapbox::{assert_data_eq, file as snapshot};

/// A Node with two pods, one behind a Service, and the outside.
const NETWORK: &str = include_str!("input/service.json");

fn network(text: &str) -> Network {
    match file::read(text.as_bytes()) {
        Ok(read) => read.network,
        Err(refusals) => panic!("{refusals:?}"),
    }
}

fn plan(network: &Network, setup: &Setup) -> Plan {
    translate(network, setup).map(|translation| translation.plan).unwrap()
}

/// What a plan says of one namespace.
fn space<'p>(text: &'p str, name: &str) -> &'p str {
    let start = text.find(&format!("\n{name}\n")).unwrap() + 1;
    let end = text[start..].find("\n\n").map_or(text.len(), |end| start + end + 1);
    &text[start..end]
}

#[test]
fn each_kind_of_entry_has_its_place_in_the_kernel() {
    let text = plan(&network(NETWORK), &Setup::default()).to_string();
    assert_data_eq!(space(&text, "n1"), snapshot!["snapshots/node.txt"]);
    assert_data_eq!(space(&text, "p1"), snapshot!["snapshots/pod.txt"]);
    assert_data_eq!(space(&text, "outside"), snapshot!["snapshots/outside.txt"]);
}

/// The network, with a policy for the pods: what goes to them is asked about behind the Service.
fn filtered() -> String {
    let tables = r#""ingress": [
    {"arrived": "daemon", "do": "goto source", "rule": "NP-32"}],
  "ingress policies": [],
  "web": [
    {"from": "pods", "port": "8080", "do": "goto source", "rule": "NP-3"},
    {"from": "same", "do": "goto source", "rule": "DR-4"}],
  "empty": [],
  "isolation": [{"do": "discard policy", "rule": "NP-2"}],
  "next hop": ["#;
    let chains = r#""chains": {
  "ingress policies": {"by": "to", "lists": [
    {"tables": ["empty", "web", "isolation"], "pods": ["p1"]},
    {"tables": ["isolation"], "pods": ["p2"]}]}
},
"pipelines": {"#;
    let pipeline = r#""services", "ingress", "ingress policies", "source""#;
    NETWORK
        .replace(r#""next hop": ["#, tables)
        .replace(r#""pipelines": {"#, chains)
        .replace(r#""services", "source""#, pipeline)
        .replace(r#""then": "source""#, r#""then": "ingress""#)
}

/// The maps and chains of a ruleset that have a word in their name.
fn blocks(text: &str, words: &[&str]) -> String {
    let mut found = vec![];
    let mut inside = false;
    for line in text.lines() {
        let name = line.trim().strip_prefix("chain ").or(line.trim().strip_prefix("map "));
        inside |= name.is_some_and(|name| words.iter().any(|word| name.contains(word)));
        found.extend(inside.then_some(line.strip_prefix("      ").unwrap_or(line)));
        inside &= line != "      }";
    }
    found.join("\n")
}

#[test]
fn np_2_filters_are_chains_that_a_map_of_pods_leads_to() {
    let text = plan(&network(&filtered()), &Setup::default()).to_string();
    let words = ["pods_", "ingress", "at_web", "isolation", "go_", "itself"];
    assert_data_eq!(blocks(space(&text, "n1"), &words), snapshot!["snapshots/filters.txt"]);
}

#[test]
fn np_18_filters_before_the_rewriting_are_refused() {
    let text = filtered().replace(
        r#""replies", "services", "ingress", "ingress policies", "source""#,
        r#""replies", "ingress", "ingress policies", "services", "source""#,
    );
    let text = text.replace(r#""then": "ingress""#, r#""then": "source""#);
    let refusal = translate(&network(&text), &Setup::default()).unwrap_err().to_string();
    assert!(refusal.contains("asks filters before targets are rewritten"), "{refusal}");
}

#[test]
fn n6_entries_that_differ_only_in_the_target_share_a_rule_and_keep_their_order() {
    let rewrite = |to: &str, port: &str, arrived: &str| {
        format!(
            r#"{{{arrived}"to": "{to}", "port": "{port}", "do": "rewrite web", "then": "source"}},"#
        )
    };
    let reject = r#"{"to": "10.96.0.9", "do": "reject service"},"#;
    let pod = r#""arrived": "pod", "#;
    let entries = [
        rewrite("10.96.0.7", "80", pod),
        rewrite("10.96.0.7", "80", ""),
        rewrite("10.96.0.8", "80", pod),
        rewrite("10.96.0.9", "81", ""),
        reject.to_owned(),
        // Comes after the Reject, so it must not be gathered with the one before it.
        rewrite("10.96.0.9", "82", ""),
        rewrite("10.96.0.8", "80", ""),
    ]
    .concat();
    let first = r#"{"arrived": "pod", "to": "10.96.0.7""#;
    let text = NETWORK.replace(first, &format!("{entries}{first}"));
    let text = plan(&network(&text), &Setup::default()).to_string();
    let chain = text.lines().skip_while(|line| !line.contains("chain at_services_in"));
    let chain: Vec<&str> = chain.take_while(|line| line.trim() != "}").map(str::trim).collect();
    assert_data_eq!(chain.join("\n"), snapshot!["snapshots/gathered.txt"]);
}

#[test]
fn without_an_entry_the_kernel_does_not_have_it() {
    let network = network(NETWORK);
    let all = plan(&network, &Setup::default());
    let without = Without::named(&network, "n1/services/2").unwrap();
    let setup = Setup { without, ..Setup::default() };
    let rules = |plan: &Plan| plan.spaces[0].ruleset.clone().unwrap();
    assert!(rules(&all).contains("SVC-51"), "{}", rules(&all));
    assert!(!rules(&plan(&network, &setup)).contains("SVC-51"));
    assert!(Without::named(&network, "n2/services/2").is_err());
    assert!(Without::named(&network, "services/99").is_err());
    assert!(Without::named(&network, "nonsense").is_err());
}

#[test]
fn an_entry_that_linux_cannot_keep_is_refused_by_its_name() {
    // What stands in the file, what is put there instead, and why that is refused.
    let cases = [
        (
            r#"{"to": "own", "do": "deliver me", "rule": "R1"}"#,
            r#"{"to": "10.9.9.8", "do": "deliver me"}"#,
            "leads to 10.1.0.1/32 elsewhere than another entry",
        ),
        (
            r#"{"to": "127.0.0.0/8", "do": "deliver me", "rule": "R2"}"#,
            r#"{"to": "10.9.9.8", "do": "deliver me"}"#,
            "forwards loopback addresses",
        ),
        (
            r#"{"reply": true, "do": "undo", "then": "next hop", "rule": "SVC-60"}"#,
            r#"{"reply": false, "to": "10.9.9.9", "do": "reject service"}"#,
            "no entry before all others undoes",
        ),
        (
            r#"{"to": "hosted", "do": "forward owner", "rule": "F4"}"#,
            r#"{"arrived": "pod", "to": "own", "do": "deliver me"},
               {"to": "hosted", "do": "forward owner", "rule": "F4"}"#,
            "a Linux socket takes what comes",
        ),
        (
            r#"{"to": "10.96.0.8", "port": "80", "do": "discard service", "rule": "SVC-51"}"#,
            r#"{"to": "10.96.0.8", "port": "80", "do": "forward outside"}"#,
            "ends before the last table",
        ),
        (
            r#"{"marked": true, "do": "masquerade own", "then": "next hop", "rule": "SVC-61"}"#,
            r#"{"to": "10.1.0.9", "do": "rewrite web", "then": "next hop"}"#,
            "rewrites in a second table",
        ),
    ];
    let cases = cases.into_iter().chain([(
        r#"{"to": "own", "do": "goto next hop", "rule": "SVC-61"}"#,
        r#"{"to": "same", "do": "goto next hop"}"#,
        "compares the addresses of any message",
    )]);
    for (old, new, why) in cases {
        assert!(NETWORK.contains(old), "{old}");
        let text = NETWORK.replace(old, new);
        let refusal = translate(&network(&text), &Setup::default()).unwrap_err().to_string();
        assert!(refusal.contains(why), "{new}\n{refusal}");
        assert!(refusal.contains("entry "), "{refusal}");
    }
}
