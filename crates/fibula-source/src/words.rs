//! What the parsers of others say, where it can be said better, and what to do about it.

use std::borrow::Cow;

/// What a text should have been, behind "expected valid YAML: " or JSON.
pub(crate) fn ours(message: &str) -> Cow<'_, str> {
    if let Some(what) = message.strip_prefix("EOF while parsing ") {
        return format!("{what} that ends").into();
    }
    let words = match message {
        "expected value" => "a value",
        "key must be a string" => "a key in quotes",
        "recursion limit exceeded" => "at most 128 levels of nesting",
        "found unprintable character" => "no control characters",
        "while parsing node, found unknown anchor" => "an anchor of this name before its alias",
        "simple key expect ':'" => "`: ` behind a key",
        "while scanning a quoted scalar, found unexpected end of stream" => "a quote that ends",
        "while parsing a node, did not find expected node content" => "a value",
        message if message.starts_with("control character (") => {
            "no control characters in a string: \\n is a line break"
        }
        message => message,
    };
    words.into()
}

/// What is likely to be wrong, of mistakes that people make.
pub(crate) fn help(message: &str) -> Option<&'static str> {
    Some(match message {
        "mapping values are not allowed in this context" => {
            "a value with `: ` in it needs quotes; else compare the indentation with the lines above"
        }
        "while parsing a block mapping, did not find expected key"
        | "while parsing a block collection, did not find expected '-' indicator"
        | "invalid indentation" => "compare the indentation with the lines above",
        "simple key expect ':'" => {
            "a key ends with a colon and a space; a text over several lines is indented, or quoted"
        }
        "while scanning a quoted scalar, found unexpected end of stream"
        | "invalid indentation in quoted scalar" => "is the quote that begins here closed?",
        message if message.starts_with("unexpected character: `") => {
            "quote a value that begins with this character"
        }
        _ => return None,
    })
}
