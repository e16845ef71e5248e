//! Base64, standard alphabet, padded (RFC 4648 section 4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let mut i = 0;
    while i < 64 {
        values[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    values
};

fn quad(group: u32) -> [u8; 4] {
    let digit = |shift: u32| ALPHABET[(group >> shift) as usize & 63];
    [digit(18), digit(12), digit(6), digit(0)]
}

/// Append the encoding of `bytes` to `out`.
pub fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    let triples = bytes.chunks_exact(3);
    let rest = triples.remainder();
    let mut quads = out[start..].chunks_exact_mut(4);
    for (triple, place) in triples.zip(&mut quads) {
        let group = u32::from(triple[0]) << 16 | u32::from(triple[1]) << 8 | u32::from(triple[2]);
        place.copy_from_slice(&quad(group));
    }
    if let (Some(place), Some(first)) = (quads.next(), rest.first()) {
        let second = rest.get(1);
        let digits = quad(u32::from(*first) << 16 | u32::from(*second.unwrap_or(&0)) << 8);
        let count = if second.is_some() { 3 } else { 2 };
        place[..count].copy_from_slice(&digits[..count]);
    }
}

/// The bytes that `text` encodes. The host writes it, so that characters outside the alphabet count as zero bits.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let padding = text.iter().rev().take(2).filter(|c| **c == b'=').count();
    let mut out = vec![0; text.len() / 4 * 3];
    for (digits, place) in text.chunks_exact(4).zip(out.chunks_exact_mut(3)) {
        let value = |i: usize| u32::from(VALUES[digits[i] as usize]);
        let group = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
        place.copy_from_slice(&group.to_be_bytes()[1..]);
    }
    out.truncate(out.len().saturating_sub(padding));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        encode_into(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_4648() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in vectors {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded.as_bytes()), plain.as_bytes());
        }
    }

    #[test]
    fn every_length_and_byte_comes_back() {
        let all: Vec<u8> = (0..=255).rev().cycle().take(700).collect();
        for length in 0..all.len() {
            assert_eq!(decode(encode(&all[..length]).as_bytes()), &all[..length]);
        }
    }

    #[test]
    fn broken_text_does_not_panic() {
        for text in ["=", "==", "Zg", "Zg=", "????", "Zm9vYg=", "===="] {
            decode(text.as_bytes());
        }
    }
}
