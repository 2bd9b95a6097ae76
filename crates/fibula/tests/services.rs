//! What people see of messages to Services. `SNAPSHOTS=overwrite` writes the sessions anew.

mod common;

use std::fmt::Write as _;

use fibula_report::Screen;
use snapbox::{Data, assert_data_eq, file};

use common::{Ran, run, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };
const USUAL: Screen = Screen { width: Some(100), color: false, unicode: true };
const WIDE: Screen = Screen { width: Some(200), color: false, unicode: true };
const ASCII: Screen = Screen { width: Some(100), color: false, unicode: false };
const COLOUR: Screen = Screen { width: Some(200), color: true, unicode: true };

/// The cluster of these tests: two Nodes, and a Service of each kind. By a path from the crate, where
/// tests run, so that what fits into a line does not depend on where the checkout lies.
const INPUT: &str = "tests/input/services.yaml";

/// Runs a command line as it would be typed where the input is, and shows it so.
fn shown(screen: Screen, line: &str, stdin: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let words: Vec<&str> =
        words.into_iter().map(|word| if word == "services.yaml" { INPUT } else { word }).collect();
    let Ran { code, out, err } = run_on(screen, &words, stdin.as_bytes());
    let input = INPUT.trim_end_matches("services.yaml");
    format!("$ fibula {line}\n{err}{out}[exit {code}]\n").replace(input, "")
}

/// A session of traces of the cluster.
fn session(screen: Screen, traces: &[&str]) -> String {
    let lines = traces.iter().map(|trace| format!("trace -f services.yaml {trace}"));
    lines.map(|line| shown(screen, &line, "")).collect::<Vec<_>>().join("\n")
}

fn check(session: &str, expected: Data) {
    assert_data_eq!(session, expected.raw());
}

#[test]
fn svc_50_a_cluster_ip_leads_to_one_of_its_endpoints() {
    let traces = [
        // All, with one endpoint and with several; some; a hairpin.
        "shop/api-1 web.shop.svc",
        "shop/web api",
        "--listeners declared shop/web api:80",
        "shop/web web:80",
        // From a Node, and by the names of the pods themselves.
        "n1/kubelet svc/shop/api",
        "--listeners declared shop/web peers",
    ];
    check(&session(USUAL, &traces), file!["snapshots/services-100.txt"]);
    check(&session(NARROW, &traces), file!["snapshots/services-80.txt"]);
    check(&session(WIDE, &traces), file!["snapshots/services-200.txt"]);
    let ascii = session(ASCII, &traces[2..4]);
    assert!(ascii.is_ascii());
    check(&ascii, file!["snapshots/services-ascii.txt"]);
    check(&session(COLOUR, &traces[2..4]), file!["snapshots/services-colour.txt"]);
}

#[test]
fn svc_20_the_world_comes_in_by_nodes_balancers_and_external_addresses() {
    let traces = [
        "world 198.51.100.7:80",
        "world 192.0.2.80:80",
        "world node/n2:30080",
        "world node/n1:30090",
        "203.0.113.77 node/n1:30090",
        "shop/api-2 node/n1:30090",
        // Balancers of every kind: forks within forks, source ranges, health checks.
        "--listeners declared world 198.51.100.77:80",
        "--listeners declared shop/web 198.51.100.78:80",
        "192.0.2.1 198.51.100.77:80",
        "world 198.51.100.79:80",
        "world 192.0.2.99:80",
    ];
    check(&session(WIDE, &traces), file!["snapshots/services-world.txt"]);
}

#[test]
fn svc_42_and_dr_13_what_a_service_is_to_its_clients() {
    let sticky = "apiVersion: v1\nkind: Service\nmetadata: {name: sticky, namespace: shop}\n\
         spec: {clusterIP: 10.96.0.97, sessionAffinity: ClientIP, selector: {app: api}, \
         ports: [{port: 80, targetPort: 8080}]}\n";
    let one = "apiVersion: v1\nkind: Service\nmetadata: {name: one, namespace: shop}\n\
         spec: {clusterIP: 10.96.0.96, sessionAffinity: ClientIP, selector: {app: web}, \
         ports: [{port: 80, targetPort: 8080}]}\n";
    let pending = "apiVersion: v1\nkind: Service\nmetadata: {name: soon, namespace: shop}\n\
         spec: {clusterIP: 10.96.0.95, type: LoadBalancer, selector: {app: web}, \
         ports: [{port: 80, targetPort: 8080, nodePort: 30095}]}\n";
    let sessions = [
        shown(WIDE, "trace -f services.yaml -f - shop/web sticky", sticky),
        // Where there is nothing to choose, there is nothing to keep.
        shown(WIDE, "trace -f services.yaml -f - shop/api-1 one", one),
        shown(WIDE, "trace -f services.yaml world svc/shop/web:80", ""),
        shown(WIDE, "trace -f services.yaml world svc/shop/local:80", ""),
        shown(WIDE, "trace -f services.yaml world svc/shop/api:80", ""),
        shown(WIDE, "trace -f services.yaml -f - world svc/shop/soon:80", pending),
    ];
    check(&sessions.join("\n"), file!["snapshots/services-clients.txt"]);
}

