//! What is no network is refused, and what is refused says where.

use fibula_network::file::{Refusal, read};
use fibula_network::flow::{Flow, Ground};
use fibula_network::set::Space;
use fibula_network::walk::Verdict;
use fibula_network::{
    Action, Addr, AddrSet, AddrSetId, Addrs, ChoiceId, ElementId, Entity, Entry, Fib, Hop, Links,
    Listener, Me, Mesh, Network, Open, Pattern, PipelineId, PlaceId, Port, Ports, Range, Receiver,
    ServiceId, TableId, When, check,
};
use snapbox::{assert_data_eq, str};

/// A node, a pod and a container.
const FILE: &str = r#"{"fibula": "network/1",
"elements": [
  {"kind": "node", "name": "n"},
  {"kind": "pod", "name": "p", "host": "n", "addresses": ["10.0.0.1"]},
  {"kind": "container", "name": "c", "host": "p", "open": ["80", {"port": 53, "at": "x"}]}],
"links": [["c", "p"], ["p", "n"]],
"choices": [{"id": "POD-7", "values": 2}],
"tables": {
  "pod": [
    {"to": "own", "port": "listened", "when": ["POD-7=1"], "do": "deliver listener"}],
  "node": [
    {"from": "hosted", "from_port": "1-2", "to": "hosted", "port": 80, "do": "forward owner"}]},
"pipelines": {"pod": ["pod"], "node": ["node"]},
"fibs": {
  "p": {"pipeline": "pod", "own": ["10.0.0.1"], "host": "n", "listeners": [{"port": 80, "process": "c"}]},
  "n": {"pipeline": "node"}},
"owners": [{"address": "10.0.0.1", "to": "p", "via": "n"}]}"#;

/// Why the file is refused with this in place of that.
fn edited(from: &str, to: &str) -> Vec<Refusal> {
    assert_eq!(read(FILE.as_bytes()).map(|_| ()), Ok(()));
    assert!(FILE.contains(from), "{from}");
    read(FILE.replacen(from, to, 1).as_bytes()).map(|_| ()).unwrap_err()
}

#[test]
fn what_is_refused_says_where() {
    let cases = [
        ("network/1", "network/2"),
        ("\"network/1\"", "1, \"new\": 2"),
        ("\"to\"", "\"too\""),
        ("}]},\n\"pip", "}]\n\"pip"),
        ("\"values\": 2", "\"values\": -2"),
        (", \"do\": \"forward owner\"", ""),
        ("\"node\", \"name\"", "\"nod\", \"name\""),
        ("\"own\", \"port\"", "\"10.0.0.300\", \"port\""),
        ("listened", "80/ICMP"),
        ("\"port\": 80, \"do\"", "\"port\": 99999, \"do\""),
        ("1-2", "2-1"),
        ("\"POD-7=1\"", "\"POD-7=3\""),
        ("\"POD-7=1\"", "\"POD-8=1\""),
        ("deliver listener", "deliver d"),
        ("deliver listener", "deliver p "),
        ("deliver listener", "deliver n"),
        ("deliver listener", "drop"),
        ("deliver listener", "goto node"),
        ("\"to\": \"hosted\"", "\"to\": \"own\""),
        ("[\"c\", \"p\"]", "[\"c\", \"c\"]"),
        ("[\"node\"]", "[\"nodes\"]"),
        ("\"p\", \"host\": \"n\"", "\"p\", \"host\": \"c\""),
        ("\"kind\": \"pod\"", "\"kind\": \"node\""),
        ("\"via\": \"n\"", "\"via\": \"p\""),
        ("\"n\": {", "\"p\": {"),
    ];
    let mut all = String::new();
    for (from, to) in cases {
        all += &format!("{from} -> {to}\n").replace("\n\"", " \"");
        for refusal in edited(from, to) {
            all += &format!("  {refusal}\n");
        }
    }
    assert_data_eq!(
        all,
        str![[r#"
network/1 -> network/2
  1:13: fibula: got "network/2", expected network/1
"network/1" -> 1, "new": 2
  fibula: got "1", expected network/1
"to" -> "too"
  10:10: got "unknown field `too`", expected one of `arrived`, `from`, `from_port`, `to`, `port`, `when`, `marked`, `reply`, `do`, `mark`, `then`, `rule`, `at`
}]}, "pip -> }] "pip
  13:1: got "/"", expected `,` or `}`
"values": 2 -> "values": -2
  7:40: got "invalid value: integer `-2`", expected u8
, "do": "forward owner" -> 
  12:70: got "ort/": /"1-2/", /"to/": /"hosted/", /"port/": 80}", expected the field `do`
"node", "name" -> "nod", "name"
  3:13: elements[0].kind: got "nod", expected container, daemon, world, pod, node or outside
"own", "port" -> "10.0.0.300", "port"
  10:13: tables.pod[0].to: got "10.0.0.300", expected *, an address, a prefix, a range, the name of a set, own, own in SET, hosted, elsewhere KIND, or same
listened -> 80/ICMP
  10:28: tables.pod[0].port: got "80/ICMP", expected TCP, UDP, SCTP or any after the slash
