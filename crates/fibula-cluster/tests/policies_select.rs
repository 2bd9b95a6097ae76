//! Which pods selections select: NP-13, DR-8, DR-22, and that the index does as the definition.

mod common;

use common::policies::network_policy;
use fibula_cluster::select::{ClassId, Select};
use fibula_cluster::{Cluster, NamespaceSelection, PodSelection, Requirement, Selector, Test};
use proptest::prelude::*;
use serde_json::{Value, json};

fn namespace(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn pod(namespace: &str, name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "c"}]}})
}

fn requirement(key: &str, test: Test) -> Requirement {
    Requirement { key: key.to_owned(), test }
}

fn values(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn by(namespaces: Selector, pods: Selector) -> PodSelection {
    PodSelection { namespaces: NamespaceSelection::By(namespaces), pods }
}

/// The names of the pods that are surely and perhaps selected.
fn selected(cluster: &Cluster, selection: &PodSelection) -> [Vec<String>; 2] {
    let select = Select::with(cluster, std::slice::from_ref(selection));
    let found = select.pods(select.id(selection).expect("it was asked about"));
    let names = |classes: &[ClassId]| {
        let classes = classes.iter().map(|id| &select.classes()[id.0 as usize]);
        let mut pods: Vec<u32> = classes.flat_map(|class| class.pods.iter().copied()).collect();
        pods.sort_unstable();
        let pods = pods.into_iter().map(|pod| &cluster.pods[pod as usize]);
        pods.map(|pod| format!("{}/{}", pod.namespace, pod.name)).collect()
    };
    [names(&found.surely), names(&found.perhaps)]
}

/// The same by the definition, pod by pod.
fn defined(cluster: &Cluster, selection: &PodSelection) -> [Vec<String>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for pod in cluster.pods.iter().filter(|pod| selection.pods.matches(&pod.labels)) {
        let space = cluster.namespaces.iter().find(|known| known.name == pod.namespace);
        let space = space.expect("every pod's namespace is known");
        let answer = match &selection.namespaces {
            NamespaceSelection::Named(name) => Some(*name == space.name),
            NamespaceSelection::By(by) if space.object.is_some() => Some(by.matches(&space.labels)),
            NamespaceSelection::By(by) => {
                by.matches_partly("kubernetes.io/metadata.name", &space.name)
            }
        };
        let name = format!("{}/{}", pod.namespace, pod.name);
        match answer {
            Some(true) => found[0].push(name),
            Some(false) => {}
            None => found[1].push(name),
        }
    }
    found
}

#[test]
fn np_13_not_in_and_does_not_exist_select_what_lacks_the_key() {
    let cluster = common::cluster(&[
        namespace("x", json!({})),
        pod("x", "a", json!({"app": "a"})),
        pod("x", "b", json!({"app": "b"})),
        pod("x", "c", json!({})),
    ]);
    for (test, expected) in [
        (Test::In(values(&["b", "a"])), vec!["x/a", "x/b"]),
        (Test::NotIn(values(&["a"])), vec!["x/b", "x/c"]),
        (Test::Exists, vec!["x/a", "x/b"]),
        (Test::DoesNotExist, vec!["x/c"]),
    ] {
        let pods = Selector::new([requirement("app", test)]);
        let selection = by(Selector::default(), pods);
        assert_eq!(selected(&cluster, &selection)[0], expected);
    }
}

#[test]
fn np_14_dr_22_of_a_namespace_that_was_not_read_only_its_name_is_known() {
    let cluster = common::cluster(&[
        namespace("x", json!({"team": "a"})),
        pod("x", "p", json!({})),
        pod("y", "p", json!({})),
    ]);
    let name = |name| requirement("kubernetes.io/metadata.name", Test::In(values(&[name])));
    let team = requirement("team", Test::In(values(&["a"])));
    for (asked, expected) in [
        (vec![], [vec!["x/p", "y/p"], vec![]]),
        (vec![team.clone()], [vec!["x/p"], vec!["y/p"]]),
        (vec![requirement("team", Test::DoesNotExist)], [vec![], vec!["y/p"]]),
        (vec![name("y")], [vec!["y/p"], vec![]]),
        (vec![name("x")], [vec!["x/p"], vec![]]),
        (vec![name("y"), team.clone()], [vec![], vec!["y/p"]]),
        (vec![name("x"), team], [vec!["x/p"], vec![]]),
    ] {
        let selection = by(Selector::new(asked), Selector::default());
        assert_eq!(selected(&cluster, &selection), expected);
    }
}

#[test]
fn sc_6_pods_that_no_policy_tells_apart_are_one_class() {
    let many = |app: &str| {
        let pods = (0..5)
            .map(|i| pod("x", &format!("{app}-{i}"), json!({"app": app, "index": i.to_string()})));
        pods.collect::<Vec<_>>()
    };
    let policy = network_policy(json!({"podSelector": {"matchLabels": {"app": "a"}}}));
    let cluster = common::cluster(&[many("a"), many("b"), vec![policy]].concat());
    let select = Select::new(&cluster);
    let sizes: Vec<_> = select.classes().iter().map(|class| class.pods.len()).collect();
    assert_eq!(sizes, [5, 5]);
    let subject = select.id(&cluster.policies[0].subject).expect("its subject");
    assert_eq!(select.pods(subject).surely, [ClassId(0)]);
    assert_eq!(select.class_of()[9], ClassId(1));
}

#[test]
fn dr_8_np_42_named_ports_of_containers_and_of_sidecars() {
    let port = |number: i64| {
        json!([{"name": "web", "containerPort": number},
        {"name": "other", "containerPort": 1}])
    };
    let mut p = pod("x", "p", json!({}));
    p["spec"] = json!({
        "containers": [{"name": "c", "ports": port(80)}],
        "initContainers": [{"name": "s", "restartPolicy": "Always", "ports": port(81)},
            {"name": "i", "ports": port(82)}],
    });
    let policy = network_policy(json!({"ingress": [{"ports": [{"port": "web"}]}]}));
    let cluster = common::cluster(&[p, policy]);
    let select = Select::new(&cluster);
    let ports = select.classes()[0].ports.iter();
    let told: Vec<_> = ports.map(|port| (port.name.as_str(), port.number, port.sidecar)).collect();
    assert_eq!(told, [("web", 80, false), ("web", 81, true)]);
}

#[test]
fn cnp_24_nodes_by_labels_and_those_that_were_not_read() {
    let node = |name: &str, os: &str| {
        json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"os": os}}})
    };
    let mut p = pod("x", "p", json!({}));
    p["spec"]["nodeName"] = json!("n3");
    let peers = json!([{"nodes": {"matchLabels": {"os": "linux"}}}]);
    let policy =
        common::policies::cluster_policy(json!({"egress": [{"action": "Deny", "to": peers}]}));
    let cluster = common::cluster(&[node("n1", "linux"), node("n2", "plan9"), p, policy]);
    let select = Select::new(&cluster);
    let linux = Selector::new([requirement("os", Test::In(values(&["linux"])))]);
    let nodes = select.nodes(&linux).expect("it was asked about");
    assert_eq!((nodes.surely.as_slice(), nodes.perhaps.as_slice()), (&[0][..], &[2][..]));
}

