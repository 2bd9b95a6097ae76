//! The lists of permitted connections that another tool made of 50 folders, and what it says of 13
//! others by how they differ from these, compared with ours. Each
//! difference is explained: by a rule that covers many of a kind, or in `differences.tsv`, each by the
//! id of a statement.
//!
//! The folders are not part of the project: `FIBULA_CASES` names them.

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../common/mod.rs"]
mod common;
mod diffs;
mod lists;
mod ours;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use fibula_network::walk::Walks;
use serde_json::Value;

use lists::{Line, Name, Pieces};
use ours::{End, Ours};

/// How many differences each rule explains.
type Rules = BTreeMap<&'static str, usize>;

/// A difference: the case, from, to, ours, theirs, as in `differences.tsv`.
type Difference = [String; 5];

fn cases() -> Option<PathBuf> {
    let folder = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let path = folder.join("connectivity-lists");
    if path.exists() {
        return Some(path);
    }
    let text = b"skipped: no connectivity-lists among the external cases\n";
    let _ = std::io::stderr().write_all(text);
    None
}

#[test]
fn every_difference_from_the_lists_of_others_is_explained() {
    let Some(folder) = cases() else { return };
    let text = fs::read_to_string(folder.join("cases.jsonl")).expect("the cases are readable");
    let cases: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is a case")).collect();
    let of_kind = |kind: &'static str| cases.iter().filter(move |case| case["kind"] == kind);
    let input = |case: &Value, key: &str| case[key].as_str().expect("a folder").to_owned();
    let text = |case: &Value| {
        let path = case["expected"]["txt"].as_str()?;
        Some(fs::read_to_string(folder.join(path)).expect("an expected text"))
    };
    let mut lists: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for case in of_kind("connlist") {
        lists.insert(input(case, "input"), lists::lines(&text(case).expect("a list as text")));
    }
    assert_eq!(lists.len(), 50);
    // What a folder without a list has, where another's list and their difference say it.
    for case in of_kind("diff") {
        let known = lists.get(&input(case, "input")).cloned();
        if let (Some(known), Some(differences)) = (known, text(case)) {
            let lines = || lists::changed(known, &differences);
            lists.entry(input(case, "input2")).or_insert_with(lines);
        }
    }
    assert_eq!(lists.len(), 63);
    let mut rules = Rules::new();
    let mut found: BTreeSet<Difference> = BTreeSet::new();
    for (input, lines) in &lists {
        found.extend(compare(&folder.join(input), lines, &mut rules));
    }
    let (explained, expected) = explanations();
    let text = |all: Vec<&Difference>| {
        all.iter().map(|difference| difference.join("\t")).collect::<Vec<_>>().join("\n")
    };
    let new = text(found.difference(&explained).collect());
    let gone = text(explained.difference(&found).collect());
    assert!(new.is_empty() && gone.is_empty(), "new:\n{new}\ngone:\n{gone}\nby rule: {rules:?}");
    let rules: BTreeMap<String, usize> =
        rules.into_iter().map(|(id, count)| (id.to_owned(), count)).collect();
    assert_eq!(rules, expected);
}

/// Each difference that a statement explains, and how many each rule does.
fn explanations() -> (BTreeSet<Difference>, BTreeMap<String, usize>) {
    let (mut differences, mut rules) = (BTreeSet::new(), BTreeMap::new());
    for line in include_str!("differences.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [id, count, _] => _ = rules.insert((*id).to_owned(), count.parse().expect("a count")),
            [case, from, to, ours, theirs, _] => {
                let difference = [case, from, to, ours, theirs].map(|field| (*field).to_owned());
                differences.insert(difference);
            }
            _ => panic!("no statement explains {line}"),
        }
    }
    (differences, rules)
}

/// What one list says otherwise than we do, but for what a rule explains.
fn compare(folder: &Path, lines: &[Line], rules: &mut Rules) -> Vec<Difference> {
    let ours = Ours::of(folder);
    let case = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let case = case.unwrap_or_default();
    let ports = lines.iter().flat_map(|line| line.ports.0.iter().copied());
    let pieces = Pieces::new(&ours.ports().into_iter().chain(ports).collect::<Vec<_>>());
    let as_pods = ours.without_host_network();
    let mut differences = vec![];
    let mut said = Said::default();
    for line in lines {
        if let Err(theirs) = said.take(&ours, line, rules) {
            let fields = [&case, theirs, "", "no such workload", ""];
            differences.push(fields.map(str::to_owned));
        }
    }
    let judge = Judge {
        ours: &ours,
        walks: Walks::new(&ours.network),
        as_pods: &as_pods,
        walks_as_pods: Walks::new(&as_pods.network),
        pieces: &pieces,
    };
    let inside = judge.workloads(&said, rules).into_iter();
    for [from, to, ours, theirs] in inside.chain(judge.outside(&said, rules)) {
        differences.push([case.clone(), from, to, ours, theirs]);
    }
    differences
}

