//! Pods of namespaces that were not read: of these there may be any, and a rule for all namespaces is
//! for them too (DR-22).
//!
//! A pod that has no label, in a namespace of which nothing is known, joins both clusters; what opens
//! to it opens to every pod there, as long as no rule asks that a label be missing.

use fibula_cluster::{Cluster, PeerOf, Test};

use super::{Change, compare};
use crate::reach::{Ports, Toward, Who};
use crate::stranger::{Known, NAMESPACE, joined};
use crate::trace::Ground;

/// In clusters of how many pods at most that is asked: it costs a network more for each of the two.
const MOST_PODS: usize = 20_000;

/// What opens and what closes to pods of such namespaces: by target.
pub(super) type Strangers = [Vec<(Who, Ports)>; 2];

/// Asks; nothing where it cannot be said of all of them.
pub(super) fn strangers(grounds: [Ground<'_>; 2]) -> Strangers {
    let joined = grounds.map(|ground| {
        let cluster = with_one(ground.cluster?)?;
        let network = ground.remake?(&cluster);
        Some((cluster, network))
    });
    let [Some(old), Some(new)] = &joined else { return Strangers::default() };
    let of = |side: usize, (cluster, network)| Ground {
        network,
        cluster: Some(cluster),
        ..grounds[side]
    };
    let Ok(found) = compare(of(0, (&old.0, &old.1)), of(1, (&new.0, &new.1))) else {
        return Strangers::default();
    };
    let is = |who: &Who| matches!(who, Who::Workload { namespace, .. } if namespace == NAMESPACE);
    [&found.opens, &found.closes].map(|changes| {
        let certain = changes.iter().filter(|change| change.why.is_none());
        let own = certain.filter(|change| {
            change.line.from.iter().any(|id| is(&found.parties[id.0 as usize].who))
        });
        let toward = own.flat_map(|change| &change.line.to);
        let all = toward.flat_map(|Toward { targets, ports, family }| {
            let targets = targets.iter().filter(|_| family.is_none());
            targets.map(|id| (found.parties[id.0 as usize].who.clone(), ports.clone()))
        });
        all.collect()
    })
}

/// Notes which lines are of such pods too.
pub(super) fn noted(changes: &mut [Change], who: &dyn Fn(u32) -> Who, own: &[(Who, Ports)]) {
    for change in changes.iter_mut().filter(|change| change.why.is_none() && !change.with) {
        let workload = |id: u32| matches!(who(id), Who::Workload { .. });
        let is = |id: u32, ports: &Ports| {
            own.iter().any(|(target, open)| *target == who(id) && ports.minus(open).is_empty())
        };
        change.strangers = change.line.from.iter().any(|id| workload(id.0))
            && change
                .line
                .to
                .iter()
                .all(|Toward { targets, ports, .. }| targets.iter().all(|id| is(id.0, ports)));
    }
}

/// A cluster with such a pod. None where pods with labels may be meant otherwise, or where there is
/// no room for one.
fn with_one(cluster: &Cluster) -> Option<Cluster> {
    let peers = cluster.policies.iter().flat_map(|policy| {
        let peers = policy.rules().flat_map(|rule| rule.peers());
        let pods = peers.filter_map(|peer| match &peer.what {
            PeerOf::Pods(selection) => Some(&selection.pods),
            _ => None,
        });
        pods.chain([&policy.subject.pods])
    });
    let mut tests = peers.flat_map(|selector| selector.requirements()).map(|asked| &asked.test);
    let missing = tests.any(|test| matches!(test, Test::NotIn(_) | Test::DoesNotExist));
    if missing || cluster.pods.len() > MOST_PODS {
        return None;
    }
    joined(cluster, Known::Name)
}
