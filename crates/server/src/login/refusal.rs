//! Answers that the login gives itself, each with its reason.
//!
//! The form is the gateway's: a JSON object with `statusCode` and `statusMessage`, and never a
//! `WWW-Authenticate`, which would make browsers ask for a password.
//!
//! # Sources
//!
//! Observed: GWS 8.5.202 answers 403 and `{"statusCode":20,"statusMessage":"Access denied"}` to a
//! first request. Documented: the CSRF text. The reasons after `Access denied` are ours.

use std::time::Duration;

use http::StatusCode;

use crate::answer::{self, Answer};

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Neither credentials nor a cookie.
    NoCredentials,
    /// An `Authorization` header that cannot be read.
    Malformed,
    /// A scheme other than Basic.
    Scheme,
    /// A cookie that stands for nothing any more, and no credentials.
    SessionOver,
    /// No such user, or not their password.
    Wrong,
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
            Self::Malformed | Self::Scheme => "malformed",
            Self::SessionOver => "session_over",
            Self::Wrong => "wrong",
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
            Self::Scheme => denied("Access denied: only Basic credentials are taken"),
            Self::SessionOver => denied("Access denied: the session is over"),
            Self::Wrong => denied("Access denied: wrong user or password"),
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