/// What a list says, by our names.
#[derive(Default)]
struct Said<'a> {
    workloads: BTreeMap<(&'a str, &'a str), &'a Line>,
    /// What a workload sends outside, and what comes to it from there.
    outside: BTreeMap<(&'a str, bool), Vec<&'a Line>>,
}

impl<'a> Said<'a> {
    /// Takes a line; the name that we do not know, if there is one.
    fn take(&mut self, ours: &'a Ours, line: &'a Line, rules: &mut Rules) -> Result<(), &'a str> {
        let known = |theirs: &'a String| ours.called(theirs).ok_or(theirs.as_str());
        match (&line.from, &line.to) {
            // Whose pods these are, nobody says.
            (Name::Controller, _) | (_, Name::Controller) => {
                *rules.entry("DR-17").or_default() += 1;
            }
            (Name::Workload(from), Name::Workload(to)) => {
                self.workloads.insert((known(from)?, known(to)?), line);
            }
            (Name::Workload(from), Name::Outside(..)) => {
                self.outside.entry((known(from)?, true)).or_default().push(line);
            }
            (Name::Outside(..), Name::Workload(to)) => {
                self.outside.entry((known(to)?, false)).or_default().push(line);
            }
            (Name::Outside(..), Name::Outside(..)) => {}
        }
        Ok(())
    }

    /// The last line that speaks of a workload and an address outside.
    fn about(&self, workload: &str, out: bool, addr: u32) -> Option<&'a Line> {
        let lines = self.outside.get(&(workload, out))?;
        lines
            .iter()
            .copied()
            .rfind(|line| line.outside().is_some_and(|(lo, hi)| (lo..=hi).contains(&addr)))
    }
}

struct Judge<'a> {
    ours: &'a Ours,
    walks: Walks<'a>,
    /// With pods in place of those of the host network.
    as_pods: &'a Ours,
    walks_as_pods: Walks<'a>,
    pieces: &'a Pieces,
}

