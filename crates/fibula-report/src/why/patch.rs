//! A change as something to apply: a diff of the files that were read, a manifest, or commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fibula_answers::change::Change;
use fibula_cluster::{Cluster, ObjectId, Options, Policy};
use fibula_source::{Amend, Amended, Hunk, Sources, block};
use serde_json::{Value, json};

use super::doc::{Doc, docs};
use super::spec;

/// Something to apply.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// Files with edits, and new ones: for `git apply`, or `patch -p1`.
    Diff {
        /// Files that were read.
        files: Vec<Amended>,
        /// Files that are new, with their names.
        new: Vec<(String, String)>,
    },
    /// Objects for `kubectl apply -f -`.
    Manifest(String),
    /// Commands for a shell.
    Shell(Vec<String>),
}

/// How a file is called in a diff.
pub type Called<'a> = dyn Fn(&str) -> String + 'a;

/// What is to be applied to make a change. Nothing where that cannot be said, which nothing that is
/// offered should come to.
///
/// Files are edited where that is sure: the edited object must be read as what the change makes of
/// it. Otherwise, and where there is no file that could be written, it is said to the cluster.
pub fn patch(cluster: &Cluster, sources: &Sources, change: &Change) -> Option<Patch> {
    let (docs, made) = docs(cluster, change)?;
    let manifests: Vec<String> =
        made.iter().map(|policy| Some(yaml(&spec::manifest(policy)?))).collect::<Option<_>>()?;
    if docs.is_empty() {
        return Some(Patch::Manifest(manifests.join("---\n")));
    }
    if let Some(files) = edited(sources, change, &docs) {
        let new = made.iter().zip(manifests).map(|(policy, text)| (beside(&files, policy), text));
        let new = new.collect();
        return Some(Patch::Diff { files, new });
    }
    let mut commands = commands(&docs)?;
    commands.extend(manifests.iter().map(|text| format!("kubectl apply -f - <<'EOF'\n{text}EOF")));
    Some(Patch::Shell(commands))
}

/// The files with the edits of a change, where they are surely what it makes.
fn edited(sources: &Sources, change: &Change, docs: &[Doc]) -> Option<Vec<Amended>> {
    let edits: Vec<(ObjectId, Amend)> =
        docs.iter().map(|doc| Some((doc.object.id?, doc.amend.clone()))).collect::<Option<_>>()?;
    let files = sources.amend(&edits)?;
    let right = files.iter().flat_map(|file| &file.objects).all(|(id, before, after)| {
        let of = |object: &fibula_cluster::Object| {
            let cluster = Cluster::new(vec![(*id, object.clone())], &Options::default());
            // How an object is written may be odd: no change of a model is.
            Cluster { oddities: vec![], ..cluster }
        };
        let own = docs.iter().filter(|doc| doc.object.id == Some(*id)).map(|doc| doc.of);
        let mut own: Vec<usize> = own.collect();
        own.dedup();
        let edits = own.into_iter().map(|at| change.edits[at].clone()).collect();
        Change { edits }.apply(&of(before)) == Some(of(after))
    });
    right.then_some(files)
}

/// The name of a new file beside those that are edited.
fn beside(files: &[Amended], policy: &Policy) -> String {
    let folder = files.first().and_then(|file| file.file.rsplit_once('/'));
    match folder {
        Some((folder, _)) => format!("{folder}/{}.yaml", policy.name),
        None => format!("{}.yaml", policy.name),
    }
}

fn yaml(value: &Value) -> String {
    let lines = block(value);
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

// === impl Patch ===

impl Patch {
    /// What is printed: nothing but what is to be applied.
    pub fn render(&self, called: &Called<'_>) -> String {
        match self {
            Patch::Diff { files, new } => {
                let mut out = String::new();
                for file in files {
                    diff(&called(&file.file), file, &mut out);
                }
                for (name, text) in new {
                    let name = called(name);
                    let lines: Vec<&str> = text.lines().collect();
                    let _ = writeln!(
                        out,
                        "diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{} @@",
                        lines.len()
                    );
                    lines.iter().for_each(|line| out.extend(["+", line, "\n"]));
                }
                out
            }
            Patch::Manifest(text) => text.clone(),
            Patch::Shell(commands) => {
                commands.iter().fold(String::new(), |text, command| text + command + "\n")
            }
        }
    }

    /// What it is piped into.
    pub fn taken_by(&self) -> &'static str {
        match self {
            Patch::Diff { .. } => "git apply",
            Patch::Manifest(_) => "kubectl apply -f -",
            Patch::Shell(_) => "sh",
        }
    }

    /// How many lines come or go.
    pub(super) fn lines(&self) -> Option<usize> {
        match self {
            Patch::Diff { files, new } => {
                let hunks = files.iter().flat_map(|file| &file.hunks);
                let edited: usize =
                    hunks.map(|hunk| hunk.added.len().max(hunk.removed.len())).sum();
                let new: usize = new.iter().map(|(_, text)| text.lines().count()).sum();
                Some(edited + new)
            }
            Patch::Manifest(text) => Some(text.lines().count()),
            Patch::Shell(_) => None,
        }
    }
}

/// How many lines around an edit a diff shows.
const CONTEXT: usize = 3;

