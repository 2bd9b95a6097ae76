//! What another tool says of 26 changes, compared with what `diff` says of them: the same,
//! but where pods use their Node's network (NP-35).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fibula_network::Proto;
use serde_json::Value;

use crate::lists::{Name, Pieces, Ports, field, name};
use crate::ours::Ours;
use crate::{cases, common::run};

/// From, to and whether it opens: at which ports. What is outside is one.
type Changes = BTreeMap<(String, String, bool), Vec<(Proto, u16, u16)>>;

const OUTSIDE: &str = "outside";

/// NP-35: of pods of the host network theirs has policies speak as of others. So many differ.
const HOST_NETWORK: usize = 175;

#[test]
fn every_difference_from_the_changes_of_others_is_explained() {
    let Some(folder) = cases() else { return };
    let text = fs::read_to_string(folder.join("cases.jsonl")).expect("the cases are readable");
    let cases = text.lines().map(|line| serde_json::from_str(line).expect("a line is a case"));
    let cases: Vec<Value> = cases.filter(|case: &Value| case["kind"] == "diff").collect();
    assert_eq!(cases.len(), 26);
    let mut found: BTreeSet<String> = BTreeSet::new();
    let (mut alike, mut rules) = (0, 0);
    for case in &cases {
        let input = |key: &str| case[key].as_str().expect("a folder").to_owned();
        let forms = &case["expected"];
        let path = forms["txt"].as_str().or(forms["csv"].as_str()).expect("an expected text");
        let text = fs::read_to_string(folder.join(path)).expect("an expected text");
        let text = if path.ends_with(".csv") { lines_of(&text) } else { text };
        let folders = ["input", "input2"].map(|key| folder.join(input(key)));
        let known = [Ours::of(&folders[0]), Ours::of(&folders[1])];
        let ours = ours(&folders[0], &folders[1]);
        let theirs = theirs(&text, &known);
        let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for key in keys {
            let none = vec![];
            let of = |changes: &Changes| changes.get(key).unwrap_or(&none).clone();
            let ranges = [of(&ours), of(&theirs)];
            let pieces = Pieces::new(&ranges.concat());
            let [ours, theirs] = ranges.map(|ranges| {
                let ports = Ports(ranges);
                pieces.words(|i| ports.contains(pieces.0[i].0, pieces.0[i].1))
            });
            let (from, to, opens) = key;
            let host = |name: &String| known.iter().any(|known| known.host_network(name));
            if ours != theirs && (host(from) || host(to)) {
                rules += 1;
                continue;
            }
            let what = if *opens { "opens" } else { "closes" };
            let case = input("input2").trim_start_matches("tests/").to_owned();
            match ours == theirs {
                true => alike += 1,
                false => {
                    found.insert([&case, from, to, what, &ours, &theirs].join("\t"));
                }
            }
        }
    }
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(alike > 100, "{alike}");
    assert_eq!(rules, HOST_NETWORK);
}

/// What `diff` says certainly differs, between workloads and to the outside; where ipBlocks match no
/// pods, as in theirs.
fn ours(old: &Path, new: &Path) -> Changes {
    let [old, new] = [old, new].map(|path| path.to_string_lossy().into_owned());
    let decided = ["--profile", "reference", "--decide", "DR-2b=no", "-o", "json"];
    let ran = run(&[&["diff", &*old, &*new][..], &decided].concat());
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    let mut changes = Changes::new();
    let called = |id: &Value| -> Option<String> {
        let party = &answer["parties"][id.as_u64().expect("a number") as usize];
        match party["kind"].as_str()? {
            "Node" | "own node" => None,
            "world" => Some(OUTSIDE.to_owned()),
            kind => Some(format!(
                "{}/{}[{kind}]",
                party["namespace"].as_str()?,
                party["name"].as_str()?
            )),
        }
    };
    for change in answer["changes"].as_array().expect("changes") {
        if !change["why"].is_null() {
            continue;
        }
        let opens = change["opens"] == true;
        let from = change["from"].as_array().expect("sources");
        let from: Vec<String> = from.iter().filter_map(called).collect();
        for toward in change["to"].as_array().expect("targets") {
            let targets = toward["targets"].as_array().expect("targets");
            for to in targets.iter().filter_map(called) {
                for from in from.iter().filter(|from| **from != to) {
                    let own = changes.entry((from.clone(), to.clone(), opens)).or_default();
                    own.extend(ports(&toward["ports"]));
                }
            }
        }
    }
    changes
}

fn ports(ports: &Value) -> Vec<(Proto, u16, u16)> {
    let Some(list) = ports.as_array() else {
        return Proto::ALL.map(|proto| (proto, 1, u16::MAX)).to_vec();
    };
    let port = |port: &Value| {
        let number = |key: &str| port[key].as_u64().expect("a port") as u16;
        let proto = port["protocol"].as_str().expect("a protocol").parse().expect("a protocol");
        (proto, number("first").max(1), number("last"))
    };
    list.iter().map(port).collect()
}

/// The lines of a table, as their text has them. Ports have commas, and then quotes around them.
fn lines_of(table: &str) -> String {
    let mut lines = String::new();
    for row in table.lines().skip(1) {
        let mut fields: Vec<String> = vec![String::new()];
        let mut quoted = false;
        for c in row.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().expect("a field").push(c),
            }
        }
        let [what, from, to, was, is, ..] = &fields[..] else { continue };
        lines.push_str(&format!(
            "diff-type: {what}, source: {from}, destination: {to}, ref1: {was}, ref2: {is}\n"
        ));
    }
    lines
}

/// What theirs says: what is in one of two lists of ports and not in the other.
fn theirs(text: &str, known: &[Ours; 2]) -> Changes {
    let mut changes = Changes::new();
    for line in text.lines().filter(|line| line.starts_with("diff-type: ")) {
        let end = |key| match name(&field(line, key).expect("two ends")) {
            Name::Workload(name) => {
                let mut names = known.iter().filter_map(|known| known.called(&name));
                Some(names.next().unwrap_or(&name).to_owned())
            }
            Name::Outside(..) => Some(OUTSIDE.to_owned()),
            Name::Controller => None,
        };
        // DR-17: whose pods an Ingress controller is, nobody says. DR-13: nobody outside sends to
        // the address of a pod.
        let (Some(from), Some(to)) = (end("source"), end("destination")) else { continue };
        if from == OUTSIDE {
            continue;
        }
        let sides = ["ref1", "ref2"].map(|key| match field(line, key).expect("ports").as_str() {
            "No Connections" => Ports::default(),
            ports => ports.parse().expect("ports"),
        });
        let pieces = Pieces::new(&[&sides[0].0[..], &sides[1].0].concat());
        for (proto, lo, hi) in pieces.0 {
            let [was, is] = [0, 1].map(|side: usize| sides[side].contains(proto, lo));
            if was != is {
                let key = (from.clone(), to.clone(), is);
                changes.entry(key).or_default().push((proto, lo, hi));
            }
        }
    }
    changes
}