impl Judge<'_> {
    /// From workload to workload: from, to, ours and theirs. What one sends to its own replicas is
    /// not in the lists.
    fn workloads(&self, said: &Said<'_>, rules: &mut Rules) -> Vec<[String; 4]> {
        let mut differences = vec![];
        for (from, senders) in &self.ours.workloads {
            for (to, receivers) in self.ours.workloads.iter().filter(|(to, _)| *to != from) {
                let line = said.workloads.get(&(from.as_str(), to.as_str())).copied();
                let theirs = |i: usize| self.has(i, line);
                let pair = |from: &usize, to: &usize| (End::Pod(*from), End::Pod(*to));
                let pairs =
                    senders.iter().flat_map(|from| receivers.iter().map(move |to| pair(from, to)));
                let hosts = self.ours.host_network(from) || self.ours.host_network(to);
                if let Some(ours) = self.differs(&pairs.collect::<Vec<_>>(), &theirs, hosts, rules)
                {
                    differences.push([from.clone(), to.clone(), ours, self.pieces.words(theirs)]);
                }
            }
        }
        differences
    }

    /// The same to the outside and from there, with addresses merged.
    fn outside(&self, said: &Said<'_>, rules: &mut Rules) -> Vec<[String; 4]> {
        let atoms = atoms(self.ours, &said.outside);
        let mut differences = vec![];
        for ((workload, pods), out) in
            self.ours.workloads.iter().flat_map(|w| [(w, true), (w, false)])
        {
            let hosts = self.ours.host_network(workload);
            let mut different: BTreeMap<(String, String), Vec<(u32, u32)>> = BTreeMap::new();
            for (lo, hi) in &atoms {
                let line = said.about(workload, out, *lo);
                let theirs = |i: usize| self.has(i, line);
                let ends = |pod: &usize| match out {
                    true => (End::Pod(*pod), End::Outside(*lo)),
                    false => (End::Outside(*lo), End::Pod(*pod)),
                };
                let ends: Vec<_> = pods.iter().map(ends).collect();
                if let Some(ours) = self.differs(&ends, &theirs, hosts, rules) {
                    let both = (ours, self.pieces.words(theirs));
                    different.entry(both).or_default().push((*lo, *hi));
                }
            }
            for ((ours, theirs), ranges) in different {
                let (workload, ranges) = (workload.clone(), words(&ranges));
                let (from, to) = if out { (workload, ranges) } else { (ranges, workload) };
                differences.push([from, to, ours, theirs]);
            }
        }
        differences
    }

    /// Whether a line allows a piece of ports.
    fn has(&self, piece: usize, line: Option<&Line>) -> bool {
        let (proto, lo, _) = self.pieces.0[piece];
        line.is_some_and(|line| line.ports.contains(proto, lo))
    }

    /// What we say of the ports between two ends, or several alike, where that is something else and
    /// no rule explains it.
    fn differs(
        &self,
        pairs: &[(End, End)],
        theirs: &dyn Fn(usize) -> bool,
        hosts: bool,
        rules: &mut Rules,
    ) -> Option<String> {
        let says = |who: &Ours, walks: &Walks<'_>, blocks_miss_pods| -> Vec<bool> {
            let choices = who.choices(blocks_miss_pods);
            let passes = |(proto, lo, _): &(_, u16, _)| {
                pairs.iter().any(|pair| who.passes(walks, *pair, (*proto, *lo), &choices))
            };
            self.pieces.0.iter().map(passes).collect()
        };
        let same = |says: &[bool]| says.iter().enumerate().all(|(i, yes)| *yes == theirs(i));
        let ours = says(self.ours, &self.walks, false);
        let open = self.ours.open_otherwise();
        if let (Some(open), [(End::Pod(_), End::Pod(_)), ..]) = (open, pairs) {
            let otherwise = |(i, piece): (usize, &(_, u16, _))| {
                let at = (piece.0, piece.1);
                pairs.iter().any(|pair| self.ours.passes(&self.walks, *pair, at, &open)) != ours[i]
            };
            if self.pieces.0.iter().enumerate().any(otherwise) {
                *rules.entry("DR-19").or_default() += 1;
            }
        }
        if same(&ours) {
            return None;
        }
        // Their lists match no pod by a block, and have pods of the host network like any others.
        let rule = if same(&says(self.ours, &self.walks, true)) {
            "NP-17"
        } else if hosts && same(&says(self.as_pods, &self.walks_as_pods, true)) {
            "NP-35"
        } else {
            return Some(self.pieces.words(|i| ours[i]));
        };
        *rules.entry(rule).or_default() += 1;
        None
    }
}

/// The addresses outside, in pieces that neither a policy nor a list cuts.
fn atoms(ours: &Ours, lists: &BTreeMap<(&str, bool), Vec<&Line>>) -> Vec<(u32, u32)> {
    let inside = ours.inside();
    let listed = lists.values().flatten().filter_map(|line| line.outside());
    let mut starts: BTreeSet<u64> = [0].into();
    for (lo, hi) in ours.blocks().into_iter().chain(inside.iter().copied()).chain(listed) {
        starts.extend([u64::from(lo), u64::from(hi) + 1]);
    }
    let starts: Vec<u32> = starts.into_iter().filter_map(|start| start.try_into().ok()).collect();
    let atoms = starts
        .iter()
        .enumerate()
        .map(|(i, lo)| (*lo, starts.get(i + 1).map_or(u32::MAX, |next| next - 1)));
    let is_inside = |addr: u32| inside.iter().any(|(lo, hi)| (*lo..=*hi).contains(&addr));
    // Loopback never leaves its host.
    let loopback = |addr: u32| addr >> 24 == 127;
    atoms.filter(|(lo, _)| !is_inside(*lo) && !loopback(*lo)).collect()
}

/// Ranges in words, merged.
fn words(ranges: &[(u32, u32)]) -> String {
    let mut merged: Vec<(u32, u32)> = vec![];
    for (lo, hi) in ranges {
        match merged.last_mut() {
            Some(last) if last.1 + 1 == *lo => last.1 = *hi,
            _ => merged.push((*lo, *hi)),
        }
    }
    let addr = |bits: u32| Ipv4Addr::from_bits(bits).to_string();
    let words = merged.iter().map(|(lo, hi)| format!("{}-{}", addr(*lo), addr(*hi)));
    words.collect::<Vec<_>>().join(",")
}
