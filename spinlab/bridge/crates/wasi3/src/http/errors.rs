//! Error codes by their names in WIT.

use crate::bindings::exports::wasi::http0_3_0::types::{
    DnsErrorPayload, ErrorCode, FieldSizePayload, TlsAlertReceivedPayload,
};
use crate::effects::Answer;

/// The error code that the host names, with its message where the code has room for one.
pub fn parse(answer: Answer) -> ErrorCode {
    let detail = Some(flat::data::message(answer.data)).filter(|text| !text.is_empty());
    let field = || FieldSizePayload { field_name: None, field_size: None };
    match answer.head.as_str() {
        "DNS-timeout" => ErrorCode::DnsTimeout,
        "DNS-error" => ErrorCode::DnsError(DnsErrorPayload { rcode: detail, info_code: None }),
        "destination-not-found" => ErrorCode::DestinationNotFound,
        "destination-unavailable" => ErrorCode::DestinationUnavailable,
        "destination-IP-prohibited" => ErrorCode::DestinationIpProhibited,
        "destination-IP-unroutable" => ErrorCode::DestinationIpUnroutable,
        "connection-refused" => ErrorCode::ConnectionRefused,
        "connection-terminated" => ErrorCode::ConnectionTerminated,
        "connection-timeout" => ErrorCode::ConnectionTimeout,
        "connection-read-timeout" => ErrorCode::ConnectionReadTimeout,
        "connection-write-timeout" => ErrorCode::ConnectionWriteTimeout,
        "connection-limit-reached" => ErrorCode::ConnectionLimitReached,
        "TLS-protocol-error" => ErrorCode::TlsProtocolError,
        "TLS-certificate-error" => ErrorCode::TlsCertificateError,
        "TLS-alert-received" => {
            ErrorCode::TlsAlertReceived(TlsAlertReceivedPayload { alert_id: None, alert_message: detail })
        }
        "HTTP-request-denied" => ErrorCode::HttpRequestDenied,
        "HTTP-request-length-required" => ErrorCode::HttpRequestLengthRequired,
        "HTTP-request-body-size" => ErrorCode::HttpRequestBodySize(None),
        "HTTP-request-method-invalid" => ErrorCode::HttpRequestMethodInvalid,
        "HTTP-request-URI-invalid" => ErrorCode::HttpRequestUriInvalid,
        "HTTP-request-URI-too-long" => ErrorCode::HttpRequestUriTooLong,
        "HTTP-request-header-section-size" => ErrorCode::HttpRequestHeaderSectionSize(None),
        "HTTP-request-header-size" => ErrorCode::HttpRequestHeaderSize(None),
        "HTTP-request-trailer-section-size" => ErrorCode::HttpRequestTrailerSectionSize(None),
        "HTTP-request-trailer-size" => ErrorCode::HttpRequestTrailerSize(field()),
        "HTTP-response-incomplete" => ErrorCode::HttpResponseIncomplete,
        "HTTP-response-header-section-size" => ErrorCode::HttpResponseHeaderSectionSize(None),
        "HTTP-response-header-size" => ErrorCode::HttpResponseHeaderSize(field()),
        "HTTP-response-body-size" => ErrorCode::HttpResponseBodySize(None),
        "HTTP-response-trailer-section-size" => ErrorCode::HttpResponseTrailerSectionSize(None),
        "HTTP-response-trailer-size" => ErrorCode::HttpResponseTrailerSize(field()),
        "HTTP-response-transfer-coding" => ErrorCode::HttpResponseTransferCoding(detail),
        "HTTP-response-content-coding" => ErrorCode::HttpResponseContentCoding(detail),
        "HTTP-response-timeout" => ErrorCode::HttpResponseTimeout,
        "HTTP-upgrade-failed" => ErrorCode::HttpUpgradeFailed,
        "HTTP-protocol-error" => ErrorCode::HttpProtocolError,
        "loop-detected" => ErrorCode::LoopDetected,
        "configuration-error" => ErrorCode::ConfigurationError,
        "internal-error" => ErrorCode::InternalError(detail),
        other => ErrorCode::InternalError(Some(detail.unwrap_or_else(|| other.to_owned()))),
    }
}

