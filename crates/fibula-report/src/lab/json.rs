//! `lab-check/1`.

use fibula_lab::compare::{Coverage, Difference, Fault, Question};
use fibula_lab::kernel::{Arrived, Outcome};
use fibula_lab::plan::{Origin, SpaceId};
use fibula_network::Kind;
use serde_json::{Value, json};

use crate::json::{basis, element, header, life};

use super::{LabCheck, names, words};

pub(super) fn check(check: &LabCheck<'_>) -> Value {
    let network = check.view.network;
    let (asked, built) = (&check.asked, &check.built);
    let choice = |choice: &fibula_network::Choice| json!({ "id": choice.id, "question": choice.question, "value": 0 });
    let without = check.without.iter().map(|without| {
        let entry = network.entry(without.entry);
        json!({
            "at": without.at.map(|at| element(check.view, at)),
            "table": network.table(without.entry.table).name,
            "index": without.entry.index,
            "rule": entry.origin.rule,
            "entry": check.view.entry(entry),
        })
    });
    let agreement = |a: &fibula_lab::compare::Agreement| json!({ "verdict": a.verdict.name(), "messages": a.messages });
    json!({
        "fibula": "lab-check/1",
        "verdict": if check.agrees() { "agree" } else { "differ" },
        "lab": {
            "nodes": network.of_kind(Kind::Node).count(),
            "pods": network.of_kind(Kind::Pod).count(),
            "services": network.facts.services.len(),
            "namespaces": check.translation.plan.spaces.len(),
            "linux": built.linux,
            "root": built.root,
            "seconds": built.up.as_secs_f64(),
        },
        "probed": {
            "messages": check.comparison.questions,
            "probes": check.comparison.probes,
            "senders": asked.senders,
            "every_sender": asked.coverage == Coverage::All,
            "targets": asked.targets,
            "protocols": names(&asked.protos),
            "missing": names(&asked.missing),
            "seconds": built.probing.as_secs_f64(),
        },
        "choices": network.choices.iter().map(choice).collect::<Vec<_>>(),
        "without": without.collect::<Vec<_>>(),
        "agreements": check.comparison.agreements.iter().map(agreement).collect::<Vec<_>>(),
        "differences": check
            .comparison
            .differences
            .iter()
            .map(|group| difference(check, group))
            .collect::<Vec<_>>(),
        "basis": basis(check.preface),
    })
}

fn difference(check: &LabCheck<'_>, difference: &Difference) -> Value {
    let message = |question: &Question| {
        json!({
            "from": element(check.view, question.process),
            "message": header(question.header),
        })
    };
    let example = check.example(difference);
    let example = example.as_ref();
    json!({
        "messages": difference.questions.iter().map(message).collect::<Vec<_>>(),
        "model": {
            "verdict": difference.fate.verdict.name(),
            "at": element(check.view, difference.fate.at),
            "life": example.map(|example| life(check.view, &example.life)),
            "reply": example.and_then(|e| e.reply.as_ref()).map(|r| life(check.view, r)),
        },
        "kernel": kernel(check, &difference.fault),
    })
}

fn kernel(check: &LabCheck<'_>, fault: &Fault) -> Value {
    let seen = match fault {
        Fault::NeverSeen => return json!({ "outcome": "never seen" }),
        Fault::TooMany => return json!({ "outcome": "too many branches" }),
        Fault::Otherwise(seen) => seen,
    };
    let arrived = |outcome: &str, arrived: &Arrived| {
        json!({
            "outcome": outcome,
            "by": element(check.view, arrived.process),
            "source": arrived.from.ip().to_string(),
            "target": arrived.to.ip().to_string(),
            "target_port": arrived.to.port(),
        })
    };
    let stopped = |outcome: &str, space: SpaceId, origin: Origin| {
        json!({
            "outcome": outcome,
            "at": check.at(space),
            "rule": words::rule_name(check, origin),
        })
    };
    match &seen.outcome {
        Outcome::Accepted(what) => arrived("accepted", what),
        Outcome::ReplyLost(what) => arrived("reply lost", what),
        Outcome::Refused { by } => json!({ "outcome": "refused", "says": by }),
        Outcome::Unreachable { errno, by } => {
            json!({ "outcome": "unreachable", "error": words::heard(*errno), "says": by })
        }
        Outcome::Dropped { space, origin } => stopped("dropped", *space, *origin),
        Outcome::Rejected { space, origin, errno } => {
            let mut value = stopped("rejected", *space, *origin);
            value["error"] = json!(words::heard(*errno));
            value
        }
        Outcome::Silent => json!({ "outcome": "silent" }),
    }
}
