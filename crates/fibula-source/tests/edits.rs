//! Edits of objects where they stand: what is asked for, and everything else byte for byte.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use fibula_cluster::ObjectId;
use fibula_source::{Amend, Amended, Input, read};
use serde_json::{Value, json};

/// A file in a folder of its own.
struct Written {
    folder: PathBuf,
    file: PathBuf,
}

impl Written {
    fn new(name: &str, text: &[u8]) -> Written {
        // Tests run beside each other.
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let own = format!("fibula-edits-{}-{next}", std::process::id());
        let folder = std::env::temp_dir().join(own);
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(name);
        fs::write(&file, text).expect("a file");
        Written { folder, file }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Edits the first object of a text.
fn amend(name: &str, text: &str, edits: &[Amend]) -> Option<Vec<Amended>> {
    let written = Written::new(name, text.as_bytes());
    let read = read(&[Input::Path(written.file.clone())]);
    assert_eq!(read.refused, [], "{text}");
    let edits: Vec<(ObjectId, Amend)> =
        edits.iter().map(|edit| (ObjectId(0), edit.clone())).collect();
    read.sources.amend(&edits)
}

/// The text after an edit.
fn after(name: &str, text: &str, edit: Amend) -> Option<String> {
    let files = amend(name, text, &[edit])?;
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].before, text);
    // The lines that differ make the one text of the other.
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for hunk in files[0].hunks.iter().rev() {
        let from = hunk.first - 1;
        let gone: Vec<String> =
            lines.splice(from..from + hunk.removed.len(), hunk.added.clone()).collect();
        assert_eq!(gone, hunk.removed);
    }
    assert_eq!(lines.concat(), files[0].after);
    Some(files[0].after.clone())
}

fn append(path: &str, value: Value) -> Amend {
    Amend::Append { path: path.to_owned(), value }
}

fn set(path: &str, value: Value) -> Amend {
    Amend::Set { path: path.to_owned(), value }
}

fn remove(path: &str) -> Amend {
    Amend::Remove { path: path.to_owned() }
}

fn peer() -> Value {
    json!({ "podSelector": { "matchLabels": { "app": "web" } } })
}

/// A policy with these lines below `spec:`.
fn policy(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p  # whose\nspec:\n{spec}"
    )
}

#[test]
fn a_peer_stands_below_the_last_one_as_that_does() {
    let from = "spec.ingress[0].from";
    let rows = [
        // Dashes below their key; with a comment behind, and others below.
        (
            "  podSelector: {}\n  ingress:\n  - from:\n    - podSelector:\n        matchLabels:\n          app: a  # why\n    # these\n    ports:\n    - port: 80\n",
            "  podSelector: {}\n  ingress:\n  - from:\n    - podSelector:\n        matchLabels:\n          app: a  # why\n    - podSelector:\n        matchLabels:\n          app: web\n    # these\n    ports:\n    - port: 80\n",
        ),
        // Dashes indented.
        (
            "  podSelector: {}\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              app: a\n",
            "  podSelector: {}\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              app: a\n        - podSelector:\n            matchLabels:\n              app: web\n",
        ),
        // Flow.
        (
            "  podSelector: {}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: a}}}]  # one\n",
            "  podSelector: {}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: a}}}, {podSelector: {matchLabels: {app: web}}}]  # one\n",
        ),
        // Items of flow in a list of lines, and no line break at the end.
        (
            "  podSelector: {}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: a}}",
            "  podSelector: {}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: a}}\n    - podSelector:\n        matchLabels:\n          app: web",
        ),
    ];
    for (spec, expected) in rows {
        let got = after("p.yaml", &policy(spec), append(from, peer()));
        assert_eq!(got, Some(policy(expected)), "{spec}");
        // Lines that end as they do elsewhere end so here.
        let dos = policy(spec).replace('\n', "\r\n");
        let got = after("p.yaml", &dos, append(from, peer()));
        assert_eq!(got, Some(policy(expected).replace('\n', "\r\n")), "{spec}");
    }
}

#[test]
fn a_rule_comes_where_there_is_none_yet() {
    let rule = || json!({ "from": [peer()] });
    let expected =
        "  ingress:\n  - from:\n    - podSelector:\n        matchLabels:\n          app: web\n";
    let rows = [
        ("  podSelector: {}\n", format!("  podSelector: {{}}\n{expected}")),
        ("  ingress: []\n  podSelector: {}\n", format!("{expected}  podSelector: {{}}\n")),
        ("  ingress:\n  podSelector: {}\n", format!("{expected}  podSelector: {{}}\n")),
    ];
    for (spec, expected) in rows {
        let got = after("p.yaml", &policy(spec), append("spec.ingress", rule()));
        assert_eq!(got, Some(policy(&expected)), "{spec}");
    }
    // What is said beside the key is not torn from it.
    let spec = "  ingress: []  # nobody\n  podSelector: {}\n";
    let got = after("p.yaml", &policy(spec), append("spec.ingress", rule())).expect("an edit");
    assert!(
        got.contains("  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]  # nobody\n"),
        "{got}"
    );
}

