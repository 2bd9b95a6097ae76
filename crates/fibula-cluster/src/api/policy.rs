//! NetworkPolicies, and the selectors that all policies share.

use super::{IntOrString, Labels, Metadata, Word, slim};

slim! {
    /// What labels something must have (NP-13). An absent selector and an empty one mean different
    /// things in most places, so that fields hold an option of this.
    pub struct LabelSelector {
        /// These, all of them.
        pub match_labels: Labels,
        /// And these, all of them.
        pub match_expressions: Vec<Expression>,
    }

    /// What the label of a key must be.
    pub struct Expression {
        /// The key.
        pub key: Word,
        /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
        pub operator: Word,
        /// Of `In` and `NotIn`.
        pub values: Vec<String>,
    }

    /// A NetworkPolicy of `networking.k8s.io`, or of `extensions` before.
    pub struct NetworkPolicy {
        /// Its name.
        pub metadata: Metadata,
        /// Whom it isolates, and what it allows them.
        pub spec: NetworkPolicySpec,
    }

    /// Whom a NetworkPolicy isolates, and what it allows them.
    pub struct NetworkPolicySpec {
        /// The pods of its namespace that it selects; all where it is absent (NP-1).
        pub pod_selector: LabelSelector,
        /// `Ingress`, `Egress`; where there are none, what NP-6 says.
        pub policy_types: Vec<Word>,
        /// What may come in: nothing where there are no rules (NP-8).
        pub ingress: Vec<NetworkPolicyRule>,
        /// What may go out.
        pub egress: Vec<NetworkPolicyRule>,
    }

    /// What a NetworkPolicy allows.
    pub struct NetworkPolicyRule {
        /// From these, of an ingress rule: from anywhere where there are none (NP-9).
        pub from: Vec<NetworkPolicyPeer>,
        /// To these, of an egress rule.
        pub to: Vec<NetworkPolicyPeer>,
        /// At these ports: at all where there are none (NP-9).
        pub ports: Vec<NetworkPolicyPort>,
    }

    /// Whom a rule speaks of (NP-11). An absent selector selects nothing, an empty one all (NP-12).
    pub struct NetworkPolicyPeer {
        /// Pods of these labels.
        pub pod_selector: Option<LabelSelector>,
        /// In namespaces of these labels; in that of the policy where it is absent.
        pub namespace_selector: Option<LabelSelector>,
        /// Or addresses (NP-16).
        pub ip_block: Option<IpBlock>,
    }

    /// A range of addresses.
    pub struct IpBlock {
        /// The range.
        pub cidr: String,
        /// Ranges in it that are not meant (NP-16).
        pub except: Vec<String>,
    }

    /// Ports that a rule speaks of.
    pub struct NetworkPolicyPort {
        /// `TCP`, `UDP` or `SCTP`; TCP where it is empty (NP-40).
        pub protocol: Word,
        /// The port, or its name at the pod (NP-42); every port where it is absent.
        pub port: Option<IntOrString>,
        /// The last port of a range (NP-41).
        pub end_port: Option<i64>,
    }
}

impl NetworkPolicy {
    /// Forgets what the API server does not know: `to` of an ingress rule, `from` of an egress one.
    pub(crate) fn prune(&mut self) {
        self.spec.ingress.iter_mut().for_each(|rule| rule.to.clear());
        self.spec.egress.iter_mut().for_each(|rule| rule.from.clear());
    }
}
