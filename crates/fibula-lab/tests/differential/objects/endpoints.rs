//! What stands behind Services, where slices say so, or Endpoints: endpoints in every state, of pods
//! and others, on Nodes that they name, or do not, or that are gone.

use serde_json::{Map, Value, json};

use super::addresses::{of_pod, of_service, outside};
use super::{Draft, Families, ZONES, family_name};

/// An endpoint: its address, and the Node that it is on.
type At = (String, usize);

// === impl Draft ===

impl Draft {
    /// Slices, or Endpoints, or nothing, where the pods of the Service say it (SVC-17).
    pub(super) fn behind(&mut self, service: usize, selects: bool, ports: &Value, all: Families) {
        if self.dice.once_in(3) {
            if !selects && self.dice.once_in(2) {
                self.endpoints(service, ports, all);
            }
            return;
        }
        for v6 in all {
            // An address stands in one slice only: which of two entries a proxy takes is not for us
            // to test.
            let mut used = vec![];
            for k in 0..1 + self.dice.below(2) {
                self.slice(service, k, *v6, ports, &mut used);
            }
        }
    }

    fn slice(&mut self, service: usize, k: usize, v6: bool, ports: &Value, used: &mut Vec<String>) {
        let ports = self.behind_ports(ports);
        let mut endpoints = vec![];
        for _ in 0..self.dice.below(4) {
            let Some((ip, node)) = self.endpoint_at(v6, used) else { continue };
            let mut conditions = Map::new();
            for name in ["ready", "serving", "terminating"] {
                match self.dice.below(4) {
                    0 => drop(conditions.insert(name.into(), false.into())),
                    1 => drop(conditions.insert(name.into(), true.into())),
                    _ => {}
                }
            }
            let mut endpoint = json!({ "addresses": [ip], "conditions": conditions });
            if let Some(name) = self.node_name(node) {
                endpoint["nodeName"] = name.into();
            }
            if self.dice.once_in(3) {
                endpoint["zone"] = (*self.dice.one(&ZONES)).into();
            }
            if self.dice.once_in(3) {
                endpoint["hints"] = json!({ "forZones": [{ "name": self.dice.one(&ZONES) }] });
                if self.dice.once_in(2) {
                    let node = self.any_node();
                    endpoint["hints"]["forNodes"] = json!([{ "name": format!("n{node}") }]);
                }
            }
            endpoints.push(endpoint);
        }
        let mut labels = json!({ "kubernetes.io/service-name": format!("s{service}") });
        if self.controlled {
            labels["endpointslice.kubernetes.io/managed-by"] =
                "endpointslice-controller.k8s.io".into();
        }
        self.items.push(json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "name": format!("s{service}-{}-{k}", if v6 { "v6" } else { "v4" }),
                "namespace": "default", "labels": labels,
            },
            "addressType": family_name(v6), "endpoints": endpoints, "ports": ports,
        }));
    }

    /// The older object, which is mirrored (SVC-15): one subset, of all families.
    fn endpoints(&mut self, service: usize, ports: &Value, families: Families) {
        let ports = self.behind_ports(ports);
        let (mut ready, mut not_ready, mut used) = (vec![], vec![], vec![]);
        for v6 in families {
            for _ in 0..self.dice.below(3) {
                let Some((ip, node)) = self.endpoint_at(*v6, &mut used) else { continue };
                let mut address = json!({ "ip": ip });
                if let Some(name) = self.node_name(node) {
                    address["nodeName"] = name.into();
                }
                let list = if self.dice.once_in(4) { &mut not_ready } else { &mut ready };
                list.push(address);
            }
        }
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": { "name": format!("s{service}"), "namespace": "default" },
            "subsets": [{ "addresses": ready, "notReadyAddresses": not_ready, "ports": ports }],
        }));
    }

    /// The ports of a Service as those behind it have them: of several numbers, and some not.
    fn behind_ports(&mut self, ports: &Value) -> Vec<Value> {
        let mut all = vec![];
        for port in ports.as_array().into_iter().flatten() {
            let number = match port["name"].as_str() {
                Some("http") => 8080,
                Some("admin") => 9090,
                _ => 53,
            };
            let number = if self.dice.once_in(6) { number + 1 } else { number };
            if !self.dice.once_in(10) {
                let port =
                    json!({ "name": port["name"], "protocol": port["protocol"], "port": number });
                all.push(port);
            }
        }
        all
    }

    /// Where an endpoint is, unless that is used: at a pod, mostly.
    fn endpoint_at(&mut self, v6: bool, used: &mut Vec<String>) -> Option<At> {
        let node = self.any_node();
        let (ip, node) = match self.dice.below(16) {
            0 | 1 => (self.node_address(node, v6), node),
            2 => (outside(self.dice.below(3), v6), node),
            // In the range of pods, and nobody's; a virtual one (IP-9).
            3 => (of_pod(200, node, v6), node),
            4 => (of_service(self.dice.below(6), v6), node),
            _ => {
                let pod = self.dice.below(self.pods.len().max(1));
                let pod = *self.pods.get(pod)?;
                (of_pod(pod.number, pod.node, v6), pod.node)
            }
        };
        if used.contains(&ip) {
            return None;
        }
        used.push(ip.clone());
        Some((ip, node))
    }

    /// The Node that an endpoint names: its own, none, one that is gone, or a wrong one.
    fn node_name(&mut self, node: usize) -> Option<String> {
        match self.dice.below(12) {
            0 => None,
            1 => Some("gone".to_owned()),
            2 => {
                let other = self.any_node();
                Some(format!("n{other}"))
            }
            _ => Some(format!("n{node}")),
        }
    }
}