#[test]
fn a_rule_comes_before_another_one() {
    let spec = "  podSelector: {}\n  ingress:\n  # the first\n  - ports:\n    - port: 80\n";
    let edit = Amend::Insert {
        path: "spec.ingress".to_owned(),
        index: 0,
        value: json!({"from": [peer()]}),
    };
    let got = after("p.yaml", &policy(spec), edit).expect("an edit");
    assert!(
        got.contains("  # the first\n  - from:\n    - podSelector:\n        matchLabels:\n          app: web\n  - ports:\n"),
        "{got}"
    );
}

#[test]
fn a_label_is_set_where_labels_are() {
    let pod = |metadata: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata:\n{metadata}spec:\n  containers: []\n")
    };
    let rows = [
        (
            "  name: a\n  labels:\n    app: a # it\n",
            "tier",
            "  name: a\n  labels:\n    app: a # it\n    tier: \"1\"\n",
        ),
        ("  name: a\n", "tier", "  name: a\n  labels:\n    tier: \"1\"\n"),
        ("  name: a\n  labels: {}\n", "tier", "  name: a\n  labels:\n    tier: \"1\"\n"),
        (
            "  name: a\n  labels: {app: a}\n",
            "a.b/c",
            "  name: a\n  labels: {app: a, a.b/c: \"1\"}\n",
        ),
        ("  name: a\n  labels: {app: 'a'}\n", "app", "  name: a\n  labels: {app: '1'}\n"),
        ("  name: a\n  labels:\n    app: a\n", "app", "  name: a\n  labels:\n    app: \"1\"\n"),
    ];
    for (metadata, key, expected) in rows {
        let edit = set(&format!("metadata.labels[{key}]"), json!("1"));
        assert_eq!(after("a.yaml", &pod(metadata), edit), Some(pod(expected)), "{metadata}");
    }
}

#[test]
fn what_goes_takes_its_lines_along_and_nothing_else() {
    let spec = "  podSelector: {}\n  ingress:\n  - from:\n    - podSelector: {}\n    # to a\n    - ipBlock:\n        cidr: 10.0.0.0/8  # all\n    ports:\n    - port: 80\n  - {}\n";
    let rows = [
        ("spec.ingress[0].from[1]", "    - ipBlock:\n        cidr: 10.0.0.0/8  # all\n", ""),
        ("spec.ingress[1]", "  - {}\n", ""),
        ("spec.ingress[0].ports[0]", "    ports:\n    - port: 80\n", "    ports: []\n"),
    ];
    for (path, gone, instead) in rows {
        let got = after("p.yaml", &policy(spec), remove(path));
        assert_eq!(got, Some(policy(&spec.replace(gone, instead))), "{path}");
    }
}

#[test]
fn what_goes_from_a_line_takes_its_comma_along() {
    let rows = [
        ("{app: a, tier: b, x: \"1\"}", "tier", "{app: a, x: \"1\"}"),
        ("{app: a, tier: b}", "tier", "{app: a}"),
        ("{app: a, tier: b}", "app", "{tier: b}"),
        ("{app: 'a'}", "app", "{}"),
    ];
    let pod = |labels: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {labels}}}  # a\n")
    };
    for (labels, key, expected) in rows {
        let got = after("a.yaml", &pod(labels), remove(&format!("metadata.labels[{key}]")));
        assert_eq!(got, Some(pod(expected)), "{labels}");
    }
}

#[test]
fn edits_of_one_object_come_one_after_another() {
    let spec = "  podSelector: {}\n  ingress:\n  - ports: [{port: 80}]\n  - ports: [{port: 81}]\n";
    let edits = [remove("spec.ingress[0]"), append("spec.ingress[0].ports", json!({"port": 82}))];
    let files = amend("p.yaml", &policy(spec), &edits).expect("edits");
    let expected = "  podSelector: {}\n  ingress:\n  - ports: [{port: 81}, {port: 82}]\n";
    assert_eq!(files[0].after, policy(expected));
}

#[test]
fn an_object_in_a_list_and_in_a_stream_is_found() {
    let list = "kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n  spec: {}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: b}\n  spec: {}\n";
    let got = after("l.yaml", list, set("metadata.labels[app]", json!("x")));
    assert_eq!(
        got,
        Some(list.replace("    name: a\n", "    name: a\n    labels:\n      app: x\n"))
    );
    let stream = "---\n# one\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n";
    let got = after("s.yaml", stream, set("metadata.labels[app]", json!("x")));
    assert_eq!(got, Some(stream.replace("{name: a}", "{name: a, labels: {app: x}}")));
}

#[test]
fn what_is_not_sure_is_not_done() {
    let anchored = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    labels: &labels\n      app: a\n  spec: {}\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\n    labels: *labels\n  spec: {}\n";
    assert_eq!(after("a.yaml", anchored, set("metadata.labels[app]", json!("x"))), None);
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}\n";
    assert_eq!(after("a.json", json, set("metadata.labels[app]", json!("x"))), None);
    // Standard input and texts are no files.
    let text = policy("  podSelector: {}\n");
    for input in [
        Input::Stdin(text.clone().into_bytes()),
        Input::Text { name: "p.yaml".to_owned(), text: text.clone() },
    ] {
        let read = read(&[input]);
        let edit = append("spec.ingress", json!({}));
        assert_eq!(read.sources.amend(&[(ObjectId(0), edit)]), None);
    }
}
