//! What policies said of a message, in words.

mod isolation;
mod json;
mod miss;

use std::collections::BTreeSet;

use fibula_answers::trace::Settled;
use fibula_answers::trace::policies::{Called, Cited, Isolation, Ruling, Says};
use fibula_cluster::{Place, PolicyKind, RuleAction, Tier};
use fibula_network::PlaceId;

use crate::open;
use crate::page::Text;
use crate::preface::{count, list};
use crate::style::Label;
use crate::view::View;

pub(crate) use isolation::explained;
pub(crate) use json::{ruling, settled as settled_json};

/// The sign of a ruling, and what it says: `egress allowed: netpol/web egress[0]`.
pub(crate) fn says(view: &View<'_>, ruling: &Ruling) -> (&'static str, Text) {
    let way = ruling.direction.name();
    match &ruling.says {
        Says::Rule(cited) => {
            let rule = self::rule(cited, way);
            match cited.action {
                RuleAction::Allow => {
                    let verb = match cited.policy.kind {
                        PolicyKind::ClusterNetworkPolicy => "accepted",
                        _ => "allowed",
                    };
                    ("◆ ", format!("{way} {verb}: {rule}").into())
                }
                RuleAction::Pass => {
                    let next = match cited.policy.tier {
                        Tier::Admin => "NetworkPolicies",
                        Tier::NetworkPolicy | Tier::Baseline => "what comes after",
                    };
                    ("◆ ", format!("{way} left to {next}: {rule}").into())
                }
                RuleAction::Deny => {
                    let dropped = Text::new().with(Label::Bad, format!("{way} dropped"));
                    ("✗ ", dropped.plain(format!(": {rule}")))
                }
            }
        }
        Says::Isolated(all) => {
            let dropped = Text::new().with(Label::Bad, format!("{way} dropped"));
            ("✗ ", dropped.plain(format!(": {}", isolated(view, ruling, all))))
        }
        Says::Exempt(id) => ("◆ ", format!("{way} allowed: {}", exempt(view, ruling, id)).into()),
    }
}

/// Where it comes from: the rule of the sheet, and the line.
pub(crate) fn origin(view: &View<'_>, ruling: &Ruling) -> Text {
    match &ruling.says {
        Says::Rule(cited) => {
            let id = if cited.policy.kind == PolicyKind::NetworkPolicy { "NP-3" } else { "CNP-11" };
            view.origin(id, place(cited.place))
        }
        Says::Isolated(_) => view.origin("NP-2", PlaceId::NONE),
        Says::Exempt(id) => view.origin(id, PlaceId::NONE),
    }
}

/// A ruling that dropped a message, for several at once.
pub(crate) fn dropped(view: &View<'_>, ruling: &Ruling) -> String {
    let way = ruling.direction.name();
    match &ruling.says {
        Says::Rule(cited) => format!("{way}: {}", rule(cited, way)),
        Says::Isolated(all) => {
            let near = all.iter().find_map(|one| isolation::in_short(view, ruling, one));
            near.unwrap_or_else(|| format!("{way}: {}", isolated(view, ruling, all)))
        }
        Says::Exempt(id) => format!("{way}: {id}"),
    }
}

/// A ruling that dropped a message, in a line, and where that comes from.
pub(crate) fn in_a_line(view: &View<'_>, ruling: &Ruling) -> (String, PlaceId) {
    let way = ruling.direction.name();
    match &ruling.says {
        Says::Rule(cited) => (format!("{way} dropped: {}", rule(cited, way)), place(cited.place)),
        Says::Isolated(all) => {
            let near = all.iter().find_map(|one| {
                Some((isolation::in_short(view, ruling, one)?, place(one.policy.place)))
            });
            let (says, at) = near.unwrap_or_else(|| {
                let names: Vec<String> = all.iter().map(|one| called(&one.policy)).collect();
                let have = if names.len() == 1 { "has" } else { "have" };
                let at = all.first().map_or(PlaceId::NONE, |one| place(one.policy.place));
                (format!("{} {have} no {way} rule", list(&names)), at)
            });
            (format!("{way} dropped: {says}"), at)
        }
        Says::Exempt(id) => (format!("{way} dropped ({id})"), PlaceId::NONE),
    }
}

