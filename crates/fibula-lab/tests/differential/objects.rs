//! Random clusters as objects: Nodes, pods in every state, Services of every kind, and slices with
//! endpoints in every state.

use serde_json::{Map, Value, json};

use crate::dice::Dice;

const ZONES: [&str; 2] = ["a", "b"];
const PORTS: [(&str, u16, &str); 3] =
    [("http", 8080, "TCP"), ("admin", 9090, "TCP"), ("dns", 53, "UDP")];

/// A cluster under construction.
struct Draft {
    dice: Dice,
    /// Whether it has addresses of both families.
    dual: bool,
    /// Whether slices say what stands behind each Service, or the pods do (SVC-17).
    sliced: bool,
    nodes: usize,
    /// Of each pod that has addresses of its own: its number and its Node.
    pods: Vec<(usize, usize)>,
    items: Vec<Value>,
}

/// A cluster, as `kubectl get -o json` prints one.
pub(crate) fn cluster(seed: u64) -> Value {
    let mut dice = Dice::new(seed);
    let nodes = 1 + dice.below(3);
    let (dual, sliced) = (dice.once_in(2), !dice.once_in(4));
    let mut draft = Draft { dice, dual, sliced, nodes, pods: vec![], items: vec![] };
    (0..nodes).for_each(|i| draft.node(i));
    (0..2 + draft.dice.below(5)).for_each(|i| draft.pod(i));
    (0..1 + draft.dice.below(6)).for_each(|i| draft.service(i));
    let cidrs = draft
        .families(|v6| if v6 { "fd00:96::/112".to_owned() } else { "10.96.0.0/16".to_owned() });
    draft.items.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
        "metadata": { "name": "kubernetes" }, "spec": { "cidrs": cidrs },
    }));
    json!({ "apiVersion": "v1", "kind": "List", "items": draft.items })
}

/// The address of a Node, of a pod, and of a Service.
fn node_ip(i: usize, v6: bool) -> String {
    if v6 { format!("fd00:1::{}", i + 1) } else { format!("192.168.0.{}", i + 1) }
}

fn pod_ip(i: usize, node: usize, v6: bool) -> String {
    if v6 { format!("fd00:10:{node}::{}", i + 2) } else { format!("10.10.{node}.{}", i + 2) }
}

fn cluster_ip(i: usize, v6: bool) -> String {
    if v6 { format!("fd00:96::{}", i + 10) } else { format!("10.96.0.{}", i + 10) }
}

// === impl Draft ===

impl Draft {
    fn families(&self, of: impl Fn(bool) -> String) -> Vec<String> {
        let all = if self.dual { &[false, true][..] } else { &[false][..] };
        all.iter().map(|v6| of(*v6)).collect()
    }

