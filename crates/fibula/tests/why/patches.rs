//! What `--patch` prints, applied by those whom it is for: `git apply`, and what a cluster would do of
//! a manifest or of `kubectl patch`. Then the connection works, and the cluster is what the change
//! made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fibula_answers::trace::Ground;
use fibula_answers::why::{Book, Goal, Question, why};
use fibula_cluster::{Cluster, Options, Workload};
use fibula_intended::{Daemon, Intent, network};
use fibula_report::{Patch, patch};
use fibula_source::{Input, Read, read};
use serde_json::{Value, json};

/// A folder of a test's own, which is a repository of git.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("fibula-why-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let folder = Folder(folder);
        assert!(folder.git(&["init", "-q"], ""), "git is there");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs `git` in it, with some standard input.
    fn git(&self, args: &[&str], input: &str) -> bool {
        use std::io::Write;
        let mut child = Command::new("git")
            .args(args)
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .spawn()
            .expect("git is there");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        child.wait().expect("it ends").success()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct NoBook;

impl Book for NoBook {
    fn selects_itself(&self, _: &str, _: &Workload, _: &str) -> bool {
        false
    }
}

fn intent() -> Intent {
    Intent { daemons: vec![Daemon::kubelet()], ..Intent::default() }
}

fn read_all(folder: &Path) -> Read {
    let read = read(&[Input::Path(folder.to_owned())]);
    assert_eq!(read.refused, []);
    read
}

/// A cluster without the numbers of its objects: files that come change them.
fn unnumbered(cluster: &Cluster) -> String {
    // How an object is written may be odd: no change of a model is.
    let meant = Cluster { oddities: vec![], ..cluster.clone() };
    let text = format!("{meant:#?}");
    let mut out = String::new();
    let mut rest = &*text;
    while let Some(at) = rest.find("ObjectId(") {
        let (before, after) = rest.split_at(at);
        out += before;
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

/// Makes the offers of a question in a folder, one after another, each from the beginning; the forms
/// that they were printed in.
fn each_offer(
    name: &str,
    file: &str,
    text: &str,
    (from, to): (&str, &str),
    goal: Goal,
) -> Vec<&'static str> {
    let folder = Folder::new(name);
    let path = folder.path(file);
    fs::write(&path, text).expect("a file");
    let Read { objects, sources, .. } = read_all(&folder.0);
    let cluster = Cluster::new(objects, &Options::default());
    let network_of = |cluster: &Cluster| network(cluster, &intent());
    let network = network_of(&cluster);
    let ground = Ground {
        network: &network,
        cluster: Some(&cluster),
        unread: &[],
        remake: Some(&network_of),
    };
    let question = Question { namespace: Some("shop"), from, to };
    let answer = why(ground, question, goal, &NoBook).expect("the names are there");
    assert!(!answer.offers.is_empty(), "{name}");
    let mut forms = vec![];
    for offer in &answer.offers {
        let made = patch(&cluster, &sources, &offer.change).expect("something to apply");
        let called = |name: &str| {
            let inside = Path::new(name).strip_prefix(&folder.0).expect("in the folder");
            inside.display().to_string()
        };
        let printed = made.render(&called);
        match &made {
            Patch::Diff { .. } => {
                assert!(folder.git(&["apply", "-"], &printed), "{name}:\n{printed}");
            }
            Patch::Manifest(_) => {
                fs::write(folder.path("new.yaml"), &printed).expect("a file");
            }
            Patch::Shell(commands) => commands.iter().for_each(|command| shell(&path, command)),
        }
        let after = Cluster::new(read_all(&folder.0).objects, &Options::default());
        let expected = offer.change.apply(&cluster).expect("a cluster");
        assert_eq!(unnumbered(&after), unnumbered(&expected), "{name}:\n{printed}");
        let network = network_of(&after);
        let ground = Ground { network: &network, cluster: Some(&after), unread: &[], remake: None };
        let trace = fibula_answers::trace::trace(ground, Some("shop"), from, to).expect("names");
        let arrived = trace.branches().iter().all(|branch| branch.arrived());
        assert_eq!(arrived, goal == Goal::Allow, "{name}:\n{printed}");
        forms.push(made.taken_by());
        for entry in fs::read_dir(&folder.0).expect("a folder") {
            let entry = entry.expect("a file").path();
            if entry.is_file() {
                fs::remove_file(entry).expect("it goes");
            }
        }
        fs::write(&path, text).expect("a file");
    }
    forms
}

/// What a cluster makes of `kubectl patch` or `kubectl apply`, of objects in a file of JSON.
fn shell(file: &Path, command: &str) {
    if let Some(manifest) = command.strip_prefix("kubectl apply -f - <<'EOF'\n") {
        let text = manifest.strip_suffix("EOF").expect("its end");
        return fs::write(file.with_file_name("new.yaml"), text).expect("a file");
    }
    let (head, rest) = command.split_once(" -p '").expect("a patch");
    let body: Value = serde_json::from_str(rest.trim_end_matches('\'')).expect("JSON");
    let words: Vec<&str> = head.split(' ').collect();
    let (kind, name) = (words[2], words[3]);
    let mut all: Value =
        serde_json::from_str(&fs::read_to_string(file).expect("a file")).expect("JSON");
    let items = all["items"].as_array_mut().expect("items");
    let is = |item: &&mut Value| {
        item["kind"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(kind))
            && item["metadata"]["name"] == name
    };
    let object = items.iter_mut().find(is).expect("the object");
    match words.contains(&"--type=merge") {
        true => merge(object, &body),
        false => body.as_array().expect("operations").iter().for_each(|op| operate(object, op)),
    }
    fs::write(file, all.to_string()).expect("a file");
}

/// RFC 7396.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (key, value) in fields {
        match value {
            Value::Null => {
                into.as_object_mut().expect("an object").remove(key);
            }
            value => merge(&mut into[key], value),
        }
    }
}

