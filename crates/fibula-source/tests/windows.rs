//! A big file that is read in windows is read as it is as a whole: the same objects, refusals and
//! places, whatever the size of a window, and however the file is broken.

use std::fs;
use std::path::PathBuf;

use fibula_source::{Input, Read, Refusal, read_by};
use proptest::prelude::*;

/// No file here is as big.
const WHOLE: usize = 1 << 30;

fn pod(n: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod-{n}\n  labels:\n    app: \"é{n}\"\nspec:\n  \
         containers:\n  - name: main\n    image: \"x:{n}\" # a comment\n    ports:\n    \
         - containerPort: {}\n",
        80 + n
    )
}

fn other(n: usize) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-{n}\ndata:\n  a: |\n    x\n\n    y\n"
    )
}

fn objects(n: usize) -> Vec<String> {
    (0..n).map(|n| if n % 4 == 3 { other(n) } else { pod(n) }).collect()
}

fn yaml_list(kind: &str, objects: &[String], dash: usize) -> String {
    let mut text = "apiVersion: v1\nitems:\n".to_owned();
    for object in objects {
        for (i, line) in object.lines().enumerate() {
            let lead = if i == 0 { "- " } else { "  " };
            text += format!("{:dash$}{lead}{line}", "").trim_end();
            text += "\n";
        }
    }
    text + &format!("kind: {kind}\nmetadata:\n  resourceVersion: \"\"\n")
}

fn json(n: usize, indent: &str) -> String {
    let kind = if n % 4 == 3 { "ConfigMap" } else { "Pod" };
    let line = if indent.is_empty() { "" } else { "\n" };
    format!(
        "{{{line}{indent}{indent}\"apiVersion\": \"v1\",{line}{indent}{indent}\"kind\": \"{kind}\",{line}\
         {indent}{indent}\"metadata\": {{\"name\": \"p{n}\", \"labels\": {{\"a\": \"é{n}\"}}}},{line}{indent}{indent}\"spec\": \
         {{\"containers\": [{{\"name\": \"m\", \"ports\": [{{\"containerPort\": {}}}]}}]}}{line}{indent}}}",
        80 + n
    )
}

fn json_list(kind: &str, n: usize, indent: &str) -> String {
    let line = if indent.is_empty() { "" } else { "\n" };
    let items: Vec<String> = (0..n).map(|n| format!("{indent}{}", json(n, indent))).collect();
    format!(
        "{{{line}{indent}\"apiVersion\": \"v1\",{line}{indent}\"items\": [{line}{}{line}{indent}],{line}\
         {indent}\"kind\": \"{kind}\",{line}{indent}\"metadata\": {{\"resourceVersion\": \"\"}}{line}}}\n",
        items.join(&format!(",{line}"))
    )
}

/// The forms that dumps have.
fn forms() -> Vec<(&'static str, String)> {
    vec![
        ("f.yaml", objects(30).join("---\n")),
        ("f.yaml", yaml_list("List", &objects(30), 0)),
        ("f.yaml", yaml_list("List", &objects(30), 2)),
        (
            "f.yaml",
            yaml_list("PodList", &objects(30), 0)
                .replace("- apiVersion: v1\n  kind: Pod\n  ", "- "),
        ),
        ("f.json", json_list("List", 30, "    ")),
        ("f.json", json_list("List", 30, "")),
        (
            "f.json",
            json_list("PodList", 30, "").replace("\"apiVersion\": \"v1\",\"kind\": \"Pod\",", ""),
        ),
        ("f.json", (0..30).map(|n| json(n, "")).collect::<Vec<_>>().join("\n")),
        ("f.json", (0..30).map(|n| json(n, "  ")).collect::<String>()),
        ("f.yaml", (0..30).map(|n| json(n, "")).collect::<Vec<_>>().join("\n---\n")),
    ]
}

/// A file of this thread's own.
struct File(PathBuf);

