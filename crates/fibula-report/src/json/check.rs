//! `check` as JSON.

use fibula_answers::promises::{Breach, By, Doubt, Member, Outcome, Witness, Wrong};
use serde_json::{Value, json};

use super::reach::{choices, door, party, ports};
use super::{basis, life, unread};
use crate::check::{Check, Made, Words, reach};
use crate::policies;
use crate::preface::Preface;
use crate::view::View;

/// `check`: parties are named once, and breaches say their places in that list.
pub fn check(view: &View<'_>, check: &Check<'_>, preface: &Preface) -> Value {
    let reach = reach(check.checked);
    let words = Words::new(view, check, &reach);
    let of = |is: &dyn Fn(&Outcome) -> bool| check.checked.outcomes().filter(|o| is(o)).count();
    let (broken, undecided) = (of(&Outcome::is_broken), of(&Outcome::is_undecided));
    let promises = check.made().map(|(made, outcome)| promise(view, check, &words, made, outcome));
    json!({
        "fibula": "check/1",
        "verdict": match (broken, undecided) {
            (0, 0) => "kept",
            (0, _) => "undecided",
            _ => "broken",
        },
        "counts": {
            "written": check.written.len() + check.refused,
            "implied": check.checked.implied.len(),
            "kept": of(&|outcome| *outcome == Outcome::Kept),
            "broken": broken,
            "undecided": undecided,
            "refused": of(&Outcome::is_wrong) + check.refused,
            "refused_files": check.refused_files,
        },
        "parties": check.checked.parties.iter().map(party).collect::<Vec<_>>(),
        "promises": promises.collect::<Vec<_>>(),
        "unread": check.checked.unread.iter().map(unread).collect::<Vec<_>>(),
        "basis": basis(preface),
    })
}

fn promise(
    view: &View<'_>,
    check: &Check<'_>,
    words: &Words<'_>,
    made: Made<'_>,
    outcome: &Outcome,
) -> Value {
    let at = check.at(made).map(|spot| spot.to_string());
    let (name, because, variable, source) = match made {
        Made::Written(w) => (w.promise.name.clone(), w.promise.because.clone(), None, "written"),
        Made::Implied(implied) => {
            let variable = Some(implied.by.clone()).filter(|by| !by.is_empty());
            (None, None, variable, "implied")
        }
    };
    let mut value = json!({
        "source": source,
        "name": name,
        "because": because,
        "variable": variable,
        "says": words.says(made),
        "at": at,
        "outcome": match outcome {
            Outcome::Kept => "kept",
            Outcome::Broken(_) => "broken",
            Outcome::Undecided(_) => "undecided",
            Outcome::Wrong(_) => "refused",
        },
        "breaches": [],
        "doubts": [],
        "wrong": [],
    });
    match outcome {
        Outcome::Kept => {}
        Outcome::Broken(all) => value["breaches"] = all.iter().map(|b| breach(view, b)).collect(),
        Outcome::Undecided(all) => value["doubts"] = all.iter().map(|d| doubt(view, d)).collect(),
        Outcome::Wrong(all) => value["wrong"] = all.iter().map(wrong).collect(),
    }
    value
}

fn members(members: &[Member]) -> Value {
    let member =
        |Member { party, some, of }: &Member| json!({ "party": party.0, "some": some, "of": of });
    members.iter().map(member).collect()
}

fn breach(view: &View<'_>, breach: &Breach) -> Value {
    let Breach { open, from, strangers, to, ports: at, by, choices, witness } = breach;
    json!({
        "open": open,
        "from": members(from),
        "to": members(to),
        "strangers": { "from": strangers[0], "to": strangers[1] },
        "ports": ports(at),
        "by": match by {
            By::Address => json!("address"),
            By::NoFamily => json!({ "id": "NM-12" }),
            By::Service(name, port) => json!({
                "service": name,
                "port": port.number,
                "protocol": port.proto.name(),
            }),
            By::Door(by) => json!({ "door": door(view, by) }),
            By::Name(why, id) => json!({ "id": id, "why": why }),
        },
        "choices": self::choices(view, choices),
        "witness": witness.as_ref().map(|witness| shown(view, witness)),
    })
}

/// The message that shows it.
fn shown(view: &View<'_>, witness: &Witness) -> Value {
    let mut value = life(view, &witness.branch.life);
    value["choices"] = json!(witness.choices);
    value["share"] = json!({ "part": witness.share.0, "of": witness.share.1 });
    value["policies"] =
        witness.branch.rulings.iter().map(|ruling| policies::ruling(view, ruling)).collect();
    value
}

fn doubt(view: &View<'_>, doubt: &Doubt) -> Value {
    match doubt {
        Doubt::Choices(ids) => json!({ "choices": choices(view, ids) }),
        Doubt::Unread => json!({ "id": "DR-21" }),
        Doubt::Services(kinds) => {
            json!({ "id": "DR-21", "unread": kinds.iter().map(unread).collect::<Vec<_>>() })
        }
        Doubt::Labels(namespace) => json!({ "id": "DR-22", "namespace": namespace }),
        Doubt::Awaited(service) => json!({ "id": "SVC-24", "service": service }),
        Doubt::Outside(why) => json!({ "id": "DNS-5", "why": why }),
    }
}

fn wrong(wrong: &Wrong) -> Value {
    let Wrong { path, expected, got, help } = wrong;
    json!({ "path": path, "expected": expected, "got": got, "help": help })
}
