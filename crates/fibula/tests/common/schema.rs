//! JSON Schema, as far as the schemas here go: of drafts 4 to 7 what they say, and a word that this
//! does not know is a panic, for what is not checked must not pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use serde_json::{Map, Value};

/// A schema, and what is wrong with a value by it.
pub(crate) struct Schema {
    file: PathBuf,
    /// Whether fields that it does not name are wrong, where it says nothing of them: so that none
    /// is printed that is not documented.
    closed: bool,
}

/// A schema in a file: where `$ref` leads from.
type File = &'static Value;

// === impl Schema ===

impl Schema {
    /// A schema as it is written.
    pub(crate) fn open(file: impl Into<PathBuf>) -> Schema {
        Schema { file: file.into(), closed: false }
    }

    /// A schema that names every field.
    pub(crate) fn closed(file: impl Into<PathBuf>) -> Schema {
        Schema { file: file.into(), closed: true }
    }

    /// What is wrong with a value: a line for each fault, with where it is.
    pub(crate) fn faults(&self, value: &Value) -> Vec<String> {
        let schema = read(&self.file);
        let mut faults = vec![];
        self.check(&self.file, schema, value, "", &mut faults);
        faults
    }

    fn check(
        &self,
        file: &Path,
        schema: &Value,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let Value::Object(schema) = schema else {
            assert_eq!(*schema, Value::Bool(true), "a schema is an object");
            return;
        };
        let mut fault = |what: String| faults.push(format!("{}: {what}", shown(at)));
        for (word, says) in schema {
            match word.as_str() {
                "type" => {
                    let types = says.as_array().map_or(std::slice::from_ref(says), Vec::as_slice);
                    if !types.iter().any(|of| is(value, text(of))) {
                        fault(format!("not of type {says}"));
                    }
                }
                "enum" if !list(says).contains(value) => fault(format!("{value} is not in {says}")),
                "const" if says != value => fault(format!("{value} is not {says}")),
                "minimum" if value.as_f64() < says.as_f64() && value.is_number() => {
                    fault(format!("{value} is below {says}"));
                }
                "maximum" if value.as_f64() > says.as_f64() && value.is_number() => {
                    fault(format!("{value} is above {says}"));
                }
                "minItems" if value.as_array().is_some_and(|v| v.len() < size(says)) => {
                    fault(format!("fewer than {says}"));
                }
                "maxItems" if value.as_array().is_some_and(|v| v.len() > size(says)) => {
                    fault(format!("more than {says}"));
                }
                "uniqueItems" if value.as_array().is_some_and(|items| twice(items)) => {
                    fault("something twice".to_owned());
                }
                "format" if value.as_str().is_some_and(|value| !has_format(text(says), value)) => {
                    fault(format!("{value} is no {says}"));
                }
                "pattern" if value.is_string() => panic!("{at}: a pattern: {says}"),
                "required" => {
                    for name in list(says).iter().map(text) {
                        if value.as_object().is_some_and(|value| !value.contains_key(name)) {
                            fault(format!("no {name}"));
                        }
                    }
                }
                "enum" | "const" | "minimum" | "maximum" | "minItems" | "maxItems"
                | "uniqueItems" | "format" | "pattern" => {}
                "$schema" | "id" | "title" | "description" | "default" | "definitions" => {}
                "$ref" | "items" | "properties" | "additionalProperties" | "anyOf" | "oneOf" => {}
                word => panic!("{}: the word {word} is not known", file.display()),
            }
        }
        self.check_parts(file, schema, value, at, faults);
    }

    /// What a schema says by others.
    fn check_parts(
        &self,
        file: &Path,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        if let Some(to) = schema.get("$ref") {
            let (file, schema) = follow(file, text(to));
            self.check(&file, schema, value, at, faults);
        }
        for (word, least, most) in [("anyOf", 1, usize::MAX), ("oneOf", 1, 1)] {
            let Some(others) = schema.get(word) else { continue };
            let tried: Vec<Vec<String>> = list(others)
                .iter()
                .map(|other| {
                    let mut faults = vec![];
                    self.check(file, other, value, at, &mut faults);
                    faults
                })
                .collect();
            let n = tried.iter().filter(|faults| faults.is_empty()).count();
            if n < least || n > most {
                let all = tried.concat().join("; ");
                faults.push(format!("{}: {n} of {word} hold: {all}", shown(at)));
            }
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (i, value) in values.iter().enumerate() {
                self.check(file, items, value, &format!("{at}[{i}]"), faults);
            }
        }
        let Some(fields) = value.as_object() else { return };
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match (known.and_then(|known| known.get(name)), others) {
                (Some(schema), _) => self.check(file, schema, value, &at, faults),
                (None, Some(Value::Bool(false))) => faults.push(format!("{at}: not known")),
                (None, Some(others)) => self.check(file, others, value, &at, faults),
                (None, None) if self.closed && known.is_some() => {
                    faults.push(format!("{at}: not documented"));
                }
                (None, None) => {}
            }
        }
    }
}

/// A file, read once.
fn read(file: &Path) -> File {
    static FILES: LazyLock<Mutex<BTreeMap<PathBuf, File>>> = LazyLock::new(Mutex::default);
    let mut files = FILES.lock().expect("no test panics while it reads");
    files.entry(file.to_owned()).or_insert_with(|| {
        let text = std::fs::read_to_string(file).expect("a schema");
        Box::leak(Box::new(serde_json::from_str(&text).expect("JSON")))
    })
}

/// Where a reference leads: `#/definitions/life`, `common.json#/definitions/life`.
fn follow(file: &Path, to: &str) -> (PathBuf, File) {
    let (name, pointer) = to.split_once('#').expect("a reference");
    let file = if name.is_empty() { file.to_owned() } else { file.with_file_name(name) };
    let schema = read(&file).pointer(pointer);
    (file, schema.unwrap_or_else(|| panic!("{to} leads nowhere")))
}

fn shown(at: &str) -> &str {
    if at.is_empty() { "." } else { at }
}

fn is(value: &Value, of: &str) -> bool {
    match of {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        of => panic!("the type {of} is not known"),
    }
}

fn has_format(format: &str, value: &str) -> bool {
    let uri = |value: &str| {
        let mut bytes = value.bytes();
        while let Some(byte) = bytes.next() {
            let hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
            let good = match byte {
                b'%' => hex(bytes.next()) && hex(bytes.next()),
                byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
            };
            if !good {
                return false;
            }
        }
        // A colon in the first part of a path would end a scheme.
        let first = value.split('/').next().unwrap_or_default();
        first.split_once(':').is_none_or(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        })
    };
    match format {
        "uri-reference" => uri(value),
        "uri" => uri(value) && value.split('/').next().is_some_and(|first| first.contains(':')),
        format => panic!("the format {format} is not known"),
    }
}

fn twice(items: &[Value]) -> bool {
    items.iter().enumerate().any(|(i, item)| items[..i].contains(item))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn size(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a size")).expect("a size")
}
