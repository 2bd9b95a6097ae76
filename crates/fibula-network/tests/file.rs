//! Networks as files: what is written reads back the same, and what is refused says where.

#[allow(unused_imports, reason = "messages are not drawn here")]
mod random;

use std::collections::BTreeSet;
use std::fs;

use fibula_network::file::{Read, read, write};
use fibula_network::{
    Action, Addr, Addrs, Element, ElementId, Entity, Entry, Facts, Fib, Hop, Kind, Links, Listener,
    Me, Mesh, Network, Open, Owner, Pattern, PipelineId, PlaceId, Port, Range, Reason, Receiver,
    Table, TableId, check,
};
use proptest::prelude::*;
use snapbox::{assert_data_eq, str};

fn text(network: &Network, places: &[String]) -> String {
    let mut out = vec![];
    write(network, &|place| places.get(place.0 as usize).cloned(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The network with each place replaced by the number of its text among `all`.
fn placed(network: &Network, place: impl Fn(PlaceId) -> PlaceId) -> Network {
    let mut network = network.clone();
    network.elements.iter_mut().for_each(|e| e.place = place(e.place));
    network.facts.open.iter_mut().for_each(|open| open.place = place(open.place));
    let entries = network.tables.iter_mut().flat_map(|table| &mut table.entries);
    entries.for_each(|entry| entry.origin.place = place(entry.origin.place));
    let listeners = network.fibs.iter_mut().flatten().flat_map(|fib| &mut fib.me.listeners);
    listeners.for_each(|listener| listener.place = place(listener.place));
    let backends = network.backends.iter_mut().flat_map(|list| &mut list.members);
    backends.for_each(|backend| backend.place = place(backend.place));
    network
}

fn assert_returns(network: &Network) {
    assert_eq!(check(network), []);
    // As many texts as a random network has places, and more numbers than texts.
    let name = |place: PlaceId| format!("k1.yaml:{}", place.0 % 7);
    let mut out = vec![];
    write(network, &|place| Some(name(place)), &mut out).unwrap();
    let Read { network: back, places } = read(&out).unwrap_or_else(|refusals| {
        panic!("{refusals:#?}\n{}", String::from_utf8_lossy(&out));
    });
    let number = |place: PlaceId| match place {
        PlaceId::NONE => PlaceId::NONE,
        _ => PlaceId(places.iter().position(|text| *text == name(place)).unwrap() as u64),
    };
    assert_eq!(back, placed(network, number));
    assert_eq!(text(&back, &places), String::from_utf8(out).unwrap());
}

/// The network without the faults that random ones have on purpose: processes without a host, links
/// of one element, deliveries to other switches, and entries that
/// lead to no later table.
fn repaired(mut n: Network) -> Network {
    for id in n.ids() {
        let kind = match n.kind(id) {
            Kind::Container => Kind::Pod,
            Kind::Daemon => Kind::Node,
            Kind::World => Kind::Outside,
            _ => continue,
        };
        let host = n.facts.host(id).or_else(|| n.of_kind(kind).next());
        n.facts.host[id.index()] = host;
    }
    let pairs: Vec<_> = n.links.pairs().filter(|(a, b)| a != b).collect();
    n.links = Links::new(n.elements.len(), pairs, n.links.meshes().to_vec());
    let elements = n.elements.clone();
    let chained: Vec<(usize, BTreeSet<TableId>)> = (0..n.tables.len())
        .filter_map(|i| Some((i, n.tables[i].chains.as_deref()?)))
        .map(|(i, chains)| (i, chains.lists.iter().flatten().copied().collect()))
        .collect();
    for (table, entries) in n.tables.iter_mut().enumerate() {
        entries.entries.retain(|entry| {
            if let Action::Deliver(Receiver::Element(e)) = entry.action {
                return elements[e.index()].kind.is_process();
            }
            let Some(to) = entry.action.then() else { return true };
            let leads_on = |table: usize| {
                n.pipelines.iter().all(|pipeline| {
                    let mut after = pipeline.iter().rev().take_while(|t| t.0 as usize != table);
                    !pipeline.contains(&TableId(table as u32)) || after.any(|t| *t == to)
                })
            };
            let mut before = chained.iter().filter(|(_, f)| f.contains(&TableId(table as u32)));
            leads_on(table) && before.all(|(chained, _)| leads_on(*chained))
        });
    }
    n
}

/// The article's K1 with its relative words: nodes n1 and n2, a daemon and two pods on each.
fn k1() -> (Network, Vec<String>) {
    let mut n = Network::default();
    let mut places = vec![];
    let mut place = |line: u64| {
        places.push(format!("k1.yaml:{line}"));
        PlaceId(places.len() as u64 - 1)
    };
    let (mut pairs, mut nodes) = (vec![], vec![]);
    let addr = |text: &str| text.parse::<Addr>().unwrap();
    for node in [1, 2] {
        let at = place(node * 100);
        let id = add(&mut n, Kind::Node, format!("n{node}"), None, at);
        let own = vec![addr(&format!("192.168.0.{node}"))];
        n.facts.addr.push((Entity::Switch(id), own[0]));
        n.owners.push(Owner { addr: own[0], when: None, to: id, via: id });
        n.fibs[id.index()] = Some(Fib { pipeline: PipelineId(1), me: Me { own, ..Me::default() } });
        let daemon = add(&mut n, Kind::Daemon, format!("d{node}"), Some(id), at);
        pairs.push((daemon, id));
        nodes.push(id);
    }
    for pod in 1..=4 {
        let node = nodes[(pod as usize + 1) % 2];
        let at = place(pod * 1000);
        let id = add(&mut n, Kind::Pod, format!("p{pod}"), Some(node), at);
        let own = vec![addr(&format!("10.0.{}.{pod}", 2 - pod % 2))];
        n.facts.addr.push((Entity::Switch(id), own[0]));
        n.owners.push(Owner { addr: own[0], when: None, to: id, via: node });
        pairs.push((id, node));
        let mut me = Me { own, host: Some(node), ..Me::default() };
        for (i, number) in [(1, 8080), (2, 9090)] {
            let at = place(pod * 1000 + i);
            let process = add(&mut n, Kind::Container, format!("c{pod}-{i}"), Some(id), at);
            let port = Port::tcp(number);
            n.facts.open.push(Open { process, port, place: at });
            me.listeners.push(Listener { port, process, place: at });
            pairs.push((process, id));
        }
        n.fibs[id.index()] = Some(Fib { pipeline: PipelineId(0), me });
    }
    let loopback = Addrs::In(Range::one(Addr::LOOPBACK_V4));
    let listener = Action::Deliver(Receiver::Listener);
    let closed = Action::Discard(Reason::ClosedPort);
    let pods = Addrs::Elsewhere(Kind::Pod);
    let pod = vec![
        Entry::new("F1", Pattern::listened(loopback), listener),
        Entry::new("F2", Pattern::listened(Addrs::Own), listener),
        Entry::new("R1", Pattern::to(Addrs::Own), closed),
        Entry::new("R2", Pattern::to(Addrs::In(Range::LOOPBACK_V4)), closed),
        Entry::new("F3", Pattern::ANY, Action::Forward(Hop::Host)),
    ];
    let node = vec![
        Entry::new("F4", Pattern::to(Addrs::Hosted), Action::Forward(Hop::Owner)),
        Entry::new("F5", Pattern::to(pods), Action::Forward(Hop::OwnersNode)),
        Entry::new("R3", Pattern::ANY, Action::Discard(Reason::NoRoute)),
    ];
    n.tables = vec![Table::new("pod", pod), Table::new("node", node)];
    n.pipelines = vec![vec![TableId(0)], vec![TableId(1)]];
    n.facts.addr.sort_unstable();
    n.owners.sort_unstable();
    let mesh = Mesh { members: nodes, ..Mesh::default() };
    n.links = Links::new(n.elements.len(), pairs, vec![mesh]);
    (n, places)
}

fn add(
    n: &mut Network,
    kind: Kind,
    name: String,
    host: Option<ElementId>,
    place: PlaceId,
) -> ElementId {
    n.elements.push(Element { kind, name: name.into(), place });
    n.facts.host.push(host);
    n.fibs.push(None);
    ElementId(n.elements.len() as u32 - 1)
}

#[test]
fn k1_is_pleasant_to_read() {
    let (network, places) = k1();
    assert_data_eq!(
        text(&network, &places),
        str![[r#"
{
"fibula": "network/1",
"elements": [
  {"kind": "node", "name": "n1", "addresses": ["192.168.0.1"], "at": "k1.yaml:100"},
  {"kind": "daemon", "name": "d1", "host": "n1", "at": "k1.yaml:100"},
  {"kind": "node", "name": "n2", "addresses": ["192.168.0.2"], "at": "k1.yaml:200"},
  {"kind": "daemon", "name": "d2", "host": "n2", "at": "k1.yaml:200"},
  {"kind": "pod", "name": "p1", "host": "n1", "addresses": ["10.0.1.1"], "at": "k1.yaml:1000"},
  {"kind": "container", "name": "c1-1", "host": "p1", "open": [{"port": "8080", "at": "k1.yaml:1001"}], "at": "k1.yaml:1001"},
  {"kind": "container", "name": "c1-2", "host": "p1", "open": [{"port": "9090", "at": "k1.yaml:1002"}], "at": "k1.yaml:1002"},
  {"kind": "pod", "name": "p2", "host": "n2", "addresses": ["10.0.2.2"], "at": "k1.yaml:2000"},
  {"kind": "container", "name": "c2-1", "host": "p2", "open": [{"port": "8080", "at": "k1.yaml:2001"}], "at": "k1.yaml:2001"},
  {"kind": "container", "name": "c2-2", "host": "p2", "open": [{"port": "9090", "at": "k1.yaml:2002"}], "at": "k1.yaml:2002"},
  {"kind": "pod", "name": "p3", "host": "n1", "addresses": ["10.0.1.3"], "at": "k1.yaml:3000"},
  {"kind": "container", "name": "c3-1", "host": "p3", "open": [{"port": "8080", "at": "k1.yaml:3001"}], "at": "k1.yaml:3001"},
  {"kind": "container", "name": "c3-2", "host": "p3", "open": [{"port": "9090", "at": "k1.yaml:3002"}], "at": "k1.yaml:3002"},
  {"kind": "pod", "name": "p4", "host": "n2", "addresses": ["10.0.2.4"], "at": "k1.yaml:4000"},
  {"kind": "container", "name": "c4-1", "host": "p4", "open": [{"port": "8080", "at": "k1.yaml:4001"}], "at": "k1.yaml:4001"},
  {"kind": "container", "name": "c4-2", "host": "p4", "open": [{"port": "9090", "at": "k1.yaml:4002"}], "at": "k1.yaml:4002"}
],
"links": [
  ["n1", "d1"],
  ["n1", "p1"],
  ["n1", "p3"],
  ["n2", "d2"],
  ["n2", "p2"],
  ["n2", "p4"],
  ["p1", "c1-1"],
  ["p1", "c1-2"],
  ["p2", "c2-1"],
  ["p2", "c2-2"],
  ["p3", "c3-1"],
  ["p3", "c3-2"],
  ["p4", "c4-1"],
  ["p4", "c4-2"]
],
"meshes": [
  {"members": ["n1", "n2"]}
],
"tables": {
  "pod": [
    {"to": "127.0.0.1", "port": "listened", "do": "deliver listener", "rule": "F1"},
    {"to": "own", "port": "listened", "do": "deliver listener", "rule": "F2"},
    {"to": "own", "do": "discard closed port", "rule": "R1"},
    {"to": "127.0.0.0/8", "do": "discard closed port", "rule": "R2"},
    {"do": "forward host", "rule": "F3"}],
  "node": [
    {"to": "hosted", "do": "forward owner", "rule": "F4"},
    {"to": "elsewhere pod", "do": "forward owner's node", "rule": "F5"},
    {"do": "discard no route", "rule": "R3"}]
},
"pipelines": {
  "pod": ["pod"],
  "node": ["node"]
},
"fibs": {
  "n1": {"pipeline": "node", "own": ["192.168.0.1"]},
  "n2": {"pipeline": "node", "own": ["192.168.0.2"]},
  "p1": {"pipeline": "pod", "own": ["10.0.1.1"], "host": "n1", "listeners": [{"port": "8080", "process": "c1-1", "at": "k1.yaml:1001"}, {"port": "9090", "process": "c1-2", "at": "k1.yaml:1002"}]},
  "p2": {"pipeline": "pod", "own": ["10.0.2.2"], "host": "n2", "listeners": [{"port": "8080", "process": "c2-1", "at": "k1.yaml:2001"}, {"port": "9090", "process": "c2-2", "at": "k1.yaml:2002"}]},
  "p3": {"pipeline": "pod", "own": ["10.0.1.3"], "host": "n1", "listeners": [{"port": "8080", "process": "c3-1", "at": "k1.yaml:3001"}, {"port": "9090", "process": "c3-2", "at": "k1.yaml:3002"}]},
  "p4": {"pipeline": "pod", "own": ["10.0.2.4"], "host": "n2", "listeners": [{"port": "8080", "process": "c4-1", "at": "k1.yaml:4001"}, {"port": "9090", "process": "c4-2", "at": "k1.yaml:4002"}]}
},
"owners": [
  {"address": "10.0.1.1", "to": "p1", "via": "n1"},
  {"address": "10.0.1.3", "to": "p3", "via": "n1"},
  {"address": "10.0.2.2", "to": "p2", "via": "n2"},
  {"address": "10.0.2.4", "to": "p4", "via": "n2"},
  {"address": "192.168.0.1", "to": "n1", "via": "n1"},
  {"address": "192.168.0.2", "to": "n2", "via": "n2"}
]
}

"#]]
    );
}

#[test]
fn k1_returns() {
    let (mut network, _) = k1();
    assert_returns(&network);
    for name in ["n1", "p1", "p2"] {
        let id = network.ids().find(|id| &*network.element(*id).name == name).unwrap();
        network.unshare(id);
        assert_returns(&network);
    }
}

#[test]
fn names_that_look_like_words_return() {
    let mut n = k1().0;
    let names = ["host", "me", "listener", "pod:p1", "p2", "", "a b", " ", "owner's node", "é\"\n"];
    for (name, element) in names.iter().zip(n.elements.iter_mut().rev()) {
        element.name = (*name).into();
    }
    for name in ["own", "*", "10.0.0.1", "set:x", "elsewhere pod", "", "pods"] {
        let set = fibula_network::AddrSet::new(name, vec![Range::LOOPBACK_V6]);
        let to = Addrs::Set(fibula_network::AddrSetId(n.sets.len() as u32));
        n.tables[0].entries.push(Entry::new("X", Pattern::to(to), Action::Deliver(Receiver::Me)));
        n.sets.push(set);
    }
    for name in ["pod", "pod~2", "pod~x", "", "pod"] {
        n.tables.push(Table::new(name, vec![]));
        n.pipelines.push(vec![]);
    }
    for id in n.ids() {
        let action = match n.kind(id).is_process() {
            true => Action::Deliver(Receiver::Element(id)),
            false => Action::Forward(Hop::To(id)),
        };
        n.tables[0].entries.push(Entry::new("X", Pattern::ANY, action));
    }
    assert_returns(&n);
}

#[test]
fn the_example_of_the_documentation_reads_and_writes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/network-file.md");
    let document = fs::read_to_string(path).unwrap();
    let example = document.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let Read { network, places } = read(example.as_bytes()).unwrap();
    assert_eq!(text(&network, &places), example);
}

#[test]
fn an_unchecked_network_is_not_written() {
    let facts = Facts { host: vec![None], ..Facts::default() };
    let error = write(&Network { facts, ..Network::default() }, &|_| None, &mut vec![]);
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn lists_may_stand_in_any_order() {
    let (network, places) = k1();
    let file = text(&network, &places);
    let (rest, owners) = file.split_once("\"owners\": [\n").unwrap();
    let mut lines: Vec<&str> = owners.lines().map(|line| line.trim_end_matches(',')).collect();
    let end = lines.len() - 2;
    lines[..end].reverse();
    let turned = format!("{rest}\"owners\": [\n{}]\n}}", lines[..end].join(",\n"));
    assert_eq!(read(turned.as_bytes()).unwrap().network, read(file.as_bytes()).unwrap().network);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_networks_return(drawn in random::networks()) {
        assert_returns(&repaired(drawn.0));
    }

    #[test]
    fn changed_networks_return(drawn in random::networks(), rolls in random::rolls(9)) {
        assert_returns(&repaired(random::mutate(&drawn.0, &rolls)));
    }

    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        let _ = read(&bytes);
    }

    /// Bytes that are almost a file: a part of one replaced by another part, or by anything.
    #[test]
    fn no_edit_panics(
        drawn in random::networks(),
        cuts in prop::collection::vec((any::<u32>(), any::<u32>(), 0..40usize, any::<Option<[u8; 2]>>()), 1..6),
    ) {
        let mut file = text(&repaired(drawn.0), &["x".to_owned()]).into_bytes();
        for (to, from, len, bytes) in cuts {
            let at = |n: u32| n as usize % file.len();
            let part = file[at(from)..(at(from) + len).min(file.len())].to_vec();
            let part = bytes.map_or(part, Vec::from);
            let range = at(to)..(at(to) + part.len()).min(file.len());
            file.splice(range, part);
        }
        match read(&file) {
            Ok(read) => prop_assert_eq!(check(&read.network), []),
            Err(refusals) => prop_assert!(!refusals.is_empty()),
        }
    }

    /// Words swapped for words: still JSON, mostly not a network.
    #[test]
    fn no_swap_panics(
        drawn in random::networks(),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
    ) {
        let file = text(&repaired(drawn.0), &[]);
        let mut parts: Vec<&str> = file.split('"').collect();
        let words = parts.len() / 2;
        for (a, b) in swaps {
            parts[a.index(words) * 2 + 1] = parts[b.index(words) * 2 + 1];
        }
        match read(parts.join("\"").as_bytes()) {
            Ok(read) => prop_assert_eq!(check(&read.network), []),
            Err(refusals) => prop_assert!(!refusals.is_empty()),
        }
    }
}
