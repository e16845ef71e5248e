//! What a request asks for.

use crate::bindings::http::types::{Fields, IncomingRequest};

/// A request for a file.
pub struct Asked {
    /// The file's path below the mount, decoded; `None` for one that can't be.
    pub path: Option<String>,
    /// Whether the path ends in a slash (or is the route itself), and so means a folder.
    pub is_folder: bool,
    target: String,
    headers: Fields,
}

impl Asked {
    pub fn of(request: &IncomingRequest) -> Self {
        let target = request.path_with_query().unwrap_or_default();
        let headers = request.headers();
        let whole = target.split(['?', '#']).next().unwrap_or_default().to_owned();
        // Spin says what of the path is behind the route; other hosts have no routes.
        let path = last(&headers, "spin-path-info").unwrap_or(whole);
        let is_folder = path.ends_with('/') || path.is_empty();
        Self { path: decoded(&path), is_folder, target, headers }
    }

    /// The value of a header; several are one list.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self.headers.get(name).into_iter().filter_map(|v| String::from_utf8(v).ok()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// Whether the client has the content with this tag already.
    pub fn has(&self, tag: &str) -> bool {
        self.header("if-none-match").is_some_and(|tags| {
            tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
        })
    }

    /// The request's target with a slash behind its path; always one on this host.
    pub fn with_slash(&self) -> String {
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (self.target.as_str(), String::new()),
        };
        format!("/{}/{query}", path.trim_matches(['/', '\\']))
    }
}

/// The last value of a header: Spin's own comes behind one that a client made up.
fn last(headers: &Fields, name: &str) -> Option<String> {
    headers.get(name).pop().and_then(|value| String::from_utf8(value).ok())
}

/// A path as names of files, joined by slashes. Hidden files, and whatever else is no plain name, have none.
fn decoded(path: &str) -> Option<String> {
    let mut names = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let name = percent_decoded(part)?;
        if name.contains(['/', '\\', '\0']) || (name.starts_with('.') && name != ".well-known") {
            return None;
        }
        names.push(name);
    }
    Some(names.join("/"))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