/// A file of a unified diff.
fn diff(name: &str, file: &Amended, out: &mut String) {
    let lines: Vec<&str> = file.before.split_inclusive('\n').collect();
    let _ = writeln!(out, "--- a/{name}\n+++ b/{name}");
    let mut shift: i64 = 0;
    let mut rest = &file.hunks[..];
    while let Some(first) = rest.first() {
        // Hunks whose surroundings touch are one.
        let mut end = 1;
        let gone = |hunk: &Hunk| hunk.first - 1 + hunk.removed.len();
        while let Some(next) = rest.get(end) {
            if next.first - 1 > gone(&rest[end - 1]) + 2 * CONTEXT {
                break;
            }
            end += 1;
        }
        let (together, others) = rest.split_at(end);
        rest = others;
        let from = (first.first - 1).saturating_sub(CONTEXT);
        let to = together.last().map_or(from, |last| (gone(last) + CONTEXT).min(lines.len()));
        let come: usize = together.iter().map(|hunk| hunk.added.len()).sum();
        let go: usize = together.iter().map(|hunk| hunk.removed.len()).sum();
        let (old, new) = (to - from, to - from + come - go);
        let start = |at: i64, n: usize| if n == 0 { at } else { at + 1 };
        let at = i64::try_from(from).unwrap_or(i64::MAX);
        let _ = writeln!(out, "@@ -{},{old} +{},{new} @@", start(at, old), start(at + shift, new));
        shift += i64::try_from(come).unwrap_or(0) - i64::try_from(go).unwrap_or(0);
        let mut at = from;
        for hunk in together {
            lines[at..hunk.first - 1].iter().for_each(|text| line(' ', text, out));
            hunk.removed.iter().for_each(|text| line('-', text, out));
            hunk.added.iter().for_each(|text| line('+', text, out));
            at = gone(hunk);
        }
        lines[at..to].iter().for_each(|text| line(' ', text, out));
    }
}

fn line(sign: char, text: &str, out: &mut String) {
    out.push(sign);
    out.push_str(text);
    if !text.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

/// Edits as `kubectl patch`, one command for each object and form.
fn commands(docs: &[Doc]) -> Option<Vec<String>> {
    let mut all: Vec<String> = vec![];
    let mut merges: BTreeMap<usize, (&Doc, Value)> = BTreeMap::new();
    let mut lists: BTreeMap<usize, (&Doc, Vec<Value>)> = BTreeMap::new();
    for (i, doc) in docs.iter().enumerate() {
        let known = docs.iter().position(|other| other.object == doc.object).unwrap_or(i);
        let path = steps(doc.path());
        match &doc.amend {
            // Labels, and what is missing on the way to them.
            Amend::Set { value, .. } if !path.iter().any(|step| is_index(step)) => {
                merge(&mut merges.entry(known).or_insert((doc, json!({}))).1, &path, value);
            }
            Amend::Remove { .. } if !path.iter().any(|step| is_index(step)) => {
                merge(&mut merges.entry(known).or_insert((doc, json!({}))).1, &path, &Value::Null);
            }
            amend => {
                let list = &mut lists.entry(known).or_insert((doc, vec![])).1;
                list.push(operation(amend, &path, doc.is_new_list)?);
            }
        }
    }
    for (doc, value) in merges.into_values() {
        all.push(command(doc, "merge", &value));
    }
    for (doc, list) in lists.into_values() {
        all.push(command(doc, "json", &json!(list)));
    }
    Some(all)
}

fn command(doc: &Doc, form: &str, value: &Value) -> String {
    let object = &doc.object;
    let namespace = match &*object.namespace {
        "" => String::new(),
        namespace => format!(" -n {}", word(namespace)),
    };
    let value = quoted(&value.to_string());
    let (kind, name) = (object.kind.to_lowercase(), word(&object.name));
    format!("kubectl patch {} {name}{namespace} --type={form} -p {value}", word(&kind))
}

/// A word of a shell: what a name cannot hold is quoted, for nobody has judged this object.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// An operation of a JSON patch.
fn operation(amend: &Amend, path: &[String], is_new_list: bool) -> Option<Value> {
    let escaped = path.iter().map(|step| step.replace('~', "~0").replace('/', "~1"));
    let pointer = escaped.fold(String::new(), |all, step| all + "/" + &step);
    Some(match amend {
        Amend::Append { value, .. } | Amend::Insert { value, .. } if is_new_list => {
            json!({ "op": "add", "path": pointer, "value": [value] })
        }
        Amend::Append { value, .. } => {
            json!({ "op": "add", "path": format!("{pointer}/-"), "value": value })
        }
        Amend::Insert { value, index, .. } => {
            json!({ "op": "add", "path": format!("{pointer}/{index}"), "value": value })
        }
        Amend::Set { value, .. } => json!({ "op": "add", "path": pointer, "value": value }),
        Amend::Remove { .. } => json!({ "op": "remove", "path": pointer }),
    })
}

fn merge(into: &mut Value, path: &[String], value: &Value) {
    match path {
        [] => {}
        [last] => into[last] = value.clone(),
        [first, rest @ ..] => {
            if into.get(first).is_none() {
                into[first] = json!({});
            }
            merge(&mut into[first], rest, value);
        }
    }
}

fn is_index(step: &str) -> bool {
    step.bytes().all(|byte| byte.is_ascii_digit())
}

/// The steps of a path: `spec`, `ingress`, `0`; a key in brackets is one.
fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![];
    let mut rest = path;
    while !rest.is_empty() {
        let (step, tail) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        steps.push(step.to_owned());
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    steps
}
