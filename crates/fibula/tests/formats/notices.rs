//! What `lint` tells to machines. That it is SARIF, each run of a test command checks.

use std::collections::BTreeSet;
use std::fs;

use fibula_report::Screen;
use serde_json::Value;
use snapbox::{assert_data_eq, file};

use crate::common::{Ran, answers, run, run_on, schema::Schema};
use crate::{input, output};

/// What `lint` prints in a form, of findings and of input that is refused in part.
fn lint(form: &str) -> String {
    let files = [&*input("findings.yaml"), &*input("refused.yaml")];
    let Ran { code, out, .. } = run(&["lint", files[0], files[1], "-o", form]);
    assert_eq!(code, 2);
    // Files are told from the root of the repository, where these sources are in one.
    let out = out.replace("crates/fibula/tests/", "tests/");
    out.replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\"")
}

fn sarif(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn lint_writes_sarif() {
    assert_data_eq!(lint("sarif"), file!["../snapshots/lint.sarif.txt"].raw());
}

#[test]
fn lint_annotates_lines() {
    let out = lint("github");
    assert!(out.lines().all(|line| line.starts_with("::")), "one line each");
    assert_data_eq!(out.replace(&input(""), ""), file!["../snapshots/lint.github.txt"].raw());
}

#[test]
fn lint_writes_a_comment() {
    assert_data_eq!(lint("markdown"), file!["../snapshots/lint.markdown.txt"].raw());
}

#[test]
fn forms_go_to_their_files_at_once() {
    let to = output("lint.sarif");
    let file = format!("sarif={to}");
    let findings = input("findings.yaml");
    let all = run(&["lint", &findings, "-o", "text", "-o", "github", "-o", &file]);
    let [text, github, alone] =
        ["text", "github", "sarif"].map(|form| run(&["lint", &findings, "-o", form]).out);
    assert_eq!(all.out, text + &github);
    assert_eq!(fs::read_to_string(to).expect("written"), alone);
}

#[test]
fn one_document_is_alone_in_its_stream() {
    for (forms, document) in [(["text", "sarif"], "sarif"), (["json", "markdown"], "json")] {
        let [a, b] = forms;
        let Ran { code, out, err } = run(&["lint", "@k1", "-o", a, "-o", b]);
        let what = format!("{document} is one document: nothing else can be printed beside it");
        assert!(err.contains(&what) && err.contains(&format!("say -o {document}=FILE")), "{err}");
        // Programs that look for their answer find why there is none.
        assert_eq!((code, out.contains(&what)), (2, true));
    }
}

/// The fingerprints of what is found in a text.
fn fingerprints(text: &str) -> Vec<(String, String)> {
    let ran = run_on(Screen::PIPE, &["lint", "-", "-o", "sarif"], text.as_bytes());
    let results = sarif(&ran.out)["runs"][0]["results"].clone();
    let results = results.as_array().expect("results").clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    results
        .iter()
        .map(|r| (text(&r["ruleId"]), text(&r["partialFingerprints"]["fibula/v1"])))
        .collect()
}

#[test]
fn a_finding_is_known_again_wherever_it_moves() {
    let findings = fs::read_to_string(input("findings.yaml")).expect("the input");
    let before = fingerprints(&findings);
    assert!(before.len() > 9);
    let mut all: Vec<&String> = before.iter().map(|(_, print)| print).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), before.len(), "each has its own");
    let moved = format!("# More lines,\n# before all others.\n---\n{findings}");
    assert_eq!(fingerprints(&moved), before);
    let mut objects: Vec<&str> = findings.split("---\n").collect();
    objects.reverse();
    assert_eq!(fingerprints(&objects.join("\n---\n")), before);
}

#[test]
fn a_finding_is_about_workloads_and_not_about_their_pods() {
    let deployment = |replicas: usize| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  \
             replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
             metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: a\n        \
             ports: [{{containerPort: 80}}]\n      - name: b\n        \
             ports: [{{containerPort: 80}}]\n"
        )
    };
    let one = fingerprints(&deployment(1));
    assert!(one.iter().any(|(rule, _)| rule == "same-port"), "{one:?}");
    assert_eq!(fingerprints(&deployment(3)), one);
    let renamed = deployment(1).replace("name: web", "name: shop");
    assert_ne!(fingerprints(&renamed), one);
}

