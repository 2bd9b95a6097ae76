//! `why` as JSON.

use fibula_answers::reach::Who;
use fibula_answers::why::{Block, Goal, Offer, Pairs, Used};
use serde_json::{Value, json};

use super::{Called, Patch, Told, name, verdict, words};
use crate::json::{doubt, trace};
use crate::policies;
use crate::preface::Preface;
use crate::view::View;

/// `why`.
pub fn why(view: &View<'_>, told: &Told<'_>, called: &Called<'_>, preface: &Preface) -> Value {
    let why = told.why;
    let offers = why.offers.iter().zip(told.patches).enumerate();
    // The life of the message is `trace`'s to tell.
    let mut trace = trace(view, &why.trace, preface);
    let mut of_trace = |field: &str| trace[field].take();
    json!({
        "fibula": "why/1",
        "answer": of_trace("answer"),
        "verdict": of_trace("verdict"),
        "from": of_trace("from"),
        "to": of_trace("to"),
        "message": of_trace("message"),
        "goal": match why.goal {
            Goal::Allow => "allow",
            Goal::Close => "close",
        },
        "done": why.done,
        "blocks": why.blocks.iter().map(|block| self::block(view, block)).collect::<Vec<_>>(),
        "allowed": why.allowed.iter().map(|(direction, cited)| json!({
            "direction": direction.name(),
            "policy": policies::called(&cited.policy),
            "rule": cited.rule,
            "at": (view.place)(policies::place(cited.place)),
        })).collect::<Vec<_>>(),
        "offers": offers.map(|(i, (offer, patch))| {
            let mut value = self::offer(view, offer, patch.as_ref());
            value["number"] = json!(i + 1);
            let doubts = offer.doubts.iter().map(|d| doubt(view, &why.trace, d));
            value["doubts"] = doubts.collect();
            value["patch"] = json!(patch.as_ref().map(|patch| json!({
                "into": patch.taken_by(),
                "text": patch.render(called),
            })));
            value
        }).collect::<Vec<_>>(),
        "rejected": why.rejected.iter().map(|(offer, because)| {
            let mut value = self::offer(view, offer, None);
            value["because"] = json!(name(because));
            value["says"] = json!(words::because(offer, because));
            value
        }).collect::<Vec<_>>(),
        "left": why.left,
        "basis": of_trace("basis"),
    })
}

fn block(view: &View<'_>, block: &Block) -> Value {
    let (by, policies, verdict) = match block {
        Block::Policy(judged) => {
            let by = if judged.is_denied() { "rule" } else { "isolation" };
            (by, Some(policies::ruling(view, &judged.ruling)), None)
        }
        Block::Service(..) => ("service", None, None),
        Block::Other(branch) => ("network", None, Some(branch.verdict().name())),
    };
    let says = verdict::block(view, block);
    json!({ "by": by, "says": says, "policies": policies, "verdict": verdict })
}

fn offer(view: &View<'_>, offer: &Offer, patch: Option<&Patch>) -> Value {
    let besides = &offer.besides;
    json!({
        "what": words::title(view, offer, patch),
        "edits": words::edits(view, &offer.change),
        "kinds": offer.change.kinds().iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "lines": patch.and_then(Patch::lines).unwrap_or_else(|| offer.change.lines()),
        "opens": besides.opens.iter().map(pairs).collect::<Vec<_>>(),
        "closes": besides.closes.iter().map(pairs).collect::<Vec<_>>(),
        "serves": besides.serves.iter().map(used).collect::<Vec<_>>(),
        "fails": besides.fails.iter().map(used).collect::<Vec<_>>(),
    })
}

fn pairs(pairs: &Pairs) -> Value {
    json!({
        "from": who(&pairs.from),
        "to": who(&pairs.to),
        "ports": words::ports(&pairs.ports),
        "certain": !pairs.perhaps,
    })
}

fn used(used: &Used) -> Value {
    json!({ "service": used.service, "port": used.port.to_string(), "from": who(&used.from) })
}

fn who(all: &[Who]) -> Vec<String> {
    all.iter().map(words::who).collect()
}
