//! What has to hold of any bytes at all: nothing panics, what is refused is shown where it stands, one
//! broken piece hides no other, and answers are as their forms say.
//!
//! Each function takes bytes and panics where one of these fails. The targets of this folder hand
//! them to libFuzzer; `crates/fibula/tests/mutated.rs` calls the same functions in `cargo test`.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fibula::Streams;
use fibula_network::file;
use fibula_report::{Screen, error};
use fibula_source::{Input, Read, Refusal, read};

/// A pod that is read, whatever stands beside it.
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: beside}\n";

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };

/// A file of YAML.
pub fn yaml(bytes: &[u8]) {
    text("f.yaml", bytes);
}

/// A file of JSON.
pub fn json(bytes: &[u8]) {
    text("f.json", bytes);
}

fn text(name: &str, bytes: &[u8]) {
    let stdin = read(&[Input::Stdin(bytes.to_vec())]);
    sound(&stdin);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let named =
        |name: &str, text: &str| Input::Text { name: name.to_owned(), text: text.to_owned() };
    let alone = read(&[named(name, text)]);
    sound(&alone);
    let beside = read(&[named(name, text), named("pod.yaml", POD)]);
    assert_eq!(beside.objects.len(), alone.objects.len() + 1, "it hides another file");
}

/// What was read can be found again, and what was refused can be shown.
fn sound(read: &Read) {
    for (id, object) in &read.objects {
        assert!(object.check().is_empty(), "an object without sense is refused");
        for path in ["", "metadata.name", "spec.containers[0].ports[0].containerPort"] {
            let at = read.sources.position(*id, path).expect("it stands somewhere");
            assert!(at.line > 0 && at.column > 0 && at.span.start <= at.span.end);
            let snippet = read.sources.snippet(*id, path).expect("it stands somewhere");
            assert!(snippet.lines.len() <= 4);
        }
        let _ = read.sources.excerpt(*id, "metadata", "spec.ingress[0].from[0]", 6);
    }
    read.refused.iter().for_each(shown);
}

/// A refusal fits the screen, as far as its words do, and points at something.
fn shown(refusal: &Refusal) {
    assert!(!refusal.expected.is_empty());
    let page = error::refusal(refusal).render(&NARROW);
    if let Some(snippet) = &refusal.snippet {
        let line = snippet.caret.line.checked_sub(snippet.first_line).expect("it is shown");
        assert!(line < snippet.lines.len(), "{refusal:?}");
        assert!(page.contains('^'), "{page}");
        let lines = page.lines().filter(|line| line.contains('│'));
        for line in lines.filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()))
        {
            let narrow = line.chars().all(|c| c.is_ascii() || c == '│' || c == '…' || c == '→');
            assert!(!narrow || line.chars().count() <= 80, "{line}");
        }
    }
}

/// A folder: the bytes are cut into files at each zero.
pub fn inputs(bytes: &[u8]) {
    const NAMES: [&str; 6] =
        ["a.yaml", "b.json", "c.yml", "kustomization.yaml", "Chart.yaml", "sub/d.yaml.gz"];
    let folder = folder();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("sub")).expect("a folder");
    for (name, part) in NAMES.iter().zip(bytes.splitn(NAMES.len(), |byte| *byte == 0)) {
        std::fs::write(folder.join(name), part).expect("a file");
    }
    std::fs::write(folder.join("z.yaml"), POD).expect("a file");
    let all = read(&[Input::Path(folder)]);
    sound(&all);
    assert!(all.objects.iter().any(|(_, object)| object.name() == "beside"), "it hides a file");
}

/// A network as a file: what is read is written and read again as the same.
pub fn network(bytes: &[u8]) {
    let written = |read: &file::Read| {
        let place =
            |id: fibula_network::PlaceId| read.places.get(usize::try_from(id.0).ok()?).cloned();
        let mut out = vec![];
        file::write(&read.network, &place, &mut out).expect("what is read can be written");
        out
    };
    match file::read(bytes) {
        Ok(network) => {
            let once = written(&network);
            let again = file::read(&once).expect("what is written can be read");
            assert_eq!(written(&again), once);
        }
        Err(refusals) => assert!(!refusals.is_empty(), "what is refused says why"),
    }
}

/// `fibula.toml`.
pub fn config(bytes: &[u8]) {
    let folder = folder();
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("fuzz.toml");
    std::fs::write(&file, bytes).expect("a file");
    let file = file.to_str().expect("a name");
    let (code, _) = run(&["lint", "@k1", "--config", file, "-q"], b"");
    assert!([0, 2].contains(&code), "{code}");
}

/// All of the program: exit codes are those that are documented, and answers JSON.
pub fn answers(bytes: &[u8]) {
    for line in [
        &["lint", "-", "-o", "json"][..],
        &["lint", "-", "-o", "sarif"],
        &["lint", "-", "-o", "github"],
        &["verify", "-", "-o", "json"],
        &["reach", "-f", "-"],
    ] {
        // A network of a million pods is no bug, and takes its time.
        if bytes.windows(4).any(|four| four.iter().all(u8::is_ascii_digit)) {
            return;
        }
        let (code, out) = run(line, bytes);
        assert!(code < 4, "{line:?}: {code}");
        match line.last() {
            Some(&("json" | "sarif")) => assert!(out.starts_with('{') && out.ends_with("}\n")),
            Some(&"github") => assert!(out.lines().all(|line| line.starts_with("::")), "{out}"),
            _ => {}
        }
    }
}

fn run(args: &[&str], input: &[u8]) -> (u8, String) {
    let args = ["fibula"].iter().chain(args).map(OsString::from);
    let (mut out, mut err) = (vec![], vec![]);
    let mut streams = Streams {
        input: &mut || Ok(input.to_vec()),
        out: &mut out,
        screen: Screen::PIPE,
        err: &mut err,
        err_screen: NARROW,
    };
    let code = fibula::run(args, None, &mut streams);
    String::from_utf8(err).expect("what is printed is UTF-8");
    (code, String::from_utf8(out).expect("what is printed is UTF-8"))
}

/// A folder of this thread's own.
fn folder() -> PathBuf {
    thread_local! {
        static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    }
    FOLDER.with_borrow_mut(|folder| {
        let new = || {
            let thread = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "-");
            let name = format!("fibula-fuzz-{}-{thread}", std::process::id());
            // In memory, where there is such a place.
            let memory = Path::new("/dev/shm");
            let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
            root.join(name)
        };
        folder.get_or_insert_with(new).clone()
    })
}
