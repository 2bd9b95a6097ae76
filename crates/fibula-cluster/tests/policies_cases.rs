//! The NetworkPolicies of the matrix that others wrote are all read.

mod common;

use std::path::PathBuf;

use fibula_cluster::Object;
use serde_json::Value;

#[test]
fn np_3_every_policy_of_the_matrix_reads() {
    let root = std::env::var_os("FIBULA_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases")),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(root.join("netpol-matrix/cases.jsonl")) else {
        let skipped = b"skipped: no netpol-matrix among the external cases\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), skipped);
        return;
    };
    let mut policies = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        for step in case["steps"].as_array().into_iter().flatten() {
            for policy in step["policies"].as_array().into_iter().flatten() {
                assert!(matches!(common::object(policy), Object::NetworkPolicy(_)));
                let cluster = common::cluster(std::slice::from_ref(policy));
                assert_eq!(cluster.policies.len(), 1, "{policy}");
                policies += 1;
            }
        }
    }
    assert!(policies > 122, "{policies}");
}
