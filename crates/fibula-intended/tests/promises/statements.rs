//! Statements about promises, by their ids.

use fibula_answers::promises::{Asked, Breach, By, Checked, Doubt, Outcome, Strangers, check};
use fibula_answers::trace::{Ground, Unread};
use fibula_cluster::promise::Promise;
use fibula_cluster::{Cluster, Decides, Options};
use fibula_intended::{Daemon, Decisions, Intent, Profile, network};
use fibula_network::walk::Verdict;
use fibula_source::{Input, promises, read};

/// Two Nodes, a shop of four pods and a lab of one; both namespaces were read.
pub(crate) const SHOP: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 172.18.0.1}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: lab, labels: {team: lab}}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, labels: {app: web}}, spec: {nodeName: n1, containers: [{name: c, env: [{name: DB, value: 'db:5432'}], ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.0.1.1}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-0, labels: {app: db, n: '0'}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}, status: {podIP: 10.0.1.2}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-1, labels: {app: db, n: '1'}}, spec: {nodeName: n2, containers: [{name: c, ports: [{name: sql, containerPort: 5433}]}]}, status: {podIP: 10.0.2.2}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: lab, name: probe, labels: {app: probe}}, spec: {nodeName: n2, containers: [{name: c}]}, status: {podIP: 10.0.2.9}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: db}, spec: {clusterIP: 10.96.0.5, selector: {app: db}, ports: [{name: sql, port: 5432, targetPort: sql}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: dbs}, spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 5432, targetPort: sql}]}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: alias}, spec: {type: ExternalName, externalName: db.shop.svc.cluster.local}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: mail}, spec: {type: ExternalName, externalName: mail.example.com}}
";

/// A NetworkPolicy of the shop.
pub(crate) fn policy(spec: &str) -> String {
    format!(
        "- {{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, \
         metadata: {{namespace: shop, name: p}}, spec: {spec}}}\n"
    )
}

/// What becomes of promises, and of what pods imply, with these objects more.
fn checked(more: &str, wanted: &[&str], unread: &[Unread]) -> Checked {
    decided(more, wanted, unread, Decisions::from(Profile::Reference))
}

/// The same, if of what Kubernetes leaves open this is decided.
pub(crate) fn decided(
    more: &str,
    wanted: &[&str],
    unread: &[Unread],
    decisions: Decisions,
) -> Checked {
    let text = format!("{SHOP}{more}");
    let read = read(&[Input::Text { name: "shop.yaml".to_owned(), text }]);
    assert_eq!(read.refused, []);
    let text: String =
        wanted.iter().map(|promise| format!("- {{{promise}}}\n")).collect::<String>();
    let text = format!("promises:\n{text}");
    let written = promises(&[Input::Text { name: "p.yaml".to_owned(), text }]);
    assert_eq!(written.refused, []);
    let written: Vec<Promise> = written.all.into_iter().map(|(_, promise)| promise).collect();
    let cluster = Cluster::new(read.objects, &Options::default());
    let daemons = vec![Daemon::kubelet()];
    let intent = Intent { daemons, decisions, ..Intent::default() };
    let remake = |cluster: &Cluster| network(cluster, &intent);
    let network = remake(&cluster);
    let ground =
        Ground { network: &network, cluster: Some(&cluster), unread, remake: Some(&remake) };
    let strangers = Strangers::new(ground, &written);
    let ground = strangers.as_ref().map_or(ground, |strangers| strangers.ground(ground));
    let asked = Asked { promises: &written, implied: true, namespace: Some("shop") };
    check(ground, &asked).expect("filters are plain")
}

/// The outcomes of promises, in words.
pub(crate) fn words(checked: &Checked) -> Vec<&'static str> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Kept => "kept",
        Outcome::Broken(_) => "broken",
        Outcome::Undecided(_) => "undecided",
        Outcome::Wrong(_) => "wrong",
    };
    checked.written.iter().map(word).collect()
}

pub(crate) fn breaches(outcome: &Outcome) -> &[Breach] {
    match outcome {
        Outcome::Broken(breaches) => breaches,
        other => panic!("it is not broken: {other:?}"),
    }
}

