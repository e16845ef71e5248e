//! Bytes as a string: empty for none, `=` and ASCII text, or `*` and base64.

use crate::base64;

/// `bytes` as a `data` string.
pub fn encode(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let mut out = Vec::with_capacity(1 + bytes.len());
    if bytes.is_ascii() {
        out.push(b'=');
        out.extend_from_slice(bytes);
    } else {
        out.reserve_exact(1 + bytes.len().div_ceil(3) * 4);
        out.push(b'*');
        base64::encode_into(bytes, &mut out);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// The bytes of a `data` string.
pub fn decode(data: String) -> Vec<u8> {
    match data.as_bytes().first() {
        None => Vec::new(),
        Some(b'*') => base64::decode(data.into_bytes(), 1),
        Some(_) => {
            let mut bytes = data.into_bytes();
            bytes.remove(0);
            bytes
        }
    }
}

/// The `data` string of a message.
pub fn text(message: &str) -> String {
    encode(message.as_bytes())
}

/// The message of a `data` string, as far as it is UTF-8.
pub fn message(data: String) -> String {
    match String::from_utf8(decode(data)) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_the_empty_string() {
        assert_eq!(encode(b""), "");
        assert_eq!(decode(String::new()), b"");
    }

    #[test]
    fn ascii_stays_readable() {
        assert_eq!(encode(b"hello\n\0"), "=hello\n\0");
        assert_eq!(decode("=hello".into()), b"hello");
        assert_eq!(decode("==".into()), b"=");
    }

    #[test]
    fn other_bytes_are_base64() {
        assert_eq!(encode(&[0xff, 0x00]), "*/wA=");
        assert_eq!(decode("*/wA=".into()), [0xff, 0x00]);
        assert_eq!(message(text("Grüße")), "Grüße");
    }

    #[test]
    fn a_broken_message_is_still_shown() {
        assert_eq!(message(encode(b"a\xffb")), "a\u{fffd}b");
    }
}
