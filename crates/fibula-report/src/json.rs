//! Answers as JSON: one object each, with the version of its form. `docs/json.md` describes them.

mod check;
mod diff;
mod error;
mod reach;

pub use check::check;
pub use diff::diff;
pub use error::{names, stopped};
pub(crate) use reach::choices;
pub use reach::reach;

use fibula_answers::lint::Lint;
use fibula_answers::names::{Candidate, Resolved};
use fibula_answers::trace::{
    Affinity, Answer, Branch, Doubt, Granted, Instead, Query, Share, Trace, Unread, header_before,
};
use fibula_answers::{Constraint, Counterexample, Outcome, Proof, Scope, Withheld};
use fibula_cluster::{Finding, Laid, Place};
use fibula_network::walk::{Life, Step};
use fibula_network::{ElementId, Header};
use serde_json::{Value, json};

use crate::demo::Demo;
use crate::explain::ids;
use crate::life;
use crate::page::Screen;
use crate::policies;
use crate::preface::{About, Preface};
use crate::served;
use crate::view::View;

/// `verify`.
pub fn verify(
    view: &View<'_>,
    proof: &Proof,
    withheld: Option<Withheld>,
    findings: &[Finding],
    place: &dyn Fn(Place) -> Option<String>,
    preface: &Preface,
) -> Value {
    let verdict = match (proof.violated(), proof.holds() && preface.missing().is_none()) {
        (true, _) => "violated",
        (false, true) => "proved",
        (false, false) => "undecided",
    };
    json!({
        "fibula": "verify/1",
        "verdict": verdict,
        "basis": basis(preface),
        "withheld": withheld.map(|Withheld { pairs, groups }| {
            json!({ "pairs": pairs, "groups": groups })
        }),
        "constraints": proof.constraints.iter().map(|c| constraint(view, c)).collect::<Vec<_>>(),
        "findings": findings.iter().map(|f| finding(f, place)).collect::<Vec<_>>(),
    })
}

/// `trace`.
pub fn trace(view: &View<'_>, trace: &Trace, preface: &Preface) -> Value {
    let lives = trace.ways.iter().flat_map(|way| {
        way.branches.iter().map(|branch| {
            let mut value = self::branch(view, branch);
            value["choices"] = json!(way.choices);
            value
        })
    });
    let answer = match trace.answer() {
        Answer::All => "all",
        Answer::Some => "some",
        Answer::None => "none",
        Answer::Undecided => "undecided",
    };
    json!({
        "fibula": "trace/2",
        "answer": answer,
        "verdict": trace.verdict().map(|verdict| verdict.name()),
        "from": {
            "process": element(view, trace.from.process),
            "taken_for": candidate(&trace.from.chosen),
            "alike": trace.from.alike,
        },
        "to": {
            "taken_for": trace.to.chosen.as_ref().map(candidate),
            "dns": trace.to.dns.as_ref().map(resolved),
        },
        "message": header(trace.header),
        "source_port_matters": trace.source_port_matters,
        "lives": lives.collect::<Vec<_>>(),
        "doubts": trace.doubts.iter().map(|d| doubt(view, trace, d)).collect::<Vec<_>>(),
        "settled": trace.settled.iter().map(|s| policies::settled_json(view, s)).collect::<Vec<_>>(),
        "granted": trace.granted.iter().map(granted).collect::<Vec<_>>(),
        "affinity": trace.affinity.iter().map(affinity).collect::<Vec<_>>(),
        "instead": trace.instead.as_ref().map(instead),
        "query": trace.query.as_ref().map(|query| self::query(view, query)),
        "basis": basis(preface),
    })
}

/// `lint`.
pub fn lint(lint: &Lint, place: &dyn Fn(Place) -> Option<String>, preface: &Preface) -> Value {
    json!({
        "fibula": "lint/1",
        "findings": lint.findings.iter().map(|f| finding(f, place)).collect::<Vec<_>>(),
        "off": lint.off,
        "left_out": lint.left_out,
        "basis": basis(preface),
    })
}

/// `demo`: what was proved of K1, and refuted of the broken copies.
pub fn demo(demo: &Demo<'_>) -> Value {
    let constraints = |view: &View<'_>, proof: &Proof| -> Value {
        proof.constraints.iter().map(|c| constraint(view, c)).collect()
    };
    let broken = demo.broken.iter().map(|broken| {
        let view = View::new(broken.network, &|_| None);
        json!({ "title": broken.title, "constraints": constraints(&view, broken.proof) })
    });
    json!({
        "fibula": "demo/1",
        "constraints": constraints(demo.view, demo.proof),
        "broken": broken.collect::<Vec<_>>(),
    })
}

