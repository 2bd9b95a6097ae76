//! Manifests laid over a cluster (`kubectl apply`, before it is done).

mod common;

use fibula_cluster::generate::{Shape, objects};
use fibula_cluster::{
    Cluster, Kind, Laid, Object, ObjectId, Options, Overlaid, Pod, later, overlay,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use common::{object, service};

type Numbered = Vec<(ObjectId, Object)>;

fn read(values: &[Value], first: u32) -> Numbered {
    (first..).map(ObjectId).zip(values.iter().map(object)).collect()
}

/// Lays objects over others; the cluster that results, and what was done.
fn laid(base: &[Value], over: &[Value]) -> (Cluster, Laid) {
    let first = u32::try_from(base.len()).expect("they are few");
    let Overlaid { objects, more, laid } = overlay(read(base, 0), read(over, first));
    (Cluster::new(objects, &Options { more, ..Options::default() }), laid)
}

fn pods(cluster: &Cluster) -> Vec<(&str, Vec<String>)> {
    let at = |pod: &Pod| match pod.invented {
        true => vec!["new".to_owned()],
        false => pod.addresses.iter().map(ToString::to_string).collect(),
    };
    cluster.pods.iter().map(|pod| (pod.name.as_str(), at(pod))).collect()
}

fn web(replicas: Option<i64>, app: &str, port: u16) -> Value {
    let mut web = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": app}},
            "spec": {"containers": [{"name": "web", "ports": [{"containerPort": port}]}]}}}});
    if let Some(replicas) = replicas {
        web["spec"]["replicas"] = replicas.into();
    }
    web
}

/// A dump: a Deployment with two pods, by its ReplicaSet, behind a Service with its slice.
fn dump() -> Vec<Value> {
    let mut deployment = web(Some(2), "web", 80);
    deployment["metadata"]["uid"] = "1".into();
    let owner = |kind: &str, name: &str| json!([{"kind": kind, "name": name, "controller": true}]);
    let mut set = web(Some(2), "web", 80);
    set["kind"] = "ReplicaSet".into();
    set["metadata"] = json!({"name": "web-5d", "namespace": "shop", "uid": "2",
        "ownerReferences": owner("Deployment", "web")});
    let pod = |name: &str, ip: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name,
                "labels": {"app": "web", "pod-template-hash": "5d"},
                "ownerReferences": owner("ReplicaSet", "web-5d")},
            "spec": {"nodeName": "n1",
                "containers": [{"name": "web", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
            "status": {"phase": "Running", "podIP": ip}})
    };
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "5"},
        "spec": {"type": "NodePort", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"],
            "selector": {"app": "web"},
            "ports": [{"port": 80, "targetPort": 80, "nodePort": 30080, "protocol": "TCP"}]}});
    let endpoint = |ip: &str, pod: &str| {
        json!({"addresses": [ip], "nodeName": "n1", "targetRef": {"kind": "Pod", "name": pod},
            "conditions": {"ready": true}})
    };
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "web-x", "namespace": "shop", "uid": "6", "labels": {
            "kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
        "addressType": "IPv4", "ports": [{"port": 80, "protocol": "TCP"}],
        "endpoints": [endpoint("10.1.0.5", "web-5d-a"), endpoint("10.1.0.6", "web-5d-b")]});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "7"},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}});
    let pods = [pod("web-5d-a", "10.1.0.5"), pod("web-5d-b", "10.1.0.6")];
    vec![deployment, set, pods[0].clone(), pods[1].clone(), service, slice, node]
}

fn kept() -> Vec<(&'static str, Vec<String>)> {
    vec![("web-5d-a", vec!["10.1.0.5".to_owned()]), ("web-5d-b", vec!["10.1.0.6".to_owned()])]
}

fn new(name: &str) -> (&str, Vec<String>) {
    (name, vec!["new".to_owned()])
}

fn endpoints(cluster: &Cluster) -> Vec<String> {
    let mut all: Vec<String> = service(cluster, "web")
        .endpoints
        .iter()
        .map(|e| format!("{}:{}", cluster.pods[e.pod.expect("a pod")].name, e.number))
        .collect();
    all.sort();
    all
}