#[test]
fn svc_50_a_service_is_reached_by_every_connection_or_it_is_not() {
    let one = policy(
        "{podSelector: {matchLabels: {n: '1'}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
    );
    let checked = checked(
        &one,
        &["from: web, reaches: ['svc/db:5432']", "from: lab/probe, reaches: [svc/db]"],
        &[],
    );
    assert_eq!(words(&checked), ["kept", "broken"]);
    let [breach] = breaches(&checked.written[1]) else { panic!("{checked:?}") };
    let witness = breach.witness.as_ref().expect("a message shows it");
    assert_eq!(witness.share, (1, 2));
    assert_eq!(witness.branch.life.ending.verdict, Verdict::DroppedByPolicy);
}

#[test]
fn dns_3_a_headless_service_is_each_of_its_endpoints_at_its_own_port() {
    let closed = |port: u16| {
        policy(&format!(
            "{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{ports: [{{port: {port}}}]}}]}}"
        ))
    };
    let wanted = ["from: web, reaches: [svc/dbs]", "from: web, reaches: ['svc/dbs:sql']"];
    assert_eq!(words(&checked("", &wanted, &[])), ["kept", "kept"]);
    assert_eq!(words(&checked(&closed(5432), &wanted, &[])), ["broken", "broken"]);
    // Of the port 5433 only the endpoint that has it is meant.
    let one = ["from: web, reaches: ['svc/dbs:5433']"];
    assert_eq!(words(&checked(&closed(5433), &one, &[])), ["kept"]);
}

#[test]
fn np_42_a_named_port_is_that_of_each_target() {
    let named =
        policy("{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: sql}]}]}");
    let wanted = [
        "from: web, reaches: ['app=db:sql']",
        "from: web, never-reaches: ['app=db:sql']",
        "from: web, never-reaches: ['db-0:5433']",
        "from: web, reaches: [app=db]",
    ];
    assert_eq!(words(&checked(&named, &wanted, &[])), ["kept", "broken", "kept", "kept"]);
}

#[test]
fn dns_5_an_alias_leads_where_it_leads() {
    let wanted = ["from: web, reaches: ['svc/alias:5432']", "from: web, reaches: ['svc/mail:25']"];
    let checked = checked("", &wanted, &[]);
    assert_eq!(words(&checked), ["kept", "undecided"]);
    let Outcome::Undecided(doubts) = &checked.written[1] else { panic!("{checked:?}") };
    assert!(matches!(&doubts[..], [Doubt::Outside(_)]), "{doubts:?}");
}

#[test]
fn np_12_whoever_lets_in_every_namespace_lets_in_those_that_are_not_read() {
    let any = |from: &str| {
        policy(&format!(
            "{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: {from}}}]}}"
        ))
    };
    let wanted = ["to: app=db, only-from: [web, lab/probe, app=db]"];
    let open = checked(&any("[{namespaceSelector: {}}]"), &wanted, &[]);
    let [breach, ..] = breaches(&open.written[0]) else { panic!("{open:?}") };
    assert_eq!((breach.strangers, &breach.from[..]), ([true, false], &[][..]));
    // Labels let in those who have them, and they are all here.
    let shop = checked(
        &any("[{namespaceSelector: {matchLabels: {team: lab}}}, {podSelector: {}}]"),
        &wanted,
        &[],
    );
    assert_eq!(words(&shop), ["kept"]);
    // Who may reach only some may not reach those that are not read either.
    let out = [
        "from: web, reaches-only: [pods, nodes, world]",
        "from: web, reaches-only: [web, app=db, lab/probe, nodes, world]",
    ];
    assert_eq!(words(&checked("", &out, &[])), ["kept", "broken"]);
}

#[test]
fn np_32_nodes_are_exempt_unless_some_are_listed() {
    let db = policy(
        "{podSelector: {matchLabels: {n: '0'}}, ingress: [{from: [{ipBlock: {cidr: 172.18.0.2/32}}]}]}",
    );
    let wanted = [
        "to: db-0, only-from: [node/n2]",
        "to: db-0, only-from: [nodes]",
        "to: db-0, only-from: [node/n1]",
        "from: node/n1, never-reaches: db-0",
        "from: node/n2, never-reaches: ['db-0:22']",
    ];
    let words = words(&checked(&db, &wanted, &[]));
    // Its own Node is exempt even so; but who says that it never reaches it is wrong.
    assert_eq!(words, ["kept", "kept", "broken", "broken", "broken"]);
    let exempt = ["to: db-0, only-from: [web]"];
    let blocked = policy(
        "{podSelector: {matchLabels: {n: '0'}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
    );
    assert_eq!(self::words(&checked(&blocked, &exempt, &[])), ["kept"]);
}