#[test]
fn who_is_refused_by_another_way_than_it_came_does_not_hear_of_it() {
    let astray = "apiVersion: v1\nkind: Service\nmetadata: {name: astray, namespace: shop}\n\
         spec: {clusterIP: 10.96.0.94, type: NodePort, externalTrafficPolicy: Local, \
         ports: [{port: 80, nodePort: 30094}]}\n---\n\
         apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: {name: astray-1, namespace: shop, \
         labels: {kubernetes.io/service-name: astray}}\naddressType: IPv4\n\
         ports: [{port: 81, name: \"\", protocol: TCP}]\n\
         endpoints: [{addresses: [10.0.2.4], nodeName: n1}]\n";
    let line = "trace -f services.yaml -f - --listeners declared world node/n1:30094";
    check(&shown(WIDE, line, astray), file!["snapshots/services-unheard.txt"]);
}

#[test]
fn svc_51_who_refuses_says_why() {
    let traces = [
        "shop/web slow",
        "shop/web nothing",
        "shop/web 10.96.0.8:81",
        "shop/api-2 local:80",
        "world node/n2:30090",
        "shop/web lost.shop.svc:80",
    ];
    check(&session(WIDE, &traces), file!["snapshots/services-refused.txt"]);
}

/// A Service with so many endpoints, of which these pods exist.
fn crowd(endpoints: usize) -> String {
    let mut slice = String::from(
        "apiVersion: v1\nkind: Service\nmetadata: {name: crowd, namespace: shop}\n\
         spec: {clusterIP: 10.96.0.99, ports: [{port: 80}]}\n---\n\
         apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: {name: crowd-1, namespace: shop, \
         labels: {kubernetes.io/service-name: crowd}}\naddressType: IPv4\n\
         ports: [{port: 8080, name: \"\", protocol: TCP}]\nendpoints:\n",
    );
    for i in 0..endpoints {
        let _ = writeln!(slice, "- {{addresses: [10.0.1.{}]}}", i + 6);
    }
    slice
}

#[test]
fn svc_42_alike_branches_share_a_line_where_they_are_many() {
    let line = "trace -f services.yaml -f - shop/web crowd";
    let sessions = [shown(WIDE, line, &crowd(3)), shown(WIDE, line, &crowd(100))];
    check(&sessions.join("\n"), file!["snapshots/services-many.txt"]);
}

#[test]
fn dr_21_what_could_lead_elsewhere_makes_an_answer_undecided() {
    let twice = "apiVersion: v1\nkind: Service\nmetadata: {name: twice, namespace: shop}\n\
         spec: {type: NodePort, clusterIP: 10.96.0.98, selector: {app: slow}, \
         ports: [{port: 80, nodePort: 30080}]}\n";
    let mesh = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n\
         metadata: {name: v, namespace: other}\n";
    let sessions = [
        shown(WIDE, "trace -f services.yaml -f - world node/n1:30080", twice),
        shown(WIDE, "trace -f services.yaml -f - shop/api-1 web:80", mesh),
        shown(WIDE, "trace -f services.yaml -f - shop/api-1 pod/web:8080 -q", mesh),
        shown(WIDE, "trace -f services.yaml -f - world node/n1:30080 -q", mesh),
        shown(
            WIDE,
            "trace -f services.yaml -f - --ignore VirtualService shop/api-1 web:80 -q",
            mesh,
        ),
    ];
    check(&sessions.join("\n"), file!["snapshots/services-undecided.txt"]);
}

/// The network of the cluster, as a file in which some text is replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    let listeners = ["--listeners", "declared"];
    let graph = ["graph", "-f", INPUT, "-o", "json"];
    let mut network = run(&[&graph[..], &listeners[..]].concat()).out;
    for (old, new) in edits {
        assert!(network.contains(old), "{old} is in the file");
        network = network.replace(old, new);
    }
    network.replace(INPUT, "services.yaml")
}

#[test]
fn svc_60_a_reply_that_misses_who_rewrote_the_message_is_lost() {
    let trace =
        |edits: &[_], ends: &str| shown(WIDE, &format!("trace --network - {ends}"), &edited(edits));
    // n1 has no address to masquerade by: a hairpin never comes back to it.
    let no_masquerade = [("\"masquerade\": [\"10.0.0.1\"]", "\"masquerade\": []")];
    // Nobody undoes anything.
    let no_undo = [(
        "{\"reply\": true, \"do\": \"undo\", \"then\": \"next hop\", \"rule\": \"NM-24\"}",
        "{\"reply\": true, \"do\": \"goto next hop\", \"rule\": \"NM-24\"}",
    )];
    let sessions = [
        trace(&no_masquerade, "shop/web 10.96.0.7:80"),
        trace(&no_masquerade, "shop/api-1 10.96.0.8:80"),
        trace(&no_undo, "shop/api-1 10.96.0.7:80"),
    ];
    check(&sessions.join("\n"), file!["snapshots/services-lost.txt"]);
}

#[test]
fn a_trace_through_a_service_is_json_too() {
    let line = "trace -f services.yaml shop/api-1 web.shop.svc -o json";
    check(&shown(WIDE, line, ""), file!["snapshots/services.json.txt"]);
}
