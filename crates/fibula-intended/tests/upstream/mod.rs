//! The 48 end-to-end tests of NetworkPolicy that Kubernetes itself has (semantics, section 9.1), as
//! manifests and answers.
//!
//! Needs nothing but the standard library, so that the model and the kernel are judged by one copy:
//! use it by `#[path]`.
#![allow(dead_code, reason = "each test that shares this uses a part of it")]

mod egress;
mod ingress;
mod others;

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A test: its number in the table of section 9.1, its name, and its steps.
pub(crate) struct Test {
    pub(crate) number: u8,
    pub(crate) name: &'static str,
    steps: &'static [Step],
}

/// A step of a test.
struct Step {
    /// The policies in force: whom they select, such as `x` or `x/a`, and the rest of the `spec`.
    policies: &'static [(&'static str, &'static str)],
    /// Labels that were added: to `y`, or to `x/b`.
    labels: &'static [(&'static str, &'static str)],
    /// What is probed, such as `81` or `80/UDP`, and what is blocked there, in the table's notation.
    blocked: &'static [(&'static str, &'static str)],
}

/// A step, for whoever runs it.
pub(crate) struct Case {
    /// The test's number.
    pub(crate) number: u8,
    /// The test's name.
    pub(crate) name: &'static str,
    /// The step, counted from 1.
    pub(crate) step: usize,
    /// The whole cluster, as YAML.
    pub(crate) manifests: String,
    /// What must be seen. A pod's messages to itself are left out, as the tests do.
    pub(crate) probes: Vec<Probe>,
}

/// A probe, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The pod that sends, such as `x/a`.
    pub(crate) from: &'static str,
    /// The pod whose Service it sends to.
    pub(crate) to: &'static str,
    /// The ClusterIP of that Service.
    pub(crate) at: String,
    /// The port.
    pub(crate) port: u16,
    /// Its protocol: `TCP`, `UDP` or `SCTP`.
    pub(crate) protocol: &'static str,
    /// Whether it must be blocked.
    pub(crate) blocked: bool,
}

/// The pods of the fixture.
pub(crate) const PODS: [&str; 9] = ["x/a", "x/b", "x/c", "y/a", "y/b", "y/c", "z/a", "z/b", "z/c"];

const NONE: Step = Step { policies: &[], labels: &[], blocked: &[] };

/// All tests, by their number.
pub(crate) fn tests() -> impl Iterator<Item = &'static Test> {
    ingress::TESTS.iter().chain(egress::TESTS).chain(others::TESTS)
}

/// Each step of each test.
pub(crate) fn cases() -> Vec<Case> {
    let cases = |test: &'static Test| {
        test.steps.iter().enumerate().map(|(i, step)| Case {
            number: test.number,
            name: test.name,
            step: i + 1,
            manifests: manifests(step),
            probes: step.blocked.iter().flat_map(|(at, blocked)| probes(at, blocked)).collect(),
        })
    };
    tests().flat_map(cases).collect()
}

// --- the fixture ---

/// Three namespaces of three pods on two Nodes. Every pod has a Service of its own, and every port
/// a container of its own.
fn manifests(step: &Step) -> String {
    let mut text = String::new();
    for node in 1..=2 {
        let ip = format!("172.18.0.{node}");
        let status = format!("addresses: [{{type: InternalIP, address: {ip}}}]");
        object(
            &mut text,
            "v1",
            "Node",
            &format!("name: n{node}"),
            &format!("status: {{{status}}}"),
        );
    }
    // In quotes, for in YAML y can mean that something is true.
    for name in ["x", "y", "z"] {
        let labels = labels(&format!("ns: '{name}'"), step, name);
        object(&mut text, "v1", "Namespace", &format!("name: '{name}', labels: {{{labels}}}"), "");
    }
    for (i, path) in PODS.iter().enumerate() {
        let (namespace, name) = split(path);
        let labels = labels(&format!("pod: {name}"), step, path);
        let metadata = format!("namespace: '{namespace}', name: {name}, labels: {{{labels}}}");
        let containers: Vec<String> = ports()
            .map(|(port, protocol)| {
                let called = format!("{port}-{}", protocol.to_lowercase());
                let port =
                    format!("name: serve-{called}, containerPort: {port}, protocol: {protocol}");
                format!("{{name: c-{called}, ports: [{{{port}}}]}}")
            })
            .collect();
        let spec = format!("nodeName: n{}, containers: [{}]", i % 2 + 1, containers.join(", "));
        let ip = pod_ip(i);
        let status = format!("phase: Running, podIP: {ip}, podIPs: [{{ip: {ip}}}]");
        let body = format!("spec: {{{spec}}}\nstatus: {{{status}}}");
        object(&mut text, "v1", "Pod", &metadata, &body);

        let ports: Vec<String> = ports()
            .map(|(port, protocol)| {
                let name = format!("{port}-{}", protocol.to_lowercase());
                format!("{{name: s-{name}, port: {port}, protocol: {protocol}}}")
            })
            .collect();
        let metadata = format!("namespace: '{namespace}', name: s-{namespace}-{name}");
        let spec = format!(
            "clusterIP: {}, selector: {{pod: {name}}}, ports: [{}]",
            service_ip(i),
            ports.join(", "),
        );
        object(&mut text, "v1", "Service", &metadata, &format!("spec: {{{spec}}}"));
    }
    for (i, (selects, spec)) in step.policies.iter().enumerate() {
        let (namespace, pod) = selects.split_once('/').unwrap_or((selects, ""));
        let metadata = format!("namespace: '{namespace}', name: policy-{}", i + 1);
        let pods = match pod {
            "" => String::new(),
            pod => format!("podSelector: {{matchLabels: {{pod: {pod}}}}}, "),
        };
        let body = format!("spec: {{{pods}{spec}}}");
        object(&mut text, "networking.k8s.io/v1", "NetworkPolicy", &metadata, &body);
    }
    text
}

