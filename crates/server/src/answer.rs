//! Responses that the server itself gives: JSON with a status, text, files, redirects.
//!
//! What is refused before anybody has looked at what was asked for is a [`Refused`]: who asks
//! decides about its [`Form`].

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
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

/// How the clients of a part expect to be refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// `{"statusCode":20,"statusMessage":"..."}`
    Gws,
    /// `{"error":{"code":"...","message":"..."}}`
    Named,
}

/// The refusal of a request by whoever stands at the door.
#[derive(Debug)]
pub(crate) struct Refused {
    http: StatusCode,
    code: u32,
    name: &'static str,
    message: Cow<'static, str>,
    wait: Option<Duration>,
    challenge: Option<HeaderValue>,
    /// A session that was begun before the refusal, to be told nevertheless.
    pub(crate) cookie: Option<HeaderValue>,
}

impl Refused {
    /// A refusal by number for the one form, by name for the other.
    pub(crate) fn new(
        http: StatusCode,
        code: u32,
        name: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = message.into();
        Self { http, code, name, message, wait: None, challenge: None, cookie: None }
    }

    /// Says when to come back.
    #[must_use]
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Says how to prove who one is.
    #[must_use]
    pub(crate) fn challenge(mut self, challenge: Option<HeaderValue>) -> Self {
        self.challenge = challenge;
        self
    }

    /// The refusal on the wire.
    pub(crate) fn answer(self, form: Form) -> Answer {
        let mut answer = match form {
            Form::Gws => status(self.http, self.code, &self.message),
            Form::Named => named(self.http, self.name, &self.message),
        };
        if let Some(wait) = self.wait {
            answer = retry_after(answer, wait);
        }
        if let Some(challenge) = self.challenge {
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(cookie) = self.cookie {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        answer
    }
}

/// An answer with an error that has a name.
pub(crate) fn named(http: StatusCode, code: &str, message: &str) -> Answer {
    #[derive(Serialize)]
    struct Problem<'a> {
        error: Named<'a>,
    }
    #[derive(Serialize)]
    struct Named<'a> {
        code: &'a str,
        message: &'a str,
    }
    json(http, &Problem { error: Named { code, message } })
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
pub(crate) fn too_long(limit: usize) -> Refused {
    let message = format!("the body is longer than {limit} bytes");
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, 10, "body_too_long", message)
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
