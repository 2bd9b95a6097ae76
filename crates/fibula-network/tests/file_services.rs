//! What Services need in a network's file: lists of backends, zones, hops, and the entries that
//! choose from them.

use fibula_network::file::{Read, read, write};
use fibula_network::{
    Action, Addr, AddrSetId, Addrs, Backend, Backends, BackendsId, ElementId, Entry, Hop, HopsId,
    Mark, Me, Network, Pattern, PlaceId, Receiver, Scope, Source, TableId, ZoneId, check,
};
use snapbox::{assert_data_eq, str};

/// Two nodes and a daemon.
const FILE: &str = r#"{
"fibula": "network/1",
"elements": [
  {"kind": "node", "name": "n1"},
  {"kind": "node", "name": "n2"},
  {"kind": "daemon", "name": "d", "host": "n1"}
],
"links": [
  ["n1", "n2"],
  ["n1", "d"]
],
"sets": {
  "node ports": ["10.0.0.0/24"]
},
"zones": [
  "a"
],
"backends": {
  "web": [
    "10.0.0.2:80",
    {"to": "[fd00::2]:8080", "zone": "a"},
    {"to": "10.0.0.3:80", "switch": "n2", "at": "web.yaml:7"}],
  "none": []
},
"hops": {
  "nodes": ["n2", "n1"],
  "nodes~2": ["n1"]
},
"tables": {
  "services": [
    {"reply": true, "do": "undo", "then": "next hop", "rule": "SVC-64"},
    {"to": "10.96.0.1", "port": "80", "reply": false, "do": "rewrite web", "mark": "hairpin", "then": "source", "rule": "SVC-50"},
    {"to": "own in node ports", "port": "30080", "do": "rewrite web", "mark": "always", "then": "source", "rule": "SVC-54"},
    {"do": "rewrite none", "then": "source", "rule": "SVC-54"}],
  "source": [
    {"marked": true, "do": "masquerade own", "then": "next hop", "rule": "SVC-60"},
    {"marked": false, "do": "masquerade 10.0.0.9", "then": "next hop", "rule": "SVC-60"}],
  "next hop": [
    {"to": "own", "reply": true, "do": "deliver caller", "rule": "SVC-64"},
    {"do": "forward one of nodes", "rule": "SVC-22"}]
},
"pipelines": {
  "node": ["services", "source", "next hop"]
},
"fibs": {
  "n1": {"pipeline": "node", "zone": "a", "masquerade": ["fd00::1", "10.0.0.1"]},
  "n2": {"pipeline": "node"}
}
}
"#;

