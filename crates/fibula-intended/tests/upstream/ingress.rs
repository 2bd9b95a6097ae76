//! Tests 1 to 18, 20 to 24: of ingress.

use super::{NONE, Step, Test};

const DENY: &str = "policyTypes: [Ingress]";
const ALLOW: &str = "policyTypes: [Ingress], ingress: [{}]";
const ONLY_81: &str = "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}}], ports: [{port: 81, protocol: TCP}]}]";

pub(super) const TESTS: &[Test] = &[
    Test {
        number: 1,
        name: "support a 'default-deny-ingress' policy",
        steps: &[Step { policies: &[("x", DENY)], blocked: &[("80", "* → x/*")], ..NONE }],
    },
    Test {
        number: 2,
        name: "support a 'default-deny-all' policy",
        steps: &[Step {
            policies: &[("x", "policyTypes: [Ingress, Egress]")],
            blocked: &[("80", "* → x/*; x/* → *")],
            ..NONE
        }],
    },
    Test {
        number: 3,
        name: "enforce policy to allow traffic from pods within server namespace based on PodSelector",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]",
            )],
            blocked: &[("80", "* → x/a except x/b")],
            ..NONE
        }],
    },
    Test {
        number: 4,
        name: "enforce policy to allow ingress traffic for a target",
        steps: &[Step {
            policies: &[("x", DENY), ("x/a", ALLOW)],
            blocked: &[("80", "* → x/b, x/c")],
            ..NONE
        }],
    },
    Test {
        number: 5,
        name: "enforce policy to allow ingress traffic from pods in all namespaces",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}]}]",
            )],
            blocked: &[("80", "")],
            ..NONE
        }],
    },
    Test {
        number: 6,
        name: "enforce policy to allow traffic only from a different namespace, based on NamespaceSelector",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}}]}]",
            )],
            blocked: &[("80", "x/*, z/* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 7,
        name: "enforce policy based on PodSelector with MatchExpressions",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchExpressions: [{key: pod, operator: In, values: [b]}]}}]}]",
            )],
            blocked: &[("80", "* → x/a except x/b")],
            ..NONE
        }],
    },
    Test {
        number: 8,
        name: "enforce policy based on NamespaceSelector with MatchExpressions",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: ns, operator: In, values: ['y']}]}}]}]",
            )],
            blocked: &[("80", "x/*, z/* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 9,
        name: "enforce policy based on PodSelector or NamespaceSelector",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}}, {podSelector: {matchLabels: {pod: b}}}]}]",
            )],
            blocked: &[("80", "x/a, x/c → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 10,
        name: "enforce policy based on PodSelector and NamespaceSelector",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}, podSelector: {matchLabels: {pod: b}}}]}]",
            )],
            blocked: &[("80", "* → x/a except y/b, z/b")],
            ..NONE
        }],
    },
    Test {
        number: 11,
        name: "enforce policy based on Multiple PodSelectors and NamespaceSelectors",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: ns, operator: NotIn, values: [x]}]}, podSelector: {matchExpressions: [{key: pod, operator: In, values: [b, c]}]}}]}]",
            )],
            blocked: &[("80", "x/*, y/a, z/a → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 12,
        name: "enforce policy based on any PodSelectors",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}, {podSelector: {matchLabels: {pod: c}}}]}]",
            )],
            blocked: &[("80", "* → x/a except x/b, x/c")],
            ..NONE
        }],
    },
    Test {
        number: 13,
        name: "enforce policy to allow traffic only from a pod in a different namespace based on PodSelector and NamespaceSelector",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}, podSelector: {matchLabels: {pod: a}}}]}]",
            )],
            blocked: &[("80", "* → x/a except y/a")],
            ..NONE
        }],
    },
    Test {
        number: 14,
        name: "enforce policy based on Ports",
        steps: &[Step {
            policies: &[("x/a", ONLY_81)],
            blocked: &[("81", "x/*, z/* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 15,
        name: "enforce multiple, stacked policies with overlapping podSelectors",
        steps: &[
            Step {
                policies: &[("x/a", ONLY_81)],
                blocked: &[("81", "x/*, z/* → x/a"), ("80", "* → x/a")],
                ..NONE
            },
            Step {
                policies: &[
                    ("x/a", ONLY_81),
                    (
                        "x/a",
                        "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}}], ports: [{port: 80, protocol: TCP}]}]",
                    ),
                ],
                blocked: &[("81", "x/*, z/* → x/a"), ("80", "x/*, z/* → x/a")],
                ..NONE
            },
        ],
    },
    Test {
        number: 16,
        name: "support allow-all policy",
        steps: &[Step { policies: &[("x", ALLOW)], blocked: &[("80", ""), ("81", "")], ..NONE }],
    },
    Test {
        number: 17,
        name: "allow ingress access on one named port",
        steps: &[Step {
            policies: &[(
                "x",
                "policyTypes: [Ingress], ingress: [{ports: [{port: serve-81-tcp}]}]",
            )],
            blocked: &[("81", ""), ("80", "* → x/*")],
            ..NONE
        }],
    },
    Test {
        number: 18,
        name: "allow ingress access from namespace on one named port",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: 'y'}}}], ports: [{port: serve-80-tcp, protocol: TCP}]}]",
            )],
            blocked: &[("80", "x/*, z/* → x/a"), ("81", "* → x/a")],
            ..NONE
        }],
    },
    Test {
        number: 20,
        name: "enforce updated policy",
        steps: &[
            Step { policies: &[("x", ALLOW)], blocked: &[("81", "")], ..NONE },
            Step {
                policies: &[("x", "policyTypes: [Ingress], ingress: []")],
                blocked: &[("81", "* → x/*")],
                ..NONE
            },
        ],
    },
    Test {
        number: 21,
        name: "allow ingress access from updated namespace",
        steps: &[
            Step { policies: UPDATED_NAMESPACE, blocked: &[("80", "* → x/a")], ..NONE },
            Step {
                policies: UPDATED_NAMESPACE,
                labels: &[("y", "ns2: updated")],
                blocked: &[("80", "x/*, z/* → x/a")],
            },
        ],
    },
    Test {
        number: 22,
        name: "allow ingress access from updated pod",
        steps: &[
            Step { policies: UPDATED_POD, blocked: &[("80", "* → x/a")], ..NONE },
            Step {
                policies: UPDATED_POD,
                labels: &[("x/b", "pod2: updated")],
                blocked: &[("80", "* → x/a except x/b")],
            },
        ],
    },
    Test {
        number: 23,
        name: "deny ingress from pods on other namespaces",
        steps: &[Step {
            policies: &[("x", "policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]")],
            blocked: &[("80", "y/*, z/* → x/*")],
            ..NONE
        }],
    },
    Test {
        number: 24,
        name: "deny ingress access to updated pod",
        steps: &[
            Step { policies: ISOLATED, blocked: &[("80", "")], ..NONE },
            Step {
                policies: ISOLATED,
                labels: &[("x/a", "target: isolated")],
                blocked: &[("80", "* → x/a")],
            },
        ],
    },
];

const UPDATED_NAMESPACE: &[(&str, &str)] = &[(
    "x/a",
    "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns2: updated}}}]}]",
)];

const UPDATED_POD: &[(&str, &str)] = &[(
    "x/a",
    "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {pod: b, pod2: updated}}}]}]",
)];

const ISOLATED: &[(&str, &str)] =
    &[("x", "podSelector: {matchLabels: {target: isolated}}, policyTypes: [Ingress]")];
