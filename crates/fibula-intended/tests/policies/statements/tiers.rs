//! CNP-10 to CNP-18: policies of the cluster, their tiers and their subjects.

use fibula_network::walk::Verdict;

use super::{check, cnp, np, scene};

/// A policy of all pods that does this with what the pods of a team send.
fn of_team(tier: &str, priority: u16, action: &str, team: &str) -> String {
    let from = format!("from: [{{namespaces: {{matchLabels: {{team: {team}}}}}}}]");
    cnp(
        tier,
        priority,
        &format!("subject: {{namespaces: {{}}}}, ingress: [{{action: {action}, {from}}}]"),
    )
}

/// One that has these rules for what pods send.
pub(super) fn out(tier: &str, rules: &str) -> String {
    cnp(tier, 1, &format!("subject: {{namespaces: {{}}}}, egress: [{rules}]"))
}

/// Section 4.4, for bot to web: what Admin says, what a NetworkPolicy does, what Baseline says.
#[test]
fn cnp_10_cnp_14_the_truth_table_of_tiers() {
    let isolated = np("shop", "ingress: []");
    let allowed = np("shop", "ingress: [{from: [{namespaceSelector: {}}]}]");
    let said = |tier: &str, action: &str| match action {
        "" => None,
        action => Some(of_team(tier, 5, action, "ops")),
    };
    for admin in ["", "Accept", "Deny", "Pass"] {
        for np in [None, Some(&isolated), Some(&allowed)] {
            for baseline in ["", "Accept", "Deny", "Pass"] {
                let policies = [said("Admin", admin), np.cloned(), said("Baseline", baseline)];
                let expected = match (admin, np, baseline) {
                    ("Accept", ..) => "yes",
                    ("Deny", ..) => "no",
                    (_, Some(np), _) => {
                        if *np == allowed {
                            "yes"
                        } else {
                            "no"
                        }
                    }
                    (_, None, "Deny") => "no",
                    (_, None, _) => "yes",
                };
                let policies: Vec<String> = policies.into_iter().flatten().collect();
                let scene = scene(&policies);
                let found = scene.told("ops/bot", "shop/web:80");
                assert_eq!(found, expected, "{admin} {np:?} {baseline}");
            }
        }
    }
}

#[test]
fn cnp_11_the_first_rule_that_matches_decides() {
    let one = |rules: &[&str]| {
        let rules: Vec<String> = rules
            .iter()
            .map(|action| format!("{{action: {action}, to: [{{namespaces: {{}}}}]}}"))
            .collect();
        out("Admin", &rules.join(", "))
    };
    let told =
        |policies: &[String], told: &str| check(policies, &[("ops/bot", "shop/web:80", told)]);
    told(&[one(&["Deny", "Accept"])], "no");
    told(&[one(&["Accept", "Deny"])], "yes");
    told(&[one(&["Pass", "Deny"])], "yes");
    // The lower number comes first.
    told(&[of_team("Admin", 10, "Deny", "ops"), of_team("Admin", 9, "Accept", "ops")], "yes");
    told(&[of_team("Admin", 10, "Deny", "ops"), of_team("Admin", 11, "Accept", "ops")], "no");
    told(&[of_team("Admin", 0, "Pass", "ops"), of_team("Admin", 1000, "Deny", "ops")], "yes");
    // Pass in Baseline allows.
    told(&[of_team("Baseline", 0, "Pass", "ops"), of_team("Baseline", 1, "Deny", "ops")], "yes");
}

#[test]
fn cnp_12_dr_6_equal_priorities_that_disagree_are_open() {
    let accept_deny = [of_team("Admin", 5, "Accept", "ops"), of_team("Admin", 5, "Deny", "ops")];
    let found = scene(&accept_deny).told("ops/bot", "shop/web:80");
    assert!(["DR-6: yes, no", "DR-6: no, yes"].contains(&found.as_str()), "{found}");
    // Where both do not match, or say the same, nothing is.
    let apart = [of_team("Admin", 5, "Accept", "ops"), of_team("Admin", 5, "Deny", "shop")];
    check(&apart, &[("ops/bot", "shop/web:80", "yes"), ("shop/db", "shop/web:80", "no")]);
    let pass_accept = [of_team("Admin", 5, "Accept", "ops"), of_team("Admin", 5, "Pass", "ops")];
    check(&pass_accept, &[("ops/bot", "shop/web:80", "yes")]);
    // A rule of another priority that comes before them decides.
    let first = of_team("Admin", 4, "Deny", "ops");
    check(&[&accept_deny[..], &[first]].concat(), &[("ops/bot", "shop/web:80", "no")]);
    // Three can disagree in three ways, of which two are the same.
    let three = [
        of_team("Admin", 5, "Pass", "ops"),
        of_team("Admin", 5, "Accept", "ops"),
        of_team("Admin", 5, "Deny", "ops"),
    ];
    let found = scene(&three).told("ops/bot", "shop/web:80");
    let mut words: Vec<&str> = found.trim_start_matches("DR-6: ").split(", ").collect();
    words.sort_unstable();
    assert_eq!(words, ["no", "yes", "yes"]);
}

