//! Why a request gets a status of its own instead of replies.
//!
//! Only what concerns a request as a whole is told by its status: 400, 405, 406, 408, 413, 415, and
//! for a view that was refused the code of that refusal, with `Retry-After` where it passes. The
//! body says why, as `[{"successful":false,"error":"400::..."}]`.
//!
//! # Sources
//!
//! Observed: CometD answers several of these with 500; clients take every status but 200 alike.

use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use encke_bayeux::Failure;

use crate::body::ReplyBody;

/// Why a request was refused before or instead of its messages.
#[derive(Debug)]
pub(crate) enum Refusal {
    Method,
    NoWebSocket,
    Callback(&'static str),
    Options,
    Encoding,
    Charset,
    TooLarge(usize),
    TooSlow,
    Aborted,
    Body {
        status: StatusCode,
        text: String,
    },
    /// The parameters of a view are wrong, and how.
    Query(String),
    /// The client takes no events.
    NotEvents,
    /// The broker's refusal, on a request that has no Bayeux reply.
    Failure(Failure),
}

impl Refusal {
    /// The response that says so.
    pub(crate) fn response(self) -> Response<ReplyBody> {
        // The rest of such a body is never read, so the connection cannot be used again.
        let unread = matches!(self, Self::TooLarge(_) | Self::TooSlow | Self::Aborted);
        let (failure, pause) = match &self {
            Self::Failure(failure) => {
                let pause = failure.advice().and_then(|advice| advice.interval);
                (Some(failure.to_string()), pause)
            }
            _ => (None, None),
        };
        let (status, text) = match self {
            Self::Options => return allow(empty(StatusCode::OK)),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "messages are sent by POST".to_owned())
            }
            Self::Callback(why) => (StatusCode::BAD_REQUEST, why.to_owned()),
            Self::NoWebSocket => {
                (StatusCode::BAD_REQUEST, "WebSocket is not served here".to_owned())
            }
            Self::Encoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body has a content encoding".to_owned())
            }
            Self::Charset => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not UTF-8".to_owned())
            }
            Self::TooLarge(limit) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {limit} bytes"))
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly".to_owned()),
            Self::Aborted => (StatusCode::BAD_REQUEST, "the body ended early".to_owned()),
            Self::Body { status, text } => (status, text),
            Self::Query(why) => (StatusCode::BAD_REQUEST, why),
            Self::NotEvents => {
                (StatusCode::NOT_ACCEPTABLE, "only text/event-stream is served here".to_owned())
            }
            Self::Failure(failure) => {
                let status = StatusCode::from_u16(failure.code()).ok();
                let told =
                    |status: &StatusCode| status.is_client_error() || status.is_server_error();
                (status.filter(told).unwrap_or(StatusCode::FORBIDDEN), String::new())
            }
        };
        let error = failure.unwrap_or_else(|| format!("{}::{text}", status.as_u16()));
        let text = serde_json::json!([{"successful": false, "error": error}]);
        let mut response = Response::new(ReplyBody::plain(text.to_string()));
        *response.status_mut() = status;
        set_json(response.headers_mut());
        if let Some(pause) = pause {
            let seconds = pause.as_millis().div_ceil(1000).to_string();
            let seconds = HeaderValue::try_from(seconds).unwrap_or(HeaderValue::from_static("5"));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        if unread {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED { allow(response) } else { response }
    }
}

pub(crate) fn empty(status: StatusCode) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::plain(""));
    *response.status_mut() = status;
    response
}

fn allow(mut response: Response<ReplyBody>) -> Response<ReplyBody> {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    response
}

pub(crate) fn set_json(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
