//! Changes and what they come to, in words.

use std::collections::BTreeSet;

use fibula_answers::change::{Change, Edit, Labelled};
use fibula_answers::reach::{Ports, Who};
use fibula_answers::trace::Doubt;
use fibula_answers::why::{Because, Goal, Offer, Pairs, Used};
use fibula_cluster::{Policy, Protocol};
use fibula_network::{Proto, Range};

use super::patch::Patch;
use crate::preface::{count, list};
use crate::view::View;

/// How many groups of connections are told.
const MOST_GROUPS: usize = 3;
/// How many ranges are written out.
const MOST_RANGES: usize = 2;
/// How many names of a group.
const MOST_NAMES: usize = 4;

/// What a change is: `3 lines in netpol/redis-cart`.
pub(super) fn title(view: &View<'_>, offer: &Offer, patch: Option<&Patch>) -> String {
    let lines = patch.and_then(Patch::lines).unwrap_or_else(|| offer.change.lines());
    let edits = &offer.change.edits;
    let named: Vec<String> = edits.iter().map(|edit| self::edit(view, edit)).collect();
    let lines = count(lines, "line");
    match &edits[..] {
        [Edit::AddPeer { .. }] => format!("{lines} in {}", named[0]),
        [Edit::AddRule { .. } | Edit::AddPolicy(_) | Edit::AddPort { .. }] => {
            format!("{}, {lines}", named[0])
        }
        [_] => named[0].clone(),
        _ => format!("{}, {lines}", list(&named)),
    }
}

/// One edit.
fn edit(view: &View<'_>, edit: &Edit) -> String {
    let policy = |object| called(view, object);
    match edit {
        Edit::AddPeer { rule, .. } => policy(rule.policy),
        Edit::RemovePeer { rule, peer } => {
            let (way, peers) = (rule.direction.name(), rule.direction.peers());
            format!("without {} {way}[{}].{peers}[{peer}]", policy(rule.policy), rule.rule)
        }
        Edit::AddPort { rule, .. } => {
            format!("a port in {} {}[{}]", policy(rule.policy), rule.direction.name(), rule.rule)
        }
        Edit::RemovePort { rule, port } => {
            let way = rule.direction.name();
            format!("without {} {way}[{}].ports[{port}]", policy(rule.policy), rule.rule)
        }
        Edit::AddRule { at, .. } => format!("a rule in {}", policy(at.policy)),
        Edit::RemoveRule(at) => {
            format!("without {} {}[{}]", policy(at.policy), at.direction.name(), at.rule)
        }
        Edit::AddPolicy(_) => "a new policy".to_owned(),
        Edit::SetLabel { of, key, value } => {
            let of = match of {
                Labelled::Workload { namespace, workload } => within(namespace, &workload.name),
                Labelled::Namespace(name) => format!("namespace {name}"),
            };
            match value {
                Some(value) => format!("label {key}={value} on {of}"),
                None => format!("no label {key} on {of}"),
            }
        }
        Edit::SetSelector { service, key, value } => {
            format!("selector {key}={value} in {}", self::service(view, *service))
        }
        Edit::SetServicePort { service, index, number, protocol } => {
            let port = self::port(*number, *protocol);
            format!("port {port} as ports[{index}] of {}", self::service(view, *service))
        }
        Edit::AddServicePort { service, number, protocol, .. } => {
            let port = self::port(*number, *protocol);
            format!("a port {port} in {}", self::service(view, *service))
        }
        Edit::SetTargetPort { service, index, target } => {
            format!("targetPort {target} in ports[{index}] of {}", self::service(view, *service))
        }
    }
}

/// A port as people say it: `8080`, `53/UDP`.
fn port(number: u16, protocol: Protocol) -> String {
    match protocol {
        Protocol::Tcp => number.to_string(),
        other => format!("{number}/{}", other.name()),
    }
}

/// Why a change is not offered.
pub(super) fn because(offer: &Offer, because: &Because) -> String {
    match because {
        Because::Leaves(workload, service) => {
            format!("it takes {workload} out of svc/{}", short(service))
        }
        Because::Joins(workload, service) => {
            format!("it puts {workload} behind svc/{}", short(service))
        }
        Because::OwnLabel(key) => {
            format!("the workload may select its own pods by {key}, which it cannot change")
        }
        Because::Closes => {
            let besides = &offer.besides;
            format!("it closes {}", told(&besides.closes, &besides.fails))
        }
    }
}

/// The statements by which it is not certain that a change works.
pub(super) fn doubts(offer: &Offer) -> String {
    let ids: BTreeSet<&str> = offer.doubts.iter().filter_map(Doubt::id).collect();
    ids.into_iter().collect::<Vec<_>>().join(", ")
}

