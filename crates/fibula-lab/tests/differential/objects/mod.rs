//! Random clusters as objects: Nodes, pods in every state, Services and policies of every kind, and
//! slices with endpoints in every state. What the API server would refuse is not among them; what it takes, and
//! nobody should write, is.

mod addresses;
mod endpoints;
mod nodes;
mod pods;
mod policies;
mod services;

use serde_json::{Value, json};

use crate::dice::Dice;
use addresses::service_range;
use nodes::Node;
use pods::Pod;

const ZONES: [&str; 2] = ["a", "b"];

/// Where pods are, and what namespaces may be labelled with. Services are in the first.
const NAMESPACES: [&str; 2] = ["default", "other"];
const TEAMS: [&str; 2] = ["red", "blue"];

/// The ports of pods and Services: a name, the number in a pod, and the protocol. Two are one
/// number.
const PORTS: [(&str, u16, &str); 4] =
    [("http", 8080, "TCP"), ("admin", 9090, "TCP"), ("dns", 53, "UDP"), ("dns-tcp", 53, "TCP")];

/// The families of addresses: whether each is IPv6.
type Families = &'static [bool];

/// A cluster under construction.
struct Draft {
    dice: Dice,
    /// The families of the cluster.
    families: Families,
    /// Whether the slices are the controller's: then a Service without one has no endpoints.
    controlled: bool,
    nodes: Vec<Node>,
    /// The pods that have addresses of their own.
    pods: Vec<Pod>,
    items: Vec<Value>,
}

/// A cluster, as `kubectl get -o json` prints one.
pub(crate) fn cluster(seed: u64) -> Value {
    let mut dice = Dice::new(seed);
    let families: Families = match dice.below(8) {
        0 => &[true],
        1..5 => &[false],
        _ => &[false, true],
    };
    let controlled = dice.once_in(6);
    let (nodes, pods, items) = (vec![], vec![], vec![]);
    let mut draft = Draft { dice, families, controlled, nodes, pods, items };
    (0..1 + draft.dice.below(3)).for_each(|i| draft.node(i));
    (0..2 + draft.dice.below(5)).for_each(|i| draft.pod(i));
    (0..1 + draft.dice.below(6)).for_each(|i| draft.service(i));
    if !draft.dice.once_in(6) {
        draft.policies();
    }
    let cidrs: Vec<&str> = families.iter().map(|v6| service_range(*v6)).collect();
    draft.items.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
        "metadata": { "name": "kubernetes" }, "spec": { "cidrs": cidrs },
    }));
    json!({ "apiVersion": "v1", "kind": "List", "items": draft.items })
}

/// How many bits an address of a family has.
fn host_bits(v6: bool) -> u8 {
    if v6 { 128 } else { 32 }
}

/// The word for a family.
fn family_name(v6: bool) -> &'static str {
    if v6 { "IPv6" } else { "IPv4" }
}

// === impl Draft ===

impl Draft {
    /// One Node.
    fn any_node(&mut self) -> usize {
        self.dice.below(self.nodes.len())
    }
}
