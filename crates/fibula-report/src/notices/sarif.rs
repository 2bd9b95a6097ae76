//! Notices as SARIF 2.1.0, the standard form of what analysis finds. What reads it (GitHub, GitLab,
//! editors) knows a result again by its rule, its file and its fingerprint.

use std::collections::BTreeMap;

use fibula_cluster::Severity;
use serde_json::{Map, Value, json};

use super::{Notice, Off, Run, Spot, fingerprints};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative references are relative to.
const ROOT: &str = "SRCROOT";

/// One run, as a log file of SARIF.
pub fn sarif(run: &Run<'_>) -> Value {
    let rules = rules(run.notices);
    let fingerprints = fingerprints(run.notices);
    let some_off = run.notices.iter().any(|notice| notice.off.is_some());
    let results = run.notices.iter().zip(fingerprints).map(|(notice, fingerprint)| {
        let mut result = result(run, notice);
        let index = rules.keys().position(|id| *id == notice.id);
        result.insert("ruleIndex".to_owned(), json!(index));
        result.insert("partialFingerprints".to_owned(), json!({ "fibula/v1": fingerprint }));
        // Where one result says it, all have to.
        if some_off {
            let off = notice.off.map(|off| match off {
                Off::InPlace => json!({ "kind": "inSource" }),
                Off::Elsewhere => json!({ "kind": "external" }),
            });
            let off: Vec<Value> = off.into_iter().collect();
            result.insert("suppressions".to_owned(), json!(off));
        }
        Value::Object(result)
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "fibula",
                "semanticVersion": run.version,
                "rules": rules.values().collect::<Vec<_>>(),
            } },
            // What one command finds does not replace what another did.
            "automationDetails": { "id": format!("fibula/{}/", run.command) },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": {
                "text": "The root of the repository; outside of one the working directory"
            } } },
            "invocations": [{
                "executionSuccessful": run.exit != CANNOT,
                "exitCode": run.exit,
                "toolExecutionNotifications":
                    run.beside.iter().map(|notice| notification(run, notice)).collect::<Vec<_>>(),
            }],
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// The exit code of what cannot run, or only in part.
const CANNOT: u8 = 2;

/// What kinds of notices there are, by id, as they are explained.
fn rules(notices: &[Notice]) -> BTreeMap<&'static str, Value> {
    let mut kinds: BTreeMap<&str, Vec<&Notice>> = BTreeMap::new();
    for notice in notices {
        kinds.entry(notice.id).or_default().push(notice);
    }
    let rule = |(id, notices): (&'static str, Vec<&Notice>)| {
        let worst = notices.iter().map(|notice| notice.severity).min().unwrap_or(Severity::Note);
        let first = notices.first()?;
        let mut rule = json!({
            "id": id,
            "defaultConfiguration": { "level": level(worst) },
            "properties": { "problem.severity": severity(worst), "tags": tags(first.rule) },
        });
        if let Some(topic) = first.topic() {
            let text = topic.body.join("\n");
            let whole = topic.body.iter().take_while(|line| !line.is_empty());
            let paragraph: Vec<&str> = whole.copied().collect();
            rule["shortDescription"] = json!({ "text": topic.title });
            rule["fullDescription"] = json!({ "text": paragraph.join(" ") });
            // The glossary is Markdown already: an example is indented by four spaces.
            rule["help"] = json!({ "text": text, "markdown": text });
        }
        Some((id, rule))
    };
    kinds.into_iter().filter_map(rule).collect()
}

fn tags(rule: &str) -> Vec<&str> {
    ["kubernetes", "network", rule].into_iter().filter(|tag| !tag.is_empty()).collect()
}

fn result(run: &Run<'_>, notice: &Notice) -> Map<String, Value> {
    let mut result = Map::new();
    let mut put = |key: &str, value: Value| {
        result.insert(key.to_owned(), value);
    };
    put("ruleId", json!(notice.id));
    put("level", json!(level(notice.severity)));
    put("message", message(notice));
    if !notice.subjects.is_empty() {
        put("properties", json!({ "subjects": notice.subjects }));
    }
    // Not every reader accepts a result without a place.
    let main = notice.places.first().and_then(|spot| location(run, spot));
    let main = main.or_else(|| run.home.and_then(|file| location(run, &Spot::of(file))));
    put("locations", main.into_iter().collect());
    let related = notice.places.iter().skip(1).filter_map(|spot| location(run, spot));
    let related: Vec<Value> = related
        .enumerate()
        .map(|(i, mut location)| {
            location["id"] = json!(i + 1);
            location["message"] = json!({ "text": "here too" });
            location
        })
        .collect();
    if !related.is_empty() {
        put("relatedLocations", json!(related));
    }
    result
}

fn message(notice: &Notice) -> Value {
    let mut text = notice.message.clone();
    if !notice.details.is_empty() {
        text += "\n\n";
        text += &notice.details.join("\n");
    }
    json!({ "text": text })
}

/// None for what stands in no file.
fn location(run: &Run<'_>, spot: &Spot) -> Option<Value> {
    let told = run.root.tell(&spot.file)?;
    let mut artifact = json!({ "uri": told.uri() });
    if told.inside {
        artifact["uriBaseId"] = json!(ROOT);
    }
    let mut physical = json!({ "artifactLocation": artifact });
    if let Some(line) = spot.line {
        physical["region"] = json!({ "startLine": line });
        if let Some(column) = spot.column {
            physical["region"]["startColumn"] = json!(column);
        }
    }
    Some(json!({ "physicalLocation": physical }))
}

/// Something that the tool has to say of its own run.
fn notification(run: &Run<'_>, notice: &Notice) -> Value {
    let locations: Vec<Value> =
        notice.places.iter().filter_map(|spot| location(run, spot)).collect();
    json!({
        "descriptor": { "id": notice.id },
        "level": level(notice.severity),
        "message": message(notice),
        "locations": locations,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// As those write it who show a list of rules.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "recommendation",
    }
}
