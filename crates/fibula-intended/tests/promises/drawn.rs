//! Random promises about the names of a cluster.

use fibula_cluster::promise::{Named, Ports, Promise, Said, Selected, Verb};
use fibula_cluster::{Cluster, Requirement, Selector, Test};
use proptest::collection::vec;
use proptest::prelude::*;

/// A promise that is yet to get its names.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    verb: usize,
    about: Vec<usize>,
    others: Vec<usize>,
    ports: Vec<usize>,
}

const PORTS: [&str; 7] = ["80", "8080", "53/UDP", "web", "8000-9000", "1-65535", "9999/SCTP"];

pub(crate) fn wish() -> impl Strategy<Value = Wish> {
    let names = || vec(0..1000usize, 1..3);
    (0..4usize, names(), names(), vec(0..PORTS.len(), 0..2))
        .prop_map(|(verb, about, others, ports)| Wish { verb, about, others, ports })
}

/// What nobody may reach, by anything but `reaches`.
pub(crate) fn closed() -> impl Strategy<Value = Wish> {
    (1..4usize, wish()).prop_map(|(verb, wish)| Wish { verb, ports: vec![], ..wish })
}

/// The promise of a wish.
pub(crate) fn promise(cluster: &Cluster, wish: &Wish) -> Promise {
    let verb = Verb::ALL[wish.verb];
    let who = names(cluster);
    let targets: Vec<Named> =
        who.iter()
            .cloned()
            .chain(
                cluster.services.iter().map(|service| {
                    Named::Name(format!("svc/{}/{}", service.namespace, service.name))
                }),
            )
            .collect();
    let some = |list: &[usize], names: &[Named], field: &str| -> Vec<Said> {
        let one = |(i, pick): (usize, &usize)| Said {
            path: format!("{field}[{i}]"),
            who: names[pick % names.len()].clone(),
            port: None,
        };
        list.iter().enumerate().map(one).collect()
    };
    let (about, others) = match verb {
        Verb::OnlyFrom => (&targets, &who),
        _ => (&who, &targets),
    };
    Promise {
        name: None,
        because: None,
        namespace: None,
        verb,
        about: some(&wish.about, about, verb.about()),
        others: some(&wish.others, others, verb.field()),
        ports: wish.ports.iter().map(|i| PORTS[*i].parse::<Ports>().expect("a port")).collect(),
    }
}

fn names(cluster: &Cluster) -> Vec<Named> {
    let name = |name: &str| Named::Name(name.to_owned());
    let mut all: Vec<Named> = ["all", "pods", "nodes", "world", "app=x", "tier=y", "a/app=y"]
        .into_iter()
        .chain(["10.0.1.0/24", "10.0.0.0/16", "198.51.100.0/24", "8.0.0.0/8", "fd00:1::/64"])
        .map(name)
        .collect();
    all.extend(["a", "b", "c"].map(|ns| name(&format!("ns/{ns}"))));
    for pod in &cluster.pods {
        all.push(name(&format!("pod/{}/{}", pod.namespace, pod.name)));
        all.push(name(&format!("{}/{}", pod.namespace, pod.name)));
    }
    all.extend(cluster.nodes.iter().map(|node| name(&format!("node/{}", node.name))));
    let label = |key: &str, test| Some(Selector::new([Requirement { key: key.to_owned(), test }]));
    let x = || Test::In(vec!["x".to_owned()]);
    let cidr = |text: &str| text.parse().expect("a range");
    let selected = [
        Selected { namespace: Some("a".into()), pods: label("app", x()), ..Selected::default() },
        Selected { namespaces: label("team", x()), ..Selected::default() },
        Selected {
            namespaces: Some(Selector::default()),
            pods: label("tier", Test::DoesNotExist),
            ..Selected::default()
        },
        Selected {
            cidr: Some(cidr("0.0.0.0/0")),
            except: vec![cidr("10.0.1.0/28"), cidr("198.51.100.0/24")],
            ..Selected::default()
        },
    ];
    all.extend(selected.into_iter().map(Named::Selected));
    all
}
