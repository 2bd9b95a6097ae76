//! Generated clusters satisfy the model, and read back as they were made.

mod common;

use fibula_cluster::generate::{Format, Shape, objects, write};
use fibula_cluster::{
    Assumption, Cluster, Object, ObjectId, Options, ServiceKind, Severity, findings,
    shared_addresses,
};
use proptest::prelude::*;
use serde_json::Value;

fn any_shape() -> impl Strategy<Value = Shape> {
    let sizes = (0..6_usize, 0..60_usize, 0..5_usize, 0..4_usize, 0..5_usize, 0..20_usize);
    (any::<u64>(), sizes, any::<[bool; 3]>(), 0..=100_u8).prop_map(
        |(seed, (nodes, pods, namespaces, containers, ports, services), flags, host_network)| {
            let [dual_stack, workloads, padding] = flags;
            Shape {
                seed,
                nodes,
                pods,
                namespaces,
                containers,
                ports,
                services,
                dual_stack,
                host_network,
                workloads,
                padding,
            }
        },
    )
}

fn text(shape: &Shape, format: Format) -> String {
    let mut bytes = Vec::new();
    write(shape, format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn made(objects: Vec<(ObjectId, Object)>) -> Cluster {
    Cluster::new(objects, &Options::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_reads_back_the_same(shape in any_shape()) {
        let list: Value = serde_json::from_str(&text(&shape, Format::Json)).unwrap();
        let read = common::objects(list["items"].as_array().unwrap());
        let direct = objects(&shape);
        prop_assert_eq!(read.len(), direct.len());
        prop_assert_eq!(made(read), made(direct));
    }

    #[test]
    fn c1_nm_2_pod_8_generated_clusters_have_no_errors_or_warnings(shape in any_shape()) {
        let objects = objects(&shape);
        for (_, object) in &objects {
            prop_assert_eq!(object.check(), []);
        }
        let cluster = made(objects);
        prop_assert_eq!(&cluster.twins, &[]);
        prop_assert_eq!(shared_addresses(&cluster), []);
        let bad: Vec<_> =
            findings(&cluster).into_iter().filter(|f| f.severity != Severity::Note).collect();
        prop_assert_eq!(bad, []);
        if !shape.workloads {
            prop_assert_eq!(cluster.pods.len(), shape.pods);
            prop_assert_eq!(cluster.nodes.len(), shape.nodes.max(1));
            let invented = cluster.assumptions.iter();
            let invented: Vec<_> = invented.filter(|a| !matches!(a, Assumption::NoPodRange)).collect();
            prop_assert_eq!(invented, Vec::<&Assumption>::new());
        }
    }
}

#[test]
fn the_same_shape_gives_the_same_bytes_and_another_seed_others() {
    let shape = Shape { padding: true, dual_stack: true, ..Shape::default() };
    for format in [Format::Json, Format::Yaml] {
        assert_eq!(text(&shape, format), text(&shape, format));
        assert_ne!(text(&shape, format), text(&Shape { seed: 2, ..shape.clone() }, format));
    }
}

#[test]
fn pod_6_a_large_dump_has_finished_and_host_network_pods() {
    let cluster = made(objects(&Shape::of_nodes(20)));
    assert_eq!((cluster.nodes.len(), cluster.pods.len(), cluster.services.len()), (20, 600, 40));
    assert!(cluster.pods.iter().any(|pod| !pod.live));
    assert!(cluster.pods.iter().any(|pod| pod.host_network));
    assert!(cluster.services.iter().all(|service| !service.selects.is_empty()));
}

#[test]
fn svc_2_svc_43_a_large_dump_has_services_of_all_kinds_and_zones() {
    let cluster = made(objects(&Shape::of_nodes(100)));
    let services = || cluster.services.iter();
    for kind in [
        ServiceKind::ClusterIp,
        ServiceKind::Headless,
        ServiceKind::NodePort,
        ServiceKind::LoadBalancer,
    ] {
        assert!(services().any(|service| service.kind == kind), "{kind:?}");
    }
    assert!(services().any(|service| service.external_local));
    assert!(services().any(|service| !service.balancers.is_empty()));
    assert!(services().flat_map(|service| &service.endpoints).any(|e| !e.zones().is_empty()));
    assert!(cluster.nodes.iter().all(|node| node.zone.is_some()));
}

#[test]
fn a_padded_pod_takes_about_4_kb_of_json() {
    let size = |pods| {
        let shape = Shape { nodes: 10, pods, padding: true, ..Shape::default() };
        text(&shape, Format::Json).len()
    };
    let each = (size(400) - size(100)) / 300;
    assert!((3_500..4_500).contains(&each), "{each}");
}

#[test]
fn yaml_quotes_what_could_be_taken_for_something_else() {
    let yaml = text(&Shape { padding: true, ..Shape::default() }, Format::Yaml);
    for line in ["kind: Pod", "  podCIDR: \"10.0.0.0/24\"", "    - name: LOG_LEVEL"] {
        assert!(yaml.lines().any(|written| written == line), "{line}");
    }
    assert!(yaml.contains("\n---\n") && !yaml.contains("status: True"));
}
