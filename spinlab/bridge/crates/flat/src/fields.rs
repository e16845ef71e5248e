//! Header fields: the rules for names and values, and header lines (`name: value` in latin-1, one a line).

use crate::latin;

/// Fields in order; the name as it was written, the value as bytes.
pub type Fields = Vec<(String, Vec<u8>)>;

/// Hop-by-hop fields and `host`, which wasmtime's `wasi:http` (and so Spin) keeps from guests.
const FORBIDDEN: [&str; 9] = [
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// RFC 9110 section 5.1: a field name is a token.
pub fn name_is_valid(name: &str) -> bool {
    let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    !name.is_empty() && name.bytes().all(token)
}

/// RFC 9110 section 5.5: no control characters but the tab.
pub fn value_is_valid(value: &[u8]) -> bool {
    value.iter().all(|c| *c == b'\t' || (*c >= 32 && *c != 127))
}

/// May a guest not set this field?
pub fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}

/// Add a field after the last one of its name: wasmtime's fields are a map, which lists a name's values together.
pub fn add(fields: &mut Fields, name: String, value: Vec<u8>) {
    let place = fields.iter().rposition(|(other, _)| *other == name).map_or(fields.len(), |last| last + 1);
    fields.insert(place, (name, value));
}

/// Fields from outside as wasmtime's WASI 0.2 shows them to a guest: names in lower case, forbidden ones left out.
pub fn shown(fields: Fields) -> Fields {
    let mut shown = Fields::with_capacity(fields.len());
    for (name, value) in fields.into_iter().filter(|(name, _)| !is_forbidden(name)) {
        add(&mut shown, name.to_ascii_lowercase(), value);
    }
    shown
}

/// A `content-length` that is no number, or several that differ.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongLength;

/// The body length that `content-length` announces; None without the field.
pub fn content_length(fields: &Fields) -> Result<Option<u64>, WrongLength> {
    let mut length = None;
    for (_, value) in fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        let digits = value.trim_ascii();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(WrongLength);
        }
        let number: u64 = std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(WrongLength)?;
        if length.is_some_and(|other| other != number) {
            return Err(WrongLength);
        }
        length = Some(number);
    }
    Ok(length)
}

/// The fields of some header lines. A line without a colon is dropped.
pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Fields {
    lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), latin::to_bytes(v))).collect()
}

/// Append each field to `out` as one line, each after a newline unless `out` is empty.
pub fn print<'a>(fields: impl IntoIterator<Item = &'a (String, Vec<u8>)>, out: &mut String) {
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(name);
        out.push_str(": ");
        out.extend(value.iter().map(|byte| char::from(*byte)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &[u8])]) -> Fields {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect()
    }

    #[test]
    fn lines_come_back_byte_for_byte() {
        let original = fields(&[("a", b"1"), ("A", b"x: y"), ("empty", b""), ("latin", b"\xfc\xff")]);
        let mut text = String::new();
        print(&original, &mut text);
        assert_eq!(text, "a: 1\nA: x: y\nempty: \nlatin: üÿ");
        assert_eq!(parse(text.split('\n')), original);
    }

    #[test]
    fn lines_follow_a_first_line() {
        let mut text = String::from("200");
        print(&fields(&[("a", b"1")]), &mut text);
        assert_eq!(text, "200\na: 1");
    }

    #[test]
    fn names_are_tokens() {
        assert!(name_is_valid("x-Custom_1"));
        for name in ["", "a b", "a:", "ü", "a\n", "(a)"] {
            assert!(!name_is_valid(name), "{name:?}");
        }
    }

    #[test]
    fn values_have_no_control_characters() {
        assert!(value_is_valid(b"a\tb \xff"));
        for value in [b"a\nb", b"a\rb", b"a\0b", b"a\x7fb"] {
            assert!(!value_is_valid(value), "{value:?}");
        }
    }

    #[test]
    fn hop_by_hop_fields_are_forbidden_in_any_case() {
        assert!(is_forbidden("Transfer-Encoding"));
        assert!(!is_forbidden("content-length"));
    }

    #[test]
    fn a_guest_sees_lower_case_names_and_no_forbidden_ones() {
        let outside = [("Host", &b"a"[..]), ("X-One", b"1"), ("b", b"3"), ("Connection", b"close"), ("x-one", b"2")];
        assert_eq!(shown(fields(&outside)), fields(&[("x-one", b"1"), ("x-one", b"2"), ("b", b"3")]));
    }

    #[test]
    fn content_lengths_must_agree() {
        assert_eq!(content_length(&fields(&[])), Ok(None));
        assert_eq!(content_length(&fields(&[("Content-Length", b"12")])), Ok(Some(12)));
        assert_eq!(content_length(&fields(&[("content-length", b"12"), ("content-length", b"12")])), Ok(Some(12)));
        assert_eq!(content_length(&fields(&[("content-length", b"12"), ("content-length", b"13")])), Err(WrongLength));
        for value in [&b"+1"[..], b"", b"1 2", b"99999999999999999999"] {
            assert_eq!(content_length(&fields(&[("content-length", value)])), Err(WrongLength), "{value:?}");
        }
    }
}