"port": 80, "do" -> "port": 99999, "do"
  12: tables.node[0].port: got "99999", expected *, a port, a range such as 8000-8080, or listened
1-2 -> 2-1
  12:38: tables.node[0].from_port: got "2-1", expected *, a port, a range such as 8000-8080, or listened
"POD-7=1" -> "POD-7=3"
  10:49: tables.pod[0].when: got "POD-7=3", expected values that the choices have
"POD-7=1" -> "POD-8=1"
  10:49: tables.pod[0].when: got "POD-8=1", expected the id of a choice before the =
deliver listener -> deliver d
  10:67: tables.pod[0].do: got "deliver d", expected the name of an element
deliver listener -> deliver p 
  10:67: tables.pod[0].do: got "deliver p ", expected the name of an element
deliver listener -> deliver n
  10:67: tables.pod[0].do: got "deliver n", expected a process, or the only switch that uses the table
deliver listener -> drop
  10:67: tables.pod[0].do: got "drop", expected deliver ELEMENT, deliver listener, deliver me, deliver caller, forward SWITCH, forward host, forward owner, forward owner's node, forward one of HOPS, discard REASON, reject REASON, goto TABLE, rewrite BACKENDS, masquerade own, masquerade ADDRESS, or undo
deliver listener -> goto node
  10:67: tables.pod[0].do: got "goto node", expected a table that is later in each pipeline
"to": "hosted" -> "to": "own"
  12:76: tables.node[0].do: got "forward owner", expected forward owner beside the target hosted only
["c", "p"] -> ["c", "c"]
  6:18: links[0]: got "c", expected another element
["node"] -> ["nodes"]
  13:41: pipelines.node: got "nodes", expected the name of a table
"p", "host": "n" -> "p", "host": "c"
  4:41: elements[1].host: got "c", expected node as the host of the pod "p"
"kind": "pod" -> "kind": "node"
  4:42: elements[1].host: got "n", expected none as the host of the node "p"
  5:47: elements[2].host: got "p", expected pod as the host of the container "c"
  15:58: fibs.p.host: got "n", expected none but for a pod
"via": "n" -> "via": "p"
  17:55: owners[10.0.0.1].via: got "p", expected a node that leads to 10.0.0.1
"n": { -> "p": {
  16:4: fibs.p: got "p", expected one FIB for a switch

"#]]
    );
}

#[test]
fn every_refusal_is_reported() {
    let refusals = edited(
        ": \"n\", \"listeners\": [{\"port\": 80",
        ": \"m\", \"listeners\": [{\"port\": \"x\"",
    );
    let paths: Vec<&str> = refusals.iter().map(|refusal| &*refusal.path).collect();
    assert_eq!(paths, ["fibs.p.host", "fibs.p.listeners"]);
}

#[test]
fn n_5_choices_are_fields_of_the_header_and_250_fit() {
    let with = |count: usize| {
        let more: String =
            (1..count).map(|i| format!(", {{\"id\": \"DR-{i}\", \"values\": 2}}")).collect();
        read(FILE.replacen("\"values\": 2}", &format!("\"values\": 2}}{more}"), 1).as_bytes())
    };
    let network = with(250).unwrap().network;
    let ground = Ground::new(&network);
    let parts = Flow::new(&ground).flow(ElementId(2), Space::FULL);
    let endings: Vec<Verdict> = parts.iter().map(|(_, ending)| ending.verdict).collect();
    assert_eq!(endings, [Verdict::NoEntry, Verdict::Delivered]);
    for count in [251, 252, 256, 257, 300] {
        let refusals = with(count).map(|_| ()).unwrap_err();
        let told: Vec<&str> = refusals.iter().map(|r| &*r.path).collect();
        assert_eq!(told, ["choices[250]"], "{count}");
        assert!(refusals[0].to_string().ends_with("expected at most 250 choices"), "{count}");
    }
}

/// A change to a network, and the paths of the faults that it makes.
type Case = (fn(&mut Network), &'static [&'static str]);

const NOBODY: ElementId = ElementId(99);

fn entry(n: &mut Network) -> &mut Entry {
    &mut n.tables[0].entries[0]
}

fn me(n: &mut Network, element: usize) -> &mut Me {
    &mut n.fibs[element].as_mut().unwrap().me
}

