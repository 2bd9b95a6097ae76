//! Scalars on one line.

use std::borrow::Cow;

use super::Scan;

impl<'a> Scan<'a> {
    /// A plain scalar on one line, without the spaces behind it.
    pub(super) fn plain(&mut self, flow: bool) -> Option<Cow<'a, str>> {
        let start = self.at;
        match self.byte(start) {
            b'-' if matches!(self.byte(start + 1), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-') =>
                {}
            b'-' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!'
            | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b' ' | b'\n' => return None,
            _ => {}
        }
        let mut end = start;
        let mut at = start;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\n' => break,
                b':' if matches!(self.byte(at + 1), b' ' | b'\n') => break,
                b':' if flow && matches!(self.byte(at + 1), b',' | b'[' | b']' | b'{' | b'}') => {
                    return None;
                }
                b',' | b']' | b'}' if flow => break,
                b'[' | b'{' if flow => return None,
                b'#' if end < at => break,
                b' ' => {
                    at += 1;
                    continue;
                }
                0..0x20 | 0x7f => return None,
                _ => {}
            }
            at += 1;
            end = at;
        }
        self.at = end;
        // A colon after spaces is legal, and too rare to be worth a thought; a merge key is not.
        let text = &self.text[start..end];
        (text != "<<" && (end == at || self.byte(at) != b':')).then_some(Cow::Borrowed(text))
    }

    /// A single-quoted scalar on one line.
    pub(super) fn single(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at += memchr::memchr2(b'\'', b'\n', self.bytes.get(at..)?)?;
            if self.bytes[at] == b'\n' {
                return None;
            }
            if self.byte(at + 1) != b'\'' {
                break;
            }
            escaped = true;
            at += 2;
        }
        self.at = at + 1;
        let inside = &self.text[start..at];
        printable(inside)?;
        Some(if escaped { Cow::Owned(inside.replace("''", "'")) } else { Cow::Borrowed(inside) })
    }

    /// A double-quoted scalar on one line, with the escapes that programs write.
    pub(super) fn double(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        let mut owned: Option<String> = None;
        let mut from = start;
        let mut at = start;
        loop {
            at += memchr::memchr3(b'"', b'\\', b'\n', self.bytes.get(at..)?)?;
            match self.bytes[at] {
                b'"' => break,
                b'\n' => return None,
                _ => {}
            }
            let text = owned.get_or_insert_default();
            text.push_str(&self.text[from..at]);
            text.push(match self.byte(at + 1) {
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'"' => '"',
                b'\\' => '\\',
                b'/' => '/',
                _ => return None,
            });
            at += 2;
            from = at;
        }
        self.at = at + 1;
        printable(&self.text[start..at])?;
        Some(match owned {
            Some(text) => Cow::Owned(text + &self.text[from..at]),
            None => Cow::Borrowed(&self.text[start..at]),
        })
    }
}

/// Leaves control characters to saphyr, which knows what YAML thinks of each.
pub(super) fn printable(text: &str) -> Option<()> {
    (!text.bytes().any(|byte| byte < 0x20 || byte == 0x7f)).then_some(())
}
