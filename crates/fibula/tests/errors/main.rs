//! Every error that a person sees of their input, as they see it: where it is, what stands there, what
//! should, and what to do. The second test is what keeps "every" true.

#[allow(dead_code, reason = "these run on a screen, others in a pipe")]
#[path = "../common/mod.rs"]
mod common;
mod sources;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use fibula_report::Screen;
use snapbox::{assert_data_eq, file};

use common::{Ran, run_on};

const NARROW: Screen = Screen { width: Some(80), color: false, unicode: true };

/// A folder with all that is wrong, in which the program is run as a person would.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("errors");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/input");
        for entry in fs::read_dir(input).expect("the inputs") {
            let entry = entry.expect("a file");
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
        }
        bytes(&folder);
        folders(&folder);
        std::env::set_current_dir(&folder).expect("it is there");
        folder
    })
}

/// Files whose bytes are no text.
fn bytes(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).expect("a file");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: é\n";
    let utf16: Vec<u8> = pod.encode_utf16().flat_map(u16::to_le_bytes).collect();
    write("utf-16.yaml", &utf16);
    write("utf-16-half.yaml", &[b"\xff\xfe", &utf16[..9]].concat());
    write("utf-16-pair.yaml", b"\xff\xfea\0\x34\xd8b\0");
    write("utf-32.yaml", b"\xff\xfe\0\0a\0\0\0");
    write("latin-1.yaml", &pod.replace('é', "\u{1}").bytes().map(latin1).collect::<Vec<_>>());
    write("zero.yaml", &pod.replace('é', "a\0b").into_bytes());
    write("empty.yaml", b"");
    let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
    std::io::Write::write_all(&mut gzip, &vec![b' '; 4 << 20]).expect("packed");
    let gzip = gzip.finish().expect("packed");
    write("bomb.yaml.gz", &gzip.repeat(20));
    write("cut.yaml.gz", &gzip[..40]);
    let nine = |of: char| vec![format!("*{of}"); 9].join(", ");
    let laughs = ('b'..='j').zip('a'..).map(|(a, of)| format!("{a}: &{a} [{}]\n", nine(of)));
    write("laughs.yaml", format!("a: &a [x]\n{}", laughs.collect::<String>()).as_bytes());
    let merged: Vec<String> = (0..400).map(|n| format!("k{n}: v")).collect();
    let merges = vec!["{<<: *a}"; 400].join(", ");
    write("merges.yaml", format!("a: &a {{{}}}\nb: [{merges}]\n", merged.join(", ")).as_bytes());
    let many = (0..60).map(|n| format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {n}}}\n"));
    write("many.yaml", many.collect::<Vec<_>>().join("---\n").as_bytes());
}

fn latin1(byte: u8) -> u8 {
    if byte == 1 { 0xe9 } else { byte }
}

/// Folders that hold nothing, lead nowhere, or are to be built first.
fn folders(folder: &Path) {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    };
    let pod = |name: &str, port: u16| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers: [{{name: \
             a, ports: [{{containerPort: {port}}}]}}]\n"
        )
    };
    write("nothing/notes.txt", "");
    write("linked/sub/pod.yaml", &pod("a", 80));
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", folder.join("linked/sub/up")).expect("a link");
    write("garbled/pod.yaml", &pod("a", 80));
    write("garbled/values.yaml", "a: 'b\n");
    write("garbled/more.yaml", "a: [b\n");
    write("plain/kustomization.yaml", "resources: [pod.yaml]\n");
    write("plain/pod.yaml", &pod("a", 80));
    write("variants/base/kustomization.yaml", "resources: [pod.yaml]\n");
    write("variants/base/pod.yaml", &pod("a", 80));
    write("variants/prod/kustomization.yaml", "resources: [../base]\n");
    write("variants/prod/pod.yaml", &pod("a", 81));
    write("chart/Chart.yaml", "apiVersion: v2\nname: chart\n");
    write("chart/templates/a.yaml", &pod("{{ .Values.name }}", 80));
    write("chart/templates/b.yaml", &pod("{{ .Values.name }}", 80));
    write("others/route.yaml", "apiVersion: route.openshift.io/v1\nkind: Route\n");
}

