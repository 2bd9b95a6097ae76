//! A command that gives up says so in each file in which its answer is looked for, so that CI shows no
//! older one.

use std::fs;

use serde_json::Value;

use crate::common::{Ran, answers, run, schema::Schema};
use crate::xsd::Xsd;
use crate::{input, output};

const JUNIT: &str = include_str!("../standards/junit-10.xsd");
const OLD: &str = "an older answer";

/// What stands in a file after a command that gives up, in which an older answer stood.
fn after(command: &[&str], format: &str) -> String {
    let file = output(&format!("stopped-{}.{format}", command[0]));
    fs::write(&file, OLD).expect("a file");
    let to = format!("{format}={file}");
    let Ran { code, out, err } = run(&[command, &["-o", &to]].concat());
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("nowhere.yaml: expected a file or folder to read"), "{err}");
    let text = fs::read_to_string(file).expect("it is there");
    let why = "nowhere.yaml: expected a file or folder to read, got No such file or directory";
    assert!(text.contains(why) || text.contains("expected a file or folder"), "{text}");
    assert!(!text.contains(OLD), "{format}: {text}");
    text
}

const COMMANDS: [&[&str]; 3] =
    [&["check", "-f", "nowhere.yaml"], &["lint", "nowhere.yaml"], &["diff", "nowhere.yaml", "@k1"]];

#[test]
fn junit_has_a_case_that_is_an_error() {
    let written = after(COMMANDS[0], "junit");
    assert_eq!(Xsd::read(JUNIT).faults(&written), Vec::<String>::new());
    let document = roxmltree::Document::parse(&written).expect("XML");
    assert_eq!(document.root_element().attribute("errors"), Some("1"));
    assert_eq!(document.root_element().attribute("name"), Some("fibula check"));
    assert!(document.descendants().any(|node| node.has_tag_name("error")), "{written}");
}

/// What one command could not do does not replace what another did.
#[test]
fn sarif_says_that_its_command_failed() {
    let schema = Schema::open(answers::sarif());
    for command in COMMANDS {
        let written: Value = serde_json::from_str(&after(command, "sarif")).expect("JSON");
        assert_eq!(schema.faults(&written), Vec::<String>::new());
        let run = &written["runs"][0];
        assert_eq!(run["automationDetails"]["id"], format!("fibula/{}/", command[0]));
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        let notes = run["invocations"][0]["toolExecutionNotifications"].as_array();
        assert_eq!(notes.map(Vec::len), Some(1));
        assert_eq!(run["results"], serde_json::json!([]));
    }
}

#[test]
fn each_other_form_has_its_own_way_to_say_it() {
    for command in COMMANDS {
        let json: Value = serde_json::from_str(&after(command, "json")).expect("JSON");
        assert_eq!(json["fibula"], "error/1");
        assert!(after(command, "github").starts_with("::error title=cannot-run::"));
        assert!(after(command, "markdown").contains(": 1 error\n"));
        assert!(after(command, "text").starts_with("error: "));
    }
    for form in ["dot", "mermaid"] {
        let sign = if form == "dot" { "// error: " } else { "%% error: " };
        assert!(after(&["graph", "-f", "nowhere.yaml"], form).starts_with(sign));
        assert!(after(&["reach", "-f", "nowhere.yaml"], form).starts_with(sign));
    }
}

/// Names that mean nothing are an answer to programs, and errors to people.
#[test]
fn a_question_without_a_message_is_told_in_its_files_too() {
    for command in ["trace", "why"] {
        let [text, json] = ["txt", "json"].map(|form| output(&format!("stopped-{command}.{form}")));
        [&text, &json].into_iter().for_each(|file| fs::write(file, OLD).expect("a file"));
        let (to_text, to_json) = (format!("text={text}"), format!("json={json}"));
        let asked = [command, "-f", "@k1", "c1-1", "nobody:80", "-o", &to_text, "-o", &to_json];
        let Ran { code, out, err } = run(&asked);
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(fs::read_to_string(text).expect("it is there"), err);
        assert!(fs::read_to_string(json).expect("it is there").contains("nobody"));
    }
}

/// Even where nothing is to be printed.
#[test]
fn files_are_written_in_silence_too() {
    let file = output("stopped-quiet.sarif");
    fs::write(&file, OLD).expect("a file");
    let to = format!("sarif={file}");
    let Ran { code, out, .. } = run(&["lint", "nowhere.yaml", "-q", "-o", "json", "-o", &to]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(fs::read_to_string(file).expect("it is there").contains("executionSuccessful"));
}

/// Who asks in a wrong way may have named a file that is to stay.
#[test]
fn what_was_asked_wrongly_is_written_nowhere() {
    let file = output("stopped-kept");
    fs::write(&file, OLD).expect("a file");
    let (dot, sarif) = (format!("dot={file}"), format!("sarif={file}"));
    for asked in [&["-o", &*dot][..], &["-o", &sarif, "-o", &dot]] {
        let Ran { code, .. } = run(&[&["lint", "@k1"][..], asked].concat());
        assert_eq!(code, 2);
        assert_eq!(fs::read_to_string(&file).expect("it is there"), OLD);
    }
}

/// One file that cannot be written keeps no other answer from being given.
#[test]
fn each_answer_is_given_that_can_be() {
    let file = output("stopped-other.json");
    let nowhere = format!("sarif={}/a.sarif", output("nowhere"));
    let json = format!("json={file}");
    let findings = input("findings.yaml");
    let Ran { code, out, err } =
        run(&["lint", &findings, "-o", &nowhere, "-o", &json, "-o", "text"]);
    assert_eq!(code, 2);
    assert!(err.contains("cannot write") && err.contains("nowhere/a.sarif"), "{err}");
    assert_eq!(out, run(&["lint", &findings]).out);
    let json: Value =
        serde_json::from_str(&fs::read_to_string(file).expect("written")).expect("JSON");
    assert_eq!(json["fibula"], "lint/1");
}