/// Where the rule stands that let a message pass.
pub(crate) fn let_pass(ruling: &Ruling) -> Option<PlaceId> {
    match &ruling.says {
        Says::Rule(cited) => Some(place(cited.place)),
        Says::Isolated(_) | Says::Exempt(_) => None,
    }
}

/// The statement by which no policy was asked.
pub(crate) fn exempt_by(ruling: &Ruling) -> Option<&str> {
    match &ruling.says {
        Says::Exempt(id) => Some(id),
        Says::Rule(_) | Says::Isolated(_) => None,
    }
}

/// That policies would say otherwise under other answers to what is open; nothing where they would not.
pub(crate) fn or_not(view: &View<'_>, ruling: &Ruling) -> String {
    let ids = ruling.open.iter().map(|id| &*view.network.choice(*id).id);
    let ids: BTreeSet<&str> = ids.collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    match ruling.open.is_empty() {
        true => String::new(),
        false => {
            let about = open::about(view, ruling.open.iter().copied());
            format!(", or not: it depends on {about} ({})", ids.join(", "))
        }
    }
}

/// The policies of a ruling, by their names.
pub(crate) fn names(ruling: &Ruling) -> String {
    match &ruling.says {
        Says::Rule(cited) => rule(cited, ruling.direction.name()),
        Says::Isolated(all) => {
            let names: Vec<String> = all.iter().map(|one| called(&one.policy)).collect();
            list(&names)
        }
        Says::Exempt(id) => id.clone(),
    }
}

/// `netpol/web egress[0]`, `cnp/base egress[2] "no internet" (Admin)`.
fn rule(cited: &Cited, way: &str) -> String {
    let called = called(&cited.policy);
    let name = cited.name.as_ref().map_or(String::new(), |name| format!(" {name:?}"));
    let tier = match cited.policy.tier {
        Tier::Admin => " (Admin)",
        Tier::NetworkPolicy => "",
        Tier::Baseline => " (Baseline)",
    };
    format!("{called} {way}[{}]{name}{tier}", cited.rule)
}

/// A policy, as `kubectl` takes it: `netpol/web`, `netpol/shop/web`.
pub(crate) fn called(policy: &Called) -> String {
    let kind = policy.kind.short();
    match &*policy.namespace {
        "" | "default" => format!("{kind}/{}", policy.name),
        namespace => format!("{kind}/{namespace}/{}", policy.name),
    }
}

/// Where an object, or something in it, stands.
pub(crate) fn place(place: Place) -> PlaceId {
    PlaceId(place.number())
}

/// What is settled, in a sentence.
pub(crate) fn settled(view: &View<'_>, settled: &Settled) -> String {
    match settled {
        Settled::HostNetwork(pod) => {
            let pod = short(pod);
            format!("{pod} uses its node's network, so no policy's selector means it (DR-1)")
        }
        Settled::Rewritten(before, after) => {
            format!("policies see where the Service leads, {after}, and not {before} (DR-2)")
        }
        Settled::PerDirection(pod, way) => {
            let (pod, way) = (view.name(*pod), way.name());
            format!("no NetworkPolicy isolates {pod} for {way}, so Baseline policies decide (DR-5)")
        }
        Settled::Sidecar(port, pod) => {
            format!(
                "a rule's port {port} is a sidecar's of {}, which counts too (DR-8)",
                short(pod)
            )
        }
        Settled::Dropped => {
            "your plugin enforces policies (DR-18), and drops without a word (DR-15)".to_owned()
        }
    }
}

/// A pod's namespace and name; without the namespace, where that is `default`.
fn short(pod: &str) -> &str {
    pod.strip_prefix("default/").unwrap_or(pod)
}

fn isolated(view: &View<'_>, ruling: &Ruling, all: &[Isolation]) -> String {
    let pod = view.name(ruling.pod);
    match all.len() {
        1 => format!("1 policy isolates {pod}, and no rule of it allows this"),
        n => format!("{} isolate {pod}, no rule allows this", count(n, "policy")),
    }
}

fn exempt(view: &View<'_>, ruling: &Ruling, id: &str) -> String {
    let pod = view.name(ruling.pod);
    match id {
        "NP-32" => format!("no policy keeps its own node from {pod}"),
        "DR-3" => format!("no policy keeps {pod} from its own node"),
        "DR-4" => format!("what {pod} sends to itself is not asked about"),
        "DR-7" => format!("policies see {pod}'s own node as the source"),
        _ => "policies are not asked".to_owned(),
    }
}
