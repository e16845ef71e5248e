//! The heads of messages: `run`'s incoming request, and the status line with fields that both directions share.

use crate::fields::{self, Fields};

/// What `run` is told about a request besides its body.
///
/// `METHOD TARGET`, `SCHEME AUTHORITY`, `whole` or `more`, then header lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub scheme: String,
    pub authority: String,
    /// More of the body follows by `request-body` effects.
    pub more: bool,
    pub headers: Fields,
}

impl Request {
    pub fn parse(head: &str) -> Self {
        let mut lines = head.split('\n');
        let mut pair = |default| {
            let line = lines.next().unwrap_or_default();
            let (first, second) = line.split_once(' ').unwrap_or((line, default));
            (first.to_owned(), second.to_owned())
        };
        let (method, target) = pair("/");
        let (scheme, authority) = pair("");
        let more = lines.next() == Some("more");
        Self { method, target, scheme, authority, more, headers: fields::parse(lines) }
    }
}

/// `STATUS` and header lines as one string.
pub fn response(status: u16, headers: &Fields) -> String {
    let mut head = status.to_string();
    fields::print(headers, &mut head);
    head
}

/// Status and fields of a response head.
pub fn parse_response(head: &str) -> (u16, Fields) {
    let mut lines = head.split('\n');
    let status = lines.next().and_then(|line| line.parse().ok()).unwrap_or(500);
    (status, fields::parse(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_line_by_line() {
        let request = Request::parse("POST /a b?c\nhttp localhost:3000\nmore\na: 1\nb: x: y");
        assert_eq!(request.method, "POST");
        assert_eq!(request.target, "/a b?c");
        assert_eq!((request.scheme.as_str(), request.authority.as_str()), ("http", "localhost:3000"));
        assert!(request.more);
        assert_eq!(request.headers, [("a".into(), b"1".to_vec()), ("b".into(), b"x: y".to_vec())]);
    }

    #[test]
    fn a_short_head_has_defaults() {
        let request = Request::parse("GET");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/"));
        assert!(!request.more && request.headers.is_empty() && request.authority.is_empty());
    }

    #[test]
    fn a_response_head_comes_back() {
        let headers: Fields = vec![("x".into(), b"\xe9".to_vec())];
        assert_eq!(response(201, &headers), "201\nx: é");
        assert_eq!(parse_response("201\nx: é"), (201, headers));
        assert_eq!(parse_response("204"), (204, vec![]));
    }
}