/// What each command line says on standard error, and its exit code.
fn session(lines: &[&str]) -> String {
    folder();
    let mut session = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let Ran { code, err, .. } = run_on(NARROW, &words, b"");
        let _ = write!(session, "$ fibula {line}\n{err}[exit {code}]\n\n");
    }
    session
}

/// The same command on each file.
fn lint(files: &[&str]) -> String {
    let lines: Vec<String> = files.iter().map(|file| format!("lint {file}")).collect();
    session(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn objects_that_make_no_sense() {
    let files = ["objects.yaml", "services.yaml", "policies.yaml", "cluster-policies.yaml"];
    assert_data_eq!(lint(&files), file!["../snapshots/errors-objects.txt"].raw());
}

#[test]
fn texts_that_are_no_yaml_or_json() {
    let files = [
        "syntax.yaml",
        "not-closed.yaml",
        "laughs.yaml",
        "merges.yaml",
        "template.yaml",
        "ends.json",
        "in-a-string.json",
        "comma.json",
        "key.json",
        "value.json",
        "after.json",
        "break.json",
        "deep.json",
        "escape.json",
        "type.json",
        "lists.json",
        "trailing.json",
    ];
    assert_data_eq!(lint(&files), file!["../snapshots/errors-texts.txt"].raw());
}

#[test]
fn files_and_folders_that_cannot_be_read() {
    let files = [
        "nowhere.yaml",
        "empty.yaml",
        "utf-16.yaml",
        "utf-16-half.yaml",
        "utf-16-pair.yaml",
        "utf-32.yaml",
        "latin-1.yaml",
        "zero.yaml",
        "bomb.yaml.gz",
        "cut.yaml.gz",
        "nothing",
        "garbled",
        "plain",
        "variants",
        "chart",
        "others",
    ];
    let many = lint(&["many.yaml"]);
    let tail: Vec<&str> = many.lines().rev().take(4).collect();
    let tail: String = tail.into_iter().rev().flat_map(|line| [line, "\n"]).collect();
    let all = format!("{}$ fibula lint many.yaml\n…\n{tail}", lint(&files));
    assert_data_eq!(all, file!["../snapshots/errors-files.txt"].raw());
}

#[cfg(unix)]
#[test]
fn what_a_system_can_get_wrong() {
    let files = ["linked", "empty.yaml/more.yaml", "/dev/zero"];
    assert_data_eq!(lint(&files), file!["../snapshots/errors-system.txt"].raw());
}

#[test]
fn configurations_and_options() {
    let lines = [
        "verify @k1 --config nowhere.toml",
        "verify @k1 --config broken.toml",
        "verify @k1 --config types.toml",
        "verify @k1 --config lint.toml",
        "verify @k1 --config findings.toml",
        "verify @k1 --config wrong.toml",
        "lint @k1 --ignore NetworkPolicy",
        "lint @k1 --ignore CiliumNetworkPolcy",
        "lint @k1 --ignore Cake",
    ];
    assert_data_eq!(session(&lines), file!["../snapshots/errors-config.txt"].raw());
}

#[test]
fn promises_that_make_no_sense() {
    let lines = ["check promises.yaml -f @k1", "check promise-list.yaml -f @k1"];
    assert_data_eq!(session(&lines), file!["../snapshots/errors-promises.txt"].raw());
}

#[test]
fn networks_that_are_none() {
    let lines = [
        "verify --network nowhere.json",
        "verify --network ends.json",
        "verify --network key.json",
        "verify --network ends-network.json",
        "verify --network open-network.json",
        "verify --network types-network.json",
        "verify --network words-network.json",
        "verify --network names-network.json",
    ];
    assert_data_eq!(session(&lines), file!["../snapshots/errors-network.txt"].raw());
}

#[test]
fn every_error_is_seen_by_a_test() {
    let missing = sources::unseen();
    assert!(missing.is_empty(), "in no snapshot:\n  {}", missing.join("\n  "));
}
