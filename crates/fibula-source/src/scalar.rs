//! What a plain scalar means, decided here and nowhere else.
//!
//! kubectl reads YAML 1.1 (through sigs.k8s.io/yaml), so we do: `yes`, `no`, `on`, `off`, `y` and
//! `n` are booleans, `010` is eight, `1_000` a thousand. A field that wants a string refuses an
//! unquoted one of these, as the API server does, and the help says to quote it. A mapping's keys
//! are strings as they are written, whatever they look like.

/// A plain scalar's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plain {
    /// Nothing: in Kubernetes the same as if the field were absent.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number below zero.
    Signed(i64),
    /// A whole number from zero.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text,
}

/// What `text`, written plain, means.
pub(crate) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            return Plain::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            return Plain::Bool(false);
        }
        _ => {}
    }
    match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        _ => Plain::Text,
    }
}

fn number(text: &str) -> Plain {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let (negative, unsigned) = match digits.as_bytes()[..] {
        [b'-', ..] => (true, &digits[1..]),
        [b'+', ..] => (false, &digits[1..]),
        _ => (false, digits.as_str()),
    };
    let special = unsigned.to_ascii_lowercase();
    match special.as_str() {
        ".inf" if negative => return Plain::Float(f64::NEG_INFINITY),
        ".inf" => return Plain::Float(f64::INFINITY),
        ".nan" if text == ".nan" || text == ".NaN" || text == ".NAN" => {
            return Plain::Float(f64::NAN);
        }
        _ => {}
    }
    let (radix, body) = match special.as_bytes() {
        [b'0', b'x', ..] => (16, &special[2..]),
        [b'0', b'o', ..] => (8, &special[2..]),
        [b'0', b'b', ..] => (2, &special[2..]),
        [b'0', _, ..] => (8, &special[1..]),
        _ => (10, special.as_str()),
    };
    if body.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && let Ok(value) = u64::from_str_radix(body, radix)
    {
        if !negative {
            return Plain::Unsigned(value);
        }
        if let Ok(value) = i64::try_from(-i128::from(value)) {
            return Plain::Signed(value);
        }
    }
    if is_float(unsigned)
        && let Ok(value) = digits.parse()
    {
        return Plain::Float(value);
    }
    Plain::Text
}

/// `[0-9]* [. [0-9]*] [e [+-] [0-9]+]`, with a digit before the exponent.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let mut rest = &text[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        rest = &after[fraction..];
    }
    if whole + fraction == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

#[cfg(test)]
mod tests {
    use super::{Plain, plain};

    #[test]
    fn plain_scalars_mean_what_kubectl_reads() {
        let table = [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("null", Plain::Null),
            ("yes", Plain::Bool(true)),
            ("Off", Plain::Bool(false)),
            ("n", Plain::Bool(false)),
            ("tRue", Plain::Text),
            ("80", Plain::Unsigned(80)),
            ("-1", Plain::Signed(-1)),
            ("+5", Plain::Unsigned(5)),
            ("010", Plain::Unsigned(8)),
            ("0o17", Plain::Unsigned(15)),
            ("0x1F", Plain::Unsigned(31)),
            ("0b11", Plain::Unsigned(3)),
            ("1_000", Plain::Unsigned(1000)),
            ("1.5", Plain::Float(1.5)),
            ("1e3", Plain::Float(1000.0)),
            (".5", Plain::Float(0.5)),
            ("1.", Plain::Float(1.0)),
            (".", Plain::Text),
            ("-", Plain::Text),
            ("+-5", Plain::Text),
            ("10.0.0.1", Plain::Text),
            ("08", Plain::Float(8.0)),
            ("1e", Plain::Text),
            ("2021-08-03", Plain::Text),
            ("1m", Plain::Text),
            ("18446744073709551616", Plain::Float(18_446_744_073_709_551_616.0)),
        ];
        for (text, value) in table {
            assert_eq!(plain(text), value, "{text}");
        }
    }
}
