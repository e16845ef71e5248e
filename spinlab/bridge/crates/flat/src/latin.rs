//! Latin-1: header values are bytes, and each byte is one character of the string that crosses.

/// One character a byte.
pub fn to_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// One byte a character. The host sends latin-1 only; anything else becomes `?`.
pub fn to_bytes(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(to_bytes(&to_text(&all)), all);
        assert_eq!(to_text(b"\xfc"), "ü");
    }

    #[test]
    fn what_is_not_latin_1_becomes_a_question_mark() {
        assert_eq!(to_bytes("a€b"), b"a?b");
    }
}