#[test]
fn dr_21_policies_that_are_not_read_make_undecided_what_they_could_change() {
    let unread = [Unread {
        decides: Decides::Policy,
        kind: "CiliumNetworkPolicy".to_owned(),
        namespaces: [("shop".to_owned(), 1)].into(),
    }];
    let closed = policy("{podSelector: {matchLabels: {app: db}}}");
    let wanted = [
        "from: web, never-reaches: app=db",
        "from: web, reaches: [lab/probe], ports: [80]",
        "from: lab/probe, reaches: ['svc/db']",
        "from: lab/probe, never-reaches: world",
    ];
    let checked = checked(&closed, &wanted, &unread);
    assert_eq!(words(&checked), ["undecided", "undecided", "undecided", "broken"]);
    assert_eq!(checked.written[0], Outcome::Undecided(vec![Doubt::Unread]));
}

#[test]
fn dr_22_labels_that_were_not_read_make_undecided_whom_a_promise_means() {
    let stray = "- {apiVersion: v1, kind: Pod, metadata: {namespace: stray, name: x}, spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.1.7}}\n";
    let lab = "{namespaceSelector: {matchLabels: {team: lab}}}";
    let promises = [
        format!("from: {lab}, reaches: ['svc/db']"),
        "from: {namespace: stray}, reaches: ['svc/db']".to_owned(),
        format!("from: {lab}, never-reaches: app=db"),
        format!("to: app=db, only-from: [web, app=db, {lab}]"),
        format!("from: stray/x, reaches-only: [web, app=db, nodes, {lab}]"),
        format!("from: stray/x, reaches-only: [app=db, nodes, world, {lab}]"),
    ];
    let wanted: Vec<&str> = promises.iter().map(String::as_str).collect();
    // It changes nothing whether the stray one is meant where all do the same.
    let open = checked(stray, &wanted, &[]);
    assert_eq!(words(&open), ["kept", "kept", "broken", "broken", "broken", "broken"]);
    // What somebody does who is surely meant, or is not, breaks it all the same.
    let from = |names: &str| {
        policy(&format!(
            "{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{{podSelector: {{}}}}, {{namespaceSelector: {{matchExpressions: [{{key: kubernetes.io/metadata.name, operator: In, values: [{names}]}}]}}}}]}}]}}"
        ))
    };
    let labels = Outcome::Undecided(vec![Doubt::Labels("stray".to_owned())]);
    let closed = checked(&format!("{stray}{}", from("lab")), &wanted, &[]);
    let expected = ["undecided", "broken", "broken", "kept", "broken", "broken"];
    assert_eq!(words(&closed), expected);
    assert_eq!(closed.written[0], labels);
    let both = checked(&format!("{stray}{}", from("lab, stray")), &wanted, &[]);
    assert_eq!(words(&both)[3], "undecided");
    assert_eq!(both.written[3], labels);
}

#[test]
fn dns_12_a_pod_that_may_not_ask_for_a_name_does_not_reach_it() {
    let dns = "- {apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: kube-system, name: dns, labels: {k8s-app: kube-dns}}, spec: {nodeName: n2, containers: [{name: c, ports: [{containerPort: 53, protocol: UDP}]}]}, status: {podIP: 10.0.2.53}}
- {apiVersion: v1, kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}]}}
";
    let out = policy(
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}",
    );
    let whole = checked(dns, &[], &[]);
    let implied =
        |checked: &Checked| checked.implied.iter().map(|(_, o)| o.clone()).collect::<Vec<_>>();
    assert_eq!(implied(&whole), [Outcome::Kept]);
    let lost = checked(&format!("{dns}{out}"), &[], &[]);
    let [outcome] = &implied(&lost)[..] else { panic!("{lost:?}") };
    let [breach] = breaches(outcome) else { panic!("{lost:?}") };
    assert!(matches!(&breach.by, By::Name(_, "DNS-12")), "{breach:?}");
    assert!(breach.witness.is_some());
}

#[test]
fn np_5_what_no_policy_has_a_word_in_is_no_promise() {
    let wanted = [
        "from: nodes, never-reaches: world",
        "from: world, never-reaches: node/n1",
        "from: svc/db, reaches: [web]",
        "from: web, reaches: [world]",
        "from: web, reaches: ['svc/db:81']",
        "from: web, reaches: [nobody]",
        "from: 10.0.3.3, never-reaches: web",
    ];
    let checked = checked("", &wanted, &[]);
    assert_eq!(words(&checked), ["wrong"; 6].iter().copied().chain(["kept"]).collect::<Vec<_>>());
}
