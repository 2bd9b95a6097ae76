//! The old cluster with some of what changed.

use fibula_cluster::{Cluster, Policy};

use super::{From, Pieces};

impl Pieces<'_> {
    /// The old cluster with these pieces of the new one, by their places in the list.
    pub(in crate::diff) fn applied(&self, some: &[usize]) -> Cluster {
        let [old, new] = self.clusters;
        let mut cluster = old.clone();
        let mut gone: Vec<usize> = vec![];
        let mut edited: Vec<(usize, Vec<usize>)> = vec![];
        let mut came: Vec<Policy> = vec![];
        for piece in some {
            match self.sources[*piece] {
                From::PolicyNew(to) => came.push(new.policies[to].clone()),
                From::PolicyGone(from) => gone.push(from),
                From::Edit(which, number) => {
                    match edited.iter_mut().find(|(known, _)| *known == which) {
                        Some((_, numbers)) => numbers.push(number),
                        None => edited.push((which, vec![number])),
                    }
                }
                From::Labels(whole) => self.each(whole, |was, is| {
                    cluster.pods[was].labels = new.pods[is].labels.clone();
                }),
                From::Ports(whole) => self.each(whole, |was, is| {
                    let after = &new.pods[is].containers;
                    for container in &mut cluster.pods[was].containers {
                        if let Some(same) = after.iter().find(|c| c.name == container.name) {
                            container.ports.clone_from(&same.ports);
                        }
                    }
                }),
                From::Addresses(whole) => self.each(whole, |was, is| {
                    cluster.pods[was].addresses.clone_from(&new.pods[is].addresses);
                    cluster.pods[was].invented = new.pods[is].invented;
                }),
                From::Namespace(to) => {
                    let space = &new.namespaces[to];
                    let same = cluster.namespaces.iter_mut().find(|was| was.name == space.name);
                    if let Some(same) = same {
                        same.clone_from(space);
                    }
                }
                From::Node(to) => {
                    let node = &new.nodes[to];
                    let same = cluster.nodes.iter_mut().find(|was| was.name == node.name);
                    if let Some(same) = same {
                        same.labels.clone_from(&node.labels);
                        same.addresses.clone_from(&node.addresses);
                        same.object = node.object;
                    }
                }
            }
        }
        for (which, numbers) in edited {
            let (from, to, edits) = &self.edits[which];
            cluster.policies[*from] =
                edits.applied(&old.policies[*from], &new.policies[*to], &numbers);
        }
        gone.sort_unstable();
        for from in gone.into_iter().rev() {
            cluster.policies.remove(from);
        }
        cluster.policies.extend(came);
        cluster.policies.sort_by(|a, b| {
            let key =
                |p: &Policy| (p.tier, p.priority, p.namespace.clone(), p.name.clone(), p.kind);
            key(a).cmp(&key(b))
        });
        cluster
    }

    /// Each pod of a workload that is in both clusters, by its places in their lists; of those that
    /// replicas are compared with only one.
    fn each(&self, whole: crate::reach::PartyId, mut act: impl FnMut(usize, usize)) {
        for entity in self.entities.all.iter().filter(|entity| entity.whole == whole) {
            let [Some(was), Some(is)] = entity.sides else { continue };
            if let (Some((was, _)), Some((is, _))) = (self.pod(0, was), self.pod(1, is)) {
                act(was, is);
            }
        }
    }
}