    fn node(&mut self, i: usize) {
        let mut labels = Map::new();
        if !self.dice.once_in(4) {
            labels.insert("topology.kubernetes.io/zone".into(), (*self.dice.one(&ZONES)).into());
        }
        let addresses = self.families(|v6| node_ip(i, v6)).into_iter();
        let addresses: Vec<Value> =
            addresses.map(|ip| json!({ "type": "InternalIP", "address": ip })).collect();
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": format!("n{i}"), "labels": labels },
            "spec": { "podCIDRs": self.families(|v6| match v6 {
                true => format!("fd00:10:{i}::/64"),
                false => format!("10.10.{i}.0/24"),
            }) },
            "status": { "addresses": addresses },
        }));
    }

    fn pod(&mut self, i: usize) {
        let node = self.dice.below(self.nodes);
        let host = self.dice.once_in(5);
        let phase =
            if self.dice.once_in(8) { *self.dice.one(&["Failed", "Pending"]) } else { "Running" };
        let no_address = phase == "Pending" && self.dice.once_in(2);
        let ips = self.families(|v6| if host { node_ip(node, v6) } else { pod_ip(i, node, v6) });
        if !host && phase == "Running" {
            self.pods.push((i, node));
        }
        let ready = phase == "Running" && !self.dice.once_in(4);
        let ports: Vec<Value> = match host {
            // Host-network pods share one space of ports: each has its own.
            true => vec![json!({ "name": "http", "containerPort": 7000 + i })],
            false => PORTS.iter().filter_map(|port| self.port(port)).collect(),
        };
        let mut metadata = json!({
            "name": format!("p{i}"), "namespace": "default", "uid": format!("u{i}"),
            "labels": { "app": self.dice.one(&["web", "db"]) },
        });
        if self.dice.once_in(6) {
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        let ips: Vec<Value> = ips.iter().map(|ip| json!({ "ip": ip })).collect();
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

    fn port(&mut self, &(name, number, protocol): &(&str, u16, &str)) -> Option<Value> {
        if self.dice.once_in(4) {
            return None;
        }
        let mut port = json!({ "name": name, "containerPort": number, "protocol": protocol });
        if self.dice.once_in(8) {
            port["hostPort"] = (18000 + self.items.len()).into();
        }
        Some(port)
    }

    fn service(&mut self, i: usize) {
        let kind =
            *self.dice.one(&["ClusterIP", "NodePort", "LoadBalancer", "NodePort", "LoadBalancer"]);
        let mut v4 = true;
        let mut v6 = self.dual;
        if self.dual && self.dice.once_in(3) {
            (v4, v6) = *self.dice.one(&[(true, false), (false, true)]);
        }
        let families: Vec<bool> =
            [(v4, false), (v6, true)].iter().filter(|f| f.0).map(|f| f.1).collect();
        let ips: Vec<String> = families.iter().map(|v6| cluster_ip(i, *v6)).collect();
        let mut ports = vec![];
        for (k, (name, number, protocol)) in PORTS.into_iter().enumerate() {
            if k > 0 && self.dice.once_in(2) {
                continue;
            }
            let target = match self.dice.below(3) {
                0 => json!(name),
                1 => json!(number),
                _ => json!(5000),
            };
            let mut port = json!({
                "name": name, "port": 80 + k, "protocol": protocol, "targetPort": target,
            });
            if kind != "ClusterIP" {
                port["nodePort"] = (30000 + i * 10 + k).into();
            }
            ports.push(port);
        }
        let policy = |dice: &mut Dice| *dice.one(&["Cluster", "Cluster", "Local"]);
        let mut spec = json!({
            "type": kind, "clusterIP": ips[0], "clusterIPs": ips, "ports": ports,
            "ipFamilies": families.iter().map(|v6| if *v6 { "IPv6" } else { "IPv4" }).collect::<Vec<_>>(),
            "internalTrafficPolicy": policy(&mut self.dice),
            "selector": { "app": self.dice.one(&["web", "db", "none"]) },
        });
        let external = self.dice.once_in(4);
        if external {
            let all = families.iter().map(|v6| match v6 {
                true => format!("2001:db8:1::{}", i + 1),
                false => format!("203.0.113.{}", i + 1),
            });
            spec["externalIPs"] = all.collect::<Vec<_>>().into();
        }
        if kind != "ClusterIP" || external {
            spec["externalTrafficPolicy"] = policy(&mut self.dice).into();
        }
        if self.dice.once_in(3) {
            let all = ["PreferSameZone", "PreferSameNode", "PreferClose"];
            spec["trafficDistribution"] = (*self.dice.one(&all)).into();
        }
        if self.dice.once_in(6) {
            spec["publishNotReadyAddresses"] = true.into();
        }
        let mut status = json!({});
        if kind == "LoadBalancer" && !self.dice.once_in(5) {
            let ip = |v6: &bool| match v6 {
                true => format!("2001:db8:2::{}", i + 1),
                false => format!("198.51.100.{}", i + 1),
            };
            let all: Vec<Value> = families.iter().map(|f| json!({ "ip": ip(f) })).collect();
            status = json!({ "loadBalancer": { "ingress": all } });
            if self.dice.once_in(3) {
                spec["loadBalancerSourceRanges"] = json!([*self.dice.one(&[
                    "10.10.0.0/16",
                    "192.168.0.0/24",
                    "0.0.0.0/0",
                    "192.0.2.0/24"
                ])]);
            }
        }
        let spec_ports = spec["ports"].clone();
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": format!("s{i}"), "namespace": "default", "uid": format!("s{i}") },
            "spec": spec, "status": status,
        }));
        if self.sliced {
            for v6 in families {
                // An address stands in one slice only: which of two entries a proxy takes is
                // not for us to test.
                let mut used = vec![];
                (0..1 + self.dice.below(2))
                    .for_each(|k| self.slice(i, k, v6, &spec_ports, &mut used));
            }
        }
    }

    fn slice(&mut self, service: usize, k: usize, v6: bool, ports: &Value, used: &mut Vec<String>) {
        let ports: Vec<Value> = ports
            .as_array()
            .into_iter()
            .flatten()
            .map(|port| {
                let number = match port["name"].as_str() {
                    Some("http") => 8080,
                    Some("admin") => 9090,
                    _ => 53,
                };
                json!({ "name": port["name"], "protocol": port["protocol"], "port": number })
            })
            .collect();
        let mut endpoints = vec![];
        for _ in 0..self.dice.below(4) {
            let (ip, node) = match self.pods.is_empty() || self.dice.once_in(5) {
                true => {
                    let node = self.dice.below(self.nodes);
                    (node_ip(node, v6), node)
                }
                false => {
                    let (pod, node) = *self.dice.one(&self.pods);
                    (pod_ip(pod, node, v6), node)
                }
            };
            if used.contains(&ip) {
                continue;
            }
            used.push(ip.clone());
            let mut conditions = Map::new();
            for (name, yes) in [("ready", 4), ("serving", 4), ("terminating", 4)] {
                match self.dice.below(yes) {
                    0 => drop(conditions.insert(name.into(), false.into())),
                    1 => drop(conditions.insert(name.into(), true.into())),
                    _ => {}
                }
            }
            let mut endpoint = json!({ "addresses": [ip], "conditions": conditions });
            if !self.dice.once_in(6) {
                endpoint["nodeName"] = format!("n{node}").into();
            }
            if self.dice.once_in(3) {
                endpoint["hints"] = json!({ "forZones": [{ "name": self.dice.one(&ZONES) }] });
                if self.dice.once_in(2) {
                    let node = self.dice.below(self.nodes);
                    endpoint["hints"]["forNodes"] = json!([{ "name": format!("n{node}") }]);
                }
            }
            endpoints.push(endpoint);
        }
        self.items.push(json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "name": format!("s{service}-{}-{k}", if v6 { "v6" } else { "v4" }), "namespace": "default",
                "labels": { "kubernetes.io/service-name": format!("s{service}") },
            },
            "addressType": if v6 { "IPv6" } else { "IPv4" }, "endpoints": endpoints, "ports": ports,
        }));
    }
}