/// `explain`: the text of an id, or all ids; nothing for an unknown id.
pub fn explain(id: Option<&str>) -> Value {
    match id {
        None => json!({ "fibula": "explain/1", "ids": ids().collect::<Vec<_>>() }),
        Some(id) => json!({
            "fibula": "explain/1",
            "id": id,
            "text": crate::explain(id).map(|page| page.render(&Screen::PIPE)),
        }),
    }
}

/// An element: its kind, and its name in full.
pub(crate) fn element(view: &View<'_>, id: ElementId) -> Value {
    let element = view.network.element(id);
    json!({ "kind": element.kind.name(), "name": element.name })
}

/// A life: its steps, and how it ends.
pub(crate) fn life(view: &View<'_>, life: &Life) -> Value {
    let steps = life.steps.iter().enumerate().map(|(i, step)| match *step {
        Step::Send { from, to, header: h } => json!({
            "send": element(view, from), "to": element(view, to), "message": header(h),
        }),
        Step::Recv { at, from, header: h } => json!({
            "recv": element(view, at), "from": element(view, from), "message": header(h),
        }),
        Step::Pass { at, entry: id } => {
            let entry = view.network.entry(id);
            json!({
                "pass": element(view, at),
                "entry": view.entry(entry),
                "rule": entry.origin.rule,
                "at": (view.place)(entry.origin.place),
                "table": view.network.table(id.table).name,
                "index": id.index,
            })
        }
        Step::Decide { at, entry: id, becomes, fork, .. } => {
            let entry = life::decided(view, life, i);
            let table = &view.network.table(id.table).name;
            let mut step = json!({
                "decide": element(view, at),
                "entry": entry.as_ref().map(|entry| view.entry(entry)),
                "rule": entry.as_ref().map(|entry| entry.origin.rule.clone()),
                "at": entry.and_then(|entry| (view.place)(entry.origin.place)),
                "table": table,
                "index": id.index,
            });
            if let Some(becomes) = becomes {
                step["becomes"] = header(becomes);
            }
            if let Some(fork) = fork {
                step["fork"] = json!({ "taken": fork.taken, "of": fork.of });
            }
            step
        }
    });
    json!({
        "verdict": life.ending.verdict.name(),
        "at": element(view, life.ending.at),
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// A branch: the life of its message, how often it is taken, and the life of the reply.
fn branch(view: &View<'_>, branch: &Branch) -> Value {
    let Share { part, of } = branch.share;
    let mut value = life(view, &branch.life);
    value["share"] = json!({ "part": part, "of": of });
    value["arrived"] = json!(branch.arrived());
    value["astray"] = json!(branch.astray);
    value["unheard"] = json!(branch.unheard);
    value["reply"] = branch.reply.as_ref().map_or(Value::Null, |reply| life(view, reply));
    value["policies"] = branch.rulings.iter().map(|r| policies::ruling(view, r)).collect();
    if let (Some(why), Some(last)) = (&branch.why, branch.life.steps.len().checked_sub(1)) {
        let header = header_before(&branch.life, last);
        value["why"] = json!(header.map(|header| served::why(view, why, header)));
    }
    value
}

/// How DNS made addresses of a name.
fn resolved(resolved: &Resolved) -> Value {
    let addresses = resolved.addresses.iter().map(ToString::to_string);
    json!({
        "said": resolved.said,
        "names": resolved.names,
        "addresses": addresses.collect::<Vec<_>>(),
        "id": resolved.by,
    })
}

fn affinity(affinity: &Affinity) -> Value {
    json!({ "service": affinity.service, "seconds": affinity.seconds })
}

fn instead(instead: &Instead) -> Value {
    let Instead { service, targets, pending } = instead;
    json!({ "service": service, "targets": targets, "pending": pending })
}

fn query(view: &View<'_>, query: &Query) -> Value {
    match query {
        Query::Granted => json!({ "id": "DNS-12", "outcome": "granted" }),
        Query::Withheld { service, header: h, ruling } => json!({
            "id": "DNS-12",
            "outcome": "withheld",
            "service": service,
            "message": header(*h),
            "policies": ruling.as_ref().map(|ruling| policies::ruling(view, ruling)),
        }),
    }
}

fn granted(granted: &Granted) -> Value {
    match granted {
        Granted::Routed(addr) => json!({ "id": "SVC-22", "address": addr }),
        Granted::Balanced(addr) => json!({ "id": "SVC-59", "address": addr }),
    }
}

fn constraint(view: &View<'_>, constraint: &Constraint) -> Value {
    let mut value = json!({
        "id": constraint.id,
        "name": constraint.name,
        "scope": match constraint.scope {
            Scope::Addresses { all, pods, nodes, services } => {
                json!({ "addresses": all, "pods": pods, "nodes": nodes, "services": services })
            }
            Scope::Pairs(n) => json!({ "pairs": n }),
            Scope::Processes(n) => json!({ "processes": n }),
        },
    });
    let (outcome, broken, at_least, shown) = match &constraint.outcome {
        Outcome::Proved => {
            value["outcome"] = json!("proved");
            return value;
        }
        Outcome::Violated { broken, at_least, shown } => ("violated", broken, at_least, shown),
        Outcome::Undecided { open, at_least, shown } => ("undecided", open, at_least, shown),
    };
    value["outcome"] = json!(outcome);
    value["broken"] = json!(broken);
    value["at_least"] = json!(at_least);
    value["shown"] = shown.iter().map(|example| counterexample(view, example)).collect();
    value
}

fn counterexample(view: &View<'_>, example: &Counterexample) -> Value {
    match example {
        Counterexample::Shared { addr, by } => json!({
            "address": addr.to_string(),
            "shared_by": by.iter().map(|entity| view.entity(*entity)).collect::<Vec<_>>(),
        }),
        Counterexample::Message { from, header: h, choices, expected, life } => json!({
            "from": element(view, *from),
            "message": header(*h),
            "choices": choices,
            "expected": expected.iter().map(|id| element(view, *id)).collect::<Vec<_>>(),
            "life": self::life(view, life),
        }),
    }
}

fn finding(finding: &Finding, place: &dyn Fn(Place) -> Option<String>) -> Value {
    json!({
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity.name(),
        "message": finding.message,
        "subjects": finding.subjects,
        "places": finding.places.iter().filter_map(|at| place(*at)).collect::<Vec<_>>(),
    })
}

pub(crate) fn doubt(view: &View<'_>, trace: &Trace, doubt: &Doubt) -> Value {
    match doubt {
        Doubt::Choice(id) => {
            let choice = view.network.choice(*id);
            let open = trace.open.iter().find(|open| open.choice == *id);
            let values = open.map(|open| crate::open::values(trace, open));
            json!({ "id": choice.id, "question": choice.question, "values": values })
        }
        Doubt::Many => json!({ "id": "SVC-42" }),
        Doubt::NodePort(name) => json!({ "id": "SVC-7", "service": name }),
        Doubt::Placement(name) => json!({ "id": "DR-20", "pods": name }),
        Doubt::Policies(unread) | Doubt::Services(unread) => {
            json!({ "id": "DR-21", "unread": unread.iter().map(self::unread).collect::<Vec<_>>() })
        }
        Doubt::Invented => json!({ "id": "DR-19" }),
        Doubt::Twins(name) => json!({ "id": "DR-21", "kept_out": name }),
    }
}

fn unread(unread: &Unread) -> Value {
    let count = (!unread.is_forbidden()).then(|| unread.count());
    json!({ "kind": unread.kind, "count": count })
}

fn candidate(candidate: &Candidate) -> Value {
    json!(candidate.full())
}

pub(crate) fn header(header: Header) -> Value {
    json!({
        "source": header.src.to_string(),
        "source_port": header.sport,
        "target": header.dst.to_string(),
        "target_port": header.dport,
        "protocol": header.proto.name(),
    })
}

pub(crate) fn basis(preface: &Preface) -> Value {
    let read = &preface.read;
    let mut basis = json!({
        "about": match &preface.about {
            About::Intended => json!("intended"),
            About::Read(file) => json!({ "network": file }),
        },
        "read": {
            "files": read.files,
            "nodes": read.nodes,
            "namespaces": read.namespaces,
            "pods": read.pods,
            "pods_not_running": read.finished,
            "services": read.services,
            "policies": read.policies,
            "left": read.left,
            "garbled": read.garbled,
            "refused": preface.refused,
            "kept_out": preface.kept_out,
        },
        "assumed": preface.assumed_lines(),
        "unread": preface.unread.iter().map(unread).collect::<Vec<_>>(),
    });
    if let Some(Laid { objects, changed, new, pods }) = preface.laid {
        let laid = json!({ "objects": objects, "changed": changed, "new": new, "pods": pods });
        basis["overlay"] = laid;
    }
    basis
}
