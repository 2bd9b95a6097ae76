//! What is said to have made a difference: where a policy is the only object that changed, one of its
//! pieces is; and nothing but what changed is ever named.

use fibula_answers::diff::{Change, Diff, Proof, What};
use fibula_cluster::Cluster;
use fibula_intended::{Daemon, Intent};

use crate::Scene;

pub(crate) fn hold(old: &Cluster, new: &Cluster, intent: &Intent) -> Result<(), String> {
    // A Node without a process sends nothing that could be followed.
    let intent = &Intent { daemons: vec![Daemon::kubelet()], ..intent.clone() };
    let both = Scene::new([old, new], [intent; 2]).diff;
    pieces_are_changes(&both, old, new)?;
    // With the policies of the new cluster alone, only policies can have done it.
    let mut mixed = old.clone();
    mixed.policies.clone_from(&new.policies);
    let policies = Scene::new([old, &mixed], [intent; 2]).diff;
    let changes = || policies.opens.iter().chain(&policies.closes);
    for change in changes().filter(|change| !change.with) {
        let Change { because, why, .. } = change;
        let of_policy = |piece: &usize| matches!(policies.pieces[*piece].what, What::Policy { .. });
        if !because.pieces.iter().all(of_policy) {
            return Err(format!("{change:?}: more than policies: {:?}", policies.pieces));
        }
        // What no message stands for has none, such as a Node and pods that it hosts.
        if because.pieces.is_empty() || why.is_some() {
            continue;
        }
        if because.proved.is_none() {
            return Err(format!("{change:?}: nothing was proved: {:?}", policies.pieces));
        }
        if because.proved == Some(Proof::Together) && because.pieces.len() < 2 {
            return Err(format!("{change:?}: one piece is not several"));
        }
    }
    Ok(())
}

/// Whoever is named as changed did change.
fn pieces_are_changes(diff: &Diff, old: &Cluster, new: &Cluster) -> Result<(), String> {
    if old == new && !diff.pieces.is_empty() {
        return Err(format!("nothing changed: {:?}", diff.pieces));
    }
    let mut named = diff.pieces.iter().map(|piece| &piece.what);
    let policies = old.policies == new.policies;
    match named.any(|what| policies && matches!(what, What::Policy { .. })) {
        true => Err(format!("no policy changed: {:?}", diff.pieces)),
        false => Ok(()),
    }
}
