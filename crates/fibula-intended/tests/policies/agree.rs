//! The evaluator and `walk` agree on random clusters, under every combination of what is open.
//!
//! Services are not the evaluator's: where a message goes without policies, and by which addresses,
//! the network without them says. Whether it may go there is for the evaluator.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use fibula_cluster::{Cluster, Selector, Tier};
use fibula_intended::{Decision, Decisions, Intent, network};
use fibula_network::walk::{Ending, Life, Verdict, Walks};
use fibula_network::*;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::clusters::{Drawn, Shape, policed};
use crate::evaluator::{Evaluator, Open};
use crate::scene::Values;
use crate::way::Way;

/// A cluster's network with its policies and without, and the choices of both.
pub(crate) struct Both<'a> {
    cluster: &'a Cluster,
    pub(crate) with: Network,
    pub(crate) without: Network,
    /// By choice of the network without policies, the same choice of the other.
    same: Vec<ChoiceId>,
    decisions: Decisions,
}

/// How the life of a message ends, as far as the two can agree.
type Fate = (Verdict, Option<ElementId>);

impl<'a> Both<'a> {
    pub(crate) fn new(cluster: &'a Cluster, intent: &Intent) -> Both<'a> {
        let with = network(cluster, intent);
        let bare = Cluster { policies: vec![], ..cluster.clone() };
        let without = network(&bare, intent);
        let mut taken = BTreeSet::new();
        let same = without.choices.iter().map(|choice| {
            let known = |(i, other): &(usize, &Choice)| *other == choice && !taken.contains(i);
            let (at, _) = with.choices.iter().enumerate().find(known).expect("the same choice");
            taken.insert(at);
            ChoiceId(at as u8)
        });
        let same = same.collect();
        Both { cluster, with, without, same, decisions: intent.decisions.clone() }
    }

    /// Whether both say the same of a message under every value of every choice that it asks; how
    /// many combinations there were.
    pub(crate) fn agree(&self, process: ElementId, header: Header) -> Result<usize, String> {
        let (with, without) = (Walks::new(&self.with), Walks::new(&self.without));
        let mut open = vec![Values::new()];
        let mut count = 0;
        while let Some(fixed) = open.pop() {
            let choices = self.choices(&fixed);
            let lives = with.branches(process, header, &choices, 200).lives;
            let mut asked = lives.iter().flat_map(|life| &life.asked);
            if let Some(asked) = asked.find(|asked| !fixed.contains_key(asked)) {
                for value in 0..self.with.choice(*asked).values {
                    open.push(
                        fixed.iter().map(|(k, v)| (*k, *v)).chain([(*asked, value)]).collect(),
                    );
                }
                continue;
            }
            count += 1;
            let found: BTreeSet<Fate> = lives.iter().map(|life| fate(life.ending)).collect();
            // What was not asked does not matter: neither as the reference has it, nor otherwise.
            let unasked = (0..self.with.choices.len()).map(|i| ChoiceId(i as u8));
            let unasked = unasked.filter(|id| !fixed.contains_key(id));
            let others =
                unasked.flat_map(|id| (1..self.with.choice(id).values).map(move |v| (id, v)));
            for other in [None].into_iter().chain(others.map(Some)) {
                let values: Values = fixed.iter().map(|(k, v)| (*k, *v)).chain(other).collect();
                let expected = self.expected(&without, process, header, &self.choices(&values));
                if found != expected {
                    let at = &self.with.element(process).name;
                    let values = values.iter().map(|(id, v)| (&self.with.choice(*id).question, v));
                    let values: Vec<_> = values.collect();
                    return Err(format!(
                        "{at} sends {header:?}: {found:?}, but should {expected:?}, where {values:?}\n{lives:#?}",
                    ));
                }
            }
            // NP-20
            for life in lives.iter().filter(|life| life.ending.verdict == Verdict::Delivered) {
                let reply = with.reply(life, &choices).map(|reply| reply.ending.verdict);
                if reply != Some(Verdict::Delivered) {
                    return Err(format!("{header:?}: the reply is {reply:?}\n{life:#?}"));
                }
            }
        }
        Ok(count)
    }

    fn choices(&self, fixed: &Values) -> Vec<u8> {
        let value = |i: usize| fixed.get(&ChoiceId(i as u8)).copied().unwrap_or_default();
        (0..self.with.choices.len()).map(value).collect()
    }

    /// What becomes of a message, by the evaluator.
    fn expected(
        &self,
        without: &Walks<'_>,
        process: ElementId,
        header: Header,
        choices: &[u8],
    ) -> BTreeSet<Fate> {
        let of_bare: Vec<u8> = self.same.iter().map(|id| choices[usize::from(id.0)]).collect();
        let bare = without.branches(process, header, &of_bare, 200).lives;
        bare.iter().map(|life| self.judge(life, choices)).collect()
    }

    /// What becomes of a message that, without policies, has this life.
    fn judge(&self, life: &Life, choices: &[u8]) -> Fate {
        // A choice is known by its id and by what its question speaks of.
        let value = |id: &str, of: &[&str]| {
            let mut known = self.with.choices.iter().zip(choices);
            let known = known.find(|(choice, _)| {
                let question = choice.question.to_lowercase();
                &*choice.id == id && of.iter().all(|part| question.contains(part))
            });
            known.map_or(0, |(_, value)| *value)
        };
        let first = |tier: Tier, priority: u16| {
            let tier = if tier == Tier::Admin { "admin" } else { "baseline" };
            let of = [format!(" {tier} "), format!(" priority {priority}:")];
            usize::from(value("DR-6", &[&of[0], &of[1]]))
        };
        let unread = |kind: &str, name: &str, by: &Selector| {
            let of = [format!(" {kind} {name},"), format!(" {by}?")];
            value("DR-22", &[&of[0], &of[1]]) == 1
        };
        let namespace = |name: &str, by: &Selector| unread("namespace", name, by);
        let node = |name: &str, by: &Selector| unread("node", name, by);
        let domains = |names: &[String]| value("CNP-25", &[&names.join(", ")]) == 1;
        // A profile decides some; the others are choices.
        let decided = |decision: Decision| {
            self.decisions.taken(decision).unwrap_or_else(|| value(decision.id(), &[])) == 1
        };
        let open = Open {
            blocks_miss_pods: decided(Decision::BlocksMatchPods),
            own_node_judged: decided(Decision::OwnNode),
            hairpin_judged: decided(Decision::Hairpin),
            first: Some(&first),
            namespace: Some(&namespace),
            node: Some(&node),
            domains: Some(&domains),
        };
        let evaluator = Evaluator { cluster: self.cluster, open };
        let way = Way::of(&self.without, life);
        let sees_node = decided(Decision::SeenSource);
        let passes = way.egress(&evaluator).is_none_or(|message| evaluator.egress(message))
            && way.ingress(&evaluator, sees_node).is_none_or(|message| evaluator.ingress(message));
        if passes { fate(life.ending) } else { (Verdict::DroppedByPolicy, None) }
    }

    /// The processes that send, each with an address of its own in a family, and what they send to.
    fn senders(&self) -> Vec<(ElementId, IpAddr)> {
        let network = &self.without;
        let mut met = BTreeSet::new();
        let processes = network.ids().filter(|id| network.kind(*id).is_process());
        let hosts = processes.filter_map(|id| Some((id, network.facts.host(id)?)));
        let mut senders = vec![];
        for (id, host) in hosts.filter(|(_, host)| met.insert(*host)) {
            let own = network.fib(host).map(|fib| fib.me.own.clone()).unwrap_or_default();
            senders.extend(own.into_iter().map(|addr| (id, IpAddr::from(addr))));
        }
        let world = network.of_kind(Kind::World).flat_map(|world| {
            ["198.51.100.7", "2001:db8::7"].map(|addr| (world, addr.parse().expect("an address")))
        });
        senders.into_iter().chain(world).collect()
    }

    fn targets(&self) -> Vec<IpAddr> {
        let outside = ["8.8.8.8", "8.0.0.1", "198.51.100.9", "198.51.100.100", "2001:db8::9"];
        let mut targets: BTreeSet<IpAddr> =
            outside.iter().map(|addr| addr.parse().expect("an address")).collect();
        targets.extend(self.without.facts.addr.iter().map(|(_, addr)| IpAddr::from(*addr)));
        for service in &self.cluster.services {
            targets.extend(&service.external_ips);
            targets.extend(service.balancers.iter().filter_map(|balancer| balancer.ip));
        }
        // Services more often: what is rewritten has more ways to go wrong.
        let services = self.cluster.services.iter().flat_map(|service| &service.cluster_ips);
        services.copied().cycle().take(targets.len() / 2).chain(targets).collect()
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports: BTreeSet<Port> =
            self.without.facts.open.iter().map(|open| open.port).collect();
        ports.extend(
            ["80", "81", "8080", "53/UDP", "9/SCTP"]
                .map(|port| port.parse::<Port>().expect("a port")),
        );
        let services = self.cluster.services.iter().flat_map(|service| &service.ports);
        ports.extend(services.filter_map(|port| port.node_port).map(Port::tcp));
        let hosts = self.cluster.pods.iter().flat_map(|pod| &pod.containers);
        let hosts = hosts.flat_map(|container| &container.ports).filter_map(|port| port.host);
        ports.extend(hosts.map(|host| Port::tcp(host.number)));
        ports.into_iter().collect()
    }

    /// Every message between what is here.
    pub(crate) fn messages(&self) -> Vec<(ElementId, Header)> {
        let mut messages = vec![];
        for (process, src) in self.senders() {
            let same = |dst: &IpAddr| dst.is_ipv4() == src.is_ipv4();
            for dst in self.targets().into_iter().filter(same) {
                for Port { proto, number: dport } in self.ports() {
                    let (src, dst) = (src.into(), dst.into());
                    messages.push((process, Header { src, sport: 41000, dst, dport, proto }));
                }
            }
        }
        messages
    }

    /// A message, by numbers.
    pub(crate) fn message(&self, draw: &[Index; 3]) -> Option<(ElementId, Header)> {
        let [from, to, at] = draw;
        let senders = self.senders();
        let (process, src) = senders[from.index(senders.len())];
        let targets: Vec<IpAddr> =
            self.targets().into_iter().filter(|to| to.is_ipv4() == src.is_ipv4()).collect();
        let dst = *targets.get(to.index(targets.len().max(1)))?;
        let mut services = self.cluster.services.iter();
        let ports = match services.any(|service| service.cluster_ips.contains(&dst)) {
            true => [80, 80, 81].map(Port::tcp).to_vec(),
            false => self.ports(),
        };
        let Port { proto, number } = ports[at.index(ports.len())];
        Some((
            process,
            Header { src: src.into(), sport: 41000, dst: dst.into(), dport: number, proto },
        ))
    }
}

fn fate(ending: Ending) -> Fate {
    match ending.verdict {
        Verdict::DroppedByPolicy => (ending.verdict, None),
        verdict => (verdict, Some(ending.at)),
    }
}

const SHAPE: Shape = Shape { nodes: 3, pods: 6, services: 2, beyond_the_article: true };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_evaluator_and_walk_agree(
        Drawn { cluster, intent } in policed(SHAPE, 5),
        messages in prop::collection::vec(any::<[Index; 3]>(), 60),
    ) {
        let both = Both::new(&cluster, &intent);
        prop_assert_eq!(fibula_network::check(&both.with), vec![]);
        for draw in messages {
            let Some((process, header)) = both.message(&draw) else { continue };
            if let Err(why) = both.agree(process, header) {
                prop_assert!(false, "{}", why);
            }
        }
    }
}

/// What the random clusters hold is met often enough to mean something.
#[test]
fn what_the_evaluator_judges_is_varied() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let draws = prop::collection::vec(any::<[Index; 3]>(), 60);
    for _ in 0..400 {
        let drawn = policed(SHAPE, 5).new_tree(&mut runner).expect("a cluster").current();
        let both = Both::new(&drawn.cluster, &drawn.intent);
        for draw in draws.new_tree(&mut runner).expect("messages").current() {
            let Some((process, header)) = both.message(&draw) else { continue };
            let life = Walks::new(&both.with).walk(process, header, &[]);
            *met.entry(life.ending.verdict.name().to_owned()).or_default() += 1;
            for asked in &life.asked {
                *met.entry(both.with.choice(*asked).id.to_string()).or_default() += 1;
            }
        }
    }
    for what in [
        "delivered",
        "dropped by policy",
        "DR-2b",
        "DR-3",
        "DR-4",
        "DR-6",
        "DR-7",
        "DR-22",
        "CNP-25",
    ] {
        let count = met.get(what).copied().unwrap_or_default();
        assert!(count >= 3, "{what} is met {count} times: {met:?}");
    }
}
