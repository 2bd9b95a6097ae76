//! What changed in the objects, in a few words: told first, where there is so much to read that the
//! cause of most of it would be lost.

use std::collections::BTreeMap;

use fibula_answers::diff::{Became, Diff, Edit, How, What};

use super::groups::Groups;
use super::words::{Words, came_as};
use crate::page::Text;
use crate::preface::list;
use crate::reach::names::Names;
use crate::style::Label;

/// Of how many groups at most nothing is told first.
const MOST_GROUPS: usize = 8;

/// What is said of several, in the order in which it is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    PolicyGone,
    PolicyNew,
    PolicyChanged,
    Labels,
    Ports,
    Addresses,
    Namespace,
    Node,
    Came(How),
    ServiceGone,
    ServiceNew,
    ServiceChanged,
}

/// `netpol/deny-all and 12 more policies are gone; …`; nothing where there is little to read.
pub(super) fn changed(diff: &Diff, names: &Names<'_, '_>, groups: &Groups) -> Option<String> {
    if groups.all.len() <= MOST_GROUPS {
        return None;
    }
    let words = Words { names };
    // By kind, names and how many groups name each as their cause.
    let mut all: BTreeMap<Kind, Vec<(String, usize)>> = BTreeMap::new();
    let mut add = |kind: Kind, name: String, weight: usize| {
        let known = all.entry(kind).or_default();
        match known.iter_mut().find(|(other, _)| *other == name) {
            Some((_, more)) => *more += weight,
            None => known.push((name, weight)),
        }
    };
    let becauses = diff.opens.iter().chain(&diff.closes).map(|change| &change.because);
    let becauses: Vec<_> = becauses.chain(diff.doors.iter().map(|door| &door.because)).collect();
    for (at, piece) in diff.pieces.iter().enumerate() {
        let weight = becauses.iter().filter(|because| because.pieces.contains(&at)).count();
        let (kind, name) = match &piece.what {
            What::Policy { kind, path, edit } => {
                let name = words.policy(*kind, path);
                match edit {
                    Edit::Gone => (Kind::PolicyGone, name),
                    Edit::New => (Kind::PolicyNew, name),
                    _ => (Kind::PolicyChanged, name),
                }
            }
            What::Labels { whole, .. } => (Kind::Labels, names.one(*whole)),
            What::Ports(whole) => (Kind::Ports, names.one(*whole)),
            What::Addresses(whole) => (Kind::Addresses, names.one(*whole)),
            What::Namespace { name, .. } => (Kind::Namespace, format!("ns/{name}")),
            What::Node(name, _) => (Kind::Node, format!("node/{name}")),
        };
        add(kind, name, weight);
    }
    for came in &diff.came {
        add(Kind::Came(came.how), names.one(came.party), 0);
    }
    for served in &diff.services {
        let kind = match served.what {
            Became::New => Kind::ServiceNew,
            Became::Gone => Kind::ServiceGone,
            _ => Kind::ServiceChanged,
        };
        add(kind, format!("svc/{}", names.service(&served.service)), 0);
    }
    let said = all.into_iter().map(|(kind, mut names)| {
        names.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
        said(kind, &names)
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The word before it.
pub(super) fn head() -> Text {
    Text::new().with(Label::Dim, "changed    ")
}

fn said(kind: Kind, names: &[String]) -> String {
    let (one, several) = match kind {
        Kind::PolicyGone | Kind::PolicyNew | Kind::PolicyChanged => ("policy", "policies"),
        Kind::Labels | Kind::Ports | Kind::Addresses | Kind::Came(_) => ("workload", "workloads"),
        Kind::Namespace => ("namespace", "namespaces"),
        Kind::Node => ("node", "nodes"),
        Kind::ServiceGone | Kind::ServiceNew | Kind::ServiceChanged => ("Service", "Services"),
    };
    let is_one = names.len() == 1;
    let (is, has) = if is_one { ("is", "has") } else { ("are", "have") };
    let what = match kind {
        Kind::PolicyGone | Kind::ServiceGone => format!("{is} gone"),
        Kind::PolicyNew | Kind::ServiceNew => format!("{is} new"),
        Kind::PolicyChanged | Kind::ServiceChanged => format!("{is} changed"),
        Kind::Labels | Kind::Namespace => format!("{has} other labels"),
        Kind::Ports => format!("{has} other ports"),
        Kind::Addresses => format!("{has} other addresses"),
        Kind::Node => format!("{has} other labels or addresses"),
        Kind::Came(how) => came_as(how, is_one).to_owned(),
    };
    match names {
        [first, _, _, ..] => {
            let more = names.len() - 1;
            format!("{first} and {more} more {} {what}", if more == 1 { one } else { several })
        }
        few => format!("{} {what}", list(few)),
    }
}
