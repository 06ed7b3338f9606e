//! Responses that the server itself gives: JSON with a status, text, files, redirects.

use std::time::Duration;

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// What everything in front of the socket answers with.
pub(crate) type Answer = Response<Body>;

/// The object that every refusal under `/api/v2` and `/sim/v1` carries.
///
/// # Sources
///
/// Documented: GWS "Return values".
#[derive(Serialize)]
struct Status<'a> {
    #[serde(rename = "statusCode")]
    code: u32,
    #[serde(rename = "statusMessage")]
    message: &'a str,
}

/// An answer with a GWS `statusCode` and text.
pub(crate) fn status(http: StatusCode, code: u32, message: &str) -> Answer {
    json(http, &Status { code, message })
}

/// `{"statusCode":0}`: done.
pub(crate) fn accepted() -> Answer {
    typed(StatusCode::OK, "application/json", r#"{"statusCode":0}"#)
}

/// The refusal of a body of more than `limit` bytes.
pub(crate) fn too_long(limit: usize) -> Answer {
    let message = format!("the body is longer than {limit} bytes");
    status(StatusCode::PAYLOAD_TOO_LARGE, 10, &message)
}

/// An answer with a JSON body.
pub(crate) fn json(http: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => typed(http, "application/json", body),
        // Our own values are plain structures; should one fail, the client still gets a status.
        Err(_) => typed(StatusCode::INTERNAL_SERVER_ERROR, "application/json", "{}"),
    }
}

/// An answer of some content type that no cache keeps.
pub(crate) fn typed(http: StatusCode, kind: &'static str, body: impl Into<Body>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = http;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Adds `Retry-After` in whole seconds, at least one.
pub(crate) fn retry_after(mut answer: Answer, wait: Duration) -> Answer {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    answer
}
