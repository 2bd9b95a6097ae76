//! What compares offers with brute force notices where they lie.

use fibula_answers::change::{Change, Edit, Kind};
use fibula_answers::why::{Besides, Goal, Offer, Why};
use fibula_cluster::{Cluster, NamespaceSelection, Options, PeerOf, PodSelection, Selector};
use fibula_intended::{Decisions, Intent, Profile};
use fibula_source::{Input, read};

use crate::{Scene, narrow, offers};

/// Two pods of one kind want to talk to a third, whose policies let one in at another port.
const SMALL: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: a}}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p1, labels: {app: one, tier: one}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.1.1}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p2, labels: {app: one, tier: two}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.1.2}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p3, labels: {app: two}}, spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 80}]}]}, status: {podIP: 10.0.1.3}}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {namespace: a, name: guard}
  spec:
    podSelector: {matchLabels: {app: two}}
    ingress:
    - {from: [{podSelector: {matchLabels: {app: six}}}], ports: [{port: 80}]}
    - {from: [{podSelector: {matchLabels: {tier: one}}}], ports: [{port: 81}]}
";

const ASKED: (&str, &str) = ("pod/a/p1", "pod/a/p3:80");

fn scene() -> Scene {
    let read = read(&[Input::Text { name: "small.yaml".to_owned(), text: SMALL.to_owned() }]);
    assert_eq!(read.refused, []);
    let cluster = Cluster::new(read.objects, &Options::default());
    let decisions = Decisions::from(Profile::Reference);
    Scene::new(cluster, &Intent { decisions, ..Intent::default() })
}

fn right(scene: &Scene) -> Why {
    let why = scene.why(ASKED.0, ASKED.1, Goal::Allow);
    offers::agree(scene, &why).expect("what is offered is true");
    narrow::agree(scene, &why, ASKED).expect("nothing opens less");
    why
}

#[test]
fn each_kind_is_offered() {
    let scene = scene();
    let why = right(&scene);
    let kinds: Vec<Vec<Kind>> = why.offers.iter().map(|offer| offer.change.kinds()).collect();
    for kind in [Kind::Peer, Kind::Port, Kind::Policy, Kind::Label] {
        assert!(kinds.contains(&vec![kind]), "{kind:?} in {kinds:?}");
    }
}

#[test]
fn an_offer_that_does_nothing_is_noticed() {
    let scene = scene();
    let mut why = right(&scene);
    for offer in &mut why.offers {
        if let [Edit::AddPeer { rule, .. }] = &mut offer.change.edits[..] {
            // The rule for another port.
            rule.rule = 1;
        }
    }
    let error = offers::agree(&scene, &why).expect_err("it is a lie");
    assert!(error.contains("does not do what it is for"), "{error}");
}

#[test]
fn what_is_not_said_is_noticed() {
    let scene = scene();
    let mut why = right(&scene);
    let wide = wide(&why);
    why.offers = vec![Offer { change: wide, besides: Besides::default(), doubts: vec![] }];
    let error = offers::agree(&scene, &why).expect_err("it is a lie");
    assert!(error.contains("said false, true true"), "{error}");
}

#[test]
fn what_opens_more_than_it_must_is_noticed() {
    let scene = scene();
    let mut why = right(&scene);
    let change = wide(&why);
    why.offers = vec![Offer { change, besides: Besides::default(), doubts: vec![] }];
    let error = narrow::agree(&scene, &why, ASKED).expect_err("it is too wide");
    assert!(error.contains("only"), "{error}");
}

/// The peer that is offered, without its labels.
fn wide(why: &Why) -> Change {
    let mut offers = why.offers.iter();
    let peer = offers.find(|offer| offer.change.kinds() == [Kind::Peer]).expect("a peer");
    let mut change = peer.change.clone();
    if let [Edit::AddPeer { peer, .. }] = &mut change.edits[..] {
        let namespaces = NamespaceSelection::Named("a".to_owned());
        *peer = PeerOf::Pods(PodSelection { namespaces, pods: Selector::default() });
    }
    change
}
