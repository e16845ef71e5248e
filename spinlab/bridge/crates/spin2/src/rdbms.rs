//! The errors that the relational databases share.

/// A connection that failed, as the version with this `Error` says it. Spin answers a host that is not granted the
/// same way.
macro_rules! connection_error {
    ($error:ident, $failure:expr) => {{
        let failure = $failure;
        match failure.name.as_str() {
            "bad-parameter" => $error::BadParameter(failure.message),
            "other" => $error::Other(failure.message),
            _ => $error::ConnectionFailed(failure.message),
        }
    }};
}
pub(crate) use connection_error;
