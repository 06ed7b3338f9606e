//! Answers that the login gives itself, each with its reason.
//!
//! There is no `WWW-Authenticate` that would make browsers ask for a password. Tokens that are not taken are
//! answered 401, so that whoever has them knows to get another.
//!
//! # Sources
//!
//! Specified: RFC 6750 section 3 for `WWW-Authenticate: Bearer` and `invalid_token`.
//! Observed: GWS 8.5.202 answers 403 and `{"statusCode":20,"statusMessage":"Access denied"}` to a
//! first request. Documented: the CSRF text. The reasons after `Access denied` are ours.

use std::time::Duration;

use http::{HeaderValue, StatusCode};

use super::token::TokenError;
use crate::answer::Refused;

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
    /// A user without the role `service`, where only back ends are let in.
    NoService,
    /// An API key that is none of ours.
    Key,
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
            Self::NoService => "no_service",
            Self::Key => "wrong_key",
            Self::TooManyFailures(_) => "throttled",
            Self::Busy => "busy",
            Self::Csrf => "csrf",
        }
    }

    /// The refusal as it is answered.
    pub(crate) fn refused(self) -> Refused {
        let denied = |message| Refused::new(StatusCode::FORBIDDEN, 20, "access_denied", message);
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
            Self::NoService => denied("Access denied: the role `service` is needed"),
            Self::Key => {
                let message = "Access denied: wrong API key";
                Refused::new(StatusCode::FORBIDDEN, 20, "wrong_key", message)
            }
            Self::TooManyFailures(wait) => Refused::new(
                StatusCode::TOO_MANY_REQUESTS,
                20,
                "too_many_failures",
                "Access denied: too many failed logins",
            )
            .after(wait),
            Self::Busy => {
                let busy = StatusCode::SERVICE_UNAVAILABLE;
                Refused::new(busy, 4, "unavailable", "Too many logins at once")
                    .after(Duration::from_secs(1))
            }
            Self::Csrf => {
                let message = "Missing or invalid Csrf token";
                Refused::new(StatusCode::FORBIDDEN, 3, "csrf_token", message)
            }
        }
    }
}

fn token(error: TokenError) -> Refused {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{error}\"");
    let message = format!("Access denied: {error}");
    Refused::new(StatusCode::UNAUTHORIZED, 20, "invalid_token", message)
        .challenge(HeaderValue::try_from(challenge).ok())
}
