//! Tests 19, 25 to 29, 32 to 37: of egress, and of both.

use super::{NONE, Step, Test};

const DENY: &str = "policyTypes: [Egress]";
const TO_Y_A: &str = "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {ns: 'y'}}, podSelector: {matchLabels: {pod: a}}}]}]";
const FROM_X_A: &str = "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: x}}, podSelector: {matchLabels: {pod: a}}}]}]";
const PORT_80: &str = "policyTypes: [Egress], egress: [{ports: [{port: 80}]}]";
/// The address of x/a with 4 bits, which leaves bits of the host; but for that of x/b.
const ALL_BUT_X_B: &str = "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.244.1.1/4, except: [10.244.2.2/32]}}]}]";

pub(super) const TESTS: &[Test] = &[
    Test {
        number: 19,
        name: "allow egress access on one named port",
        steps: &[Step {
            policies: &[("x", "policyTypes: [Egress], egress: [{ports: [{port: serve-80-tcp}]}]")],
            blocked: &[("80", ""), ("81", "x/* → *")],
            ..NONE
        }],
    },
    Test {
        number: 25,
        name: "deny egress from pods based on PodSelector",
        steps: &[Step { policies: &[("x/a", DENY)], blocked: &[("80", "x/a → *")], ..NONE }],
    },
    Test {
        number: 26,
        name: "deny egress from all pods in a namespace",
        steps: &[Step { policies: &[("x", DENY)], blocked: &[("80", "x/* → *")], ..NONE }],
    },
    Test {
        number: 27,
        name: "work with Ingress, Egress specified together",
        steps: &[Step {
            policies: &[(
                "x/a",
                "policyTypes: [Egress, Ingress], ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}], egress: [{ports: [{port: 80}]}]",
            )],
            blocked: &[("80", "* → x/a except x/b"), ("81", "* → x/a except x/b; x/a → *")],
            ..NONE
        }],
    },
    Test {
        number: 28,
        name: "support denying of egress traffic on the client side (even if the server explicitly allows this traffic)",
        steps: &[Step {
            policies: &[("x/a", TO_Y_A), ("y/a", FROM_X_A), ("y/b", FROM_X_A)],
            blocked: &[("80", "x/a → * except y/a; * → y/a except x/a; * → y/b")],
            ..NONE
        }],
    },
    Test {
        number: 29,
        name: "enforce egress policy allowing traffic to a server in a different namespace based on PodSelector and NamespaceSelector",
        steps: &[Step {
            policies: &[("x/a", TO_Y_A)],
            blocked: &[("80", "x/a → * except y/a")],
            ..NONE
        }],
    },
    Test {
        number: 32,
        name: "enforce multiple egress policies with egress allow-all policy taking precedence",
        steps: &[
            Step { policies: &[("x", PORT_80)], blocked: &[("81", "x/* → *")], ..NONE },
            Step {
                policies: &[("x", PORT_80), ("x", "policyTypes: [Egress], egress: [{}]")],
                blocked: &[("81", "")],
                ..NONE
            },
        ],
    },
    Test {
        number: 34,
        name: "allow egress access to server in CIDR block",
        steps: &[Step {
            // The address of y/b.
            policies: &[(
                "x/a",
                "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.244.1.5/32}}]}]",
            )],
            blocked: &[("80", "x/a → * except y/b")],
            ..NONE
        }],
    },
    Test {
        number: 35,
        name: "enforce except clause while egress access to server in CIDR block",
        steps: &[Step {
            policies: &[("x/a", ALL_BUT_X_B)],
            blocked: &[("80", "x/a → x/b")],
            ..NONE
        }],
    },
    Test {
        number: 36,
        name: "ensure an IP overlapping both IPBlock.CIDR and IPBlock.Except is allowed",
        steps: &[
            Step { policies: &[("x/a", ALL_BUT_X_B)], blocked: &[("80", "x/a → x/b")], ..NONE },
            // The same policy, updated: it does not add to the first.
            Step {
                policies: &[(
                    "x/a",
                    "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.244.2.2/32}}]}]",
                )],
                blocked: &[("80", "x/a → * except x/b")],
                ..NONE
            },
        ],
    },
    Test {
        number: 37,
        name: "enforce policies to check ingress and egress policies can be controlled independently based on PodSelector",
        steps: &[
            Step {
                policies: &[("x/a", "policyTypes: [Egress], egress: [{}]")],
                blocked: &[("80", "")],
                ..NONE
            },
            Step {
                policies: &[
                    ("x/a", "policyTypes: [Egress], egress: [{}]"),
                    ("x/a", "policyTypes: [Ingress]"),
                ],
                blocked: &[("80", "* → x/a")],
                ..NONE
            },
        ],
    },
];
