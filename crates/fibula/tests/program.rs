//! How the program behaves beside other programs: inputs, outputs, exit codes, pipes.

mod common;

use std::io::{BufRead as _, Read as _};
use std::process::{Command, Stdio};

use fibula_report::Screen;

use common::{run, run_on};

/// A file among the inputs of these tests.
fn input(name: &str) -> String {
    format!("{}/tests/input/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A new file of the tests' own.
fn output(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn standard_input_and_the_default_are_inputs() {
    let manifests = std::fs::read_to_string(input("shop.yaml")).expect("it is there");
    let args = ["trace", "-f", "-", "-n", "shop", "web", "db/exporter:9187"];
    let given = run_on(Screen::PIPE, &args, manifests.as_bytes());
    assert!(given.code == 0 && given.out.contains(" -:93"), "{}", given.out);

    let (mut out, mut err) = (vec![], vec![]);
    let mut streams = fibula::Streams {
        input: &mut || Ok(vec![]),
        out: &mut out,
        screen: Screen::PIPE,
        err: &mut err,
        err_screen: Screen::PIPE,
    };
    let args = ["fibula", "verify", "-o", "json"].map(Into::into);
    assert_eq!(fibula::run(args, Some("@k1".into()), &mut streams), 0);
    assert!(String::from_utf8(out).expect("UTF-8").contains("\"verdict\": \"proved\""));
}

#[test]
fn answers_go_where_they_are_wanted() {
    let file = output("verify.json");
    let to_file = format!("json={file}");
    let both = run(&["verify", "@k1", "-o", "text", "-o", &to_file]);
    assert!(both.out.starts_with("read ") && both.err.is_empty(), "{}", both.out);
    let written = || std::fs::read_to_string(&file).expect("it was written");
    let printed = run(&["verify", "@k1", "-o", "json"]).out;
    assert_eq!(written(), printed);
    std::fs::remove_file(&file).expect("it was written");

    let quiet = run(&["verify", "@k1", "-q", "-o", "json", "-o", &to_file]);
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (0, "", ""));
    assert_eq!(written(), printed);

    let nowhere = run(&["verify", "@k1", "-o", "json=nowhere/verify.json"]);
    assert_eq!((nowhere.code, nowhere.out.as_str()), (2, ""));
    assert!(nowhere.err.starts_with("error: cannot write nowhere/verify.json: "));
}

#[test]
fn what_is_said_twice_is_said_once() {
    let manifests = std::fs::read_to_string(input("shop.yaml")).expect("it is there");
    let verify = |args: &[&str]| {
        let args = [&["verify", "-o", "json"], args].concat();
        let ran = run_on(Screen::PIPE, &args, manifests.as_bytes());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        ran.out
    };
    assert_eq!(verify(&["-", "-f", "-"]), verify(&["-"]));
    let daemon = ["-", "--daemon", "agent:9100", "--daemon", "agent:9100"];
    assert_eq!(verify(&daemon), verify(&daemon[..3]));
}

/// Cannot run comes over no, no over undecided, undecided over yes.
#[test]
fn exit_codes_are_the_answer() {
    let twins = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: A}]}\n";
    let other = twins.replace("{name: a}", "{name: c}");
    let undecided = format!("{twins}---\n{}---\n{other}", twins.replace('A', "b"));
    let looping = "--without R1 --listeners declared";
    let (shop, services) = (input("shop.yaml"), input("services.yaml"));
    let refused = input("refused.yaml");
    let findings = input("findings.yaml");
    let table: &[(&str, u8)] = &[
        ("demo", 0),
        ("explain", 0),
        ("explain XYZ", 2),
        ("verify @k1", 0),
        ("verify @k1 --without R1", 1),
        ("verify -", 3),
        (&format!("verify - {looping}"), 1),
        (&format!("verify {refused}"), 2),
        (&format!("verify {refused} {looping}"), 2),
        (&format!("verify {refused} -"), 2),
        (&format!("verify {findings}"), 1),
        ("trace -f @k1 c1-1 p2:8080", 0),
        ("trace -f @k1 c1-1 p2:1234", 1),
        ("trace -f @k1 --without R1 c1-1 p2:1234", 1),
        (&format!("trace -f {shop} shop/web svc/db:5432"), 0),
        (&format!("trace -f {shop} shop/web svc/db:5433"), 1),
        (&format!("trace -f {services} --listeners declared shop/web api"), 1),
        (&format!("trace -f {refused} fine fine:80"), 2),
        ("trace -f - a a:80", 3),
        ("trace -f @k1 nobody p2:8080", 2),
        ("lint @k1", 0),
        ("lint @k1 --deny warning", 0),
        ("lint @k1 --deny note", 1),
        (&format!("lint {findings}"), 0),
        (&format!("lint {findings} --deny error"), 1),
        (&format!("lint {refused} --deny note"), 2),
        ("graph -f @k1 nobody", 2),
        (&format!("graph -f {refused}"), 2),
        ("generate --nodes 1", 0),
        ("verify", 2),
        ("--help", 0),
        ("--version", 0),
        ("verify --wrong", 2),
    ];
    for (line, code) in table {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ran = run_on(Screen::PIPE, &words, undecided.as_bytes());
        assert_eq!(ran.code, *code, "{line}\n{}{}", ran.out, ran.err);
        let quiet = run_on(Screen::PIPE, &[&words[..], &["-q"]].concat(), undecided.as_bytes());
        let speaks = ["generate", "verify --wrong", "--help", "--version"];
        if !speaks.iter().any(|start| line.starts_with(start)) {
            assert_eq!((quiet.code, quiet.out.as_str()), (*code, ""), "{line} -q");
        }
    }
}

#[test]
fn completions_are_scripts() {
    let bash = run(&["completions", "bash"]);
    assert_eq!((bash.code, bash.err.as_str()), (0, ""));
    for word in ["_fibula()", "verify", "--network", "complete -F _fibula"] {
        assert!(bash.out.contains(word), "{word}");
    }
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(!run(&["completions", shell]).out.is_empty(), "{shell}");
    }
}

/// `fibula graph | head -1`
#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut fibula = Command::new(env!("CARGO_BIN_EXE_fibula"))
        .args(["generate", "--nodes", "40"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = fibula.stdout.take().expect("it is piped");
    let mut first = String::new();
    std::io::BufReader::new(out).read_line(&mut first).expect("it prints");
    assert_eq!(first, "apiVersion: v1\n");
    let mut err = String::new();
    fibula.stderr.take().expect("it is piped").read_to_string(&mut err).expect("it ends");
    assert_eq!(err, "");
    assert_eq!(fibula.wait().expect("it ends").code(), Some(0));
}
