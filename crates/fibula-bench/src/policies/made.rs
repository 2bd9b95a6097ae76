//! The manifests of the scenes.

use crate::manifests::{App, Manifests, Policy, block, peer, rule};

/// How many Nodes pods are spread over: 30 a Node, as elsewhere.
fn nodes(pods: usize) -> usize {
    pods.div_ceil(30).max(2)
}

fn in_namespace<'a>(
    namespace: &'a str,
    name: &'a str,
    pods: &'a str,
    direction: &'a str,
    rules: &'a [String],
) -> Policy<'a> {
    Policy { namespace, name, pods, direction, rules }
}

pub(super) fn workloads(out: &mut Manifests, namespaces: usize) {
    out.nodes(nodes(namespaces * 5));
    let name = |namespace: usize| format!("team-{namespace}");
    for number in 0..namespaces {
        let namespace = &*name(number);
        out.namespace(namespace, &format!("team: t{number}"));
        out.policy(&in_namespace(namespace, "deny", "{}", "Ingress", &[]));
        for app in 0..5 {
            let called = &*format!("app-{app}");
            out.deployment(&App { namespace, name: called, replicas: 1, labels: &[] });
            let from = format!("{{app: app-{}}}", (app + 1) % 5);
            let other = format!("{{team: t{}}}", (number + 7 * app + 1) % namespaces);
            let from = peer(Some(&from), (app % 2 == 0).then_some(&*other));
            let cidr = block(&format!("198.51.{}.0/24", number % 256));
            let ports = [("TCP", 8080)];
            let rules = [rule("Ingress", &[from], &ports), rule("Ingress", &[cidr], &ports)];
            let selected = &*format!("{{matchLabels: {{app: {called}}}}}");
            out.policy(&in_namespace(
                namespace,
                &format!("{called}-in"),
                selected,
                "Ingress",
                &rules,
            ));
            let any = [peer(None, Some("{}"))];
            let rules = [rule("Egress", &any, &[("TCP", 8080), ("UDP", 53)])];
            out.policy(&in_namespace(
                namespace,
                &format!("{called}-out"),
                selected,
                "Egress",
                &rules,
            ));
        }
    }
}

pub(super) fn apps(out: &mut Manifests, namespaces: usize, replicas: usize) {
    let nodes = nodes(namespaces * 10 * replicas);
    out.nodes(nodes);
    for number in 0..namespaces {
        let namespace = &*format!("team-{number}");
        out.namespace(namespace, &format!("team: t{number}"));
        out.policy(&in_namespace(namespace, "deny", "{}", "Ingress", &[]));
        for app in 0..10 {
            let called = &*format!("app-{app}");
            let it = App { namespace, name: called, replicas, labels: &[] };
            out.pods(&it, nodes);
            out.service(&it);
            let selected = &*format!("{{matchLabels: {{app: {called}}}}}");
            let from = format!("{{app: app-{}}}", (app + 1) % 10);
            let rules = match app {
                0 | 1 => vec![rule("Ingress", &[peer(Some(&from), None)], &[("TCP", 8080)])],
                2 => {
                    let other = format!("{{team: t{}}}", (number + 1) % namespaces);
                    let cidr = block(&format!("198.51.{}.0/24", number % 256));
                    let peers = [peer(Some(&from), Some(&other)), cidr];
                    vec![rule("Ingress", &peers, &[("TCP", 8080)])]
                }
                3 => {
                    let any = [peer(None, Some("{}"))];
                    vec![rule("Egress", &any, &[("TCP", 8080), ("UDP", 53)])]
                }
                _ => continue,
            };
            let direction = if app == 3 { "Egress" } else { "Ingress" };
            out.policy(&in_namespace(namespace, called, selected, direction, &rules));
        }
    }
}

pub(super) const PROFILE_PODS: usize = 5_413;
pub(super) const PROFILE_POLICIES: usize = 13_678;
const PROFILE_NAMESPACES: usize = 604;

/// Namespaces are as skewed as cities are: a few have dozens of pods, and as many policies the more
/// pods they have. Apps have two pods, groups of a namespace six.
pub(super) fn profile(out: &mut Manifests) {
    let nodes = nodes(PROFILE_PODS);
    out.nodes(nodes);
    let mut random = Random(1);
    let mut pods = vec![1; PROFILE_NAMESPACES];
    let weight =
        |rank: usize| (PROFILE_PODS as f64 * 0.0255 / (rank as f64 + 3.0).powf(0.62)) as usize;
    pods.iter_mut().enumerate().for_each(|(rank, pods)| *pods += weight(rank));
    let mut left = PROFILE_PODS.saturating_sub(pods.iter().sum());
    for number in (0..PROFILE_NAMESPACES).cycle() {
        if left == 0 {
            break;
        }
        pods[number] += 1;
        left -= 1;
    }
    let mut homes: Vec<usize> = vec![];
    for (number, pods) in pods.iter().enumerate() {
        let namespace = &*format!("ns-{number}");
        out.namespace(namespace, &format!("zone: z{}", number % 24));
        for pod in (0..*pods).step_by(2) {
            let labels = [format!("group: g{}", pod / 6)];
            let name = &*format!("app-{}", pod / 2);
            let replicas = (*pods - pod).min(2);
            out.pods(&App { namespace, name, replicas, labels: &labels }, nodes);
            homes.extend([number].repeat(replicas));
        }
    }
    for policy in 0..PROFILE_POLICIES {
        let number = homes[random.below(homes.len())];
        let (namespace, size) = (&*format!("ns-{number}"), pods[number]);
        let selected = match random.below(100) {
            0..25 => format!("{{matchLabels: {{app: app-{}}}}}", random.below(size.div_ceil(2))),
            25..75 => format!("{{matchLabels: {{group: g{}}}}}", random.below(size.div_ceil(6))),
            _ => "{}".to_owned(),
        };
        let direction = if random.below(10) < 7 { "Ingress" } else { "Egress" };
        let mut rules = vec![];
        let port = [("TCP", 8000 + random.below(20) as u16)];
        if random.below(100) < 54 {
            let cidr = format!("198.{}.{}.0/24", 18 + random.below(2), random.below(256));
            rules.push(rule(direction, &[block(&cidr)], &port));
        }
        if random.below(100) < 62 {
            let peer = match random.below(100) {
                0..86 => {
                    peer(Some(&format!("{{app: app-{}}}", random.below(size.div_ceil(2)))), None)
                }
                _ => peer(None, Some(&format!("{{zone: z{}}}", random.below(24)))),
            };
            rules.push(rule(direction, &[peer], &port));
        }
        let name = &*format!("policy-{policy}");
        out.policy(&Policy { namespace, name, pods: &selected, direction, rules: &rules });
    }
}

/// Numbers that look random, the same each time.
struct Random(u64);

// === impl Random ===

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}
