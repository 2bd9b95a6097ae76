//! What decides, in a short paragraph: the verdict first, then each direction.

use fibula_answers::trace::policies::{Direction, Ruling, Says};
use fibula_answers::trace::{Answer, Branch, header_before};
use fibula_answers::why::{Block, Why};
use fibula_cluster::{Place, Pod, RuleAction};
use fibula_network::walk::Verdict;
use fibula_network::{ElementId, Kind};

use crate::branches;
use crate::life;
use crate::open;
use crate::page::Text;
use crate::policies;
use crate::preface::{count, list};
use crate::served;
use crate::style::Label;
use crate::trace::{because, headline, instead};
use crate::view::View;
use crate::why::{deciding, words};

/// How many policies are named.
const MOST_POLICIES: usize = 4;

/// The verdict, and what decides.
pub(super) fn verdict(view: &View<'_>, why: &Why) -> (Text, String) {
    let trace = &why.trace;
    let branch = branches::shown(trace.branches());
    let mut says: Vec<String> = vec![];
    let head = match (trace.answer(), why.blocks.first()) {
        (Answer::Undecided, _) => {
            says.extend(open::depends(view, trace).map(|about| format!("it depends on {about}")));
            says.extend(because(trace));
            Text::new().with(Label::Open, "? undecided")
        }
        (Answer::All, _) => Text::new().with(Label::Good, "✓ delivered"),
        (Answer::Some, _) => {
            let arrived = trace.branches().iter().filter(|branch| branch.arrived()).count();
            let unit = branches::unit(view, trace.branches());
            says.push(format!("{arrived} of {}", count(trace.branches().len(), unit)));
            Text::new().with(Label::Open, "◐ some")
        }
        (Answer::None, _) if trace.is_nameless() => Text::new().with(Label::Bad, "✗ no such name"),
        (Answer::None, _) => head(branch.verdict()),
    };
    let blocks: Vec<String> = why.blocks.iter().map(|block| self::block(view, block)).collect();
    if !blocks.is_empty() {
        let is_policy = matches!(why.blocks[0], Block::Policy(_));
        let said = head.words().contains("dropped");
        let lead = match is_policy && !said {
            true if trace.is_nameless() => "its question to DNS is dropped ",
            true => "dropped ",
            false => "",
        };
        says.push(format!("{lead}{}", blocks.join("; and ")));
    }
    match (trace.answer(), why.allowed.is_empty()) {
        // What lets it pass is so under some answers only.
        (Answer::Undecided, _) => {}
        (_, false) => says.extend(allowed(view, why)),
        (_, true) => says.extend(branch.rulings.iter().filter_map(|ruling| lets(view, ruling))),
    }
    if trace.answer() != Answer::Undecided {
        says.extend(silent(view, why, branch));
    }
    if matches!(trace.answer(), Answer::All) {
        // Where no policy has a word, the network alone decides.
        let alone = if says.is_empty() { deciding::arrival(view, branch) } else { None };
        let alone = alone.map_or_else(String::new, |alone| format!(": {alone}"));
        says.insert(0, headline::question(view, trace) + &alone);
    }
    says.extend(trace.instead.as_ref().map(instead));
    let mut text = String::new();
    for (i, part) in says.iter().enumerate() {
        let part = if i == 0 { part.clone() } else { open::capital(part) };
        text += &part;
        text += if i + 1 == says.len() { "." } else { ". " };
    }
    (head, text)
}

fn head(verdict: Verdict) -> Text {
    match verdict {
        Verdict::DroppedByPolicy | Verdict::DroppedByService => {
            Text::new().with(Label::Bad, "✗ dropped")
        }
        verdict => life::verdict(verdict),
    }
}

/// Something in the way.
pub(super) fn block(view: &View<'_>, block: &Block) -> String {
    match block {
        Block::Policy(judged) => {
            let ruling = &judged.ruling;
            let (way, pod) = (ruling.direction.name(), whose(view, ruling.pod));
            let or_not = policies::or_not(view, ruling);
            let says = match &ruling.says {
                Says::Isolated(all) => {
                    let shown = all.iter().take(MOST_POLICIES).map(|one| {
                        let place = (view.place)(policies::place(one.policy.place));
                        at(policies::called(&one.policy), place)
                    });
                    let mut named: Vec<String> = shown.collect();
                    let more = all.len().saturating_sub(MOST_POLICIES);
                    if more > 0 {
                        named.push(format!("{more} more"));
                    }
                    let named = open::either(&named);
                    format!("by the {way} of {pod}: no rule of {named} allows it")
                }
                Says::Rule(cited) => {
                    let place = (view.place)(policies::place(cited.place));
                    format!(
                        "by the {way} of {pod}: {} denies it",
                        at(policies::names(ruling), place)
                    )
                }
                Says::Exempt(id) => format!("by the {way} of {pod} ({id})"),
            };
            says + &or_not
        }
        Block::Service(reason, header) => {
            let says = served::why(view, reason, *header);
            let place = reason.service().rsplit_once('/').and_then(|(namespace, name)| {
                let mut services = view.cluster?.services.iter();
                let own = services.find(|s| s.namespace == namespace && s.name == name)?;
                let place = Place { object: own.object, container: None, port: None };
                (view.place)(policies::place(place))
            });
            at(says, place)
        }
        Block::Other(branch) => deciding::end(view, branch),
    }
}