fn text(Read { network, places }: &Read) -> String {
    let mut out = vec![];
    write(network, &|place| places.get(place.0 as usize).cloned(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_services_need_reads_and_writes() {
    assert_eq!(text(&read(FILE.as_bytes()).unwrap()), FILE);
}

#[test]
fn each_word_has_its_meaning() {
    let addr = |text: &str| text.parse::<Addr>().unwrap();
    let Read { network, .. } = read(FILE.as_bytes()).unwrap();
    let backend = |at, to: &str, port, place| Backend { at, addr: addr(to), port, place };
    let web = Backends::new(
        "web",
        vec![
            backend(Scope::Switch(ElementId(1)), "10.0.0.3", 80, PlaceId(0)),
            backend(Scope::Zone(ZoneId(0)), "fd00::2", 8080, PlaceId::NONE),
            backend(Scope::Everywhere, "10.0.0.2", 80, PlaceId::NONE),
        ],
    );
    assert_eq!(network.backends, [web, Backends::new("none", vec![])]);
    assert_eq!(network.hops, [vec![ElementId(1), ElementId(0)], vec![ElementId(0)]]);
    assert_eq!(network.zones, ["a".into()]);
    let masquerade = vec![addr("fd00::1"), addr("10.0.0.1")];
    let me = Me { zone: Some(ZoneId(0)), masquerade, ..Me::default() };
    assert_eq!(network.fibs[0].as_ref().unwrap().me, me);
    let [source, next] = [1, 2].map(TableId);
    let rewrite = |to, mark| Action::Rewrite { to: BackendsId(to), mark, then: source };
    let actions = network.tables.iter().flat_map(|table| &table.entries).map(|entry| entry.action);
    let by = Source::Is(addr("10.0.0.9"));
    let expected = [
        Action::Undo { then: next },
        rewrite(0, Mark::Hairpin),
        rewrite(0, Mark::Always),
        rewrite(1, Mark::Never),
        Action::Masquerade { by: Source::Own, then: next },
        Action::Masquerade { by, then: next },
        Action::Deliver(Receiver::Caller),
        Action::Forward(Hop::OneOf(HopsId(0))),
    ];
    assert_eq!(actions.collect::<Vec<_>>(), expected);
    let entries = &network.tables[0].entries;
    assert_eq!([0, 1, 2].map(|i| entries[i].pattern.reply), [Some(true), Some(false), None]);
    assert_eq!(entries[2].pattern.dst, Addrs::OwnIn(AddrSetId(0)));
    let entries = &network.tables[1].entries;
    assert_eq!([0, 1].map(|i| entries[i].pattern.marked), [Some(true), Some(false)]);
}

#[test]
fn what_is_refused_says_where() {
    let cases = [
        ("\"10.0.0.2:80\"", "\"10.0.0.2\""),
        ("\"10.0.0.2:80\"", "true"),
        ("[fd00::2]", "fd00::2"),
        ("\"zone\": \"a\"}", "\"zone\": \"b\"}"),
        ("\"switch\": \"n2\"", "\"switch\": \"n3\""),
        ("\"switch\": \"n2\"", "\"switch\": \"d\""),
        ("\"switch\": \"n2\"", "\"switch\": \"n2\", \"zone\": \"a\""),
        ("\"nodes~2\"", "\"nodes\""),
        ("[\"n2\", \"n1\"]", "[\"n2\", \"n2\"]"),
        ("[\"n2\", \"n1\"]", "[\"n2\", \"d\"]"),
        ("[\"n2\", \"n1\"]", "[]"),
        ("\"a\"\n]", "\"a\", \"a\"\n]"),
        ("\"reply\": true", "\"reply\": \"yes\""),
        ("\"reply\": true, \"do\": \"undo\"", "\"do\": \"undo\""),
        ("\"do\": \"undo\", \"then\": \"next hop\"", "\"do\": \"undo\""),
        ("\"do\": \"undo\"", "\"do\": \"goto next hop\""),
        ("\"do\": \"undo\"", "\"do\": \"undo\", \"mark\": \"always\""),
        ("\"do\": \"undo\"", "\"do\": \"restore\""),
        ("hairpin", "never"),
        ("rewrite web", "rewrite shop"),
        ("\"then\": \"source\"", "\"then\": \"sources\""),
        ("\"then\": \"source\"", "\"then\": \"services\""),
        ("own in node ports", "own in ports"),
        ("masquerade own", "masquerade me"),
        ("\"reply\": true, \"do\": \"deliver caller\"", "\"do\": \"deliver caller\""),
        ("one of nodes", "one of them"),
        ("\"zone\": \"a\", \"masq", "\"zone\": \"b\", \"masq"),
        ("\"fd00::1\", \"10.0.0.1\"", "\"10.0.0.2\", \"10.0.0.1\""),
        ("\"fd00::1\", ", "\"fd00::x\", "),
    ];
    let mut all = String::new();
    for (from, to) in cases {
        assert!(FILE.contains(from), "{from}");
        all += &format!("{from} -> {to}\n").replace("\n]", "]");
        let refused = read(FILE.replacen(from, to, 1).as_bytes()).map(|_| ());
        for refusal in refused.unwrap_err() {
            all += &format!("  {refusal}\n");
        }
    }
    assert_data_eq!(
        all,
        str![[r#"
"10.0.0.2:80" -> "10.0.0.2"
  20:6: backends.web[0].to: got "10.0.0.2", expected an address with a port: 10.0.1.7:8080 or [fd00::7]:8080
"10.0.0.2:80" -> true
  20:8: got "invalid type: boolean `true`", expected an address with a port, or an object with the field to
[fd00::2] -> fd00::2
  21:13: backends.web[1].to: got "fd00::2:8080", expected an address with a port: 10.0.1.7:8080 or [fd00::7]:8080
"zone": "a"} -> "zone": "b"}
  21:39: backends.web[1].zone: got "b", expected the name of a zone
"switch": "n2" -> "switch": "n3"
  22:38: backends.web[2].switch: got "n3", expected the name of an element
"switch": "n2" -> "switch": "d"
  22:38: backends.web[2].switch: got "d", expected a switch
"switch": "n2" -> "switch": "n2", "zone": "a"
  22:38: backends.web[2].switch: got "n2", expected a zone or a switch, not both
"nodes~2" -> "nodes"
  27:4: hops.nodes: got "nodes", expected a name that no other has
["n2", "n1"] -> ["n2", "n2"]
  26:14: hops.nodes: got "n2", expected one switch or several, each once
["n2", "n1"] -> ["n2", "d"]
  26:20: hops.nodes: got "d", expected a switch
["n2", "n1"] -> []
  26:4: hops.nodes: got "nodes", expected one switch or several, each once
"a"] -> "a", "a"]
  16:9: zones[1]: got "a", expected a name that no other has
"reply": true -> "reply": "yes"
  31:19: got "invalid type: string /"yes/"", expected a boolean
"reply": true, "do": "undo" -> "do": "undo"
  31:13: tables.services[0].do: got "undo", expected undo beside replies only
"do": "undo", "then": "next hop" -> "do": "undo"
  31:28: tables.services[0].do: got "undo", expected the field then beside rewrite, masquerade and undo
"do": "undo" -> "do": "goto next hop"
  31:53: tables.services[0].then: got "next hop", expected then beside rewrite, masquerade and undo only
"do": "undo" -> "do": "undo", "mark": "always"
  31:44: tables.services[0].mark: got "always", expected a mark beside rewrite only
"do": "undo" -> "do": "restore"
  31:28: tables.services[0].do: got "restore", expected deliver ELEMENT, deliver listener, deliver me, deliver caller, forward SWITCH, forward host, forward owner, forward owner's node, forward one of HOPS, discard REASON, reject REASON, goto TABLE, rewrite BACKENDS, masquerade own, masquerade ADDRESS, or undo
hairpin -> never
  32:85: tables.services[1].mark: got "never", expected hairpin or always
rewrite web -> rewrite shop
  32:62: tables.services[1].do: got "rewrite shop", expected the name of a list of backends
"then": "source" -> "then": "sources"
  32:104: tables.services[1].then: got "sources", expected the name of a table
"then": "source" -> "then": "services"
  32:104: tables.services[1].then: got "services", expected a table that is later in each pipeline
own in node ports -> own in ports
  33:13: tables.services[2].to: got "own in ports", expected *, an address, a prefix, a range, the name of a set, own, own in SET, hosted, elsewhere KIND, or same
masquerade own -> masquerade me
  36:29: tables.source[0].do: got "masquerade me", expected own or an address to masquerade by
"reply": true, "do": "deliver caller" -> "do": "deliver caller"
  39:26: tables["next hop"][0].do: got "deliver caller", expected deliver caller beside replies only
one of nodes -> one of them
  40:13: tables["next hop"][1].do: got "forward one of them", expected the name of a list of switches
"zone": "a", "masq -> "zone": "b", "masq
  46:39: fibs.n1.zone: got "b", expected the name of a zone
"fd00::1", "10.0.0.1" -> "10.0.0.2", "10.0.0.1"
  46:59: fibs.n1.masquerade: got "10.0.0.2", expected at most one address of each family
"fd00::1",  -> "fd00::x", 
  46:59: fibs.n1.masquerade: got "fd00::x", expected an address

"#]]
    );
}

/// A change to a network, and the paths of the faults that it makes.
type Case = (fn(&mut Network), &'static [&'static str]);

