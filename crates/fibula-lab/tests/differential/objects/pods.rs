//! Pods: running, ending or done, ready or not, of the host network too, and with ports of their
//! Node.

use serde_json::{Value, json};

use super::addresses::{of_node, of_pod, outside};
use super::{Draft, NAMESPACES, PORTS};

/// A pod with addresses of its own.
#[derive(Clone, Copy)]
pub(super) struct Pod {
    /// Its number.
    pub(super) number: usize,
    /// Its Node.
    pub(super) node: usize,
}

// === impl Draft ===

impl Draft {
    pub(super) fn pod(&mut self, i: usize) {
        let node = self.any_node();
        let host = self.dice.once_in(5);
        let phase =
            if self.dice.once_in(8) { *self.dice.one(&["Failed", "Pending"]) } else { "Running" };
        let no_address = phase == "Pending" && self.dice.once_in(2);
        let mut families = self.families;
        if families.len() > 1 && !host && self.dice.once_in(8) {
            families = *self.dice.one(&[&[false][..], &[true][..]]);
        }
        if !host && phase == "Running" && families == self.families {
            self.pods.push(Pod { number: i, node });
        }
        let address = |v6| if host { of_node(node, 0, v6) } else { of_pod(i, node, v6) };
        let ips: Vec<Value> = families.iter().map(|v6| json!({ "ip": address(*v6) })).collect();
        let ready = phase == "Running" && !self.dice.once_in(4);
        let mut ports = vec![];
        for (k, port) in PORTS.into_iter().enumerate() {
            if host {
                ports.extend(self.host_network_port(i, k, port));
            } else if !self.dice.once_in(4) {
                ports.push(self.port(node, k, port));
            }
        }
        let namespace = if self.dice.once_in(3) { NAMESPACES[1] } else { NAMESPACES[0] };
        let mut metadata = json!({
            "name": format!("p{i}"), "namespace": namespace, "uid": format!("u{i}"),
            "labels": { "app": self.dice.one(&["web", "db"]) },
        });
        if self.dice.once_in(6) {
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        let conditions =
            json!([{ "type": "Ready", "status": if ready { "True" } else { "False" } }]);
        let status = match no_address {
            true => json!({ "phase": phase, "conditions": conditions }),
            false => json!({
                "phase": phase, "conditions": conditions, "podIP": ips[0]["ip"], "podIPs": ips,
            }),
        };
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {
                "nodeName": format!("n{node}"), "hostNetwork": host,
                "containers": [{ "name": "c", "ports": ports }],
            },
            "status": status,
        }));
    }

    /// A port of a pod of the host network. These share one space of ports: each has its own, and a
    /// hostPort is the port itself (POD-8).
    fn host_network_port(
        &mut self,
        pod: usize,
        k: usize,
        (name, _, protocol): (&str, u16, &str),
    ) -> Option<Value> {
        if k > 0 && self.dice.once_in(2) {
            return None;
        }
        // The two of DNS are one number here too.
        let number = 7000 + pod * 10 + k.min(2);
        let mut port = json!({ "name": name, "containerPort": number, "protocol": protocol });
        if self.dice.once_in(2) {
            port["hostPort"] = number.into();
        }
        Some(port)
    }

    /// A port of a pod, some of another number than that of other pods, some a port of the Node too.
    fn port(&mut self, node: usize, k: usize, port: (&str, u16, &str)) -> Value {
        let (name, number, protocol) = port;
        let number = if self.dice.once_in(5) { number + 1 } else { number };
        let mut port = json!({ "name": name, "containerPort": number, "protocol": protocol });
        if self.dice.once_in(6) {
            port["hostPort"] = match self.dice.below(5) {
                // A number that other pods want too; one that is a nodePort (POD-11).
                0 | 1 => 18500 + k,
                2 => 30900 + k,
                _ => 18000 + self.items.len() * 10 + k,
            }
            .into();
            if self.dice.once_in(2) {
                port["hostIP"] = self.host_ip(node).into();
            }
        }
        port
    }

    /// At which address of its Node a pod wants a port: one of it, all, loopback; or one that the
    /// Node does not have.
    fn host_ip(&mut self, node: usize) -> String {
        let v6 = *self.dice.one(self.families);
        match (self.dice.below(8), v6) {
            (0, false) => "0.0.0.0".to_owned(),
            (0, true) => "::".to_owned(),
            (1, false) => "127.0.0.1".to_owned(),
            (1, true) => "::1".to_owned(),
            (2, _) => outside(77, v6),
            (3, _) => {
                let other = self.any_node();
                self.node_address(other, v6)
            }
            _ => self.node_address(node, v6),
        }
    }
}
