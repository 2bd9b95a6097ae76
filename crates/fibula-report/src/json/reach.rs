//! `reach` as JSON.

use fibula_answers::reach::{
    At, By, Door, Line, Named, Party, PartyId, Ports, Reach, Use, Who, Why,
};
use fibula_network::{ChoiceId, Family, Proto};
use serde_json::{Value, json};

use super::{basis, unread};
use crate::preface::Preface;
use crate::view::View;

/// `reach`: parties are named once, and lines say their places in that list.
pub fn reach(view: &View<'_>, reach: &Reach, preface: &Preface) -> Value {
    let undecided = reach.undecided.iter().map(|(why, line)| {
        let mut value = self::line(line);
        value["why"] = self::why(view, why);
        value
    });
    json!({
        "fibula": "reach/1",
        "basis": basis(preface),
        "parties": reach.parties.iter().map(party).collect::<Vec<_>>(),
        "lines": reach.lines.iter().map(line).collect::<Vec<_>>(),
        "undecided": undecided.collect::<Vec<_>>(),
        "doors": reach.doors.iter().map(|d| door(view, d)).collect::<Vec<_>>(),
        "services": reach.services.iter().map(|s| service(view, s)).collect::<Vec<_>>(),
        "unreached": ids(&reach.unreached),
        "pairs": {
            "all": reach.pairs.all,
            "open": reach.pairs.open,
            "undecided": reach.pairs.undecided,
            "named": reach.pairs.named,
        },
        "unused": reach.unused,
        "named": reach.named.iter().map(named).collect::<Vec<_>>(),
        "own_pods": reach.own_pods,
        "unread": reach.unread.iter().map(unread).collect::<Vec<_>>(),
    })
}

pub(super) fn party(party: &Party) -> Value {
    match &party.who {
        Who::Workload { namespace, name, kind, only } => json!({
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "only": only,
            "pods": party.elements.len(),
        }),
        Who::Node(name) => json!({ "kind": "Node", "name": name }),
        Who::OwnNode => json!({ "kind": "own node" }),
        Who::World(ranges) => json!({
            "kind": "world",
            "ranges": ranges.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
    }
}

pub(super) fn ids(parties: &[PartyId]) -> Vec<u32> {
    parties.iter().map(|id| id.0).collect()
}

pub(super) fn ports(ports: &Ports) -> Value {
    match ports.any() {
        true => json!("any"),
        false => ports.0.iter().map(|(proto, (lo, hi))| port(*proto, *lo, *hi)).collect(),
    }
}

fn port(proto: Proto, first: u32, last: u32) -> Value {
    json!({ "protocol": proto.name(), "first": first, "last": last })
}

pub(super) fn line(line: &Line) -> Value {
    let to = line.to.iter().map(|toward| {
        json!({
            "targets": ids(&toward.targets),
            "ports": ports(&toward.ports),
            "family": toward.family.map(family),
        })
    });
    json!({ "from": ids(&line.from), "to": to.collect::<Vec<_>>() })
}

fn why(view: &View<'_>, why: &Why) -> Value {
    match why {
        Why::Choices(choices) => json!({ "choices": self::choices(view, choices) }),
        Why::Unread => json!({ "id": "DR-21" }),
    }
}

pub(crate) fn choices(view: &View<'_>, choices: &[ChoiceId]) -> Value {
    let choices = choices.iter().map(|choice| {
        let choice = view.network.choice(*choice);
        json!({ "id": choice.id, "question": choice.question })
    });
    choices.collect()
}

fn family(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

fn named(named: &Named) -> Value {
    let Named { from, to, port, by, text, open } = named;
    json!({
        "from": from.0,
        "to": to.0,
        "port": port.number,
        "protocol": port.proto.name(),
        "variable": Some(by).filter(|by| !by.is_empty()),
        "says": text,
        "open": open,
    })
}

pub(super) fn door(view: &View<'_>, door: &Door) -> Value {
    let to = door.to.iter().map(|(party, port)| json!({ "target": party.0, "port": port }));
    json!({
        "service": match &door.by {
            By::Service(path) => Some(path),
            By::HostPort => None,
        },
        "at": match &door.at {
            At::Address(ip) => json!({ "address": ip.to_string() }),
            At::Nodes(nodes, _) => json!({ "nodes": nodes }),
            At::Awaited => json!("awaited"),
        },
        "port": door.port,
        "protocol": door.proto.name(),
        "from": door.from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "to": to.collect::<Vec<_>>(),
        "all": door.all,
        "choices": choices(view, &door.choices),
        "unread": door.unread || door.unknown,
    })
}

fn service(view: &View<'_>, used: &Use) -> Value {
    let undecided = used
        .undecided
        .iter()
        .map(|(why, who)| json!({ "choices": choices(view, why), "from": ids(who) }));
    json!({
        "service": used.service,
        "port": used.port.number,
        "protocol": used.port.proto.name(),
        "endpoints": used.endpoints,
        "all": ids(&used.all),
        "some": ids(&used.some),
        "undecided": undecided.collect::<Vec<_>>(),
        "family": used.family.map(family),
        "local": used.local,
        "unread": used.unread || used.unknown,
    })
}
