//! Causes and Services, in words.

use fibula_answers::diff::{
    Became, Diff, Edit, Fact, How, Piece, Reason, Relabelled, Served, What,
};
use fibula_answers::reach::PartyId;
use fibula_answers::trace::policies::Direction;
use fibula_cluster::{Distribution, PolicyKind, ServiceKind};
use fibula_network::ChoiceId;

use crate::preface::list;
use crate::reach::names::Names;

/// Says what changed.
pub(super) struct Words<'a, 'v> {
    pub(super) names: &'a Names<'a, 'v>,
}

impl Words<'_, '_> {
    pub(super) fn piece(&self, piece: &Piece) -> String {
        match &piece.what {
            What::Policy { kind, path, edit } => edited(&self.policy(*kind, path), edit),
            What::Labels { whole, labels, still } => {
                let mut text = format!("{} {}", self.names.one(*whole), relabelled(labels));
                if !still.is_empty() {
                    let still: Vec<String> =
                        still.iter().map(|called| self.called(called)).collect();
                    let s = if still.len() == 1 { "s" } else { "" };
                    text.push_str(&format!("; {} still select{s} that", list(&still)));
                }
                text
            }
            What::Ports(whole) => {
                format!("{}: its ports have other names, or other numbers", self.names.one(*whole))
            }
            What::Addresses(whole) => {
                format!("{} has another address, and an ipBlock tells", self.names.one(*whole))
            }
            What::Namespace { name, labels, read } => {
                let read = match read {
                    Some(true) => Some("is read now, with its labels (DR-22)"),
                    Some(false) => Some("is not read any more, nor its labels (DR-22)"),
                    None => None,
                };
                match read {
                    Some(read) => format!("namespace {name} {read}"),
                    None => format!("namespace {name} {}", relabelled(labels)),
                }
            }
            What::Node(name, labels) if *labels == Relabelled::default() => {
                format!("node/{name} has other addresses")
            }
            What::Node(name, labels) => format!("node/{name} {}", relabelled(labels)),
        }
    }

    pub(super) fn policy(&self, kind: PolicyKind, path: &str) -> String {
        match path.contains('/') {
            true => format!("{}/{}", kind.short(), self.names.service(path)),
            false => format!("{}/{path}", kind.short()),
        }
    }

    /// The same of a policy that is called already: `netpol/shop/web`.
    fn called(&self, called: &str) -> String {
        match called.split_once('/') {
            Some((kind, path)) if path.contains('/') => {
                format!("{kind}/{}", self.names.service(path))
            }
            _ => called.to_owned(),
        }
    }
}

fn edited(policy: &str, edit: &Edit) -> String {
    let rule =
        |direction: &Direction, index: &u16| format!("{policy} {}[{index}]", direction.name());
    let peer = |direction: &Direction, index: &u16, item: &u16| {
        format!("{}.{}[{item}]", rule(direction, index), direction.peers())
    };
    match edit {
        Edit::New => format!("{policy} is new"),
        Edit::Gone => format!("{policy} is gone"),
        Edit::Subject => format!("{policy} selects other pods"),
        Edit::Isolates => format!("{policy} isolates in other directions"),
        Edit::Order => format!("{policy} has another tier or priority"),
        Edit::RuleNew(way, i) => format!("{} is new", rule(way, i)),
        Edit::RuleGone(way, i) => format!("{} is gone", rule(way, i)),
        Edit::Action(way, i) => format!("{} has another action", rule(way, i)),
        Edit::PeerNew(way, i, k) => format!("{} is new", peer(way, i, k)),
        Edit::PeerGone(way, i, k) => format!("{} is gone", peer(way, i, k)),
        Edit::PeerChanged(way, i, k) => format!("{} is another one", peer(way, i, k)),
        Edit::PeersAny(way, i) => {
            format!("{} has no `{}` any more, so it is for everybody", rule(way, i), way.peers())
        }
        Edit::PeersSome(way, i) => format!("{} has a `{}` now", rule(way, i), way.peers()),
        Edit::Ports(way, i) => format!("{} has other ports", rule(way, i)),
    }
}

