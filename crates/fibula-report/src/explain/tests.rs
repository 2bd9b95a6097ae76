use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use fibula_network::walk::Verdict;

use super::*;
use crate::page::Screen;

const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The code of the crates, without comments; of the binary everything, for its help is made of
/// comments.
fn code() -> Vec<String> {
    fn visit(dir: &Path, help: bool, files: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                visit(&path, help, files)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                let lines = text.lines();
                let code = lines
                    .map(|line| if help { line } else { line.split("//").next().unwrap_or("") });
                files.push(code.collect::<Vec<_>>().join("\n"));
            }
        }
        Ok(())
    }
    let mut files = vec![];
    for entry in fs::read_dir(CRATES).expect("crates") {
        let path = entry.expect("a crate").path();
        let help = path.ends_with("fibula");
        let sources = path.join("src");
        if sources.is_dir() {
            visit(&sources, help, &mut files).expect("sources");
        }
    }
    files
}

/// The ids of statements that a text cites: `POD-7`, `DR-2b`.
fn statements(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    let statement = |word: &&str| {
        let Some((kind, number)) = word.split_once('-') else { return false };
        ["NM", "IP", "POD", "SVC", "NP", "CNP", "DR", "DNS"].contains(&kind)
            && number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_alphanumeric())
    };
    text.split(word).filter(statement).map(str::to_owned).collect()
}

#[test]
fn every_id_that_is_shown_is_explained() {
    let model = [("N", 6), ("C", 4), ("G", 8), ("F", 5), ("R", 5), ("K", 1), ("L", 4)];
    let model = model.iter().flat_map(|(kind, n)| (1..=*n).map(move |i| format!("{kind}{i}")));
    let verdicts = Verdict::ALL.into_iter().map(|verdict| verdict.name().to_owned());
    let words = ["own", "hosted", "elsewhere", "other-node", "listened", "listener", "me", "host"];
    let words = words
        .into_iter()
        .chain(["owner", "owner's node", "undecided", "astray"])
        .map(str::to_owned);
    let code = code();
    let findings = fibula_answers::lint::ids().into_iter().map(str::to_owned);
    let cited = code.iter().flat_map(|file| statements(file));
    let shown = model.chain(verdicts).chain(words).chain(findings).chain(cited);
    let missing: BTreeSet<String> = shown.filter(|id| explain(id).is_none()).collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn topics_are_well_formed_and_lead_to_others() {
    let mut seen = BTreeSet::new();
    for topic in topics() {
        let id = topic.id;
        assert!(seen.insert(key(id)), "{id} twice");
        assert!(
            !topic.title.is_empty() && !topic.title.ends_with('.'),
            "{id}: a line, no full stop"
        );
        let most = if finding(id) { 14 } else { 10 };
        assert!((1..=most).contains(&topic.body.len()), "{id}: {} lines", topic.body.len());
        let fits = |line: &str| line.len() <= 84 || finding(id) && line.starts_with("    ");
        assert!(topic.body.iter().all(|line| fits(line)), "{id}: fits 80 columns");
        for other in &topic.see {
            assert!(*other != id && explain(other).is_some(), "{id}: see also {other}");
        }
    }
}

#[test]
fn statements_words_and_findings_are_sorted() {
    for group in GLOSSARY.iter() {
        let ids: Vec<(String, u32)> = group
            .topics
            .iter()
            .map(|topic| {
                let digits = topic.id.trim_start_matches(|c: char| !c.is_ascii_digit());
                let kind = topic.id.trim_end_matches(digits);
                // DR-2b comes behind DR-2.
                let number = digits.trim_end_matches(|c: char| c.is_ascii_lowercase());
                (kind.to_ascii_lowercase(), number.parse().unwrap_or(0))
            })
            .collect();
        assert!(group.title == "Verdicts" || ids.is_sorted(), "{}: {ids:?}", group.title);
    }
    let verdicts = GLOSSARY.iter().find(|group| group.title == "Verdicts").expect("verdicts");
    let ids = verdicts.topics.iter().map(|topic| topic.id);
    let all = Verdict::ALL.into_iter().map(Verdict::name).chain(["astray", "undecided"]);
    assert!(ids.eq(all), "in the order of the table of verdicts");
}

#[test]
fn the_group_of_findings_is_all_of_them() {
    let group = GLOSSARY.iter().find(|group| group.title == "Findings").expect("findings");
    let ids: Vec<&str> = group.topics.iter().map(|topic| topic.id).collect();
    assert_eq!(ids, fibula_answers::lint::ids());
}

#[test]
fn ids_are_found_however_they_are_written() {
    for (written, id) in [
        ("f4", "F4"),
        ("Pod-7", "POD-7"),
        ("pod 7", "POD-7"),
        ("No-Link", "no link"),
        ("dropped_by_policy", "dropped by policy"),
        ("owners-node", "owner's node"),
        ("POD7", "POD-7"),
    ] {
        let page = explain(written).expect(written).render(&Screen::PIPE);
        assert!(page.starts_with(&format!("{id}  ")), "{written}: {page}");
    }
    assert_eq!(explain(""), None);
    assert_eq!(explain("F6"), None);
}

#[test]
fn an_unknown_id_has_near_names() {
    assert_eq!(near_ids("overlaping-range"), ["overlapping-ranges"]);
    assert!(near_ids("POD 70").contains(&"POD-7"));
    assert_eq!(near_ids("zebra"), Vec::<&str>::new());
    assert!(near_ids("").is_empty());
}

#[test]
fn an_explanation_prints() {
    let page = explain("F5").expect("F5 is explained").render(&Screen::PIPE);
    let expected = "\
F5  the address of a Pod elsewhere, to its Node

  In the FIB of a Node, for each Pod that another Node hosts:

      [* * 10.0.2.1 * Forward(n2)]

  If one Node lacks it, its own Pods cannot reach that Pod, and all others can.

  see also  elsewhere, F4, G8
";
    assert_eq!(page, expected);
    let all = explain_all().render(&Screen::PIPE);
    assert!(ids().all(|id| all.contains(id)));
}
