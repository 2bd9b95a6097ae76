//! No change of a kind that is offered, and breaks nothing, opens less: by trying all of that kind, of
//! labels that there are and values that selectors ask for.

use fibula_answers::change::{Change, Edit, Kind, Labelled, NewRule, RuleAt};
use fibula_answers::trace::policies::{Direction, Says};
use fibula_answers::why::{Block, Goal, Why};
use fibula_cluster::{
    NamespaceSelection, PeerOf, Peers, Pod, PodSelection, Protocol, Requirement, RuleAction,
    RulePort, Selector, Test, Tier,
};
use fibula_network::Proto;

use crate::Scene;
use crate::offers::{comes_to, wanted};

pub(crate) fn agree(scene: &Scene, why: &Why, asked: (&str, &str)) -> Result<(), String> {
    let Some(message) = wanted(scene, why).filter(|_| why.goal == Goal::Allow && why.left == 0)
    else {
        return Ok(());
    };
    let [Block::Policy(judged)] = &why.blocks[..] else { return Ok(()) };
    if !matches!(judged.ruling.says, Says::Isolated(_)) {
        return Ok(());
    }
    let pod = |said: &str| -> Option<&Pod> {
        let name = said.strip_prefix("pod/")?.split(':').next()?;
        scene.cluster.pods.iter().find(|pod| format!("{}/{}", pod.namespace, pod.name) == name)
    };
    let (Some(from), Some(to)) = (pod(asked.0), pod(asked.1)) else { return Ok(()) };
    let direction = judged.ruling.direction;
    let (subject, other) = match direction {
        Direction::Ingress => (to, from),
        Direction::Egress => (from, to),
    };
    let space = Space { scene, direction, subject, other, port: (message.2, message.3) };
    for (kind, changes) in space.all() {
        let offered = why.offers.iter().find(|offer| offer.change.kinds() == [kind]);
        let Some(offered) = offered else { continue };
        let Some((_, best, _)) = comes_to(scene, &offered.change, message) else { continue };
        for change in changes {
            let Some((true, opens, closes)) = comes_to(scene, &change, message) else { continue };
            if closes.is_empty() && opens.is_subset(&best) && opens.len() < best.len() {
                return Err(format!(
                    "{:?} opens {best:?}, and {change:?} only {opens:?}",
                    offered.change
                ));
            }
        }
    }
    Ok(())
}

/// All changes that could be made.
struct Space<'s> {
    scene: &'s Scene,
    direction: Direction,
    subject: &'s Pod,
    other: &'s Pod,
    port: (Proto, u16),
}

impl Space<'_> {
    fn all(&self) -> Vec<(Kind, Vec<Change>)> {
        vec![
            (Kind::Peer, self.peers()),
            (Kind::Port, self.ports()),
            (Kind::Rule, self.rules()),
            (Kind::Label, self.labels()),
        ]
    }

    /// Peers of all subsets of the other's labels, with or without its namespace said by name.
    fn selections(&self, namespace: &str) -> Vec<PeerOf> {
        let labels: Vec<(&str, &str)> = self.other.labels.iter().collect();
        let own = &self.other.namespace;
        let named = Selector::new([equal("kubernetes.io/metadata.name", own)]);
        let mut found = vec![];
        for set in 0..1usize << labels.len() {
            let some = labels.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
            let pods = Selector::new(some.map(|(_, (key, value))| equal(key, value)));
            let mut namespaces = vec![NamespaceSelection::By(named.clone())];
            if own == namespace {
                namespaces.push(NamespaceSelection::Named(own.clone()));
            }
            for namespaces in namespaces {
                let pods = pods.clone();
                found.push(PeerOf::Pods(PodSelection { namespaces, pods }));
            }
        }
        found
    }

    fn protocol(&self) -> Protocol {
        match self.port.0 {
            Proto::Tcp => Protocol::Tcp,
            Proto::Udp => Protocol::Udp,
            Proto::Sctp => Protocol::Sctp,
        }
    }

    fn port(&self) -> RulePort {
        RulePort::Range { protocol: self.protocol(), first: self.port.1, last: self.port.1 }
    }

    /// Each rule of each NetworkPolicy of the subject's namespace.
    fn each(&self, make: impl Fn(RuleAt, &fibula_cluster::Rule, &str) -> Vec<Edit>) -> Vec<Change> {
        let policies = self.scene.cluster.policies.iter();
        let policies = policies.filter(|policy| policy.tier == Tier::NetworkPolicy);
        policies
            .flat_map(|policy| {
                let rules = match self.direction {
                    Direction::Ingress => &policy.ingress,
                    Direction::Egress => &policy.egress,
                };
                rules.iter().flat_map(|rule| {
                    let direction = self.direction;
                    let at = RuleAt { policy: policy.object, direction, rule: rule.index };
                    make(at, rule, &policy.namespace)
                })
            })
            .map(Change::of)
            .collect()
    }

    fn peers(&self) -> Vec<Change> {
        self.each(|rule, of, namespace| match of.peers {
            Peers::Any => vec![],
            Peers::Of(_) => {
                let all = self.selections(namespace).into_iter();
                all.map(|peer| Edit::AddPeer { rule, peer }).collect()
            }
        })
    }

    fn ports(&self) -> Vec<Change> {
        let protocol = self.protocol();
        self.each(|rule, of, _| {
            let ports = [self.port(), RulePort::All(protocol)];
            let all = ports.into_iter().filter(|_| !of.ports().is_empty());
            all.map(|port| Edit::AddPort { rule, port }).collect()
        })
    }

    fn rules(&self) -> Vec<Change> {
        let policies = self.scene.cluster.policies.iter();
        let policies = policies.filter(|policy| match (policy.tier, self.direction) {
            (Tier::NetworkPolicy, Direction::Ingress) => policy.isolates.ingress,
            (Tier::NetworkPolicy, Direction::Egress) => policy.isolates.egress,
            _ => false,
        });
        policies
            .flat_map(|policy| {
                let at = RuleAt { policy: policy.object, direction: self.direction, rule: 0 };
                let peers = self.selections(&policy.namespace).into_iter();
                peers.map(move |peer| Edit::AddRule {
                    at,
                    rule: NewRule {
                        action: RuleAction::Allow,
                        peers: vec![peer],
                        ports: vec![self.port()],
                    },
                })
            })
            .map(Change::of)
            .collect()
    }

    fn labels(&self) -> Vec<Change> {
        let values = [Some("x"), Some("y"), Some("a"), Some("b"), None];
        let own = |pod: &Pod| Labelled::Workload {
            namespace: pod.namespace.clone(),
            workload: pod.workload.clone(),
        };
        let mut found = vec![];
        let mut each = |of: &Labelled, keys: &[&str]| {
            for (key, value) in keys.iter().flat_map(|key| values.map(|value| (*key, value))) {
                let (key, value) = (key.to_owned(), value.map(str::to_owned));
                found.push(Change::of(Edit::SetLabel { of: of.clone(), key, value }));
            }
        };
        for pod in [self.subject, self.other] {
            each(&own(pod), &["app", "tier"]);
            let mut namespaces = self.scene.cluster.namespaces.iter();
            let read = namespaces.any(|n| n.name == pod.namespace && n.object.is_some());
            if read {
                each(&Labelled::Namespace(pod.namespace.clone()), &["team", "env"]);
            }
        }
        found
    }
}

fn equal(key: &str, value: &str) -> Requirement {
    Requirement { key: key.to_owned(), test: Test::In(vec![value.to_owned()]) }
}