/// The name of an error code and what it says besides.
pub fn print(code: &ErrorCode) -> (&'static str, String) {
    let text = |detail: &Option<String>| detail.clone().unwrap_or_default();
    let field = |payload: &FieldSizePayload| {
        let name = payload.field_name.as_deref().unwrap_or_default();
        format!("{name} {}", number(payload.field_size)).trim().to_owned()
    };
    let plain = |name| (name, String::new());
    match code {
        ErrorCode::DnsTimeout => plain("DNS-timeout"),
        ErrorCode::DnsError(payload) => ("DNS-error", text(&payload.rcode)),
        ErrorCode::DestinationNotFound => plain("destination-not-found"),
        ErrorCode::DestinationUnavailable => plain("destination-unavailable"),
        ErrorCode::DestinationIpProhibited => plain("destination-IP-prohibited"),
        ErrorCode::DestinationIpUnroutable => plain("destination-IP-unroutable"),
        ErrorCode::ConnectionRefused => plain("connection-refused"),
        ErrorCode::ConnectionTerminated => plain("connection-terminated"),
        ErrorCode::ConnectionTimeout => plain("connection-timeout"),
        ErrorCode::ConnectionReadTimeout => plain("connection-read-timeout"),
        ErrorCode::ConnectionWriteTimeout => plain("connection-write-timeout"),
        ErrorCode::ConnectionLimitReached => plain("connection-limit-reached"),
        ErrorCode::TlsProtocolError => plain("TLS-protocol-error"),
        ErrorCode::TlsCertificateError => plain("TLS-certificate-error"),
        ErrorCode::TlsAlertReceived(payload) => ("TLS-alert-received", text(&payload.alert_message)),
        ErrorCode::HttpRequestDenied => plain("HTTP-request-denied"),
        ErrorCode::HttpRequestLengthRequired => plain("HTTP-request-length-required"),
        ErrorCode::HttpRequestBodySize(size) => ("HTTP-request-body-size", number(*size)),
        ErrorCode::HttpRequestMethodInvalid => plain("HTTP-request-method-invalid"),
        ErrorCode::HttpRequestUriInvalid => plain("HTTP-request-URI-invalid"),
        ErrorCode::HttpRequestUriTooLong => plain("HTTP-request-URI-too-long"),
        ErrorCode::HttpRequestHeaderSectionSize(size) => ("HTTP-request-header-section-size", number(*size)),
        ErrorCode::HttpRequestHeaderSize(payload) => {
            ("HTTP-request-header-size", payload.as_ref().map(field).unwrap_or_default())
        }
        ErrorCode::HttpRequestTrailerSectionSize(size) => ("HTTP-request-trailer-section-size", number(*size)),
        ErrorCode::HttpRequestTrailerSize(payload) => ("HTTP-request-trailer-size", field(payload)),
        ErrorCode::HttpResponseIncomplete => plain("HTTP-response-incomplete"),
        ErrorCode::HttpResponseHeaderSectionSize(size) => ("HTTP-response-header-section-size", number(*size)),
        ErrorCode::HttpResponseHeaderSize(payload) => ("HTTP-response-header-size", field(payload)),
        ErrorCode::HttpResponseBodySize(size) => ("HTTP-response-body-size", number(*size)),
        ErrorCode::HttpResponseTrailerSectionSize(size) => ("HTTP-response-trailer-section-size", number(*size)),
        ErrorCode::HttpResponseTrailerSize(payload) => ("HTTP-response-trailer-size", field(payload)),
        ErrorCode::HttpResponseTransferCoding(detail) => ("HTTP-response-transfer-coding", text(detail)),
        ErrorCode::HttpResponseContentCoding(detail) => ("HTTP-response-content-coding", text(detail)),
        ErrorCode::HttpResponseTimeout => plain("HTTP-response-timeout"),
        ErrorCode::HttpUpgradeFailed => plain("HTTP-upgrade-failed"),
        ErrorCode::HttpProtocolError => plain("HTTP-protocol-error"),
        ErrorCode::LoopDetected => plain("loop-detected"),
        ErrorCode::ConfigurationError => plain("configuration-error"),
        ErrorCode::InternalError(detail) => ("internal-error", text(detail)),
    }
}

fn number(size: Option<impl ToString>) -> String {
    size.map(|size| size.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::FAILED;

    const NAMES: [&str; 39] = [
        "DNS-timeout",
        "DNS-error",
        "destination-not-found",
        "destination-unavailable",
        "destination-IP-prohibited",
        "destination-IP-unroutable",
        "connection-refused",
        "connection-terminated",
        "connection-timeout",
        "connection-read-timeout",
        "connection-write-timeout",
        "connection-limit-reached",
        "TLS-protocol-error",
        "TLS-certificate-error",
        "TLS-alert-received",
        "HTTP-request-denied",
        "HTTP-request-length-required",
        "HTTP-request-body-size",
        "HTTP-request-method-invalid",
        "HTTP-request-URI-invalid",
        "HTTP-request-URI-too-long",
        "HTTP-request-header-section-size",
        "HTTP-request-header-size",
        "HTTP-request-trailer-section-size",
        "HTTP-request-trailer-size",
        "HTTP-response-incomplete",
        "HTTP-response-header-section-size",
        "HTTP-response-header-size",
        "HTTP-response-body-size",
        "HTTP-response-trailer-section-size",
        "HTTP-response-trailer-size",
        "HTTP-response-transfer-coding",
        "HTTP-response-content-coding",
        "HTTP-response-timeout",
        "HTTP-upgrade-failed",
        "HTTP-protocol-error",
        "loop-detected",
        "configuration-error",
        "internal-error",
    ];

    fn answer(name: &str, message: &str) -> Answer {
        Answer { status: FAILED, head: name.to_owned(), data: flat::data::text(message) }
    }

    #[test]
    fn every_name_comes_back() {
        for name in NAMES {
            assert_eq!(print(&parse(answer(name, ""))).0, name);
        }
    }

    #[test]
    fn a_message_stays_where_the_code_has_room_for_it() {
        assert_eq!(print(&parse(answer("internal-error", "why"))), ("internal-error", "why".to_owned()));
        assert_eq!(print(&parse(answer("DNS-error", "NXDOMAIN"))), ("DNS-error", "NXDOMAIN".to_owned()));
        assert_eq!(print(&parse(answer("connection-refused", "why"))), ("connection-refused", String::new()));
    }

    #[test]
    fn an_unknown_name_is_an_internal_error_that_says_it() {
        assert_eq!(print(&parse(answer("new-error", ""))), ("internal-error", "new-error".to_owned()));
    }
}
