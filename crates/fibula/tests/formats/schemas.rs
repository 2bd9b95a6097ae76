//! The schemas of our own answers. Every run of a test command holds its answer against them; here
//! is what keeps them complete, and seen to fail.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::common::schema::Schema;
use crate::common::{answers, run};
use crate::input;

/// A command for each form of answer.
fn answers_of_all_forms() -> Vec<(Value, String)> {
    let (shop, policies) = (&*input("shop.yaml"), &*input("policies.yaml"));
    let why = &*input("why.yaml");
    let (findings, reach) = (&*input("findings.yaml"), &*input("reach.yaml"));
    let promises = &*input("promises.yaml");
    let commands: [&[&str]; 17] = [
        &["verify", "@k1"],
        &["verify", "--without", "R1", "@k1"],
        &["verify", findings],
        &["trace", "-f", "@k1", "c1-1", "p2:8080"],
        &["trace", "-f", policies, "-n", "shop", "web", "db:5432"],
        &["trace", "-f", "@k1", "c1-1", "nobody:80"],
        &["why", "-f", why, "-n", "shop", "web", "db:5432"],
        &["why", "-f", why, "-n", "shop", "web", "cart:7070"],
        &["why", "-f", why, "-n", "shop", "cart", "db:5432", "--close"],
        &["reach", "-f", reach],
        &["diff", shop, policies],
        &["lint", findings, shop],
        &["check", promises, "-f", reach],
        &["graph", "-f", "@k1"],
        &["demo"],
        &["explain"],
        &["verify", "nowhere.yaml"],
    ];
    let answers = commands.iter().map(|command| {
        let out = run(&[*command, &["-o", "json"]].concat()).out;
        let answer: Value = serde_json::from_str(&out).expect("JSON");
        let name = answer["fibula"].as_str().expect("a name").replace('/', "-");
        (answer, name)
    });
    answers.collect()
}

fn files() -> BTreeSet<String> {
    let files = fs::read_dir(answers::schemas()).expect("the schemas");
    let names = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect()
}

#[test]
fn each_answer_has_a_schema_and_each_schema_an_answer() {
    let answers: BTreeSet<String> =
        answers_of_all_forms().into_iter().map(|(_, name)| name).collect();
    // `lab.rs` asks the kernel, where it can; `common` is a part of the others, and `promises` of
    // what is read.
    let elsewhere = ["common", "lab-check-1", "promises"].map(str::to_owned);
    let all: BTreeSet<String> = answers.into_iter().chain(elsewhere).collect();
    assert_eq!(files(), all);
}

#[test]
fn each_answer_is_documented() {
    let pages = ["json.md", "network-file.md", "check.md"];
    let read = |page: &&str| fs::read_to_string(answers::schemas().join("..").join(page));
    let text: String = pages.iter().map(|page| read(page).expect(page)).collect();
    for file in files() {
        assert!(text.contains(&format!("schemas/{file}.json")), "{file} is on no page");
    }
}

/// Takes a field out of a value, or puts one in, everywhere it can, and asks for faults each time.
fn every_fault_in(schema: &Schema, answer: &Value, at: &str, missed: &mut Vec<String>) {
    let here = answer.pointer(at).expect("a place");
    match here {
        Value::Object(fields) => {
            let mut more = answer.clone();
            more.pointer_mut(at).expect("a place")["planted"] = Value::Null;
            if schema.faults(&more).is_empty() {
                missed.push(format!("{at}: a field more"));
            }
            for name in fields.keys() {
                let mut less = answer.clone();
                let object = less.pointer_mut(at).and_then(Value::as_object_mut);
                object.expect("an object").remove(name);
                if schema.faults(&less).is_empty() {
                    missed.push(format!("{at}: without {name}"));
                }
                let name = name.replace('~', "~0").replace('/', "~1");
                every_fault_in(schema, answer, &format!("{at}/{name}"), missed);
            }
        }
        // The others are alike.
        Value::Array(items) if !items.is_empty() => {
            every_fault_in(schema, answer, &format!("{at}/0"), missed);
        }
        _ => {
            let mut other = answer.clone();
            *other.pointer_mut(at).expect("a place") = serde_json::json!({ "planted": [] });
            if schema.faults(&other).is_empty() {
                missed.push(format!("{at}: anything"));
            }
        }
    }
}

#[test]
fn a_schema_finds_what_is_planted() {
    let mut missed = BTreeSet::new();
    for (answer, name) in answers_of_all_forms() {
        if name == "network-1" {
            // What is left out of a network is empty: most fields need not be there.
            continue;
        }
        let schema = answers::schema(&answer).expect("a schema");
        let mut here = vec![];
        every_fault_in(&schema, &answer, "", &mut here);
        missed.extend(here.into_iter().map(|what| format!("{name}{what}")));
    }
    // What is proved has no counterexamples; a life that arrives has no reason not to.
    let optional = ["broken", "at_least", "shown"]
        .map(|field| format!("verify-1/constraints/0: without {field}"));
    let why = "trace-2/lives/0: without why".to_owned();
    // What a rule says has none of these.
    let isolation =
        ["id", "isolated_by"].map(|field| format!("why-1/blocks/0/policies: without {field}"));
    assert_eq!(missed, optional.into_iter().chain([why]).chain(isolation).collect());
}
