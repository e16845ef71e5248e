//! `error-code`: by its WIT case name when it crosses.

use crate::bindings::http::types::{
    DnsErrorPayload, ErrorCode, FieldSizePayload, TlsAlertReceivedPayload as TlsAlertPayload,
};
use crate::effect::Failure;

/// The cases without anything beside their name.
macro_rules! plain {
    ($($name:literal => $case:ident,)*) => {
        fn plain(name: &str) -> Option<ErrorCode> {
            match name {
                $($name => Some(ErrorCode::$case),)*
                _ => None,
            }
        }

        fn plain_name(code: &ErrorCode) -> Option<&'static str> {
            match code {
                $(ErrorCode::$case => Some($name),)*
                _ => None,
            }
        }
    };
}

plain! {
    "DNS-timeout" => DnsTimeout,
    "destination-not-found" => DestinationNotFound,
    "destination-unavailable" => DestinationUnavailable,
    "destination-IP-prohibited" => DestinationIpProhibited,
    "destination-IP-unroutable" => DestinationIpUnroutable,
    "connection-refused" => ConnectionRefused,
    "connection-terminated" => ConnectionTerminated,
    "connection-timeout" => ConnectionTimeout,
    "connection-read-timeout" => ConnectionReadTimeout,
    "connection-write-timeout" => ConnectionWriteTimeout,
    "connection-limit-reached" => ConnectionLimitReached,
    "TLS-protocol-error" => TlsProtocolError,
    "TLS-certificate-error" => TlsCertificateError,
    "HTTP-request-denied" => HttpRequestDenied,
    "HTTP-request-length-required" => HttpRequestLengthRequired,
    "HTTP-request-method-invalid" => HttpRequestMethodInvalid,
    "HTTP-request-URI-invalid" => HttpRequestUriInvalid,
    "HTTP-request-URI-too-long" => HttpRequestUriTooLong,
    "HTTP-response-incomplete" => HttpResponseIncomplete,
    "HTTP-response-timeout" => HttpResponseTimeout,
    "HTTP-upgrade-failed" => HttpUpgradeFailed,
    "HTTP-protocol-error" => HttpProtocolError,
    "loop-detected" => LoopDetected,
    "configuration-error" => ConfigurationError,
}

fn no_size() -> FieldSizePayload {
    FieldSizePayload { field_name: None, field_size: None }
}

/// The code that the host named.
pub fn code(failure: Failure) -> ErrorCode {
    let Failure { name, message } = failure;
    if let Some(code) = plain(&name) {
        return code;
    }
    let number = || message.parse().ok();
    let text = (!message.is_empty()).then(|| message.clone());
    match name.as_str() {
        "DNS-error" => ErrorCode::DnsError(DnsErrorPayload { rcode: text, info_code: None }),
        "TLS-alert-received" => ErrorCode::TlsAlertReceived(TlsAlertPayload { alert_id: None, alert_message: text }),
        "HTTP-request-body-size" => ErrorCode::HttpRequestBodySize(number()),
        "HTTP-request-header-section-size" => ErrorCode::HttpRequestHeaderSectionSize(None),
        "HTTP-request-header-size" => ErrorCode::HttpRequestHeaderSize(None),
        "HTTP-request-trailer-section-size" => ErrorCode::HttpRequestTrailerSectionSize(None),
        "HTTP-request-trailer-size" => ErrorCode::HttpRequestTrailerSize(no_size()),
        "HTTP-response-header-section-size" => ErrorCode::HttpResponseHeaderSectionSize(None),
        "HTTP-response-header-size" => ErrorCode::HttpResponseHeaderSize(no_size()),
        "HTTP-response-body-size" => ErrorCode::HttpResponseBodySize(number()),
        "HTTP-response-trailer-section-size" => ErrorCode::HttpResponseTrailerSectionSize(None),
        "HTTP-response-trailer-size" => ErrorCode::HttpResponseTrailerSize(no_size()),
        "HTTP-response-transfer-coding" => ErrorCode::HttpResponseTransferCoding(text),
        "HTTP-response-content-coding" => ErrorCode::HttpResponseContentCoding(text),
        "internal-error" => ErrorCode::InternalError(text),
        _ => ErrorCode::InternalError(Some(if message.is_empty() { name } else { format!("{name}: {message}") })),
    }
}

fn field(size: &FieldSizePayload) -> String {
    let name = size.field_name.as_deref().unwrap_or("a field");
    size.field_size.map_or_else(|| name.to_owned(), |bytes| format!("{name}: {bytes} bytes"))
}

fn bytes<N: ToString>(size: &Option<N>) -> String {
    size.as_ref().map(|size| format!("{} bytes", size.to_string())).unwrap_or_default()
}

fn text(text: &Option<String>) -> String {
    text.clone().unwrap_or_default()
}

/// Name and detail of a code that a guest gave.
pub fn named(code: &ErrorCode) -> (&'static str, String) {
    match code {
        ErrorCode::DnsError(payload) => ("DNS-error", text(&payload.rcode)),
        ErrorCode::TlsAlertReceived(payload) => ("TLS-alert-received", text(&payload.alert_message)),
        ErrorCode::HttpRequestBodySize(size) => ("HTTP-request-body-size", bytes(size)),
        ErrorCode::HttpRequestHeaderSectionSize(size) => ("HTTP-request-header-section-size", bytes(size)),
        ErrorCode::HttpRequestHeaderSize(size) => {
            ("HTTP-request-header-size", size.as_ref().map(field).unwrap_or_default())
        }
        ErrorCode::HttpRequestTrailerSectionSize(size) => ("HTTP-request-trailer-section-size", bytes(size)),
        ErrorCode::HttpRequestTrailerSize(size) => ("HTTP-request-trailer-size", field(size)),
        ErrorCode::HttpResponseHeaderSectionSize(size) => ("HTTP-response-header-section-size", bytes(size)),
        ErrorCode::HttpResponseHeaderSize(size) => ("HTTP-response-header-size", field(size)),
        ErrorCode::HttpResponseBodySize(size) => ("HTTP-response-body-size", bytes(size)),
        ErrorCode::HttpResponseTrailerSectionSize(size) => ("HTTP-response-trailer-section-size", bytes(size)),
        ErrorCode::HttpResponseTrailerSize(size) => ("HTTP-response-trailer-size", field(size)),
        ErrorCode::HttpResponseTransferCoding(coding) => ("HTTP-response-transfer-coding", text(coding)),
        ErrorCode::HttpResponseContentCoding(coding) => ("HTTP-response-content-coding", text(coding)),
        ErrorCode::InternalError(message) => ("internal-error", text(message)),
        other => (plain_name(other).unwrap_or("internal-error"), String::new()),
    }
}
