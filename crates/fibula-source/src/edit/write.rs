//! Values as YAML, in the style of what they come into.

use serde_json::Value;

use crate::scalar::{Plain, plain};

/// How a file is indented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// By how much a mapping stands behind its key.
    pub(crate) step: usize,
    /// By how much the dash of a sequence stands behind its key.
    pub(crate) dash: usize,
}

impl Style {
    /// As `kubectl get -o yaml` has it.
    pub(crate) const USUAL: Style = Style { step: 2, dash: 0 };
}

/// A value as lines of block style, from the left edge on. What is empty is written as flow.
pub(crate) fn block(value: &Value, style: Style) -> Vec<String> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().flat_map(|(key, value)| entry(key, value, style)).collect()
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().flat_map(|value| item(value, style)).collect()
        }
        other => vec![flow(other)],
    }
}

/// A key and its value.
pub(crate) fn entry(key: &str, value: &Value, style: Style) -> Vec<String> {
    let key = scalar(key);
    let by = match value {
        Value::Object(map) if !map.is_empty() => style.step,
        Value::Array(items) if !items.is_empty() => style.dash,
        other => return vec![format!("{key}: {}", flow(other))],
    };
    let inside = block(value, style).into_iter().map(|line| format!("{:by$}{line}", ""));
    std::iter::once(format!("{key}:")).chain(inside).collect()
}

/// An item of a sequence.
pub(crate) fn item(value: &Value, style: Style) -> Vec<String> {
    let lines = block(value, style).into_iter().enumerate();
    lines.map(|(i, line)| format!("{} {line}", if i == 0 { "-" } else { " " })).collect()
}

/// A value in one line.
pub(crate) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries =
                map.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A string, quoted where it would be read as something else.
pub(crate) fn scalar(text: &str) -> String {
    let begins = |c: char| "-?:,[]{}#&*!|>'\"%@` ".contains(c);
    let odd = |c: char| c.is_control() || "{}[],".contains(c);
    let quoted = text.starts_with(begins)
        || text.contains(odd)
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with([':', ' '])
        || plain(text) != Plain::Text;
    match quoted {
        true => Value::from(text).to_string(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_written_as_others_around_it_are() {
        let value = json!({"from": [{"podSelector": {"matchLabels": {"app": "web", "v": "1"}}}],
            "none": {}, "ports": [{"port": 80}]});
        let usual = block(&value, Style::USUAL).join("\n");
        let expected = "from:\n- podSelector:\n    matchLabels:\n      app: web\n      v: \"1\"\n\
                        none: {}\nports:\n- port: 80";
        assert_eq!(usual, expected);
        let wide = block(&value, Style { step: 4, dash: 2 }).join("\n");
        let expected = "from:\n  - podSelector:\n        matchLabels:\n            app: web\n            \
                        v: \"1\"\nnone: {}\nports:\n  - port: 80";
        assert_eq!(wide, expected);
        assert_eq!(
            flow(&value),
            "{from: [{podSelector: {matchLabels: {app: web, v: \"1\"}}}], none: {}, \
             ports: [{port: 80}]}"
        );
    }

    #[test]
    fn what_would_be_read_as_something_else_is_quoted() {
        for text in ["", "true", "no", "1", "0x1f", "- a", "a: b", "a #b", "#a", "*a", "a:", "{a}"]
        {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        for text in ["a", "app.kubernetes.io/name", "a-b", "a:b", "198.51.100.0/24", "0.0.0.0/0"] {
            assert_eq!(scalar(text), text);
        }
    }
}
