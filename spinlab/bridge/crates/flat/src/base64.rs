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

/// Encodes what comes in pieces.
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    /// Bytes that are not a whole group yet, and how many.
    rest: [u8; 3],
    count: usize,
}

impl<'a> Encoder<'a> {
    /// Append to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, rest: [0; 3], count: 0 }
    }

    pub fn push(&mut self, mut bytes: &[u8]) {
        if self.count > 0 {
            let (now, later) = bytes.split_at(bytes.len().min(3 - self.count));
            self.rest[self.count..self.count + now.len()].copy_from_slice(now);
            self.count += now.len();
            bytes = later;
            if self.count < 3 {
                return;
            }
            encode_into(&self.rest, self.out);
        }
        let (whole, rest) = bytes.split_at(bytes.len() / 3 * 3);
        encode_into(whole, self.out);
        self.rest[..rest.len()].copy_from_slice(rest);
        self.count = rest.len();
    }

    /// That was the last piece.
    pub fn finish(self) {
        encode_into(&self.rest[..self.count], self.out);
    }
}

/// Characters that `decode` moves at once.
const BLOCK: usize = 4096;

/// The bytes that `text` encodes from `start` on, in its own place: long values need no room beside it. The host writes
/// the text, so that characters outside the alphabet count as zero bits.
pub fn decode(mut text: Vec<u8>, start: usize) -> Vec<u8> {
    let padding = text[start..].iter().rev().take(2).filter(|c| **c == b'=').count();
    let mut block = [0; BLOCK];
    let (mut from, mut to) = (start, 0);
    while from < text.len() {
        let count = (text.len() - from).min(BLOCK) / 4 * 4;
        if count == 0 {
            break;
        }
        block[..count].copy_from_slice(&text[from..from + count]);
        let places = text[to..to + count / 4 * 3].chunks_exact_mut(3);
        for (digits, place) in block[..count].chunks_exact(4).zip(places) {
            let value = |i: usize| u32::from(VALUES[digits[i] as usize]);
            let group = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
            place.copy_from_slice(&group.to_be_bytes()[1..]);
        }
        from += count;
        to += count / 4 * 3;
    }
    text.truncate(to.saturating_sub(padding));
    text
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
            assert_eq!(decode(coded.into(), 0), plain.as_bytes());
        }
    }

    #[test]
    fn every_length_and_byte_comes_back() {
        let all: Vec<u8> = (0..=255).rev().cycle().take(700).collect();
        for length in 0..all.len() {
            assert_eq!(decode(encode(&all[..length]).into(), 0), &all[..length]);
        }
    }

    #[test]
    fn long_text_is_decoded_in_its_place() {
        let long: Vec<u8> = (0..=255).cycle().take(20_000).collect();
        let text = format!("*{}", encode(&long));
        let decoded = decode(text.clone().into(), 1);
        assert_eq!(decoded, long);
    }

    #[test]
    fn pieces_of_any_length_give_the_same_as_the_whole() {
        let all: Vec<u8> = (0..=255).collect();
        for size in 1..8 {
            let mut out = Vec::new();
            let mut encoder = Encoder::new(&mut out);
            all.chunks(size).for_each(|piece| encoder.push(piece));
            encoder.finish();
            assert_eq!(String::from_utf8(out).unwrap(), encode(&all));
        }
    }

    #[test]
    fn broken_text_does_not_panic() {
        for text in ["=", "==", "Zg", "Zg=", "????", "Zm9vYg=", "===="] {
            decode(text.into(), 0);
            decode(text.into(), text.len());
        }
    }
}