#[test]
fn cnp_13_a_policy_denies_nothing_but_by_a_rule() {
    let policies = [
        of_team("Admin", 1, "Accept", "shop"),
        cnp("Admin", 2, "subject: {namespaces: {}}"),
        out("Baseline", "{action: Accept, to: [{namespaces: {matchLabels: {team: ops}}}]}"),
    ];
    check(
        &policies,
        &[
            ("ops/bot", "shop/web:80", "yes"),
            ("shop/web", "ops/bot:80", "yes"),
            ("shop/web", "8.8.8.8:53", "yes"),
        ],
    );
}

#[test]
fn cnp_14_dr_5_a_network_policy_is_final_in_its_direction_only() {
    let deny_out = out("Baseline", "{action: Deny, to: [{namespaces: {}}]}");
    let ingress_only = np("shop", "policyTypes: [Ingress], ingress: [{}]");
    // web is isolated for ingress, so what it sends is Baseline's all the same.
    check(
        &[deny_out, ingress_only, of_team("Baseline", 2, "Deny", "ops")],
        &[("shop/web", "ops/bot:80", "no"), ("n2", "shop/web:80", "yes")],
    );
    check(
        &[
            np("shop", "policyTypes: [Ingress], ingress: [{}]"),
            of_team("Baseline", 2, "Deny", "ops"),
        ],
        &[("ops/bot", "shop/web:80", "yes")],
    );
}

#[test]
fn cnp_15_each_side_is_evaluated_for_itself() {
    let accepts = out("Admin", "{action: Accept, to: [{namespaces: {}}]}");
    check(
        &[accepts.clone(), of_team("Admin", 2, "Deny", "ops")],
        &[("ops/bot", "shop/web:80", "no")],
    );
    check(&[accepts, np("ops", "policyTypes: [Egress]")], &[("ops/bot", "shop/web:80", "yes")]);
}

#[test]
fn cnp_16_what_is_denied_is_dropped() {
    let scene = scene(&[of_team("Admin", 1, "Deny", "ops")]);
    assert_eq!(scene.life("ops/bot", "shop/web:80").ending.verdict, Verdict::DroppedByPolicy);
}

#[test]
fn cnp_17_the_subject_is_pods_with_a_network_of_their_own() {
    let deny = "egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]";
    for (subject, web, db, bot) in [
        ("namespaces: {matchLabels: {team: shop}}", "no", "no", "yes"),
        (
            "pods: {namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: web}}}",
            "no",
            "yes",
            "yes",
        ),
        ("pods: {podSelector: {matchLabels: {app: bot}}}", "yes", "yes", "no"),
        ("pods: {namespaceSelector: {}, podSelector: {}}", "no", "no", "no"),
    ] {
        check(
            &[cnp("Admin", 1, &format!("subject: {{{subject}}}, {deny}"))],
            &[
                ("shop/web", "8.8.8.8:53", web),
                ("shop/db", "8.8.8.8:53", db),
                ("ops/bot", "8.8.8.8:53", bot),
                ("shop/agent1", "8.8.8.8:53", "yes"),
            ],
        );
    }
}

#[test]
fn cnp_18_itself_is_not_asked_about_but_through_a_service() {
    let deny = [of_team("Admin", 1, "Deny", "shop")];
    check(
        &deny,
        &[
            ("shop/web", "shop/web:80", "yes"),
            ("shop/web", "127.0.0.1:80", "yes"),
            // Rewritten first, and then judged: DR-4 is about NetworkPolicies. What is masqueraded
            // may be seen as the Node's, which no rule can match (DR-7).
            ("shop/web", "10.96.0.1:8000", "DR-7: no, yes"),
            ("shop/db", "10.96.0.1:8000", "no"),
        ],
    );
    check(
        &[out("Admin", "{action: Deny, to: [{namespaces: {}}]}")],
        &[("shop/web", "10.96.0.1:8000", "no")],
    );
}
