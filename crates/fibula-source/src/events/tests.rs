use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{lenient, saphyr, scan, yaml};

/// Lines that manifests are made of, good and bad.
fn line() -> impl Strategy<Value = String> {
    let content = prop::sample::select(vec![
        "a:",
        "b: 1",
        "- c",
        "- d: 2",
        "- e:",
        "-",
        "- - f",
        "g: 'it''s' # h",
        "i: \"j\\n\"",
        "k: |",
        "l: |-",
        "m: >-",
        "n: {}",
        "o: []",
        "p: {q: 1, \"r\": [s, t]}",
        "u: v w",
        "x: &y z",
        "aa: *y",
        "# bb",
        "",
        "cc: dd #ee",
        "ff: gg:hh",
        "'ii': jj",
        "\"kk\": ll",
        "mm: - nn",
        "oo : pp",
        "?",
        "qq: !!str 1",
        "rr: \t",
        "ss: http://tt:80/",
        "<<: {a: 1}",
        "uu: [1,2]",
        "- |",
        "- [a, b]",
        "- {a: b}",
        "- 'x'",
        "- \"y\" ",
        "- -1",
        "é: ü",
        "vv: [",
        "]",
        "- ? a",
        "ww: @x",
        "xx: {a: b}c",
        "yy: 'z' zz",
        "text",
        "k: |+",
        "- --flag=x",
        "{{ x }}",
        "k: a: b",
        "k: 'a",
        "---",
        "...",
        "k: \"\\x41\"",
        "- a: |",
        "k:v",
        "-k: v",
        "k: [a: b]",
        "k: {a}",
    ]);
    (0usize..6, content).prop_map(|(indent, content)| format!("{:indent$}{content}\n", ""))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scanner_takes_nothing_otherwise_than_saphyr(lines in prop::collection::vec(line(), 0..8)) {
        let text: String = lines.concat();
        if let Some(events) = scan::scan(&text) {
            match saphyr::parse(&text, &text, &BTreeMap::new()) {
                Ok(expected) => prop_assert_eq!(events, expected, "{}", text),
                Err(broken) => prop_assert!(false, "saphyr: {:?} in\n{}", broken.error, text),
            }
        }
    }

    #[test]
    fn any_text_gives_events_or_an_error(text in "\\PC{0,40}|[-a:\\[\\]{} \n'\"|>&*#?!,]{0,60}") {
        let _ = yaml(&text);
        let _ = super::json(&text);
        let _ = lenient::parse(&text);
    }
}

#[test]
fn what_kubectl_takes_is_taken() {
    let table = [
        ("a:\n  b: [\n    c\n]\nd: 1\n", "a:\n  b: [ c ]\nd: 1\n"),
        ("a:\n  b:\n    [\n\t'c',\n\t'd'\n  ]\n", "a:\n  b: [ 'c', 'd' ]\n"),
        ("a:\n  b: 'c\nd'\n", "a:\n  b: 'c d'\n"),
        ("a:\n  b: {\n  c: 1,\nd: 2\n}\n", "a:\n  b: { c: 1, d: 2 }\n"),
    ];
    for (text, same) in table {
        let whats = |text| {
            let events = yaml(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            events.into_iter().map(|event| event.what).collect::<Vec<_>>()
        };
        assert_eq!(whats(text), whats(same), "{text}");
    }
    assert!(yaml("a:\n\tb: 1\n").is_err(), "tabs are no indentation");
}

#[test]
fn aliases_and_merges_are_resolved() {
    let table = [
        ("a: &x {b: 1}\nc: *x\n", "a: {b: 1}\nc: {b: 1}\n"),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n", "a: {b: 1, c: 2}\nd: {b: 3, c: 2}\n"),
        ("<<: [{a: 1}, {a: 2, b: 3}]\n", "{a: 1, b: 3}"),
    ];
    for (text, same) in table {
        let whats = |text| {
            let events = yaml(text).expect("it is valid");
            events.into_iter().map(|event| event.what).collect::<Vec<_>>()
        };
        assert_eq!(whats(text), whats(same), "{text}");
    }
}

#[test]
fn bombs_are_refused() {
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        aliases += &format!("a{level}: &a{level} [{before}]\n");
    }
    let deep = ["[".repeat(100_000), "{a: ".repeat(10_000), "- ".repeat(10_000)];
    for text in deep.iter().chain([&aliases, &"&a [*a]".to_owned()]) {
        assert!(yaml(text).is_err(), "{}", &text[..7]);
    }
    assert!(super::json(&"[".repeat(100_000)).is_err());
}

/// Real documents: the scanner takes most, and each as saphyr does.
#[test]
fn the_scanner_agrees_with_saphyr_on_real_files() {
    let root = std::env::var_os("FIBULA_CASES").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases").into(),
        std::path::PathBuf::from,
    );
    let (mut taken, mut all) = (0, 0);
    for entry in walkdir::WalkDir::new(root).into_iter().flatten() {
        if entry.path().extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        for document in text.split("\n---") {
            let document = document.trim_start_matches("---");
            all += 1;
            if let Some(events) = scan::scan(document) {
                taken += 1;
                let expected = saphyr::parse(document, document, &BTreeMap::new());
                assert_eq!(Ok(events), expected.map_err(|broken| broken.error), "{document}");
            }
        }
    }
    assert!(taken * 4 >= all * 3, "{taken} of {all}");
}
