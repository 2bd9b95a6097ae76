//! Tests 30, 31, 33, 38 to 48: of protocols, of several policies, and of the label that every
//! namespace has.

use super::{NONE, Step, Test};

const DENY: &str = "policyTypes: [Ingress]";
const PORT_80: &str = "policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]";
const FROM_Y_A: &str = "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}, podSelector: {matchLabels: {pod: a}}}]}]";

pub(super) const TESTS: &[Test] = &[
    Test {
        number: 30,
        name: "enforce ingress policy allowing any port traffic to a server on a specific protocol",
        steps: &[Step {
            policies: &[("x/a", "policyTypes: [Ingress], ingress: [{ports: [{protocol: TCP}]}]")],
            blocked: &[("80", ""), ("80/UDP", "* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 31,
        name: "enforce multiple ingress policies with ingress allow-all policy taking precedence",
        steps: &[
            Step { policies: &[("x", PORT_80)], blocked: &[("81", "* → x/*")], ..NONE },
            Step {
                policies: &[("x", PORT_80), ("x", "policyTypes: [Ingress], ingress: [{}]")],
                blocked: &[("81", "")],
                ..NONE
            },
        ],
    },
    Test {
        number: 33,
        name: "stop enforcing policies after they are deleted",
        steps: &[
            Step {
                policies: &[("x", "policyTypes: [Ingress, Egress]")],
                blocked: &[("80", "* → x/*; x/* → *")],
                ..NONE
            },
            Step { blocked: &[("80", "")], ..NONE },
        ],
    },
    Test {
        number: 38,
        name: "not mistakenly treat 'protocol: SCTP' as 'protocol: TCP', even if the plugin doesn't support SCTP",
        steps: &[
            Step { policies: &[("x", DENY)], blocked: &[("81", "* → x/*")], ..NONE },
            Step {
                policies: &[
                    ("x", DENY),
                    (
                        "x/a",
                        "policyTypes: [Ingress], ingress: [{ports: [{port: 81, protocol: SCTP}]}]",
                    ),
                ],
                blocked: &[("81", "* → x/*")],
                ..NONE
            },
        ],
    },
    Test {
        number: 39,
        name: "properly isolate pods that are selected by a policy allowing SCTP, even if the plugin doesn't support SCTP",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{ports: [{port: 80, protocol: SCTP}]}]",
            )],
            blocked: &[("81", "* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 40,
        name: "not allow access by TCP when a policy specifies only UDP",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{ports: [{port: 81, protocol: UDP}]}]",
            )],
            blocked: &[("81", "* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 41,
        name: "enforce policy to allow traffic based on NamespaceSelector with MatchLabels using default ns label",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: 'y'}}}]}]",
            )],
            blocked: &[("80", "x/*, z/* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 42,
        name: "enforce policy based on NamespaceSelector with MatchExpressions using default ns label",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: ['y']}]}}]}]",
            )],
            blocked: &[("80", "x/a → y/*")],
            ..NONE
        }],
    },
    Test {
        number: 43,
        name: "[LinuxOnly] using UDP clients: support a 'default-deny-ingress' policy",
        steps: &[Step { policies: &[("x", DENY)], blocked: &[("80/UDP", "* → x/*")], ..NONE }],
    },
    Test {
        number: 44,
        name: "[LinuxOnly] using UDP clients: enforce policy based on Ports",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}}], ports: [{port: 81, protocol: UDP}]}]",
            )],
            blocked: &[("81/UDP", "x/*, z/* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 45,
        name: "[LinuxOnly] using UDP clients: enforce policy to allow traffic only from a pod in a different namespace based on PodSelector and NamespaceSelector",
        steps: &[Step {
            policies: &[("x/a", FROM_Y_A)],
            blocked: &[("80/UDP", "* → x/a except y/a")],
            ..NONE
        }],
    },
    Test {
        number: 46,
        name: "using SCTP: support a 'default-deny-ingress' policy",
        steps: &[Step { policies: &[("x", DENY)], blocked: &[("80/SCTP", "* → x/*")], ..NONE }],
    },
    Test {
        number: 47,
        name: "using SCTP: enforce policy based on Ports",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}}], ports: [{port: 81, protocol: SCTP}]}]",
            )],
            blocked: &[("81/SCTP", "x/*, z/* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 48,
        name: "using SCTP: enforce policy to allow traffic only from a pod in a different namespace based on PodSelector and NamespaceSelector",
        steps: &[Step {
            policies: &[("x/a", FROM_Y_A)],
            blocked: &[("80/SCTP", "* → x/a except y/a")],
            ..NONE
        }],
    },
];
