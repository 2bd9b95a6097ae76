//! Services of every kind, beside each other, and in each other's way.

use serde_json::{Map, Value, json};

use super::addresses::{balancer, external, of_node, of_pod, of_service};
use super::{Draft, Families, PORTS, family_name};

/// A number for what several Services claim.
const SHARED: usize = 200;

/// What a Service of a cluster with both families can have: one of them, or both in its own order.
const FEWER: [Families; 3] = [&[false], &[true], &[true, false]];

const POLICIES: [&str; 3] = ["Cluster", "Cluster", "Local"];

/// Ranges of sources: of pods, Nodes and the world; one address; and with bits beyond the prefix.
const SOURCES: [&str; 8] = [
    "10.10.0.0/16",
    "192.168.0.0/24",
    "0.0.0.0/0",
    "192.0.2.0/24",
    "10.10.0.2/32",
    "10.10.1.9/24",
    "fd00:10::/32",
    "fd00:1::/32",
];

// === impl Draft ===

impl Draft {
    pub(super) fn service(&mut self, i: usize) {
        match self.dice.below(12) {
            0 => return self.external_name(i),
            1 => return self.headless(i),
            _ => {}
        }
        let families = self.service_families();
        let kind = *self.dice.one(&["ClusterIP", "NodePort", "LoadBalancer"]);
        let ips: Vec<String> = families.iter().map(|v6| of_service(i, *v6)).collect();
        let on_nodes = kind != "ClusterIP" && !(kind == "LoadBalancer" && self.dice.once_in(6));
        let ports = self.service_ports(i, on_nodes);
        let mut spec = json!({
            "type": kind, "clusterIP": ips[0], "clusterIPs": ips, "ports": ports,
            "ipFamilies": families.iter().map(|v6| family_name(*v6)).collect::<Vec<_>>(),
            "internalTrafficPolicy": self.policy(),
        });
        if kind == "LoadBalancer" {
            spec["allocateLoadBalancerNodePorts"] = on_nodes.into();
        }
        let externals = self.external_ips(i, families);
        if !externals.is_empty() {
            spec["externalIPs"] = externals.clone().into();
        }
        if kind != "ClusterIP" || !externals.is_empty() {
            let policy = self.policy();
            spec["externalTrafficPolicy"] = policy.into();
            if kind == "LoadBalancer" && policy == "Local" {
                spec["healthCheckNodePort"] = (32000 + i).into();
            }
        }
        if self.dice.once_in(3) {
            let all = ["PreferSameZone", "PreferSameNode", "PreferClose"];
            spec["trafficDistribution"] = (*self.dice.one(&all)).into();
        }
        if self.dice.once_in(6) {
            spec["publishNotReadyAddresses"] = true.into();
        }
        if self.dice.once_in(4) {
            spec["sessionAffinity"] = "ClientIP".into();
            if self.dice.once_in(2) {
                spec["sessionAffinityConfig"] = json!({ "clientIP": { "timeoutSeconds": 60 } });
            }
        }
        let mut status = json!({});
        if kind == "LoadBalancer" && !self.dice.once_in(6) {
            status = json!({ "loadBalancer": { "ingress": self.ingress(i, families) } });
            if self.dice.once_in(3) {
                let ranges = (0..1 + self.dice.below(2)).map(|_| *self.dice.one(&SOURCES));
                spec["loadBalancerSourceRanges"] = ranges.collect::<Vec<_>>().into();
            }
        }
        let mut labels = Map::new();
        if self.dice.once_in(15) {
            // Another proxy's (SVC-5).
            labels.insert("service.kubernetes.io/service-proxy-name".into(), "other".into());
        }
        self.finish_service(i, spec, status, labels, families);
    }