impl File {
    fn new(name: &str, bytes: &[u8]) -> File {
        let thread = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "-");
        let folder =
            std::env::temp_dir().join(format!("fibula-windows-{}-{thread}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), bytes).expect("a file");
        File(folder.join(name))
    }

    fn read(&self, window: usize) -> Read {
        read_by(&[Input::Path(self.0.clone())], window)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A refusal without the lines around it, and without what stands behind a text that ends too early:
/// what is in another window is not shown.
fn bare(refusals: &[Refusal]) -> Vec<Refusal> {
    let bare = |refusal: &Refusal| {
        let got = refusal.got.clone().filter(|_| !refusal.expected.starts_with("valid "));
        Refusal { snippet: None, got, ..refusal.clone() }
    };
    refusals.iter().map(bare).collect()
}

fn same(parts: &Read, whole: &Read) {
    let names = |read: &Read| -> Vec<String> {
        read.objects.iter().map(|(id, object)| format!("{id:?} {}", object.name())).collect()
    };
    assert_eq!(names(parts), names(whole));
    assert!(parts.objects == whole.objects);
    assert_eq!(bare(&parts.refused), bare(&whole.refused));
    assert_eq!(bare(&parts.garbled), bare(&whole.garbled));
    assert_eq!(parts.unread, whole.unread);
    assert_eq!((&parts.left, &parts.counts), (&whole.left, &whole.counts));
    assert_eq!((parts.files, parts.not_objects), (whole.files, whole.not_objects));
    assert!(parts.sources.files().eq(whole.sources.files()));
    // Of very many some.
    for (id, _) in whole.objects.iter().step_by(1 + whole.objects.len() / 40) {
        for path in ["", "metadata.name", "spec.containers[0].ports[0].containerPort"] {
            let [a, b] = [parts, whole].map(|read| read.sources.position(*id, path));
            assert_eq!(a, b, "{path}");
            let [a, b] = [parts, whole].map(|read| read.sources.snippet(*id, path));
            let (a, b) = (a.expect("lines"), b.expect("lines"));
            // Of a line that begins before a part the rest is shown, and a long one is cut.
            let under = |s: &fibula_source::Snippet| {
                let line = s.lines[s.caret.line - s.first_line].chars();
                line.skip(s.caret.column - 1).take(s.caret.length.min(40)).collect::<String>()
            };
            assert_eq!((a.caret.line, under(&a)), (b.caret.line, under(&b)));
        }
        assert_eq!(parts.sources.text(*id), whole.sources.text(*id));
    }
}

#[test]
fn windows_of_any_size_give_the_same() {
    for (name, text) in forms() {
        let file = File::new(name, text.as_bytes());
        let whole = file.read(WHOLE);
        assert_eq!(whole.refused, [], "{text}");
        assert!(whole.objects.len() + whole.left.values().sum::<usize>() == 30, "{text}");
        for window in [20, 64, 100, 333, 1_000, 2_000] {
            same(&file.read(window), &whole);
        }
    }
}

#[test]
fn places_are_found_again_far_into_a_window() {
    for (name, text) in [
        ("f.yaml", yaml_list("List", &objects(2_000), 0)),
        ("f.yaml", objects(2_000).join("---\n")),
        ("f.json", json_list("List", 2_000, "")),
    ] {
        let file = File::new(name, text.as_bytes());
        same(&file.read(150_000), &file.read(WHOLE));
    }
}

#[test]
fn what_was_read_in_windows_is_not_kept() {
    for (index, (name, text)) in forms().into_iter().enumerate() {
        let file = File::new(name, text.as_bytes());
        let read = file.read(1_000);
        let (id, _) = read.objects[0];
        assert!(read.sources.position(id, "").is_some());
        // Whoever looks a place up in a file that has changed gets none, and no wrong one.
        fs::write(&file.0, text.replace("80", "8080")).expect("a file");
        assert_eq!(read.sources.position(id, ""), None, "form {index} was read as a whole");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_hide_nothing_that_is_broken(
        form in 0usize..10,
        window in 30usize..1_500,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..5), 0..5),
    ) {
        let (name, text) = forms().swap_remove(form);
        let mut bytes = text.into_bytes();
        for (at, byte, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"{}[]:,-&*'\"\n \t#|>"[usize::from(byte) % 17]),
                2 => _ = bytes.remove(at),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let words: [&[u8]; 5] = [b"\n---\n", b"\nitems:\n", b"&a ", b"\n...\n", b"\n- "];
                    let word = words[usize::from(byte) % 5].iter().copied();
                    bytes.splice(at..at, word);
                }
            }
        }
        let file = File::new(name, &bytes);
        same(&file.read(window), &file.read(WHOLE));
    }
}