fn object(text: &mut String, version: &str, kind: &str, metadata: &str, body: &str) {
    let head = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{{metadata}}}");
    writeln!(text, "---\n{head}\n{body}").expect("a text takes everything");
}

fn labels(own: &str, step: &Step, of: &str) -> String {
    let added = step.labels.iter().filter(|(whose, _)| *whose == of).map(|(_, label)| *label);
    [own].into_iter().chain(added).collect::<Vec<_>>().join(", ")
}

fn ports() -> impl Iterator<Item = (u16, &'static str)> {
    let protocols = ["TCP", "UDP", "SCTP"];
    [80, 81].into_iter().flat_map(move |port| protocols.map(|protocol| (port, protocol)))
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('/').expect("a namespace and a name")
}

/// x/a has 10.244.1.1, x/b 10.244.2.2, and so on.
fn pod_ip(index: usize) -> String {
    format!("10.244.{}.{}", index % 2 + 1, index + 1)
}

fn service_ip(index: usize) -> String {
    format!("10.96.0.{}", index + 1)
}

// --- the notation ---

/// The probes of every pair at a port.
fn probes(at: &'static str, blocked: &str) -> Vec<Probe> {
    let (port, protocol) = at.split_once('/').unwrap_or((at, "TCP"));
    let port = port.parse().expect("a port");
    let blocked = self::blocked(blocked);
    let mut probes = vec![];
    for from in PODS {
        for (i, to) in PODS.into_iter().enumerate().filter(|(_, to)| *to != from) {
            let blocked = blocked.contains(&(from, to));
            probes.push(Probe { from, to, at: service_ip(i), port, protocol, blocked });
        }
    }
    probes
}

/// The pairs that a text such as `* → x/a except x/b; x/* → *` names: `*` is every pod, `x/*` every
/// pod of x. An exception is one of the side that is not one pod.
fn blocked(text: &str) -> BTreeSet<(&'static str, &'static str)> {
    let mut pairs = BTreeSet::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (part, except) = part.split_once(" except ").unwrap_or((part, ""));
        let (from, to) = part.split_once(" → ").expect("who is blocked from whom");
        let except: Vec<&str> = except.split(", ").flat_map(pods).collect();
        let except_from = from.contains('*');
        for from in from.split(", ").flat_map(pods) {
            let to = to.split(", ").flat_map(pods).filter(|to| except_from || !except.contains(to));
            pairs.extend(
                to.map(|to| (from, to)).filter(|_| !except_from || !except.contains(&from)),
            );
        }
    }
    pairs
}

fn pods(text: &str) -> Vec<&'static str> {
    let wanted = |path: &&str| match text.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => *path == text,
    };
    PODS.into_iter().filter(wanted).collect()
}

#[test]
fn the_notation_means_what_it_says() {
    let count = |text| blocked(text).len();
    assert_eq!(count("* → x/a"), 9);
    assert_eq!(count("* → x/a except x/b"), 8);
    assert_eq!(count("x/a → * except y/a"), 8);
    assert_eq!(count("y/*, z/* → x/*"), 18);
    assert_eq!(count("* → x/*; x/* → *"), 45);
    assert_eq!(blocked("x/a → x/b; x/c → x/a"), [("x/a", "x/b"), ("x/c", "x/a")].into());
    assert!(!blocked("x/a → * except y/a").contains(&("x/a", "y/a")));
    assert!(!blocked("* → x/a except x/b, x/c").contains(&("x/c", "x/a")));
}