#[test]
fn pods_whose_template_is_as_it_was_stay_where_they_are() {
    // An image is nothing to a network; what the API server adds is no change.
    let mut same = web(None, "web", 80);
    same["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2".into();
    let (cluster, laid) = laid(&dump(), &[same]);
    assert_eq!(pods(&cluster), kept());
    assert_eq!(laid, Laid { objects: 1, changed: 0, new: 0, pods: 0 });
    assert!(service(&cluster, "web").sliced, "its slices are still true");
}

#[test]
fn a_changed_template_replaces_the_pods() {
    for over in [web(None, "web2", 80), web(None, "web", 8080)] {
        let (cluster, laid) = laid(&dump(), std::slice::from_ref(&over));
        assert_eq!(pods(&cluster), [new("web-1"), new("web-2")], "{over}");
        assert_eq!(laid, Laid { objects: 1, changed: 1, new: 0, pods: 2 });
        let app = &over["spec"]["template"]["metadata"]["labels"]["app"];
        let behind = if app == "web" { vec!["web-1:80", "web-2:80"] } else { vec![] };
        assert_eq!(endpoints(&cluster), behind, "slices are written anew");
        assert_eq!(cluster.pods[0].workload.kind, "Deployment");
    }
}

/// Seen on an API server: a pod that is bound gets the labels of its Node that say where that is.
#[test]
fn labels_of_the_place_are_nobody_s_manifest() {
    let mut base: Vec<Value> = dump().drain(2..).collect();
    for pod in &mut base[..2] {
        pod["metadata"]["labels"]["topology.kubernetes.io/zone"] = "a".into();
    }
    let (cluster, laid) = laid(&base, &[web(None, "web", 80)]);
    assert_eq!((pods(&cluster), laid.pods), (kept(), 0), "a template has none");
    let manifest = dump()[2].clone();
    let (cluster, laid) = self::laid(&base, &[manifest]);
    assert_eq!(laid.changed, 0, "a pod has none");
    assert_eq!(cluster.pods[0].labels.get("topology.kubernetes.io/zone"), Some("a"));
}

/// An evicted pod stays in the cluster, and runs nowhere.
#[test]
fn pods_that_have_ended_are_no_pods_of_a_workload() {
    let mut base = dump();
    let mut evicted = base[2].clone();
    evicted["metadata"]["name"] = "web-5d-0".into();
    evicted["status"] = json!({"phase": "Failed", "reason": "Evicted"});
    base.push(evicted);
    let live = |cluster: &Cluster| cluster.pods.iter().filter(|pod| pod.live).count();
    let (cluster, laid) = laid(&base, &[web(None, "web", 8080)]);
    assert_eq!((live(&cluster), laid.pods), (2, 2));
    let (cluster, laid) = self::laid(&base, &[web(Some(3), "web", 80)]);
    assert_eq!((live(&cluster), laid.pods), (3, 0));
    let (cluster, laid) = self::laid(&base, &[web(Some(2), "web", 80)]);
    assert_eq!((live(&cluster), cluster.pods.len(), laid.pods), (2, 3, 0));
}

#[test]
fn what_is_scaled_keeps_its_other_pods() {
    let (fewer, one) = laid(&dump(), &[web(Some(1), "web", 80)]);
    assert_eq!(pods(&fewer), kept()[..1]);
    assert_eq!((one.changed, one.pods), (1, 1));
    assert_eq!(endpoints(&fewer), ["web-5d-a:80"]);
    let (more, none) = laid(&dump(), &[web(Some(4), "web", 80)]);
    assert_eq!(pods(&more), [vec![new("web-3"), new("web-4")], kept()].concat());
    assert_eq!((none.changed, none.pods), (1, 0));
    assert_eq!(endpoints(&more).len(), 4);
    assert_eq!(laid(&dump(), &[web(Some(0), "web", 80)]).0.pods, []);
}

/// The pods of a StatefulSet go and come by number.
#[test]
fn a_stateful_set_is_scaled_at_its_end() {
    let mut set = web(Some(11), "web", 80);
    set["kind"] = "StatefulSet".into();
    set["metadata"]["uid"] = "1".into();
    let pod = |i: usize| {
        let mut pod = dump()[2].clone();
        pod["metadata"]["name"] = format!("web-{i}").into();
        pod["metadata"]["labels"] = json!({"app": "web",
            "apps.kubernetes.io/pod-index": i.to_string()});
        pod["metadata"]["ownerReferences"][0]["kind"] = "StatefulSet".into();
        pod["metadata"]["ownerReferences"][0]["name"] = "web".into();
        pod["status"]["podIP"] = format!("10.1.0.{i}").into();
        pod
    };
    let base: Vec<Value> = [set.clone()].into_iter().chain((0..11).map(pod)).collect();
    let names = |replicas: i64| {
        let mut over = set.clone();
        over["metadata"]["uid"] = Value::Null;
        over["spec"]["replicas"] = replicas.into();
        let cluster = laid(&base, &[over]).0;
        let names: Vec<String> = cluster.pods.iter().map(|pod| pod.name.clone()).collect();
        names
    };
    assert_eq!(names(11).len(), 11);
    assert!(!names(10).contains(&"web-10".to_owned()) && names(10).contains(&"web-9".to_owned()));
    assert!(names(12).contains(&"web-11".to_owned()) && names(12).len() == 12);
}

/// A dump of pods alone: the template is told from what they are.
#[test]
fn pods_without_their_workload_are_compared_with_the_template() {
    let base: Vec<Value> = dump().drain(2..).collect();
    let (cluster, laid) = self::laid(&base, &[web(None, "web", 80)]);
    assert_eq!((pods(&cluster), laid.new, laid.pods), (kept(), 1, 0));
    assert_eq!(pods(&self::laid(&base, &[web(Some(1), "web", 80)]).0), kept()[..1]);
    let (cluster, laid) = self::laid(&base, &[web(Some(1), "web", 81)]);
    assert_eq!((pods(&cluster), laid.pods), (vec![new("web")], 2));
}

#[test]
fn what_the_api_server_has_set_stays() {
    let over = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": "NodePort", "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80}, {"name": "more", "port": 81}]}});
    let (cluster, laid) = laid(&dump(), std::slice::from_ref(&over));
    let web = service(&cluster, "web");
    assert_eq!(web.cluster_ips, ["10.96.0.7".parse::<std::net::IpAddr>().expect("an address")]);
    let ports: Vec<_> = web.ports.iter().map(|port| (port.number, port.node_port)).collect();
    assert_eq!(ports, [(80, Some(30080)), (81, None)]);
    assert_eq!((laid.changed, laid.pods), (1, 0));
    assert_eq!(endpoints(&cluster).len(), 4, "of the new port too, which no slice has yet");

    // What is no longer reachable on Nodes has no ports there, and keeps its address.
    let mut internal = over;
    internal["spec"]["type"] = "ClusterIP".into();
    let cluster = self::laid(&dump(), &[internal]).0;
    assert!(service(&cluster, "web").ports.iter().all(|port| port.node_port.is_none()));
    assert_eq!(service(&cluster, "web").cluster_ips.len(), 1);

    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-5d-a", "namespace": "shop", "labels": {"app": "other"}},
        "spec": {"containers": [{"name": "web", "ports": [{"containerPort": 80}]}]}});
    let (cluster, laid) = self::laid(&dump(), &[pod]);
    assert_eq!((pods(&cluster), laid.changed), (kept(), 1));
    assert_eq!(endpoints(&cluster), ["web-5d-b:80"], "the Service has lost it");
}