fn relabelled(labels: &Relabelled) -> String {
    let pair = |(key, value): &(String, String)| format!("{key}={value}");
    let (mut became, mut lost, mut got) = (vec![], vec![], vec![]);
    for label in &labels.lost {
        match labels.got.iter().find(|(key, _)| *key == label.0) {
            Some((_, value)) => became.push(format!("{} became {value}", pair(label))),
            None => lost.push(pair(label)),
        }
    }
    for label in &labels.got {
        if !labels.lost.iter().any(|(key, _)| *key == label.0) {
            got.push(pair(label));
        }
    }
    let mut parts = vec![];
    if !became.is_empty() {
        parts.push(format!("has other labels: {}", became.join(", ")));
    }
    if !lost.is_empty() {
        parts.push(format!("lost {}", list(&lost)));
    }
    if !got.is_empty() {
        parts.push(format!("got {}", list(&got)));
    }
    parts.join("; ")
}

/// The questions of choices.
pub(super) fn choices(diff: &Diff, choices: &[ChoiceId]) -> String {
    let asked = choices.iter().filter_map(|id| diff.choices.get(usize::from(id.0)));
    let asked: Vec<String> =
        asked.map(|choice| format!("{} ({})", choice.question, choice.id)).collect();
    asked.join(" ")
}

pub(super) fn came(name: &str, how: How) -> String {
    match how {
        How::New => format!("{name} is new"),
        How::Gone => format!("{name} is gone"),
        How::OwnNetwork => format!("{name} has a network of its own now, and not its node's"),
        How::HostNetwork => {
            format!("{name} uses its node's network now: policies see a node (DR-1)")
        }
    }
}

/// The same of one, or of several.
pub(super) fn came_as(how: How, one: bool) -> &'static str {
    match (how, one) {
        (How::New, true) => "is new",
        (How::New, false) => "are new",
        (How::Gone, true) => "is gone",
        (How::Gone, false) => "are gone",
        (How::OwnNetwork, true) => "has a network of its own now",
        (How::OwnNetwork, false) => "have networks of their own now",
        (How::HostNetwork, true) => "uses its node's network now",
        (How::HostNetwork, false) => "use their nodes' networks now",
    }
}

/// A Service and its port.
pub(super) fn service(names: &Names<'_, '_>, served: &Served) -> String {
    let name = names.service(&served.service);
    match served.port {
        Some(port) => format!("svc/{name}:{port}"),
        None => format!("svc/{name}"),
    }
}

fn ends(names: &Names<'_, '_>, ends: &[(PartyId, u16)]) -> String {
    let all: Vec<String> =
        ends.iter().map(|(id, port)| format!("{}:{port}", names.one(*id))).collect();
    match all.len() {
        0 => "addresses of nobody here".to_owned(),
        n if n > 4 => format!("{} and {} more", all[..3].join(", "), n - 3),
        _ => all.join(", "),
    }
}

/// What became of a Service, and why.
pub(super) fn became(names: &Names<'_, '_>, diff: &Diff, served: &Served) -> String {
    let name = names.service(&served.service);
    let why = match served.why {
        Some(Reason::Selector) => "it selects other pods now".to_owned(),
        Some(Reason::NoSelector) => "its selector is gone".to_owned(),
        Some(Reason::Target) => "its target port is another one".to_owned(),
        Some(Reason::Pods) => pods(names, diff, served),
        Some(Reason::Endpoints) => "its endpoints say so".to_owned(),
        None => String::new(),
    };
    let besides = match why.is_empty() {
        true => String::new(),
        false => format!(": {why}"),
    };
    let text = match &served.what {
        Became::New if served.nobody => format!("svc/{name} is new, and leads to nobody"),
        Became::New => format!("svc/{name} is new"),
        Became::Gone if served.nobody => {
            format!("svc/{name} is gone: no such name; it led to nobody")
        }
        Became::Gone => format!("svc/{name} is gone: no such name"),
        Became::PortNew if served.nobody => {
            format!("the port is new, and leads to nobody{besides}")
        }
        Became::PortNew => format!("the port is new{besides}"),
        Became::PortGone if served.nobody => "the port is gone; it led to nobody".to_owned(),
        Became::PortGone => "the port is gone".to_owned(),
        Became::Empty(was) => {
            let was = ends(names, was);
            format!("nobody stands behind it, so it refuses: {why}; it led to {was}")
        }
        Became::Filled(is) => format!("it leads to {}, and led to nobody: {why}", ends(names, is)),
        Became::Leads(was, is) => {
            format!("it leads to {}, and led to {}: {why}", ends(names, is), ends(names, was))
        }
        Became::Kind(was, is) => format!("it is {}, and was {}", kind(*is), kind(*was)),
        Became::Same if served.facts.is_empty() => {
            "who gets which endpoint depends on nodes, and pods or endpoints are on others now \
             (SVC-40, SVC-51)"
                .to_owned()
        }
        Became::Same => return facts(&served.facts),
    };
    match &served.facts[..] {
        [] => text,
        own => format!("{text}; {}", facts(own)),
    }
}

