//! `why` as JSON.

use fibula_answers::reach::Who;
use fibula_answers::trace::policies::Says;
use fibula_answers::why::{Block, Goal, Offer, Pairs, Used};
use serde_json::{Value, json};

use super::{Called, Patch, Told, name, words};
use crate::json::trace;
use crate::policies;
use crate::preface::Preface;
use crate::served;
use crate::view::View;

/// `why`.
pub fn why(view: &View<'_>, told: &Told<'_>, called: &Called<'_>, preface: &Preface) -> Value {
    let why = told.why;
    let offers = why.offers.iter().zip(told.patches).enumerate();
    json!({
        "fibula": "why/1",
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
            value["patch"] = json!(patch.as_ref().map(|patch| json!({
                "apply": patch.into(),
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
        "trace": trace(view, &why.trace, preface),
    })
}

fn block(view: &View<'_>, block: &Block) -> Value {
    match block {
        Block::Policy(judged) => json!({
            "by": match judged.ruling.says {
                Says::Rule(_) => "rule",
                _ => "isolation",
            },
            "policies": policies::ruling(view, &judged.ruling),
        }),
        Block::Service(why, header) => json!({
            "by": "service",
            "says": served::why(view, why, *header),
        }),
        Block::Other(verdict) => json!({ "by": "network", "verdict": verdict.name() }),
    }
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