#[test]
fn an_object_without_a_namesake_is_new() {
    let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"podSelector": {}}});
    let mut other = web(Some(3), "web", 80);
    other["metadata"]["namespace"] = Value::Null;
    let (cluster, laid) = laid(&dump(), &[policy, other]);
    assert_eq!(laid, Laid { objects: 2, changed: 0, new: 2, pods: 0 });
    assert_eq!((cluster.policies.len(), cluster.pods.len()), (1, 5));
    assert!(service(&cluster, "web").sliced, "another namespace is none of its business");
}

/// Of two overlays the later one counts, and what it scales is what was read.
#[test]
fn of_namesakes_among_manifests_the_later_counts() {
    let manifests = |value: &Value, first: u32| read(std::slice::from_ref(value), first);
    let over =
        later(manifests(&web(Some(4), "web", 80), 90), manifests(&web(Some(3), "web", 80), 91));
    let Overlaid { objects, more, laid } = overlay(read(&dump(), 0), over);
    let cluster = Cluster::new(objects, &Options { more, ..Options::default() });
    assert_eq!(pods(&cluster), [vec![new("web-3")], kept()].concat());
    assert_eq!((laid.objects, laid.changed), (1, 1));
}

/// The addresses that a new env names are those that the pods name then.
#[test]
fn pods_that_stay_name_what_the_template_names_now() {
    let mut over = web(None, "web", 80);
    over["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "DB", "value": "db:5432"}]);
    let (cluster, _) = laid(&dump(), &[over]);
    assert_eq!(pods(&cluster), kept());
    let named = |pod: &Pod| pod.containers[0].mentions.iter().map(|m| m.host.clone()).collect();
    let named: Vec<Vec<String>> = cluster.pods.iter().map(named).collect();
    assert_eq!(named, [["db"], ["db"]]);
}

/// The manifest of an object: without what only a cluster sets.
fn manifest(mut object: Object) -> Object {
    match &mut object {
        Object::Pod(o) => {
            o.status = Default::default();
            o.spec.node_name.clear();
        }
        Object::Service(o) => {
            o.status = Default::default();
            if !o.spec.headless() {
                o.spec.cluster_ip.clear();
                o.spec.cluster_ips.clear();
            }
            o.spec.ports.iter_mut().for_each(|port| port.node_port = 0);
        }
        Object::Node(o) => o.status = Default::default(),
        _ => {}
    }
    object
}

proptest! {
    /// Whatever is there already changes nothing, as a manifest or as it was read.
    #[test]
    fn an_overlay_of_what_is_there_changes_nothing(
        seed in 0..u64::MAX,
        bits in proptest::collection::vec(0..3_u8, 64),
        workloads: bool,
        dual_stack: bool,
    ) {
        let shape = Shape { workloads, dual_stack, pods: 20, services: 8, seed, ..Shape::of_nodes(3) };
        let base = objects(&shape);
        let over: Numbered = base
            .iter()
            .zip(bits.iter().cycle())
            .filter(|(_, bit)| **bit > 0)
            .map(|((id, object), bit)| {
                let object = object.clone();
                (*id, if *bit == 1 { object } else { manifest(object) })
            })
            .collect();
        let count = over.len();
        let Overlaid { objects, more, laid } = overlay(base.clone(), over);
        prop_assert_eq!(laid, Laid { objects: count, changed: 0, new: 0, pods: 0 });
        prop_assert!(more.is_empty());
        let options = Options::default();
        let (before, after) = (Cluster::new(base, &options), Cluster::new(objects, &options));
        prop_assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }

    /// Laid over nothing, manifests are what they are.
    #[test]
    fn an_overlay_of_nothing_is_all_there_is(seed in 0..u64::MAX) {
        let all = objects(&Shape { pods: 20, services: 8, seed, ..Shape::of_nodes(3) });
        let options = Options::default();
        let laid = overlay(vec![], all.clone());
        prop_assert_eq!(laid.laid.new, all.len());
        let (whole, over) = (Cluster::new(all, &options), Cluster::new(laid.objects, &options));
        prop_assert_eq!(format!("{whole:?}"), format!("{over:?}"));
    }
}

#[test]
fn kinds_have_words_of_their_own() {
    assert_eq!([Kind::NetworkPolicy, Kind::Deployment].map(Kind::short), ["netpol", "deploy"]);
}
