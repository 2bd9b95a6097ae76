//! What could change what a Service leads to, and was not read in one of the two (DR-21).

use fibula_answers::diff::{Became, Diff, diff};
use fibula_answers::trace::{Ground, Unread};
use fibula_cluster::{Cluster, Decides, Options};
use fibula_intended::{Daemon, Decisions, Intent, Profile, network};
use fibula_source::{Input, read};

const SHOP: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 172.18.0.1}]}}
- {apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, labels: {app: web}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.0.1.1}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db, labels: {app: db}}, spec: {nodeName: n2, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.0.2.2}}
- {apiVersion: v1, kind: Service, metadata: {namespace: shop, name: front}, spec: {type: NodePort, clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}]}}
";

fn unread(kind: &str, namespace: &str, count: usize) -> Vec<Unread> {
    let namespaces = [(namespace.to_owned(), count)].into();
    vec![Unread { decides: Decides::Service, kind: kind.to_owned(), namespaces }]
}

/// Slices that nobody may list.
fn slices() -> Vec<Unread> {
    unread("EndpointSlice", "", 0)
}

fn compared(texts: [&str; 2], unread: [&[Unread]; 2]) -> Diff {
    let decisions = Decisions::from(Profile::Reference);
    let intent = Intent { daemons: vec![Daemon::kubelet()], decisions, ..Intent::default() };
    let clusters = texts.map(|text| {
        let read = read(&[Input::Text { name: "shop.yaml".to_owned(), text: text.to_owned() }]);
        assert_eq!(read.refused, []);
        Cluster::new(read.objects, &Options::default())
    });
    let networks = clusters.each_ref().map(|cluster| network(cluster, &intent));
    let remake = |cluster: &Cluster| network(cluster, &intent);
    let [old, new] = [0, 1].map(|side: usize| Ground {
        network: &networks[side],
        cluster: Some(&clusters[side]),
        unread: unread[side],
        remake: Some(&remake),
    });
    diff(old, new).expect("filters are plain")
}

/// Whether something is certainly different, and whether something is not known.
fn said(diff: &Diff) -> (bool, bool) {
    (diff.is_different(), diff.is_undecided())
}

fn moved() -> String {
    SHOP.replace("selector: {app: web}", "selector: {app: db}")
}

#[test]
fn what_a_service_leads_to_is_not_known_to_be_another() {
    let new = moved();
    let texts = [SHOP, new.as_str()];
    let known = compared(texts, [&[], &[]]);
    assert_eq!(said(&known), (true, false));
    assert!(known.doors.iter().any(|door| door.opens && door.certain));
    let slices = slices();
    for unread in [[&slices[..], &slices[..]], [&slices, &[]], [&[], &slices]] {
        let found = compared(texts, unread);
        assert_eq!(said(&found), (false, true), "{found:?}");
        let [served] = &found.services[..] else { panic!("{found:?}") };
        assert!(served.unknown && matches!(served.what, Became::Leads(..)), "{served:?}");
        assert!(!found.doors.is_empty());
        assert!(found.doors.iter().all(|door| door.unknown && !door.certain), "{found:?}");
        assert_eq!(found.unread, slices);
        assert_eq!(found.unread_differ, unread[0] != unread[1]);
    }
    // A mesh leads pods elsewhere; the world, and endpoints, it leaves alone.
    let mesh = unread("VirtualService", "shop", 1);
    let found = compared(texts, [&mesh, &mesh]);
    assert!(found.doors.iter().any(|door| door.certain && !door.from.is_empty()), "{found:?}");
    assert!(!found.services[0].unknown);
}

#[test]
fn one_that_comes_or_goes_makes_no_certain_difference() {
    let head = SHOP.find("- {apiVersion: v1, kind: Service").expect("it is there");
    let without = &SHOP[..head];
    let mesh = unread("VirtualService", "shop", 1);
    for (texts, what) in [([without, SHOP], Became::New), ([SHOP, without], Became::Gone)] {
        assert_eq!(said(&compared(texts, [&[], &[]])), (true, false));
        for (unread, doors) in [(slices(), false), (mesh.clone(), true)] {
            let found = compared(texts, [&unread, &unread]);
            let [served] = &found.services[..] else { panic!("{found:?}") };
            assert!(served.unknown && served.what == what && !served.is_certain());
            // The world does not go by a mesh.
            assert_eq!(found.doors.iter().any(|door| door.certain), doors, "{found:?}");
            assert_eq!(found.is_different(), doors);
        }
    }
}

#[test]
fn the_same_is_alike_where_the_same_was_not_read() {
    let slices = slices();
    assert_eq!(said(&compared([SHOP, SHOP], [&slices, &slices])), (false, false));
    assert_eq!(said(&compared([SHOP, SHOP], [&slices, &[]])), (false, true));
    // Where there are no Services, slices are of none.
    let head = SHOP.find("- {apiVersion: v1, kind: Service").expect("it is there");
    let without = &SHOP[..head];
    assert_eq!(said(&compared([without, without], [&slices, &[]])), (false, false));
}