const NOBODY: ElementId = ElementId(99);

fn entry(n: &mut Network) -> &mut Entry {
    &mut n.tables[0].entries[1]
}

fn me(n: &mut Network) -> &mut Me {
    &mut n.fibs[0].as_mut().unwrap().me
}

/// What a file cannot say, or a reader puts right, and a network can have all the same.
#[test]
fn every_fault_has_a_path() {
    let cases: &[Case] = &[
        (|_| {}, &[]),
        (|n| n.backends[0].members.reverse(), &["backends.web"]),
        (|n| n.backends[0].members.extend_from_within(2..), &["backends.web"]),
        (|n| n.backends[0].members[2].at = Scope::Switch(NOBODY), &["backends.web"]),
        (|n| n.backends[0].members[2].at = Scope::Switch(ElementId(2)), &["backends.web"]),
        (|n| n.backends[0].members[1].at = Scope::Zone(ZoneId(1)), &["backends.web"]),
        (|n| n.backends[1].name = "web".into(), &[]),
        (|n| n.hops[0].clear(), &["hops.nodes"]),
        (|n| n.hops[0].push(ElementId(1)), &["hops.nodes"]),
        (|n| n.hops[0].push(NOBODY), &["hops.switches"]),
        (|n| n.zones.push("a".into()), &["zones[1]"]),
        (|n| me(n).zone = Some(ZoneId(1)), &["fibs.n1.zone"]),
        (|n| me(n).masquerade.push(Addr::MIN), &["fibs.n1.masquerade"]),
        (|n| me(n).masquerade.reverse(), &[]),
        (|n| entry(n).pattern.dst = Addrs::OwnIn(AddrSetId(1)), &["tables.services[1].to"]),
        (|n| entry(n).pattern.src = Addrs::OwnIn(AddrSetId(1)), &["tables.services[1].from"]),
        (
            |n| {
                let (to, mark) = (BackendsId(2), Mark::Never);
                entry(n).action = Action::Rewrite { to, mark, then: TableId(0) };
            },
            &["tables.services[1].do", "tables.services[1].then"],
        ),
        (
            |n| {
                let then = TableId(9);
                entry(n).action = Action::Masquerade { by: Source::Own, then };
            },
            &["tables.services[1].then"],
        ),
        (
            |n| entry(n).action = Action::Undo { then: TableId(0) },
            &["tables.services[1].do", "tables.services[1].then"],
        ),
        (|n| entry(n).action = Action::Deliver(Receiver::Caller), &["tables.services[1].do"]),
        (|n| entry(n).action = Action::Forward(Hop::OneOf(HopsId(2))), &["tables.services[1].do"]),
        (|n| entry(n).pattern = Pattern { marked: Some(true), ..Pattern::ANY }, &[]),
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

#[test]
fn names_that_look_like_words_return() {
    let mut read = read(FILE.as_bytes()).unwrap();
    let n = &mut read.network;
    for (name, element) in ["caller", "one of nodes"].into_iter().zip(&mut n.elements) {
        element.name = name.into();
    }
    n.sets[0].name = "own in own in x".into();
    n.backends[0].name = "own, then source~1".into();
    n.backends[1].name = "own, then source~1".into();
    n.zones[0] = "".into();
    let [first, second] = [0, 1].map(ElementId);
    let to = Addrs::Set(AddrSetId(0));
    n.tables[2].entries.push(Entry::new("X", Pattern::to(to), Action::Forward(Hop::To(first))));
    n.tables[2].entries.push(Entry::new("X", Pattern::ANY, Action::Forward(Hop::To(second))));
    assert_eq!(check(n), []);
    let written = text(&read);
    let back = fibula_network::file::read(written.as_bytes()).unwrap();
    assert_eq!((&back.network, text(&back)), (&read.network, written));
}
