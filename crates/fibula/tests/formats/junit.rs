//! JUnit's XML, by the schema of Jenkins.

use fibula_report::{Case, CaseOutcome, Root, Spot, junit};
use snapbox::{assert_data_eq, file};

use crate::xsd::Xsd;

const SCHEMA: &str = include_str!("../standards/junit-10.xsd");

fn case(suite: &str, name: &str, place: &str, outcome: CaseOutcome) -> Case {
    let place = (!place.is_empty()).then(|| Spot::of(place));
    Case { suite: suite.to_owned(), name: name.to_owned(), place, outcome }
}

fn written(cases: &[Case]) -> String {
    let mut out = vec![];
    junit("fibula check", cases, &Root::new("/shop", "/shop/ops"), &mut out).expect("written");
    String::from_utf8(out).expect("UTF-8")
}

/// Each way in which something can come out, with all that XML has a meaning for.
fn cases() -> Vec<Case> {
    let line = "adservice → node-1 → redis-cart:6379 is delivered".to_owned();
    let broken = CaseOutcome::Failed(
        "open to 9 workloads, and <\"any\"> & more".to_owned(),
        vec![line, "\tdeploy/x.yaml:1187 ]]> \u{1b}[31m\r".to_owned()],
    );
    let open = CaseOutcome::Undecided("depends on the plugin (DR-2b)".to_owned(), vec![]);
    let wrong = CaseOutcome::Error("nothing is named\n\"fronted\"".to_owned(), vec![]);
    vec![
        case("promises.yaml", "redis-is-private", "promises.yaml:2", broken),
        case("promises.yaml", "front-door", "promises.yaml:6", CaseOutcome::Passed),
        case("implied", "web → db:5432", "", open),
        case("promises.yaml", "typo", "../other/promises.yaml:9:3", wrong),
    ]
}

#[test]
fn cases_are_written_as_the_schema_says() {
    let written = written(&cases());
    assert_eq!(Xsd::read(SCHEMA).faults(&written), Vec::<String>::new());
    assert_data_eq!(written, file!["../snapshots/junit.xml"].raw());
}

#[test]
fn no_case_is_no_fault() {
    assert_eq!(Xsd::read(SCHEMA).faults(&written(&[])), Vec::<String>::new());
}

#[test]
fn text_comes_back_as_it_was() {
    let written = written(&cases());
    let document = roxmltree::Document::parse(&written).expect("XML");
    let failure = document.descendants().find(|n| n.has_tag_name("failure")).expect("one");
    assert_eq!(failure.attribute("message"), Some("open to 9 workloads, and <\"any\"> & more"));
    let lines: Vec<&str> = failure.text().expect("details").split('\n').collect();
    assert_eq!(lines[0], "ops/promises.yaml:2");
    assert_eq!(lines[2], "\tdeploy/x.yaml:1187 ]]> \u{fffd}[31m\r");
    let error = document.descendants().find(|n| n.has_tag_name("error")).expect("one");
    assert_eq!(error.attribute("message"), Some("nothing is named\n\"fronted\""));
    assert_eq!(error.text(), Some("other/promises.yaml:9:3"));
}

#[test]
fn suites_count_their_own() {
    let written = written(&cases());
    let document = roxmltree::Document::parse(&written).expect("XML");
    let counts = |node: roxmltree::Node<'_, '_>| {
        let of = |name| node.attribute(name).map(|n: &str| n.parse::<usize>().expect("a number"));
        [of("tests"), of("failures"), of("errors"), of("skipped")]
    };
    let suites = document.descendants().filter(|n| n.has_tag_name("testsuite"));
    let suites: Vec<_> = suites.map(|n| (n.attribute("name").unwrap_or(""), counts(n))).collect();
    assert_eq!(
        suites,
        [
            ("promises.yaml", [Some(3), Some(1), Some(1), Some(0)]),
            ("implied", [Some(1), Some(0), Some(0), Some(1)]),
        ]
    );
    assert_eq!(counts(document.root_element()), [Some(4), Some(1), Some(1), None]);
}

#[test]
fn the_schema_finds_what_is_planted() {
    let written = written(&cases());
    for (is, becomes) in [
        ("<testcase name=\"front-door\"", "<testcase"),
        ("<testcase ", "<testcase file=\"x\" "),
        ("skipped>", "ignored>"),
        (" tests=\"3\"", ""),
        ("\"/>\n", "\">passed</testcase>\n"),
        ("</testsuites>", ""),
        ("<testsuite ", "stray <testsuite "),
    ] {
        let broken = written.replace(is, becomes);
        assert_ne!(broken, written, "{is}");
        assert!(!Xsd::read(SCHEMA).faults(&broken).is_empty(), "{is} becomes {becomes}");
    }
}
