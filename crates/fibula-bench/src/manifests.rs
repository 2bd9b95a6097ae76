//! Clusters with policies, as the YAML that people would have written.

use std::fmt::Write as _;

/// Writes objects, one document each.
#[derive(Default)]
pub(crate) struct Manifests {
    pub(crate) text: String,
    pods: usize,
    services: usize,
}

/// An app: its namespace, its name, and how many pods it has.
pub(crate) struct App<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) replicas: usize,
    /// More labels of its pods, each as a line of YAML.
    pub(crate) labels: &'a [String],
}

/// A policy of a namespace; rules are lines of YAML, as deep as they stand in the list of rules.
pub(crate) struct Policy<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// Labels of the pods that it selects, as a flow mapping.
    pub(crate) pods: &'a str,
    /// `Ingress` or `Egress`.
    pub(crate) direction: &'a str,
    pub(crate) rules: &'a [String],
}

// === impl Manifests ===

impl Manifests {
    pub(crate) fn nodes(&mut self, count: usize) {
        for node in 0..count {
            let ip = format!("192.168.{}.{}", node >> 8, node & 255);
            self.add(format_args!(
                "apiVersion: v1\nkind: Node\nmetadata:\n  name: node-{node}\nspec:\n  \
                 podCIDR: 10.{}.{}.0/24\nstatus:\n  addresses:\n  - type: InternalIP\n    \
                 address: {ip}\n",
                node >> 8,
                node & 255,
            ));
        }
    }

    /// A namespace with a label beside its name.
    pub(crate) fn namespace(&mut self, name: &str, label: &str) {
        self.add(format_args!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    \
             kubernetes.io/metadata.name: {name}\n    {label}\n",
        ));
    }

    /// A Deployment, whose pods the cluster would make.
    pub(crate) fn deployment(&mut self, app: &App<'_>) {
        let App { namespace, name, replicas, .. } = app;
        self.add(format_args!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  \
             namespace: {namespace}\nspec:\n  replicas: {replicas}\n  selector:\n    \
             matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        \
             app: {name}\n    spec:\n      containers:\n      - name: main\n        \
             image: app\n        ports:\n        - containerPort: 8080\n",
        ));
    }

    /// The pods of an app on so many Nodes, in turn.
    pub(crate) fn pods(&mut self, app: &App<'_>, nodes: usize) {
        let App { namespace, name, replicas, labels } = app;
        let labels: String = labels.iter().map(|label| format!("    {label}\n")).collect();
        for index in 0..*replicas {
            let (node, slot) = (self.pods % nodes, self.pods / nodes);
            let ip = format!("10.{}.{}.{}", node >> 8, node & 255, 1 + slot);
            self.pods += 1;
            self.add(format_args!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-5d8f-{index}\n  \
                 namespace: {namespace}\n  labels:\n    app: {name}\n{labels}  \
                 ownerReferences:\n  - apiVersion: apps/v1\n    kind: ReplicaSet\n    \
                 name: {name}-5d8f\n    controller: true\nspec:\n  nodeName: node-{node}\n  \
                 containers:\n  - name: main\n    image: app\n    ports:\n    \
                 - containerPort: 8080\nstatus:\n  phase: Running\n  podIP: {ip}\n  podIPs:\n  \
                 - ip: {ip}\n  conditions:\n  - type: Ready\n    status: \"True\"\n",
            ));
        }
    }

    pub(crate) fn service(&mut self, app: &App<'_>) {
        let App { namespace, name, .. } = app;
        let ip = format!("172.20.{}.{}", self.services >> 8, self.services & 255);
        self.services += 1;
        self.add(format_args!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {namespace}\n\
             spec:\n  clusterIP: {ip}\n  selector:\n    app: {name}\n  ports:\n  - port: 80\n    \
             targetPort: 8080\n",
        ));
    }

    pub(crate) fn policy(&mut self, policy: &Policy<'_>) {
        let Policy { namespace, name, pods, direction, rules } = policy;
        let field = direction.to_lowercase();
        let rules = match rules.is_empty() {
            true => String::new(),
            false => format!("  {field}:\n{}", rules.concat()),
        };
        self.add(format_args!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\n  \
             namespace: {namespace}\nspec:\n  podSelector: {pods}\n  policyTypes:\n  \
             - {direction}\n{rules}",
        ));
    }

    fn add(&mut self, object: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "---\n{object}");
    }
}

/// A rule: whom it speaks of, each as lines that begin a list item, and ports.
pub(crate) fn rule(direction: &str, peers: &[String], ports: &[(&str, u16)]) -> String {
    let end = if direction == "Ingress" { "from" } else { "to" };
    let ports = ports
        .iter()
        .map(|(protocol, port)| format!("    - protocol: {protocol}\n      port: {port}\n"));
    let ports: String = ports.collect();
    let ports = if ports.is_empty() { ports } else { format!("    ports:\n{ports}") };
    format!("  - {end}:\n{}{ports}", peers.concat())
}

/// A peer by labels of pods, in namespaces of some labels, or in the policy's own.
pub(crate) fn peer(pods: Option<&str>, namespaces: Option<&str>) -> String {
    let field = |name: &str, labels: &str| format!("{name}:\n          matchLabels: {labels}\n");
    let fields = [("podSelector", pods), ("namespaceSelector", namespaces)];
    let fields: Vec<String> =
        fields.iter().filter_map(|(name, labels)| Some(field(name, (*labels)?))).collect();
    format!("    - {}", fields.join("      "))
}

/// A peer by addresses.
pub(crate) fn block(cidr: &str) -> String {
    format!("    - ipBlock:\n        cidr: {cidr}\n")
}
