//! Chains in files and as values: what is none is refused, and says where.

use fibula_network::file::{Read, read, write};
use fibula_network::*;
use snapbox::{assert_data_eq, str};

/// A node, two pods, and what the node asks of messages to them.
const FILE: &str = r#"{"fibula": "network/1",
"elements": [
  {"kind": "node", "name": "n"},
  {"kind": "pod", "name": "p", "host": "n"},
  {"kind": "pod", "name": "q", "host": "n"}],
"sets": {"same": ["10.0.0.1"]},
"tables": {
  "pod": [],
  "gate": [{"from": "same", "to": "set:same", "do": "goto last"}],
  "deny": [{"from": "10.0.0.0/8", "do": "discard policy"}, {"do": "goto last"}],
  "last": []},
"chains": {
  "gate": {"by": "to", "lists": [
    {"tables": ["deny", "deny"], "pods": ["q", "p"]}, {"tables": []}]}},
"pipelines": {"pod": ["pod"], "node": ["gate", "last"]},
"fibs": {"p": {"pipeline": "pod"}, "q": {"pipeline": "pod"}, "n": {"pipeline": "node"}}}"#;

fn good() -> Network {
    read(FILE.as_bytes()).unwrap().network
}

#[test]
fn chains_return() {
    let network = good();
    let chains = network.tables[1].chains.as_deref().unwrap();
    assert_eq!((chains.by, &chains.lists[..]), (Side::Target, &[vec![TableId(2); 2], vec![]][..]));
    assert_eq!(chains.of, [1, 2].map(|pod| (ElementId(pod), ChainId(0))));
    let mut out = vec![];
    write(&network, &|_| None, &mut out).unwrap();
    let Read { network: back, .. } = read(&out).unwrap();
    assert_eq!(back, network);
    let text = String::from_utf8(out).unwrap();
    let section = text.split_once("\"chains\": ").unwrap().1.split_once("\n\"pip").unwrap().0;
    assert_data_eq!(
        section,
        str![[r#"
{
  "gate": {"by": "to", "lists": [
    {"tables": ["deny", "deny"], "pods": ["p", "q"]},
    {"tables": []}]}
},
"#]]
    );
}

#[test]
fn what_is_no_chain_says_where() {
    let cases = [
        ("\"by\": \"to\"", "\"by\": \"target\""),
        ("  \"gate\": {\"by\"", "  \"gates\": {\"by\""),
        ("{\"tables\": []}", "{\"tables\": [\"allow\"]}"),
        ("{\"tables\": []}", "{\"tables\": [\"last\"]}"),
        ("{\"tables\": []}", "{\"tables\": [], \"pods\": [\"r\"]}"),
        ("{\"tables\": []}", "{\"tables\": [], \"pods\": [\"n\"]}"),
        ("{\"tables\": []}", "{\"tables\": [], \"pods\": [\"p\"]}"),
        ("\"by\": \"to\"", "\"by\": \"from\""),
        ("{\"do\": \"goto last\"}", "{\"do\": \"goto gate\"}"),
        ("{\"do\": \"goto last\"}", "{\"do\": \"deliver me\"}"),
        ("  \"gate\": {\"by\"", "  \"gate\": {\"by\": \"to\", \"lists\": []}, \"gate\": {\"by\""),
        ("  \"gate\": {\"by\"", "  \"deny\": {\"by\": \"to\", \"lists\": []}, \"gate\": {\"by\""),
    ];
    let mut all = String::new();
    for (from, to) in cases {
        assert!(FILE.contains(from), "{from}");
        all += &format!("{from} -> {to}\n");
        let edited = FILE.replacen(from, to, 1);
        for refusal in read(edited.as_bytes()).map(|_| ()).unwrap_err() {
            all += &format!("  {refusal}\n");
        }
    }
    assert_data_eq!(
        all,
        str![[r#"
"by": "to" -> "by": "target"
  13:19: chains.gate.by: got "target", expected from or to, the field that names the pod
  "gate": {"by" ->   "gates": {"by"
  13:4: chains.gates: got "gates", expected the name of a table
{"tables": []} -> {"tables": ["allow"]}
  14:68: chains.gate.lists[1].tables: got "allow", expected the name of a table
{"tables": []} -> {"tables": ["last"]}
  14:68: chains.gate.lists[1].tables: got "last", expected tables that are in no pipeline
{"tables": []} -> {"tables": [], "pods": ["r"]}
  14:80: chains.gate.lists[1].pods: got "r", expected the name of an element
{"tables": []} -> {"tables": [], "pods": ["n"]}
  14:80: chains.gate.lists[1].pods: got "n", expected pods
{"tables": []} -> {"tables": [], "pods": ["p"]}
  13:4: chains.gate: got "gate", expected pods sorted, each in one chain
"by": "to" -> "by": "from"
  10:22: tables.deny[0].from: got "10.0.0.0/8", expected * for the address that names the pod of the chain
{"do": "goto last"} -> {"do": "goto gate"}
  10:68: tables.deny[1].do: got "goto gate", expected a table that is later in each pipeline than the chain
{"do": "goto last"} -> {"do": "deliver me"}
  10:68: tables.deny[1].do: got "deliver me", expected goto, discard or reject in a table of a chain
  "gate": {"by" ->   "gate": {"by": "to", "lists": []}, "gate": {"by"
  13:39: chains.gate: got "gate", expected a table that has no other chains
  "gate": {"by" ->   "deny": {"by": "to", "lists": []}, "gate": {"by"
  14:18: chains.gate.lists[0].tables: got "deny", expected tables without chains of their own

"#]]
    );
}

/// What a file cannot say, and a network can have all the same.
#[test]
fn every_fault_of_chains_has_a_path() {
    type Case = (fn(&mut Chains), &'static [&'static str]);
    let cases: [Case; 6] = [
        (|_| {}, &[]),
        (|c| c.of.reverse(), &["chains.gate"]),
        (|c| c.of[1].1 = ChainId(2), &["chains.gate"]),
        (|c| c.of[1].0 = ElementId(99), &["chains.gate.lists[0].pods"]),
        (|c| c.lists[1] = vec![TableId(99)], &["chains.gate.lists[1].tables"]),
        (|c| c.lists[1] = vec![TableId(1)], &["chains.gate.lists[1].tables"]),
    ];
    for (i, (change, paths)) in cases.iter().enumerate() {
        let mut network = good();
        change(network.tables[1].chains.as_deref_mut().unwrap());
        let faults = check(&network);
        let found: Vec<&str> = faults.iter().map(|fault| &*fault.path).collect();
        assert_eq!(found, *paths, "case {i}: {faults:?}");
    }
    let mut network = good();
    network.tables[2].entries[0].action = Action::Goto(TableId(99));
    assert!(check(&network).iter().all(|fault| fault.path == "tables.deny[0].do"));
    // A filter of two tables leads on from both.
    let mut network = good();
    network.tables[3].chains = network.tables[1].chains.clone();
    let faults = check(&network);
    let found: Vec<&str> = faults.iter().map(|fault| &*fault.path).collect();
    assert_eq!(found, ["tables.deny[1].do"]);
}
