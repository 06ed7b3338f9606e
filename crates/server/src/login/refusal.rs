//! Answers that the login gives itself, each with its reason.
//!
//! The form is the gateway's: a JSON object with `statusCode` and `statusMessage`. There is no
//! `WWW-Authenticate` that would make browsers ask for a password. Tokens that are not taken are
//! answered 401, so that whoever has them knows to get another.
//!
//! # Sources
//!
//! Specified: RFC 6750 section 3 for `WWW-Authenticate: Bearer` and `invalid_token`.
//! Observed: GWS 8.5.202 answers 403 and `{"statusCode":20,"statusMessage":"Access denied"}` to a
//! first request. Documented: the CSRF text. The reasons after `Access denied` are ours.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};

use super::token::TokenError;
use crate::answer::{self, Answer};

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Neither credentials nor a cookie.
    NoCredentials,
    /// An `Authorization` header that cannot be read.
    Malformed,
    /// A scheme other than Basic and, where tokens are taken, Bearer.
    Scheme { bearer: bool },
    /// A cookie that stands for nothing any more, and no credentials.
    SessionOver,
    /// No such user, or not their password.
    Wrong,
    /// A token that is not taken.
    Token(TokenError),
    /// The bearer of a good token, where only configured users are let in.
    NotConfigured,
    /// Too many failures; come back after this time.
    TooManyFailures(Duration),
    /// Too many checks wait; come back.
    Busy,
    /// No CSRF token, or another one.
    Csrf,
}

impl Refusal {
    /// The outcome as a metric label.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::Malformed | Self::Scheme { .. } => "malformed",
            Self::SessionOver => "session_over",
            Self::Wrong => "wrong",
            Self::Token(error) => error.label(),
            Self::NotConfigured => "not_configured",
            Self::TooManyFailures(_) => "throttled",
            Self::Busy => "busy",
            Self::Csrf => "csrf",
        }
    }

    /// The refusal on the wire.
    pub(crate) fn answer(self) -> Answer {
        let denied = |reason| answer::status(StatusCode::FORBIDDEN, 20, reason);
        match self {
            Self::NoCredentials => denied("Access denied: no credentials"),
            Self::Malformed => denied("Access denied: malformed Authorization header"),
            Self::Scheme { bearer: false } => {
                denied("Access denied: only Basic credentials are taken")
            }
            Self::Scheme { bearer: true } => {
                denied("Access denied: only Basic credentials and Bearer tokens are taken")
            }
            Self::SessionOver => denied("Access denied: the session is over"),
            Self::Wrong => denied("Access denied: wrong user or password"),
            Self::Token(error) => token(error),
            Self::NotConfigured => denied("Access denied: this user is not configured here"),
            Self::TooManyFailures(wait) => answer::retry_after(
                answer::status(
                    StatusCode::TOO_MANY_REQUESTS,
                    20,
                    "Access denied: too many failed logins",
                ),
                wait,
            ),
            Self::Busy => answer::retry_after(
                answer::status(StatusCode::SERVICE_UNAVAILABLE, 4, "Too many logins at once"),
                Duration::from_secs(1),
            ),
            Self::Csrf => answer::status(StatusCode::FORBIDDEN, 3, "Missing or invalid Csrf token"),
        }
    }
}

fn token(error: TokenError) -> Answer {
    let reason = format!("Access denied: {error}");
    let mut answer = answer::status(StatusCode::UNAUTHORIZED, 20, &reason);
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{error}\"");
    if let Ok(challenge) = HeaderValue::try_from(challenge) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}
