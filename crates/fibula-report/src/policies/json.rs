//! Rulings as JSON.

use fibula_answers::trace::Settled;
use fibula_answers::trace::policies::{Called, Isolation, Miss, Missed, Ruling, Says};
use fibula_cluster::{RuleAction, Tier};
use serde_json::{Value, json};

use super::{miss, place};
use crate::json::{choices, element};
use crate::view::View;

/// What policies said at a step.
pub(crate) fn ruling(view: &View<'_>, ruling: &Ruling) -> Value {
    let mut value = json!({
        "step": ruling.step,
        "direction": ruling.direction.name(),
        "pod": element(view, ruling.pod),
    });
    match &ruling.says {
        Says::Rule(cited) => {
            value["action"] = json!(match cited.action {
                RuleAction::Allow => "allow",
                RuleAction::Deny => "deny",
                RuleAction::Pass => "pass",
            });
            value["policy"] = policy(&cited.policy);
            value["rule"] = json!(cited.rule);
            value["name"] = json!(cited.name);
            value["at"] = json!((view.place)(place(cited.place)));
        }
        Says::Isolated(all) => {
            value["action"] = json!("deny");
            value["id"] = json!("NP-2");
            value["isolated_by"] = all.iter().map(|one| isolation(view, one)).collect();
        }
        Says::Exempt(id) => {
            value["action"] = json!("allow");
            value["id"] = json!(id);
        }
    }
    if !ruling.open.is_empty() {
        value["choices"] = choices(view, &ruling.open);
    }
    value
}

/// A decision that is settled.
pub(crate) fn settled(view: &View<'_>, settled: &Settled) -> Value {
    let id = match settled {
        Settled::HostNetwork(_) => "DR-1",
        Settled::Rewritten(..) => "DR-2",
        Settled::PerDirection(..) => "DR-5",
        Settled::Sidecar(..) => "DR-8",
        Settled::Dropped => "DR-15",
    };
    json!({ "id": id, "says": super::settled(view, settled) })
}

fn policy(policy: &Called) -> Value {
    json!({
        "kind": policy.kind.name(),
        "namespace": policy.namespace,
        "name": policy.name,
        "tier": match policy.tier {
            Tier::Admin => "Admin",
            Tier::NetworkPolicy => "NetworkPolicy",
            Tier::Baseline => "Baseline",
        },
    })
}

fn isolation(view: &View<'_>, one: &Isolation) -> Value {
    json!({
        "policy": policy(&one.policy),
        "at": (view.place)(place(one.policy.place)),
        "rules": one.rules.iter().map(|rule| missed(view, one, rule)).collect::<Vec<_>>(),
    })
}

fn missed(view: &View<'_>, one: &Isolation, rule: &Missed) -> Value {
    let miss = |miss: &Miss| {
        let at = (view.excerpt)(one.policy.place.object, &miss.path, &miss.path);
        json!({
            "path": miss.path,
            "at": at.map(|excerpt| excerpt.at),
            "wants": miss::wants(miss),
            "has": miss::has(view, miss),
        })
    };
    json!({
        "rule": rule.rule,
        "port": rule.port.as_ref().map(miss),
        "peers": rule.peers.iter().map(miss).collect::<Vec<_>>(),
    })
}
