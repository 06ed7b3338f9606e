//! One answer of the REST surface: always a JSON object that starts with `statusCode`.
//!
//! A reply also carries, as response extensions for the counting layer, which operation it
//! answers and with which code.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::counts::Operation;
use crate::json::Object;
use crate::status::{Failure, ReturnCode};

/// An answer that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) operation: Operation,
    code: ReturnCode,
    http: StatusCode,
    body: String,
    retry_after: Option<Duration>,
}

impl Reply {
    /// `{"statusCode":0}`, nothing else: what every accepted operation gets.
    pub(crate) fn accepted() -> Self {
        Self::new(ReturnCode::Success, "{}")
    }

    /// Success with one member more, given as JSON text.
    pub(crate) fn with(member: &str, json: &str) -> Self {
        Self::new(ReturnCode::Success, &Object::new().with(member, json).finish())
    }

    /// Any code, with the members of a JSON object after it.
    pub(crate) fn new(code: ReturnCode, object: &str) -> Self {
        let members = object.trim_start_matches('{');
        let comma = if members == "}" { "" } else { "," };
        let body = format!("{{\"statusCode\":{}{comma}{members}", code.number());
        let (operation, http) = (Operation::Unknown, code.http_status());
        Self { operation, code, http, body, retry_after: None }
    }

    /// The same answer, counted under this operation.
    pub(crate) fn counted_as(mut self, operation: Operation) -> Self {
        self.operation = operation;
        self
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        let members = Object::new().with_text("statusMessage", &failure.message).finish();
        let mut reply = Self::new(failure.code, &members);
        reply.http = failure.http;
        reply.retry_after = failure.retry_after;
        reply
    }
}

impl From<Result<Self, Failure>> for Reply {
    fn from(result: Result<Self, Failure>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.http;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // What a user may read now, another may not read later from somebody's cache.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert((self.operation, self.code));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_code_comes_first() {
        assert_eq!(Reply::accepted().body, r#"{"statusCode":0}"#);
        assert_eq!(Reply::with("calls", "[]").body, r#"{"statusCode":0,"calls":[]}"#);
    }

    #[test]
    fn a_message_is_quoted_whatever_it_holds() {
        let reply = Reply::from(Failure::invalid("a \"quoted\" \u{1}"));
        assert_eq!(reply.body, r#"{"statusCode":10,"statusMessage":"a \"quoted\" \u0001"}"#);
    }
}