/// RFC 6902, as far as it is used.
fn operate(object: &mut Value, op: &Value) {
    let path = op["path"].as_str().expect("a path");
    let (above, last) = path.rsplit_once('/').expect("a step");
    let last = last.replace("~1", "/").replace("~0", "~");
    let target = object.pointer_mut(above).expect("what it stands in");
    match (op["op"].as_str(), target) {
        (Some("add"), Value::Array(list)) => {
            let at = last.parse().unwrap_or(list.len());
            list.insert(at, op["value"].clone());
        }
        (Some("add"), Value::Object(map)) => {
            map.insert(last, op["value"].clone());
        }
        (Some("remove"), Value::Array(list)) => {
            list.remove(last.parse().expect("an index"));
        }
        (Some("remove"), Value::Object(map)) => {
            map.remove(&last).expect("it is there");
        }
        other => panic!("{other:?}"),
    }
}

/// Questions about the shop, of every kind of change.
const QUESTIONS: [(&str, &str, Goal); 9] = [
    ("web", "db:5432", Goal::Allow),
    ("web", "pod/cart:9", Goal::Allow),
    ("web", "svc/cart:7070", Goal::Allow),
    ("cart", "web:80", Goal::Allow),
    ("cart", "db:5433", Goal::Allow),
    ("ops/report", "svc/shop/db:5432", Goal::Allow),
    ("web", "world:443", Goal::Allow),
    ("cart", "db:5432", Goal::Close),
    ("web", "pod/cart:7070", Goal::Close),
];

fn shop() -> String {
    fs::read_to_string("tests/input/why.yaml").expect("the shop")
}

#[test]
fn a_diff_is_what_git_applies_and_nothing_else_changes() {
    let mut forms = vec![];
    for (i, (from, to, goal)) in QUESTIONS.into_iter().enumerate() {
        forms.extend(each_offer(&format!("yaml-{i}"), "shop.yaml", &shop(), (from, to), goal));
    }
    assert!(forms.contains(&"git apply") && forms.contains(&"kubectl apply -f -"), "{forms:?}");
}

