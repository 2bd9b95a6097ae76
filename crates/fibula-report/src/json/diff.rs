//! `diff` as JSON.

use fibula_answers::diff::{
    At, Became, Change, Diff, Doorway, Fact, How, Piece, Proof, Reason, Served, Standing,
};
use fibula_answers::reach::{self, By, PartyId, Why};
use fibula_network::ChoiceId;
use serde_json::{Value, json};

use super::reach::{ids, line, party};
use super::{basis, unread};
use crate::diff::{Inputs, Shown, words_of};

/// `diff`: parties and pieces are named once, and changes say their places in those lists.
pub fn diff(inputs: &Inputs<'_>, diff: &Diff) -> Value {
    let verdict = match (diff.is_different(), diff.is_undecided()) {
        (true, _) => "different",
        (false, true) => "undecided",
        (false, false) => "alike",
    };
    let [old, new] = inputs.prefaces;
    let parties = diff.parties.iter().zip(&diff.standing).map(|(one, standing)| {
        let mut value = party(one);
        value["standing"] = json!(match standing {
            Standing::Both => "both",
            Standing::New => "new",
            Standing::Gone => "gone",
        });
        value
    });
    let changes = |opens: bool, changes: &[Change]| -> Vec<Value> {
        changes.iter().map(|one| change(diff, opens, one)).collect()
    };
    let all = [changes(true, &diff.opens), changes(false, &diff.closes)].concat();
    let shown = Shown::new(diff);
    let words = words_of(inputs, &shown, diff);
    let pieces = diff.pieces.iter().zip(words).map(|(one, words)| piece(inputs, one, &words));
    let contested = diff
        .contested
        .iter()
        .map(|(id, choices)| json!({ "party": id.0, "choices": self::choices(diff, choices) }));
    json!({
        "fibula": "diff/1",
        "verdict": verdict,
        "basis": { "old": basis(old), "new": basis(new) },
        "parties": parties.collect::<Vec<_>>(),
        "changes": all,
        "services": diff.services.iter().map(|s| served(inputs, s)).collect::<Vec<_>>(),
        "doors": diff.doors.iter().map(|d| door(inputs, diff, d)).collect::<Vec<_>>(),
        "unasked": diff.unasked,
        "came": diff.came.iter().map(|came| json!({
            "party": came.party.0,
            "how": how(came.how),
            "at": came.at.as_ref().and_then(|at| self::at(inputs, at)),
        })).collect::<Vec<_>>(),
        "moved": diff.moved.iter().map(|moved| json!({
            "party": moved.party.0,
            "at": at(inputs, &moved.at),
        })).collect::<Vec<_>>(),
        "pieces": pieces.collect::<Vec<_>>(),
        "contested": contested.collect::<Vec<_>>(),
        "pairs": {
            "before": diff.pairs.before,
            "unchanged": diff.pairs.unchanged,
            "opened": diff.pairs.opened,
            "closed": diff.pairs.closed,
        },
        "unread": diff.unread.iter().map(unread).collect::<Vec<_>>(),
        "unread_differ": diff.unread_differ,
    })
}

fn change(diff: &Diff, opens: bool, change: &Change) -> Value {
    let mut value = line(&change.line);
    value["opens"] = json!(opens);
    value["with"] = json!(change.with);
    value["strangers"] = json!(change.strangers);
    value["why"] = match &change.why {
        None => Value::Null,
        Some(Why::Choices(choices)) => json!({ "choices": self::choices(diff, choices) }),
        Some(Why::Unread) => json!({ "id": "DR-21" }),
    };
    value["because"] = json!({
        "pieces": change.because.pieces,
        "proved": change.because.proved.map(|proof| match proof {
            Proof::Each => "each",
            Proof::Together => "together",
        }),
    });
    value
}

fn choices(diff: &Diff, choices: &[ChoiceId]) -> Value {
    let choices = choices.iter().filter_map(|id| diff.choices.get(usize::from(id.0)));
    choices.map(|choice| json!({ "id": choice.id, "question": choice.question })).collect()
}

