//! What is told: findings that nobody has switched off, and how many were.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Severity, list};
use crate::cluster::Cluster;
use crate::place::Place;

/// What is wanted of all that could be told.
#[derive(Clone, Default)]
pub struct Wanted<'a> {
    /// Only findings of these ids; all where there are none.
    pub only: BTreeSet<String>,
    /// None of these.
    pub off: BTreeSet<String>,
    /// How bad those of an id are, instead of how bad we think they are.
    pub severity: BTreeMap<String, Severity>,
    /// Whether findings of an id are switched off at a place, by more than the object's own
    /// annotations.
    pub here: Option<Here<'a>>,
}

/// Whether an id is switched off at a place.
pub type Here<'a> = &'a dyn Fn(&str, Place) -> bool;

/// Findings, while they are collected.
pub struct Told<'a> {
    /// What they are about.
    pub cluster: &'a Cluster,
    wanted: &'a Wanted<'a>,
    findings: Vec<Finding>,
    silent: Cell<usize>,
    left_out: usize,
}

/// One of several things that are alike, and told as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct One {
    /// What it is called where it is told.
    pub name: String,
    /// What it is known by from run to run: no counts, and nothing that other objects could change.
    pub subject: String,
    /// Where it stands.
    pub place: Place,
}

// === impl One ===

impl One {
    /// Something that is known by what it is called.
    pub fn new(name: impl Into<String>, place: Place) -> Self {
        let name = name.into();
        Self { subject: name.clone(), name, place }
    }

    /// The same, known by something else.
    #[must_use]
    pub fn known_by(self, subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), ..self }
    }
}

// === impl Told ===

impl<'a> Told<'a> {
    /// Nothing yet.
    pub fn new(cluster: &'a Cluster, wanted: &'a Wanted<'a>) -> Self {
        Self { cluster, wanted, findings: Vec::new(), silent: Cell::new(0), left_out: 0 }
    }

    /// Whether findings of an id are wanted: others are only counted.
    fn asks_for(&self, id: &str) -> bool {
        self.wanted.only.is_empty() || self.wanted.only.contains(id)
    }

    /// Whether nobody has switched an id off at a place: what is switched off is counted.
    pub fn hears(&self, id: &str, place: Place) -> bool {
        let own = self.cluster.ignores.of.get(&place.object);
        let silent = own.is_some_and(|ids| ids.contains(id))
            || self.wanted.here.is_some_and(|here| here(id, place));
        self.silent.set(self.silent.get() + usize::from(silent && self.asks_for(id)));
        !silent
    }

    /// Tells a finding, unless its id is switched off; of other kinds than are wanted it is counted.
    pub fn tell(&mut self, mut finding: Finding) {
        let asked = self.asks_for(finding.id);
        if self.wanted.off.contains(finding.id) {
            self.silent.set(self.silent.get() + usize::from(asked));
            return;
        }
        if !asked {
            self.left_out += 1;
            return;
        }
        if let Some(severity) = self.wanted.severity.get(finding.id) {
            finding.severity = *severity;
        }
        self.findings.push(finding);
    }

    /// Tells a finding about places that go together: not where the id is switched off at one of
    /// them.
    pub fn each(
        &mut self,
        id: &str,
        places: Vec<Place>,
        finding: impl FnOnce(Vec<Place>) -> Finding,
    ) {
        if places.iter().all(|place| self.hears(id, *place)) {
            self.tell(finding(places));
        }
    }

    /// Tells one finding of all that are alike and not switched off, if there are such. `message`
    /// is given how many they are, and their names.
    pub fn alike(
        &mut self,
        (id, rule, severity): (&'static str, &'static str, Severity),
        ones: Vec<One>,
        message: impl Fn(usize, &str) -> String,
    ) {
        let ones: Vec<One> = ones.into_iter().filter(|one| self.hears(id, one.place)).collect();
        if ones.is_empty() {
            return;
        }
        let (mut places, mut subjects, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for one in ones {
            if !places.contains(&one.place) || places.len() > MOST {
                places.push(one.place);
            }
            subjects.push(one.subject);
            names.push(one.name);
        }
        places.dedup();
        let message = message(names.len(), &list(&names));
        self.tell(Finding { id, rule, severity, message, places, subjects });
    }

    /// All findings, the worst first, then by id and message; how many were switched off; and how many
    /// are of other kinds than were wanted.
    pub fn finish(self) -> (Vec<Finding>, usize, usize) {
        let mut findings = self.findings;
        findings.sort_by(|a, b| {
            let key = |f: &Finding| (f.severity, f.id);
            key(a)
                .cmp(&key(b))
                .then_with(|| (&a.message, &a.subjects).cmp(&(&b.message, &b.subjects)))
        });
        (findings, self.silent.get(), self.left_out)
    }
}

/// Among how many places a repeat is looked for.
const MOST: usize = 64;