fn any_selector(keys: &'static [&'static str]) -> impl Strategy<Value = Selector> {
    let some = prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..3);
    let requirement = (prop::sample::select(keys), 0..4, some).prop_map(|(key, kind, some)| {
        let some = values(&some);
        requirement(
            key,
            match kind {
                0 => Test::In(some),
                1 => Test::NotIn(some),
                2 => Test::Exists,
                _ => Test::DoesNotExist,
            },
        )
    });
    prop::collection::vec(requirement, 0..3).prop_map(Selector::new)
}

fn any_labels() -> impl Strategy<Value = Value> {
    let value = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    (value.clone(), value).prop_map(|(k, l)| json!({"k": k, "l": l})).prop_map(|mut labels| {
        if let Value::Object(labels) = &mut labels {
            labels.retain(|_, value| !value.is_null());
        }
        labels
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn selection_by_index_is_selection_by_definition(
        spaces in prop::collection::vec((any_labels(), any::<bool>()), 3),
        pods in prop::collection::vec((0..3_usize, any_labels()), 0..20),
        selections in prop::collection::vec(
            (prop::option::of(any_selector(&["k", "l", "kubernetes.io/metadata.name"])),
                any_selector(&["k", "l"])),
            1..6,
        ),
    ) {
        let names = ["a", "b", "c"];
        let read = names.iter().zip(&spaces).filter(|(_, (_, read))| *read);
        let read = read.map(|(name, (labels, _))| namespace(name, labels.clone()));
        let made = pods.iter().enumerate();
        let made = made.map(|(i, (space, labels))| pod(names[*space], &format!("p{i}"), labels.clone()));
        let cluster = common::cluster(&read.chain(made).collect::<Vec<_>>());
        let selections: Vec<PodSelection> = selections
            .into_iter()
            .map(|(namespaces, pods)| PodSelection {
                namespaces: match namespaces {
                    Some(by) => NamespaceSelection::By(by),
                    None => NamespaceSelection::Named("a".to_owned()),
                },
                pods,
            })
            .collect();
        let all = Select::with(&cluster, &selections);
        for selection in &selections {
            prop_assert_eq!(selected(&cluster, selection), defined(&cluster, selection));
            // Asked with others, classes are finer and the pods the same.
            let found = all.pods(all.id(selection).expect("it was asked about"));
            let of = |classes: &[ClassId]| -> usize {
                classes.iter().map(|id| all.classes()[id.0 as usize].pods.len()).sum()
            };
            let [surely, perhaps] = defined(&cluster, selection);
            prop_assert_eq!((of(&found.surely), of(&found.perhaps)), (surely.len(), perhaps.len()));
        }
    }
}
