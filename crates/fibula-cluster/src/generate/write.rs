//! Objects as text, one at a time.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

use super::{Shape, pad, stream};
use crate::object::Object;

/// How objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One document for each object.
    Yaml,
    /// One `List`, as `kubectl get -o json` writes it.
    Json,
}

/// Writes the cluster of a shape; the same shape always gives the same bytes.
///
/// Holds one object at a time. Give a buffered writer.
///
/// # Errors
/// Those of the writer.
pub fn write(shape: &Shape, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let values = stream(shape).enumerate().map(|(index, object)| {
        let mut value = value(&object);
        pad::complete(&mut value, object.kind(), index, shape.padding);
        value
    });
    write_all(values, format, out)
}

/// Writes objects; holds one at a time.
pub(crate) fn write_all(
    values: impl Iterator<Item = Value>,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Json => {
            out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [")?;
            let mut text = Vec::new();
            for (index, value) in values.enumerate() {
                out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
                text.clear();
                let formatter = PrettyFormatter::with_indent(b"    ");
                value.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
                for line in text.split_inclusive(|&byte| byte == b'\n') {
                    out.write_all(b"        ")?;
                    out.write_all(line)?;
                }
            }
            let end = "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \
                       \"resourceVersion\": \"\"\n    }\n}\n";
            out.write_all(end.as_bytes())
        }
        Format::Yaml => {
            for (index, value) in values.enumerate() {
                if index > 0 {
                    out.write_all(b"---\n")?;
                }
                if let Value::Object(map) = &value {
                    yaml_map(map, 0, out)?;
                }
            }
            Ok(())
        }
    }
}

/// An object with its kind, as the API has it.
fn value(object: &Object) -> Value {
    let mut value = object.value();
    value["apiVersion"] = object.kind().api_version().into();
    value["kind"] = object.kind().name().into();
    value
}

fn yaml_map(map: &Map<String, Value>, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            write!(out, "{:indent$}", "")?;
        }
        yaml_string(key, out)?;
        out.write_all(b":")?;
        match value {
            Value::Object(map) if !map.is_empty() => {
                write!(out, "\n{:1$}", "", indent + 2)?;
                yaml_map(map, indent + 2, out)?;
            }
            Value::Array(list) if !list.is_empty() => {
                out.write_all(b"\n")?;
                yaml_list(list, indent, out)?;
            }
            scalar => {
                out.write_all(b" ")?;
                yaml_scalar(scalar, out)?;
            }
        }
    }
    Ok(())
}

fn yaml_list(list: &[Value], indent: usize, out: &mut dyn Write) -> io::Result<()> {
    for value in list {
        write!(out, "{:indent$}- ", "")?;
        match value {
            Value::Object(map) if !map.is_empty() => yaml_map(map, indent + 2, out)?,
            scalar => yaml_scalar(scalar, out)?,
        }
    }
    Ok(())
}

fn yaml_scalar(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::String(text) => yaml_string(text, out)?,
        // JSON is YAML; a list in a list comes here too.
        other => write!(out, "{other}")?,
    }
    out.write_all(b"\n")
}

/// A string without quotes where it cannot be taken for anything else.
fn yaml_string(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    match plain {
        true => out.write_all(text.as_bytes()),
        false => write!(out, "{}", Value::from(text)),
    }
}
