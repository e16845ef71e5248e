//! Which part of a file a request asks for (RFC 9110, section 14).

use crate::asked::Asked;

pub enum Part {
    Whole,
    /// First and last byte.
    Bytes(u64, u64),
    /// Nothing of this file.
    None,
}

/// One range of bytes is served; whatever else asks for the whole.
pub fn part(asked: &Asked, tag: &str, size: u64) -> Part {
    let Some(range) = asked.header("range") else { return Part::Whole };
    if asked.header("if-range").is_some_and(|known| known != tag) {
        return Part::Whole;
    }
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Part::Whole,
        (Ok(first), Ok(last)) if first < size => Part::Bytes(first, last.min(size - 1)),
        (Ok(first), Err(_)) if last.trim().is_empty() && first < size => Part::Bytes(first, size - 1),
        (Ok(_), Ok(_)) => Part::None,
        (Ok(_), Err(_)) if last.trim().is_empty() => Part::None,
        (Err(_), Ok(count)) if first.trim().is_empty() => {
            if count == 0 || size == 0 {
                Part::None
            } else {
                Part::Bytes(size.saturating_sub(count), size - 1)
            }
        }
        _ => Part::Whole,
    }
}
