//! Nodes: with and without zones, with one address of each family or two, and some that say one of
//! theirs to the world.

use serde_json::{Map, Value, json};

use super::addresses::{of_node, outside, pod_range};
use super::{Draft, ZONES};

/// What the rest of a cluster has to know of a Node.
pub(super) struct Node {
    /// How many addresses of each family it has.
    pub(super) addresses: usize,
}

// === impl Draft ===

impl Draft {
    pub(super) fn node(&mut self, i: usize) {
        let mut labels = Map::new();
        if !self.dice.once_in(4) {
            labels.insert("topology.kubernetes.io/zone".into(), (*self.dice.one(&ZONES)).into());
        }
        let several = 1 + usize::from(self.dice.once_in(4));
        let internal = |number| self.families.iter().map(move |v6| of_node(i, number, *v6));
        let internal = (0..several).flat_map(internal).map(|ip| ("InternalIP", ip));
        let mut addresses: Vec<_> = internal.collect();
        if self.dice.once_in(4) {
            let external = self.families.iter().map(|v6| ("ExternalIP", outside(100 + i, *v6)));
            addresses.extend(external);
        }
        let addresses = addresses.into_iter();
        let addresses: Vec<Value> =
            addresses.map(|(kind, ip)| json!({ "type": kind, "address": ip })).collect();
        let ranges: Vec<String> = self.families.iter().map(|v6| pod_range(i, *v6)).collect();
        self.nodes.push(Node { addresses: several });
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": format!("n{i}"), "labels": labels },
            "spec": { "podCIDRs": ranges },
            "status": { "addresses": addresses },
        }));
    }

    /// An address of a Node, the first one or another.
    pub(super) fn node_address(&mut self, node: usize, v6: bool) -> String {
        let number = self.dice.below(self.nodes[node].addresses);
        of_node(node, number, v6)
    }
}
