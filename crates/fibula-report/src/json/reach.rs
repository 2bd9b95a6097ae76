//! `reach` as JSON.

use fibula_answers::reach::{Door, Line, Party, PartyId, Ports, Reach, Use, Who, Why};
use fibula_network::Proto;
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
        "parties": reach.parties.iter().map(|p| party(view, p)).collect::<Vec<_>>(),
        "lines": reach.lines.iter().map(line).collect::<Vec<_>>(),
        "undecided": undecided.collect::<Vec<_>>(),
        "doors": reach.doors.iter().map(door).collect::<Vec<_>>(),
        "services": reach.services.iter().map(service).collect::<Vec<_>>(),
        "unreached": ids(&reach.unreached),
        "pairs": {
            "all": reach.pairs.all,
            "open": reach.pairs.open,
            "undecided": reach.pairs.undecided,
        },
        "unread": reach.unread.iter().map(unread).collect::<Vec<_>>(),
    })
}

fn party(view: &View<'_>, party: &Party) -> Value {
    match &party.who {
        Who::Workload { namespace, name, kind, only } => json!({
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "only": only,
            "pods": party.elements.len(),
        }),
        Who::Node(name) => json!({ "kind": "Node", "name": name }),
        Who::World(ranges) => json!({
            "kind": view.network.of_kind(fibula_network::Kind::World).next().map_or("outside", |_| "world"),
            "ranges": ranges.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
    }
}

fn ids(parties: &[PartyId]) -> Vec<u32> {
    parties.iter().map(|id| id.0).collect()
}

fn ports(ports: &Ports) -> Value {
    match ports.any() {
        true => json!("any"),
        false => ports.0.iter().map(|(proto, (lo, hi))| port(*proto, *lo, *hi)).collect(),
    }
}

fn port(proto: Proto, first: u32, last: u32) -> Value {
    json!({ "protocol": proto.name(), "first": first, "last": last })
}

fn line(line: &Line) -> Value {
    let to = line
        .to
        .iter()
        .map(|toward| json!({ "targets": ids(&toward.targets), "ports": ports(&toward.ports) }));
    json!({ "from": ids(&line.from), "to": to.collect::<Vec<_>>() })
}

fn why(view: &View<'_>, why: &Why) -> Value {
    match why {
        Why::Choices(choices) => {
            let choices = choices.iter().map(|choice| {
                let choice = view.network.choice(*choice);
                json!({ "id": choice.id, "question": choice.question })
            });
            json!({ "choices": choices.collect::<Vec<_>>() })
        }
        Why::Unread => json!({ "id": "DR-21" }),
    }
}

fn door(door: &Door) -> Value {
    let to = door.to.iter().map(|(party, port)| json!({ "target": party.0, "port": port }));
    json!({
        "service": door.service,
        "at": door.at.to_string(),
        "port": door.port,
        "protocol": door.proto.name(),
        "from": door.from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "to": to.collect::<Vec<_>>(),
        "all": door.all,
        "undecided": door.undecided,
    })
}

fn service(used: &Use) -> Value {
    json!({
        "service": used.service,
        "port": used.port.number,
        "protocol": used.port.proto.name(),
        "endpoints": used.endpoints,
        "all": ids(&used.all),
        "some": ids(&used.some),
        "local": used.local,
        "undecided": used.undecided,
    })
}
