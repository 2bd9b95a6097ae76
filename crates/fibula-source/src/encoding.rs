//! Bytes to UTF-8. What PowerShell writes with `>` is UTF-16, and kubectl reads it: so do we, where a
//! byte order mark says that it is. What only looks like it is refused by its name.

/// Why bytes are no text that can be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// What would be right, behind "expected".
    pub(crate) expected: &'static str,
    /// What it is.
    pub(crate) got: String,
    /// How to make it right.
    pub(crate) help: String,
}

/// The bytes as UTF-8, if they are in another encoding that is read; else as they are, and whether
/// all of them are UTF-8 is for others to say.
///
/// # Errors
///
/// Bytes of an encoding that is not read.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    match &bytes[..bytes.len().min(4)] {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => Err(unreadable("UTF-32", "UTF-32")),
        [0xff, 0xfe, ..] => utf16(&bytes[2..], u16::from_le_bytes, "UTF-16"),
        [0xfe, 0xff, ..] => utf16(&bytes[2..], u16::from_be_bytes, "UTF-16"),
        // Each format begins with characters of ASCII, so zeros show the width of characters.
        [a, 0, b, 0] if *a > 0 && *b > 0 => {
            Err(unreadable("UTF-16 without a byte order mark", "UTF-16LE"))
        }
        [0, a, 0, b] if *a > 0 && *b > 0 => {
            Err(unreadable("UTF-16 without a byte order mark", "UTF-16BE"))
        }
        _ => Ok(bytes),
    }
}

/// Whether bytes say that they are UTF-16.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, name: &str) -> Result<Vec<u8>, Unreadable> {
    let (units, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut read = 0;
    for c in char::decode_utf16(units.iter().copied().map(unit)) {
        let Ok(c) = c else {
            let at = 2 + 2 * read;
            let got = format!("half of a character of UTF-16 at byte {at}");
            return Err(Unreadable { got, ..unreadable(name, name) });
        };
        read += c.len_utf16();
        text.push(c);
    }
    if !odd.is_empty() {
        let got = "UTF-16 that ends within a character".to_owned();
        return Err(Unreadable { got, ..unreadable(name, name) });
    }
    Ok(text.into_bytes())
}

fn unreadable(got: &str, from: &str) -> Unreadable {
    Unreadable {
        expected: "UTF-8 text",
        got: got.to_owned(),
        help: format!("convert it: iconv -f {from} -t UTF-8 FILE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_16_is_read_where_a_mark_says_so() {
        let text = "kind: Pod\nname: 𝄞é\n";
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let marked = encoded(&format!("\u{feff}{text}"), bytes);
            assert_eq!(utf8(marked.clone()), Ok(text.as_bytes().to_vec()));
            let odd = utf8(marked[..marked.len() - 1].to_vec()).expect_err("half a character");
            assert_eq!(odd.got, "UTF-16 that ends within a character");
            let half = encoded("\u{feff}a", bytes).into_iter().chain(bytes(0xd834)).collect();
            let half = utf8(half).expect_err("half a pair");
            assert_eq!(half.got, "half of a character of UTF-16 at byte 4");
            let plain = utf8(encoded(text, bytes)).expect_err("nothing says so");
            assert_eq!(plain.got, "UTF-16 without a byte order mark");
        }
    }

    #[test]
    fn other_encodings_are_named_or_left() {
        assert_eq!(utf8(vec![0xff, 0xfe, 0, 0, b'a', 0, 0, 0]).expect_err("4 bytes").got, "UTF-32");
        for bytes in [b"".as_slice(), b"a", b"\0\0\0\0", b"caf\xe9: 1", b"\xef\xbb\xbfa: 1"] {
            assert_eq!(utf8(bytes.to_vec()), Ok(bytes.to_vec()));
        }
    }
}
