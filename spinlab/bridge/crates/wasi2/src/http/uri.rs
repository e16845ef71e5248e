//! What may stand in a request's method, scheme, authority and path.

use flat::fields::name_is_valid;

/// RFC 9110 section 9.1: a method is a token.
pub fn method_is_valid(method: &str) -> bool {
    name_is_valid(method)
}

/// RFC 3986 section 3.1.
pub fn scheme_is_valid(scheme: &str) -> bool {
    let rest = |c: u8| c.is_ascii_alphanumeric() || b"+-.".contains(&c);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(rest)
}

/// RFC 3986 section 3.2, as far as a host and a port need it.
pub fn authority_is_valid(authority: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:@[]".contains(&c);
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let port = match host_and_port.rsplit_once(']') {
        Some((_, rest)) => rest.strip_prefix(':'),
        None => host_and_port.split_once(':').map(|(_, port)| port),
    };
    !host_and_port.is_empty() && authority.bytes().all(allowed) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// A path with an optional query, without a fragment.
pub fn path_is_valid(path: &str) -> bool {
    path.bytes().all(|c| c > b' ' && c != 127 && !b"<>`#".contains(&c))
}