/// What a file cannot say, or a reader puts right, and a network can have all the same.
#[test]
fn every_fault_has_a_path() {
    let cases: &[Case] = &[
        (|_| {}, &[]),
        (|n| n.facts.host.truncate(1), &["elements"]),
        (|n| n.fibs.clear(), &["fibs"]),
        (|n| n.links = Links::default(), &["links"]),
        (|n| n.links = Links::new(100, [(NOBODY, ElementId(0))], vec![]), &["links"]),
        (|n| n.facts.host[1] = None, &["elements[1].host"]),
        (|n| n.facts.host[1] = Some(NOBODY), &["elements[1].host"]),
        (|n| n.facts.host[0] = Some(NOBODY), &["elements[0].host"]),
        (|n| n.fibs[0] = None, &["fibs.n"]),
        (|n| n.fibs[2] = n.fibs[1].clone(), &["fibs.c", "fibs.c.host"]),
        (|n| n.elements[2].name = "c:".into(), &[]),
        (|n| n.facts.addr.extend(n.facts.addr.clone()), &["elements"]),
        (|n| n.facts.addr.push((Entity::Switch(NOBODY), Addr::MIN)), &["elements[99].addresses"]),
        (|n| n.facts.addr.push((Entity::Service(ServiceId(0)), Addr::MIN)), &["services"]),
        (|n| n.facts.services = vec!["s".into(), "s".into()], &["services[1].name"]),
        (|n| n.facts.open.reverse(), &["elements"]),
        (
            |n| {
                let (process, place) = (NOBODY, PlaceId::NONE);
                n.facts.open.push(Open { process, port: Port::tcp(1), place });
            },
            &["elements[99].open"],
        ),
        (
            |n| {
                let members = vec![ElementId(1), NOBODY, ElementId(0)];
                let except = [(ElementId(1), ElementId(0))].into();
                n.links = Links::new(3, [], vec![Mesh { members, except }]);
            },
            &["meshes[0].members", "meshes[0].members", "meshes[0].except"],
        ),
        (|n| n.pipelines[0].push(TableId(9)), &["pipelines.pod"]),
        (
            |n| n.fibs[0] = Some(Fib { pipeline: PipelineId(9), me: Me::default() }),
            &["fibs.n.pipeline"],
        ),
        (|n| me(n, 1).own.push(Addr::MIN), &["fibs.p.own"]),
        (|n| me(n, 1).host = Some(NOBODY), &["fibs.p.host"]),
        (|n| me(n, 0).host = Some(ElementId(0)), &["fibs.n.host"]),
        (
            |n| {
                let (port, place) = (Port::tcp(1), PlaceId::NONE);
                me(n, 1).listeners.push(Listener { port, process: NOBODY, place });
            },
            &["fibs.p.listeners", "fibs.p.listeners"],
        ),
        (|n| entry(n).pattern.dst = Addrs::Set(AddrSetId(0)), &["tables.pod[0].to"]),
        (
            |n| entry(n).pattern.src = Addrs::In(Range { lo: Addr::MAX, hi: Addr::MIN }),
            &["tables.pod[0].from"],
        ),
        (|n| entry(n).pattern.sport = Ports::In(2, 1), &["tables.pod[0].from_port"]),
        (|n| entry(n).pattern.dport = Ports::Any, &["tables.pod[0].do"]),
        (
            |n| entry(n).pattern.when = vec![When { choice: ChoiceId(9), value: 0 }],
            &["tables.pod[0].when"],
        ),
        (|n| entry(n).action = Action::Deliver(Receiver::Element(ElementId(1))), &[]),
        (
            |n| entry(n).action = Action::Deliver(Receiver::Element(ElementId(0))),
            &["tables.pod[0].do"],
        ),
        (
            |n| {
                n.fibs[0] = n.fibs[1].clone();
                me(n, 0).host = None;
                entry(n).action = Action::Deliver(Receiver::Element(ElementId(1)));
            },
            &["tables.pod[0].do"],
        ),
        (|n| entry(n).action = Action::Forward(Hop::To(ElementId(2))), &["tables.pod[0].do"]),
        (|n| entry(n).action = Action::Forward(Hop::Owner), &["tables.pod[0].do"]),
        (|n| entry(n).action = Action::Forward(Hop::OwnersNode), &["tables.pod[0].do"]),
        (|n| entry(n).action = Action::Goto(TableId(0)), &["tables.pod[0].do"]),
        (|n| entry(n).action = Action::Goto(TableId(9)), &["tables.pod[0].do"]),
        (
            |n| {
                n.pipelines[0].push(TableId(1));
                entry(n).action = Action::Goto(TableId(1));
            },
            &[],
        ),
        (|n| n.owners[0].to = ElementId(2), &["owners[10.0.0.1].to"]),
        (|n| n.owners[0].via = ElementId(1), &["owners[10.0.0.1].via"]),
        (
            |n| n.owners[0].when = Some(When { choice: ChoiceId(0), value: 2 }),
            &["owners[10.0.0.1].when"],
        ),
        (
            |n| n.sets = vec![AddrSet { name: "a.b".into(), ranges: vec![Range::ALL_V4; 2] }],
            &["sets[\"a.b\"]"],
        ),
        (|n| n.sets = vec![AddrSet::new("s", vec![]); 2], &["sets.s"]),
        (|n| n.choices[0].values = 0, &["tables.pod[0].when", "choices[0].values"]),
        (|n| n.choices = vec![n.choices[0].clone(); 251], &["choices"]),
        (|n| n.tables[1].entries[0].pattern = Pattern::ANY, &["tables.node[0].do"]),
    ];
    let good = read(FILE.as_bytes()).unwrap().network;
    for (i, (change, paths)) in cases.iter().enumerate() {
        let mut network = good.clone();
        change(&mut network);
        let faults = check(&network);
        let found: Vec<&str> = faults.iter().map(|fault| &*fault.path).collect();
        assert_eq!(found, *paths, "case {i}: {faults:?}");
    }
}