/// What is shown of a finding holds counts and near names; what it is known by does not.
#[test]
fn fingerprints_stay_when_something_unrelated_is_added() {
    let pod = |name: &str, labels: &str, more: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n\
             spec: {{containers: [{{name: c}}]{more}}}\n"
        )
    };
    let policy = |name: &str, app: &str, from: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\n\
             spec:\n  podSelector: {{matchLabels: {{app: {app}}}}}\n  ingress:\n  \
             - from: [{{podSelector: {{matchLabels: {{app: {from}}}}}}}]\n"
        )
    };
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n\
                   spec: {selector: {app: cashe}, ports: [{port: 80}]}\n";
    let host = ", hostNetwork: true";
    let agents: String = (1..4).map(|i| pod(&format!("a{i}"), "app: agent", host)).collect();
    let all = format!(
        "{agents}{}{}{}{}{service}",
        pod("web", "app: web", ""),
        policy("agents", "agent", "web"),
        policy("nobody", "cashe", "web"),
        policy("peer", "web", "cashe"),
    );
    let before = fingerprints(&all);
    let of = |all: &[(String, String)]| -> Vec<(String, String)> {
        let known = [
            "policy-on-host-network",
            "policy-without-pods",
            "service-without-pods",
            "peer-without-pods",
        ];
        let own = all.iter().filter(|(id, _)| known.contains(&id.as_str()));
        own.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    };
    assert_eq!(of(&before).len(), 4, "{before:?}");
    // A fourth pod of those that a policy counts, and one whose label is near what others want.
    let more = format!("{all}{}", pod("a4", "app: agent", host));
    assert_eq!(of(&fingerprints(&more)), of(&before));
    let near = format!("{all}{}", pod("other", "app: cache", ""));
    assert_eq!(of(&fingerprints(&near)), of(&before));
}

/// Pods of one workload are it, wherever their names stand among those of others.
#[test]
fn another_replica_is_no_other_finding() {
    let workload = |name: &str, replicas: usize| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  \
             replicas: {replicas}\n  selector: {{matchLabels: {{app: x}}}}\n  template:\n    \
             metadata: {{labels: {{app: x}}}}\n    spec: {{hostNetwork: true, containers: \
             [{{name: c}}]}}\n"
        )
    };
    let of = |replicas| fingerprints(&format!("{}{}", workload("a", replicas), workload("a-0", 1)));
    assert_eq!(of(4), of(1));
}

#[test]
fn whatever_has_no_place_is_told_at_the_first_file() {
    let runs = sarif(&lint("sarif"));
    let results = runs["runs"][0]["results"].as_array().expect("results").clone();
    for result in &results {
        let locations = result["locations"].as_array().expect("locations");
        assert_eq!(locations.len(), 1, "{}", result["ruleId"]);
        let uri = &locations[0]["physicalLocation"]["artifactLocation"];
        assert_eq!(uri["uri"], "tests/input/findings.yaml");
        assert_eq!(uri["uriBaseId"], "SRCROOT");
    }
}

#[test]
fn what_stops_a_command_is_told_in_the_form_that_was_asked_for() {
    let Ran { code, out, .. } = run(&["lint", "nowhere.yaml", "-o", "sarif"]);
    let invocation = &sarif(&out)["runs"][0]["invocations"][0];
    assert_eq!((code, &invocation["executionSuccessful"]), (2, &Value::Bool(false)));
    let notes = invocation["toolExecutionNotifications"].as_array().expect("why");
    assert!(notes[0]["message"]["text"].as_str().is_some_and(|text| text.contains("nowhere.yaml")));
    let Ran { out, .. } = run(&["lint", "nowhere.yaml", "-o", "github"]);
    assert!(out.starts_with("::error title=cannot-run::nowhere.yaml: expected a file"), "{out}");
}

#[test]
fn the_schema_of_sarif_finds_what_is_planted() {
    let good = sarif(&lint("sarif"));
    let schema = Schema::open(answers::sarif());
    assert_eq!(schema.faults(&good), Vec::<String>::new());
    let faults: [(&str, &str, Value); 8] = [
        ("", "version", "2.2.0".into()),
        ("/runs/0/results/0", "level", "bad".into()),
        ("/runs/0/results/0", "ruleIndex", "0".into()),
        ("/runs/0/results/0", "rule", "same-port".into()),
        ("/runs/0/results/0/message", "text", 7.into()),
        (
            "/runs/0/results/0/locations/0/physicalLocation/artifactLocation",
            "uri",
            "a b.yaml".into(),
        ),
        ("/runs/0/results/0/locations/0/physicalLocation/region", "startLine", 0.into()),
        ("/runs/0/tool/driver", "rules", Value::Null),
    ];
    for (at, field, value) in faults {
        let mut broken = good.clone();
        broken.pointer_mut(at).expect(at)[field] = value;
        assert!(!schema.faults(&broken).is_empty(), "{at}/{field}");
    }
    let mut broken = good;
    broken["runs"][0]["tool"]["driver"].as_object_mut().expect("one").remove("name");
    assert!(!schema.faults(&broken).is_empty(), "no name");
}