    /// The selector, the object, and what stands behind it, where that is said.
    fn finish_service(
        &mut self,
        i: usize,
        mut spec: Value,
        status: Value,
        labels: Map<String, Value>,
        families: Families,
    ) {
        let selects = !self.dice.once_in(5);
        if selects {
            spec["selector"] = json!({ "app": self.dice.one(&["web", "db", "web", "db", "none"]) });
        }
        let ports = spec["ports"].clone();
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": format!("s{i}"), "namespace": "default", "uid": format!("s{i}"),
                "labels": labels,
            },
            "spec": spec, "status": status,
        }));
        self.behind(i, selects, &ports, families);
    }

    /// A name for another name: a bystander.
    fn external_name(&mut self, i: usize) {
        self.items.push(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": format!("s{i}"), "namespace": "default", "uid": format!("s{i}") },
            "spec": {
                "type": "ExternalName", "externalName": "example.com",
                "selector": { "app": "web" }, "ports": [{ "port": 80, "protocol": "TCP" }],
            },
        }));
    }

    /// A name for its endpoints: a bystander, even with an external address.
    fn headless(&mut self, i: usize) {
        let families = self.service_families();
        let mut ports = self.service_ports(i, false);
        if self.dice.once_in(3) {
            ports.clear();
        }
        let mut spec = json!({
            "type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"], "ports": ports,
            "ipFamilies": families.iter().map(|v6| family_name(*v6)).collect::<Vec<_>>(),
            "internalTrafficPolicy": "Cluster",
        });
        let externals = self.external_ips(i, families);
        if !externals.is_empty() {
            spec["externalIPs"] = externals.into();
            spec["externalTrafficPolicy"] = "Cluster".into();
        }
        self.finish_service(i, spec, json!({}), Map::new(), families);
    }

    fn service_families(&mut self) -> Families {
        match self.families.len() > 1 && self.dice.once_in(3) {
            true => FEWER[self.dice.below(FEWER.len())],
            false => self.families,
        }
    }

    fn service_ports(&mut self, i: usize, on_nodes: bool) -> Vec<Value> {
        let mut ports = vec![];
        // A cluster gives a nodePort once; one that was restored by hand need not have.
        let (mut numbers, mut on_node) = ([80, 81, 53, 53], 30000 + i * 10);
        if self.dice.once_in(8) {
            on_node = 30900;
        }
        if self.dice.once_in(8) {
            numbers = [8080, 9090, 53, 53];
        }
        for (k, (name, number, protocol)) in PORTS.into_iter().enumerate() {
            if k > 0 && self.dice.once_in(2) {
                continue;
            }
            let target = match self.dice.below(4) {
                0 | 1 => json!(name),
                2 => json!(number),
                _ => json!(5000),
            };
            let mut port = json!({
                "name": name, "port": numbers[k], "protocol": protocol, "targetPort": target,
            });
            if on_nodes {
                port["nodePort"] = (on_node + k.min(2)).into();
            }
            ports.push(port);
        }
        ports
    }

    /// Addresses that others bring to the Nodes: of its own, or one that is somebody's already.
    fn external_ips(&mut self, i: usize, families: Families) -> Vec<String> {
        if !self.dice.once_in(3) {
            return vec![];
        }
        let what = self.dice.below(10);
        let node = self.any_node();
        let pod = self.dice.below(self.pods.len().max(1));
        let pod = self.pods.get(pod).copied();
        let address = |v6: &bool| match (what, pod) {
            (0, _) => external(SHARED, *v6),
            (1, _) => of_node(node, 0, *v6),
            (2, Some(pod)) => of_pod(pod.number, pod.node, *v6),
            (3, _) => of_service(0, *v6),
            (4, _) => balancer(i, *v6),
            _ => external(i, *v6),
        };
        let mut all: Vec<String> = families.iter().map(address).collect();
        if self.dice.once_in(4) {
            all.push(external(40 + i, families[0]));
        }
        all
    }

    /// What load balancers have given it: an address, whose messages come as they are or through a
    /// proxy (SVC-21), or a name; some of them two, and some an address of a Node or of two Services.
    fn ingress(&mut self, i: usize, families: Families) -> Vec<Value> {
        let (what, proxy) = (self.dice.below(10), self.dice.once_in(4));
        let node = self.any_node();
        let address = |v6: &bool| match what {
            0 => balancer(SHARED, *v6),
            1 => of_node(node, 0, *v6),
            _ => balancer(i, *v6),
        };
        let mode = if proxy { "Proxy" } else { "VIP" };
        let mut all: Vec<Value> =
            families.iter().map(|v6| json!({ "ip": address(v6), "ipMode": mode })).collect();
        match what {
            2 => all = vec![json!({ "hostname": "lb.example.com" })],
            3 => all.push(json!({ "ip": balancer(40 + i, families[0]), "ipMode": "VIP" })),
            4 => all.push(json!({ "ip": balancer(60 + i, families[0]), "ipMode": "Proxy" })),
            _ => {}
        }
        all
    }

    fn policy(&mut self) -> &'static str {
        POLICIES[self.dice.below(POLICIES.len())]
    }
}