/// What a change opens and closes besides.
pub(super) fn besides(goal: Goal, offer: &Offer) -> String {
    let besides = &offer.besides;
    let opens = told(&besides.opens, &besides.serves);
    let closes = told(&besides.closes, &besides.fails);
    let nothing = match goal {
        Goal::Allow => "opens nothing else",
        Goal::Close => "closes nothing else",
    };
    match (opens.is_empty(), closes.is_empty()) {
        (true, true) => nothing.to_owned(),
        (false, true) => format!("also opens {opens}"),
        (true, false) => format!("also closes {closes}"),
        (false, false) => format!("also opens {opens}, and closes {closes}"),
    }
}

/// Groups of connections: `web → db:5433`.
fn told(pairs: &[Pairs], used: &[Used]) -> String {
    let each = pairs.iter().map(|pairs| {
        let perhaps = if pairs.perhaps { "perhaps " } else { "" };
        let ports = ports(&pairs.ports);
        format!("{perhaps}{} → {}:{ports}", names(&pairs.from), names(&pairs.to))
    });
    let used = used
        .iter()
        .map(|used| format!("{} → svc/{}:{}", names(&used.from), short(&used.service), used.port));
    let mut all: Vec<String> = each.chain(used).collect();
    if all.len() > MOST_GROUPS {
        let more = all.len() - MOST_GROUPS + 1;
        all.truncate(MOST_GROUPS - 1);
        all.push(format!("{more} more groups"));
    }
    list(&all)
}

fn names(all: &[Who]) -> String {
    let whole = |who: &Who| matches!(who, Who::Workload { only, .. } if only.is_empty());
    if all.len() > MOST_NAMES && all.iter().all(whole) {
        return count(all.len(), "workload");
    }
    let mut named: Vec<String> = all.iter().take(MOST_NAMES).map(who).collect();
    if all.len() > MOST_NAMES {
        named.push(format!("{} more", all.len() - MOST_NAMES));
    }
    named.join(", ")
}

/// Who a party is.
pub(super) fn who(who: &Who) -> String {
    match who {
        Who::Workload { namespace, name, only, .. } if only.is_empty() => within(namespace, name),
        Who::Workload { namespace, only, .. } => {
            only.iter().map(|pod| within(namespace, pod)).collect::<Vec<_>>().join(", ")
        }
        Who::Node(name) => format!("node/{name}"),
        Who::OwnNode => "its own node".to_owned(),
        Who::World(ranges) => {
            // All of it, but for what the cluster has.
            let ends = [Range::ALL.hi, Range::ALL_V4.hi];
            match ranges.len() {
                _ if ranges.iter().any(|range| ends.contains(&range.hi)) => "world".to_owned(),
                1..=MOST_RANGES => {
                    let ranges: Vec<String> = ranges.iter().map(Range::to_string).collect();
                    format!("world {}", ranges.join(" "))
                }
                n => format!("{n} ranges of the world"),
            }
        }
    }
}

/// Ports, as they stand behind a name.
pub(super) fn ports(ports: &Ports) -> String {
    // Port 0 is none that anybody could name.
    let last = u32::from(u16::MAX);
    let all = |lo: u32, hi: u32| lo <= 1 && hi == last;
    if ports.0.len() == Proto::ALL.len() && ports.0.iter().all(|(_, (lo, hi))| all(*lo, *hi)) {
        return "any".to_owned();
    }
    let each = ports.0.iter().map(|(proto, (lo, hi))| {
        let range = match (lo, hi) {
            (lo, hi) if all(*lo, *hi) => "any".to_owned(),
            (lo, hi) if lo == hi => lo.to_string(),
            (lo, hi) => format!("{lo}-{hi}"),
        };
        match (proto, &*range) {
            (Proto::Tcp, range) if range != "any" => range.to_owned(),
            (proto, range) => format!("{range}/{proto}"),
        }
    });
    each.collect::<Vec<_>>().join(",")
}

/// A policy, as `kubectl` takes it.
fn called(view: &View<'_>, object: fibula_cluster::ObjectId) -> String {
    let name = view.cluster.and_then(|cluster| {
        let policy = cluster.policies.iter().find(|policy| policy.object == object)?;
        Some(self::policy(policy))
    });
    name.unwrap_or_else(|| "a policy".to_owned())
}

fn policy(policy: &Policy) -> String {
    let kind = policy.kind.short();
    format!("{kind}/{}", within(&policy.namespace, &policy.name))
}

fn service(view: &View<'_>, object: fibula_cluster::ObjectId) -> String {
    let name = view.cluster.and_then(|cluster| {
        let service = cluster.services.iter().find(|service| service.object == object)?;
        Some(within(&service.namespace, &service.name))
    });
    name.map_or_else(|| "a Service".to_owned(), |name| format!("svc/{name}"))
}

/// A name, with its namespace where that is not `default`.
pub(super) fn within(namespace: &str, name: &str) -> String {
    match namespace {
        "" | "default" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

fn short(path: &str) -> &str {
    path.strip_prefix("default/").unwrap_or(path)
}

/// For programs: what a change is made of.
pub(super) fn edits(view: &View<'_>, change: &Change) -> Vec<String> {
    change.edits.iter().map(|edit| self::edit(view, edit)).collect()
}