/// What lets a message pass in a direction.
fn lets(view: &View<'_>, ruling: &Ruling) -> Option<String> {
    let (way, pod) = (ruling.direction.name(), whose(view, ruling.pod));
    match &ruling.says {
        Says::Rule(cited) if cited.action == RuleAction::Allow => {
            let place = (view.place)(policies::place(cited.place));
            let by = policies::names(ruling);
            Some(match place {
                Some(place) => format!("{way} of {pod} allows it ({by}, {place})"),
                None => format!("{way} of {pod} allows it ({by})"),
            })
        }
        Says::Exempt(id) => Some(format!("{way} of {pod} is not asked about ({id})")),
        _ => None,
    }
}

/// All rules that let it pass, by direction.
fn allowed(view: &View<'_>, why: &Why) -> Vec<String> {
    let mut says = vec![];
    for direction in [Direction::Egress, Direction::Ingress] {
        let own = why.allowed.iter().filter(|(way, _)| *way == direction);
        let rules: Vec<String> = own
            .map(|(_, cited)| {
                let called = policies::called(&cited.policy);
                let place = (view.place)(policies::place(cited.place));
                at(format!("{called} {}[{}]", direction.name(), cited.rule), place)
            })
            .collect();
        if !rules.is_empty() {
            says.push(format!("{} is allowed by {}", direction.name(), list(&rules)));
        }
    }
    says
}

/// A Pod, or the workload whose pods it is like.
fn whose(view: &View<'_>, pod: ElementId) -> String {
    let name = &*view.network.element(pod).name;
    let workload = view.cluster.and_then(|cluster| {
        let named = |pod: &&Pod| name.split_once('/') == Some((&pod.namespace, &pod.name));
        let own = cluster.pods.iter().find(named)?;
        let mut others = cluster
            .pods
            .iter()
            .filter(|other| other.namespace == own.namespace && other.workload == own.workload);
        let alike = others.all(|other| other.labels == own.labels);
        let short = !view.name(pod).contains('/');
        let namespace = if short { "" } else { &*own.namespace };
        alike.then(|| words::within(namespace, &own.workload.name))
    });
    workload.unwrap_or_else(|| view.name(pod))
}

/// Directions in which no policy has a word, of Pods that it could have one about.
fn silent(view: &View<'_>, why: &Why, branch: &Branch) -> Vec<String> {
    let network = view.network;
    let pod = |id: ElementId| {
        let up = [Some(id), network.facts.host(id)].into_iter().flatten();
        up.into_iter().find(|id| network.kind(*id) == Kind::Pod)
    };
    let last = header_before(&branch.life, branch.life.steps.len());
    let target = last.and_then(|last| network.owners_of(last.dst).first()).map(|owner| owner.to);
    let ends = [
        (Direction::Egress, pod(why.trace.from.process)),
        (Direction::Ingress, target.and_then(pod)),
    ];
    let served = why.blocks.iter().any(|block| !matches!(block, Block::Policy(_)));
    let heard = |way: Direction| {
        branch.rulings.iter().any(|ruling| ruling.direction == way)
            || why.blocks.iter().any(
                |block| matches!(block, Block::Policy(judged) if judged.ruling.direction == way),
            )
            || why.allowed.iter().any(|(own, _)| *own == way)
    };
    // Where the ingress was not reached, nobody knows but by the blocks.
    let silent = ends.into_iter().filter(|(way, _)| !heard(*way) && !served);
    silent
        .filter_map(|(way, pod)| {
            Some(format!("no policy isolates {} for {}", whose(view, pod?), way.name()))
        })
        .collect()
}

fn at(what: String, place: Option<String>) -> String {
    match place {
        Some(place) => format!("{what} ({place})"),
        None => what,
    }
}