/// A port of another protocol, in a rule and in a Service.
#[test]
fn a_port_of_another_protocol_is_written_as_it_was_tried() {
    let ends = fs::read_to_string("tests/input/why-ends.yaml").expect("the ends");
    let named =
        ends.replace("  ports:\n  - port: 53\n", "  ports:\n  - {port: 53, targetPort: dns}\n");
    let named =
        named.replace("containerPort: 53, protocol", "containerPort: 53, name: dns, protocol");
    let questions = [("web", "pod/dns:53/UDP"), ("node/n2", "svc/dns:53/UDP")];
    for (i, question) in questions.into_iter().enumerate() {
        for (which, text) in [("one", &ends), ("named", &named)] {
            let name = format!("udp-{which}-{i}");
            each_offer(&name, "ends.yaml", text, question, Goal::Allow);
        }
    }
}

#[test]
fn lines_may_end_as_elsewhere() {
    let dos = shop().replace('\n', "\r\n");
    let forms = each_offer("dos", "shop.yaml", &dos, ("web", "pod/cart:9"), Goal::Allow);
    assert_eq!(forms[0], "git apply");
}

#[test]
fn a_dump_is_patched_in_the_cluster() {
    // The shop as a dump has it: one list of JSON.
    let Read { objects, .. } = read(&[Input::Text { name: "shop.yaml".to_owned(), text: shop() }]);
    let dump = dump(&shop());
    let again = read(&[Input::Text { name: "shop.json".to_owned(), text: dump.clone() }]);
    let objects_of = |objects: &[(fibula_cluster::ObjectId, fibula_cluster::Object)]| {
        objects.iter().map(|(_, object)| object.clone()).collect::<Vec<_>>()
    };
    assert_eq!(objects_of(&again.objects), objects_of(&objects));
    let mut forms = vec![];
    for (i, (from, to, goal)) in QUESTIONS.into_iter().enumerate() {
        forms.extend(each_offer(&format!("json-{i}"), "shop.json", &dump, (from, to), goal));
    }
    assert!(forms.contains(&"sh") && !forms.contains(&"git apply"), "{forms:?}");
}

/// A stream of YAML as one list of JSON: by the plain subset of YAML that the shop is written in.
fn dump(text: &str) -> String {
    let documents = text.split("\n---\n");
    let items: Vec<Value> = documents
        .map(|document| {
            let lines: Vec<(usize, &str)> = document
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .map(|line| line.split(" #").next().unwrap_or(line).trim_end())
                .filter(|line| !line.is_empty())
                .map(|line| (line.len() - line.trim_start().len(), line.trim_start()))
                .collect();
            node(&lines, &mut 0, 0)
        })
        .collect();
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

/// A mapping or a sequence of lines from this one on, so far from the left.
fn node(lines: &[(usize, &str)], at: &mut usize, column: usize) -> Value {
    let mut lines_here = lines.to_vec();
    let mut value = Value::Null;
    while let Some((own, line)) = lines_here.get(*at).copied().filter(|(own, _)| *own >= column) {
        if own > column {
            panic!("{line:?} stands nowhere");
        }
        if let Some(item) = line.strip_prefix("- ") {
            lines_here[*at] = (own + 2, item);
            let item = match item.contains(':') && !item.starts_with('{') {
                true => node(&lines_here, at, own + 2),
                false => {
                    *at += 1;
                    scalar(item)
                }
            };
            match &mut value {
                Value::Array(list) => list.push(item),
                value => *value = json!([item]),
            }
            continue;
        }
        if value.is_array() {
            break;
        }
        let (key, rest) = line.split_once(':').expect("a key");
        *at += 1;
        let inside = match rest.trim() {
            "" => {
                let next = lines_here.get(*at).copied().unwrap_or((0, ""));
                let deeper = next.0 > own || next.0 == own && next.1.starts_with("- ");
                if deeper { node(&lines_here, at, next.0) } else { Value::Null }
            }
            rest => scalar(rest),
        };
        value[key] = inside;
    }
    value
}

fn scalar(text: &str) -> Value {
    if let Some(inside) = text.strip_prefix('{') {
        let entries = inside.trim_end_matches('}').split(", ").filter(|entry| !entry.is_empty());
        let entries = entries.map(|entry| entry.split_once(": ").expect("an entry"));
        return entries.map(|(key, value)| (key.to_owned(), scalar(value))).collect();
    }
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match (quoted, text.parse::<i64>()) {
        (Some(text), _) => json!(text),
        (None, Ok(number)) => json!(number),
        (None, Err(_)) => json!(text),
    }
}