fn piece(inputs: &Inputs<'_>, piece: &Piece, words: &str) -> Value {
    json!({ "says": words, "at": piece.at.as_ref().and_then(|at| self::at(inputs, at)) })
}

fn at(inputs: &Inputs<'_>, at: &At) -> Option<Value> {
    let spot = crate::diff::spot(inputs, at)?;
    Some(json!({
        "input": if at.side == 0 { "old" } else { "new" },
        "place": spot.to_string(),
    }))
}

fn how(how: How) -> &'static str {
    match how {
        How::New => "new",
        How::Gone => "gone",
        How::OwnNetwork => "own network",
        How::HostNetwork => "host network",
    }
}

fn ends(ends: &[(PartyId, u16)]) -> Vec<Value> {
    ends.iter().map(|(id, port)| json!({ "target": id.0, "port": port })).collect()
}

fn served(inputs: &Inputs<'_>, served: &Served) -> Value {
    let none: &[(PartyId, u16)] = &[];
    let (became, was, is) = match &served.what {
        Became::New => ("new", none, none),
        Became::Gone => ("gone", none, none),
        Became::PortNew => ("port new", none, none),
        Became::PortGone => ("port gone", none, none),
        Became::Empty(was) => ("leads to nobody", &was[..], none),
        Became::Filled(is) => ("leads to somebody", none, &is[..]),
        Became::Leads(was, is) => ("leads elsewhere", &was[..], &is[..]),
        Became::Kind(..) => ("another kind", none, none),
        Became::Same => ("leads to the same", none, none),
    };
    json!({
        "service": served.service,
        "port": served.port.map(|port| port.number),
        "protocol": served.port.map(|port| port.proto.name()),
        "became": became,
        "was": ends(was),
        "is": ends(is),
        "why": served.why.map(|why| match why {
            Reason::Selector => "selector",
            Reason::NoSelector => "no selector",
            Reason::Target => "target port",
            Reason::Pods => "pods",
            Reason::Endpoints => "endpoints",
        }),
        "facts": served.facts.iter().map(fact).collect::<Vec<_>>(),
        "gained": ids(&served.gained),
        "lost": ids(&served.lost),
        "other": ids(&served.other),
        "nobody": served.nobody,
        "asked": served.asked,
        "certain": served.is_certain(),
        "unread": served.unknown,
        "at": served.at.as_ref().and_then(|at| self::at(inputs, at)),
    })
}

fn fact(fact: &Fact) -> &'static str {
    match fact {
        Fact::Kind(..) => "type",
        Fact::Proxied(_) => "proxy",
        Fact::InternalLocal(_) => "internalTrafficPolicy",
        Fact::ExternalLocal(_) => "externalTrafficPolicy",
        Fact::Affinity(_) => "sessionAffinity",
        Fact::Distribution(_) => "trafficDistribution",
        Fact::ClusterIps => "clusterIPs",
        Fact::NodePorts => "nodePorts",
        Fact::Addresses => "addresses",
        Fact::SourceRanges => "loadBalancerSourceRanges",
        Fact::HealthCheck => "healthCheckNodePort",
        Fact::Names => "names",
    }
}

fn door(inputs: &Inputs<'_>, diff: &Diff, door: &Doorway) -> Value {
    json!({
        "opens": door.opens,
        "service": match &door.by {
            By::Service(path) => Some(path),
            By::HostPort => None,
        },
        "stands": stands(&door.at),
        "stays": door.stays.as_ref().map(stands),
        "stood": door.moved.as_ref().map(stands),
        "facts": door.facts.iter().map(fact).collect::<Vec<_>>(),
        "port": door.port,
        "protocol": door.proto.name(),
        "from": door.from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "callers": ids(&door.callers),
        "to": ends(&door.to),
        "certain": door.certain,
        "choices": choices(diff, &door.choices),
        "unread": door.unread || door.unknown,
        "at": door.place.as_ref().and_then(|at| self::at(inputs, at)),
    })
}

fn stands(at: &reach::At) -> Value {
    match at {
        reach::At::Address(ip) => json!({ "address": ip.to_string() }),
        reach::At::Nodes(nodes, _) => json!({ "nodes": nodes }),
        reach::At::Awaited => json!("awaited"),
    }
}
