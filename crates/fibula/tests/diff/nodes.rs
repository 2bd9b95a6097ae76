//! Changes of Services, and of where things are, in a cluster of two Nodes.

use snapbox::file;

use crate::{USUAL, check, shown, write};

/// Two Nodes, `web` on the one, `db` on the other.
fn two_nodes(more: &str) -> String {
    let node = |i: usize| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: n{i}}}\n\
             status: {{addresses: [{{type: InternalIP, address: 172.18.0.{i}}}]}}\n---\n"
        )
    };
    let pod = |name: &str, i: usize, ports: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\n\
             spec: {{nodeName: n{i}, containers: [{{name: c, ports: [{ports}]}}]}}\n\
             status: {{phase: Running, podIP: 10.0.{i}.1}}\n---\n"
        )
    };
    let (web, db) = (pod("web", 1, ""), pod("db", 2, "{containerPort: 5432}"));
    format!("{}{}{web}{db}{more}", node(1), node(2))
}

fn service(name: &str, more: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: db{name}}}\nspec:\n{more}  \
         clusterIP: 10.96.0.30\n  selector: {{app: db}}\n  ports: [{{port: 5432{port}}}]\n"
    )
}

/// Writes two clusters and compares them.
fn two(name: &str, old: &str, new: &str) -> String {
    let name = name.replace(' ', "-");
    write("old.yaml", &two_nodes(old));
    write(&format!("{name}.yaml"), &two_nodes(new));
    shown(USUAL, &format!("diff old.yaml {name}.yaml --profile reference"))
}

/// Whatever the entries of a Service depend on.
#[test]
fn svc_51_a_service_that_leads_to_the_same_may_be_another_one() {
    let plain = service("", "", "");
    let node_port =
        |more: &str| service("", &format!("  type: NodePort\n{more}"), ", nodePort: 30432");
    let open = node_port("");
    let sessions = [
        two("local", &plain, &service("", "  internalTrafficPolicy: Local\n", "")),
        two(
            "other proxy",
            &plain,
            &service(", labels: {service.kubernetes.io/service-proxy-name: x}", "", ""),
        ),
        two("affinity", &plain, &service("", "  sessionAffinity: ClientIP\n", "")),
        two("other address", &plain, &plain.replace("0.30", "0.31")),
        two("outside local", &open, &node_port("  externalTrafficPolicy: Local\n")),
        two(
            "to nobody",
            &open.replace("app: db", "app: nobody"),
            &plain.replace("app: db", "app: nobody"),
        ),
    ];
    check(&sessions.join("\n"), file!["../snapshots/diff-facts.txt"]);
}

/// A way in that is somewhere else, and a Node that has another address, open and close nothing.
#[test]
fn svc_53_what_only_moves_neither_opens_nor_closes() {
    let local =
        service("", "  type: NodePort\n  externalTrafficPolicy: Local\n", ", nodePort: 30432");
    let old = two_nodes(&local);
    let moved = old.replace("{nodeName: n2", "{nodeName: n1").replace("10.0.2.1", "10.0.1.2");
    let host_port = old.replace("{containerPort: 5432}", "{containerPort: 5432, hostPort: 5432}");
    let host_port_moved =
        moved.replace("{containerPort: 5432}", "{containerPort: 5432, hostPort: 5432}");
    let pair = |name: &str, old: &str, new: &str| {
        write("old.yaml", old);
        write(name, new);
        shown(USUAL, &format!("diff old.yaml {name} --profile reference"))
    };
    let sessions = [
        pair("moved.yaml", &old, &moved),
        pair("host-port.yaml", &host_port, &host_port_moved),
        pair("node.yaml", &old, &old.replace("172.18.0.2", "172.18.0.3")),
    ];
    check(&sessions.join("\n"), file!["../snapshots/diff-moved.txt"]);
}

/// Between a Node and the pods that it hosts no policy has a word, and what nobody can send has no
/// cause.
#[test]
fn np_32_a_node_and_its_pods_gain_and_lose_nothing() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: u}\n\
                  spec:\n  podSelector: {matchLabels: {app: web}}\n  ingress:\n  \
                  - from: [{ipBlock: {cidr: 172.18.0.2/32}}]\n";
    let all = two_nodes("");
    let documents: Vec<&str> = all.split("---\n").collect();
    let one = [documents[0], documents[2]].join("---\n");
    write("one.yaml", &one);
    write("policy.yaml", policy);
    write("two.yaml", &all);
    let alone = shown(USUAL, "diff one.yaml policy.yaml -f one.yaml --profile reference");
    assert!(alone.contains("Nothing opens and nothing closes."), "{alone}");
    assert!(alone.ends_with("[exit 0]\n"), "{alone}");
    let both = shown(USUAL, "diff two.yaml policy.yaml -f two.yaml --profile reference");
    assert!(!both.contains("node/n1"), "{both}");
    assert!(!both.contains("no single object"), "{both}");
}

/// The Node has another address too, and that is not why.
#[test]
fn a_way_in_to_somebody_who_is_gone_closes_for_that() {
    let open = service("", "  type: NodePort\n", ", nodePort: 30432");
    let old = two_nodes(&open);
    let new: Vec<&str> =
        old.split("---\n").filter(|text| !text.contains("name: db, labels")).collect();
    let new = new.join("---\n").replace("172.18.0", "172.18.1");
    write("old.yaml", &old);
    write("gone.yaml", &new);
    let text = shown(USUAL, "diff old.yaml gone.yaml --profile reference");
    let mut lines = text.lines().skip_while(|line| !line.contains("by svc/db at each node:30432"));
    let cause = lines.nth(1).unwrap_or_default();
    assert!(cause.contains("nobody stands behind it, so it refuses: db is gone"), "{text}");
}
