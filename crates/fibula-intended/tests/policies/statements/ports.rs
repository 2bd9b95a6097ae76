//! NP-40 to NP-45: the ports of a rule.

use super::{FIXTURE, check, np, told};
use crate::scene::Scene;

fn into_shop(ports: &str) -> String {
    np("shop", &format!("ingress: [{{ports: [{ports}]}}]"))
}

fn out_of_ops(rule: &str) -> String {
    np("ops", &format!("policyTypes: [Egress], egress: [{{{rule}}}]"))
}

#[test]
fn np_40_a_port_is_of_the_target_and_tcp_by_default() {
    check(
        &[into_shop("{port: 80}")],
        &[
            ("ops/bot", "shop/web:80", "yes"),
            ("ops/bot", "shop/web:80/UDP", "no"),
            ("ops/bot", "10.96.0.1:8000", "yes"),
        ],
    );
    // The port of the Service means nothing.
    check(&[into_shop("{port: 8000}")], &[("ops/bot", "10.96.0.1:8000", "no")]);
    check(
        &[into_shop("{protocol: UDP}")],
        &[("ops/bot", "shop/web:9/UDP", "yes"), ("ops/bot", "shop/web:9", "no")],
    );
    check(
        &[into_shop("{}")],
        &[("ops/bot", "shop/web:9", "yes"), ("ops/bot", "shop/web:9/UDP", "no")],
    );
    check(
        &[out_of_ops("ports: [{port: 80}]")],
        &[("ops/bot", "10.96.0.1:8000", "yes"), ("ops/bot", "10.96.0.2:8000", "no")],
    );
}

#[test]
fn np_41_a_range_includes_both_ends() {
    let table: Vec<(&str, &str, &str)> =
        [("79", "no"), ("80", "yes"), ("81", "yes"), ("82", "yes"), ("83", "no")]
            .map(|(port, told)| ("ops/bot", port, told))
            .to_vec();
    let policy = into_shop("{port: 80, endPort: 82}");
    for (from, port, told) in table {
        check(std::slice::from_ref(&policy), &[(from, &format!("shop/web:{port}"), told)]);
    }
    check(&[into_shop("{port: 80, endPort: 80}")], &[("ops/bot", "shop/web:81", "no")]);
}

#[test]
fn np_42_a_name_means_what_the_target_pod_calls_so() {
    check(
        &[into_shop("{port: http}")],
        &[
            ("ops/bot", "shop/web:80", "yes"),
            ("ops/bot", "shop/web:8080", "no"),
            ("ops/bot", "shop/db:8080", "yes"),
            ("ops/bot", "shop/db:80", "no"),
        ],
    );
    // The name of a port of another protocol is none.
    check(
        &[into_shop("{port: dns}")],
        &[("ops/bot", "shop/web:53", "no"), ("ops/bot", "shop/web:53/UDP", "no")],
    );
    check(&[into_shop("{port: dns, protocol: UDP}")], &[("ops/bot", "shop/web:53/UDP", "yes")]);
    let table: [(&str, &str, &str); 6] = [
        ("ops/bot", "shop/web:80", "yes"),
        ("ops/bot", "shop/web:8080", "no"),
        ("ops/bot", "shop/db:8080", "yes"),
        ("ops/bot", "shop/db:80", "no"),
        ("ops/bot", "8.8.8.8:80", "no"),
        ("ops/bot", "n2:80", "no"),
    ];
    check(&[out_of_ops("ports: [{port: http}]")], &table);
    check(&[out_of_ops("to: [{namespaceSelector: {}}], ports: [{port: http}]")], &table);
    // A peer that is a range has no names, whoever is there.
    check(
        &[out_of_ops("to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]")],
        &[("ops/bot", "shop/web:80", "no")],
    );
}

#[test]
fn np_43_dr_8_sidecars_have_named_ports_other_init_containers_do_not() {
    let pod = |restarts: &str| {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{namespace: ops, name: job}}
spec:
  nodeName: n1
  initContainers: [{{name: side{restarts}, ports: [{{name: metrics, containerPort: 90}}]}}]
  containers: [{{name: main}}]
status: {{phase: Running, podIP: 10.1.1.9}}
"
        )
    };
    for (restarts, yes) in [(", restartPolicy: Always", "yes"), ("", "no")] {
        let policy = np("ops", "ingress: [{ports: [{port: metrics}]}]");
        let scene = Scene::of(&format!("{FIXTURE}---{}---\n{policy}", pod(restarts)));
        told(&scene, &[("shop/web", "ops/job:90", yes)]);
    }
}

#[test]
fn np_44_ports_restrict_to_their_protocols() {
    check(
        &[into_shop("{port: 81, protocol: UDP}")],
        &[
            ("ops/bot", "shop/web:81", "no"),
            ("ops/bot", "shop/web:81/SCTP", "no"),
            ("ops/bot", "shop/web:81/UDP", "yes"),
        ],
    );
    check(
        &[np("shop", "ingress: [{}]")],
        &[
            ("ops/bot", "shop/web:1", "yes"),
            ("ops/bot", "shop/web:1/UDP", "yes"),
            ("ops/bot", "shop/web:1/SCTP", "yes"),
        ],
    );
}

#[test]
fn np_45_sctp_isolates_and_is_not_tcp() {
    check(
        &[into_shop("{port: 80, protocol: SCTP}")],
        &[
            ("ops/bot", "shop/web:80", "no"),
            ("ops/bot", "shop/web:81", "no"),
            ("ops/bot", "shop/web:80/SCTP", "yes"),
        ],
    );
}
