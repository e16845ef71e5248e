//! The environment as one string: name NUL value NUL ...

/// Names and values, in order. A last name without a value is dropped.
pub fn parse(text: &str) -> Vec<(String, String)> {
    let mut parts = text.split('\0');
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_in_order() {
        let pairs = parse("A\x001\0B\0two = 2\nlines\0");
        assert_eq!(pairs, [("A".into(), "1".into()), ("B".into(), "two = 2\nlines".into())]);
    }

    #[test]
    fn empty_values_stay_and_nothing_is_nothing() {
        assert_eq!(parse("A\0\0"), [("A".into(), String::new())]);
        assert_eq!(parse("A\0"), [("A".into(), String::new())]);
        assert_eq!(parse(""), []);
        assert_eq!(parse("A"), []);
    }
}