/// What else of a Service is not as it was.
pub(super) fn facts(facts: &[Fact]) -> String {
    let all: Vec<String> = facts.iter().map(fact).collect();
    all.join("; ")
}

fn fact(fact: &Fact) -> String {
    let text = match fact {
        Fact::Kind(was, is) => return format!("it is {}, and was {}", kind(*is), kind(*was)),
        Fact::Affinity(Some(seconds)) => {
            return format!("a client keeps its endpoint for {seconds} seconds (SVC-42)");
        }
        Fact::Proxied(true) => "the proxy of each node acts for it now (SVC-5)",
        Fact::Proxied(false) => "no node's proxy acts for it any more: its labels say so (SVC-5)",
        Fact::InternalLocal(true) => {
            "it leads pods to endpoints of their own node only: internalTrafficPolicy is Local \
             (SVC-51)"
        }
        Fact::InternalLocal(false) => {
            "it leads pods to endpoints of any node: internalTrafficPolicy is Cluster (SVC-51)"
        }
        Fact::ExternalLocal(true) => {
            "at each node it leads to endpoints there only: externalTrafficPolicy is Local (SVC-53)"
        }
        Fact::ExternalLocal(false) => {
            "at each node it leads to endpoints of any: externalTrafficPolicy is Cluster (SVC-53)"
        }
        Fact::Affinity(None) => "a client does not keep its endpoint any more (SVC-42)",
        Fact::Distribution(Distribution::None) => "no endpoint is preferred any more (SVC-43)",
        Fact::Distribution(_) => "other endpoints are preferred: trafficDistribution (SVC-43)",
        Fact::ClusterIps => "it has another ClusterIP",
        Fact::NodePorts => "it has other nodePorts, or none",
        Fact::Addresses => "it has other external addresses",
        Fact::SourceRanges => "others may use its load balancer (SVC-25)",
        Fact::HealthCheck => "its health check has another port (SVC-59)",
        Fact::Names => "its name stands for others (DNS-3)",
    };
    text.to_owned()
}

/// What became of the pods behind a Service.
fn pods(names: &Names<'_, '_>, diff: &Diff, served: &Served) -> String {
    let none: &[(PartyId, u16)] = &[];
    let (was, is) = match &served.what {
        Became::Empty(was) => (&was[..], none),
        Became::Filled(is) => (none, &is[..]),
        Became::Leads(was, is) => (&was[..], &is[..]),
        _ => (none, none),
    };
    let own = |id: PartyId| was.iter().chain(is).any(|(end, _)| *end == id);
    let labels = diff.pieces.iter().find_map(|piece| match &piece.what {
        What::Labels { whole, labels, .. } if own(*whole) => {
            Some(format!("{} {}", names.one(*whole), relabelled(labels)))
        }
        _ => None,
    });
    let came = diff.came.iter().find(|came| own(came.party));
    match (labels, came) {
        (Some(labels), _) => labels,
        (None, Some(came)) => self::came(&names.one(came.party), came.how),
        (None, None) => "its pods are not ready, or have other ports".to_owned(),
    }
}

fn kind(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::ClusterIp => "a ClusterIP",
        ServiceKind::NodePort => "a NodePort",
        ServiceKind::LoadBalancer => "a LoadBalancer",
        ServiceKind::Headless => "headless",
        ServiceKind::ExternalName => "an ExternalName",
    }
}
