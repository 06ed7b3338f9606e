//! The `statusCode` of every answer, the HTTP status that goes with it, and the failure a handler
//! returns.
//!
//! A failure carries a text for the peer. The text names the parameter or the resource that was
//! wrong and never our internals; what an operator needs is logged where it happened.
//!
//! # Sources
//!
//! - Documented: GWS 8.6 "Return values" for the numbers.
//! - Observed: GWS 8.5.202 answers HTTP 200 for 0 and 7, 403 for 20, 500 for 4 and 503 when the
//!   back end is away. The other pairs are our choice and follow the nearest HTTP meaning.

use std::fmt;
use std::time::Duration;

use axum::http::StatusCode;

/// A GWS return value, the number in `statusCode`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ReturnCode {
    /// 0: accepted, and on disk.
    Success,
    /// 1: a required parameter is missing, or the body is not JSON.
    MissingParameter,
    /// 2: the operation is not possible in the present state.
    InvalidState,
    /// 3: forbidden for everybody.
    Forbidden,
    /// 4: our fault, or the journal is away (then with HTTP 503).
    Internal,
    /// 5: this user may not do it.
    NoPermission,
    /// 6: no such resource for this user.
    NotFound,
    /// 7: some parts succeeded, some failed; the body lists both.
    Partial,
    /// 10: a parameter is there and wrong.
    Validation,
    /// 18: it exists already.
    Exists,
    /// 19: it is in use.
    InUse,
    /// 20: nobody is logged in.
    NotAuthenticated,
}

impl ReturnCode {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 12] = [
        Self::Success,
        Self::MissingParameter,
        Self::InvalidState,
        Self::Forbidden,
        Self::Internal,
        Self::NoPermission,
        Self::NotFound,
        Self::Partial,
        Self::Validation,
        Self::Exists,
        Self::InUse,
        Self::NotAuthenticated,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::MissingParameter => 1,
            Self::InvalidState => 2,
            Self::Forbidden => 3,
            Self::Internal => 4,
            Self::NoPermission => 5,
            Self::NotFound => 6,
            Self::Partial => 7,
            Self::Validation => 10,
            Self::Exists => 18,
            Self::InUse => 19,
            Self::NotAuthenticated => 20,
        }
    }

    /// The HTTP status that goes with it unless a failure says otherwise.
    pub const fn http_status(self) -> StatusCode {
        match self {
            Self::Success | Self::Partial => StatusCode::OK,
            Self::MissingParameter | Self::InvalidState | Self::Validation => {
                StatusCode::BAD_REQUEST
            }
            Self::Forbidden | Self::NoPermission | Self::NotAuthenticated => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Exists | Self::InUse => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why a request was not carried out, as its caller will read it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: ReturnCode,
    pub(crate) http: StatusCode,
    pub(crate) message: String,
    /// When to try again, if that is known.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(code: ReturnCode, message: impl Into<String>) -> Self {
        Self { code, http: code.http_status(), message: message.into(), retry_after: None }
    }

    /// Refused because it was asked for too often; after this time it may be asked for again.
    pub(crate) fn too_often(message: impl Into<String>, retry_after: Duration) -> Self {
        let failure = Self::new(ReturnCode::Forbidden, message);
        let failure = failure.with_http(StatusCode::TOO_MANY_REQUESTS);
        Self { retry_after: Some(retry_after), ..failure }
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(ReturnCode::MissingParameter, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ReturnCode::Validation, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ReturnCode::NotFound, message)
    }

    /// The same failure with more to say.
    pub(crate) fn adding(mut self, text: &str) -> Self {
        self.message.push_str(text);
        self
    }

    /// The same failure under an HTTP status of its own, such as 413 or 503.
    pub(crate) fn with_http(mut self, http: StatusCode) -> Self {
        self.http = http;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statusCode {}: {}", self.code.number(), self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_return_values_page() {
        let numbers: Vec<u8> = ReturnCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 10, 18, 19, 20]);
    }

    #[test]
    fn http_status_follows_the_table() {
        let pairs: Vec<(u8, u16)> = ReturnCode::ALL
            .iter()
            .map(|code| (code.number(), code.http_status().as_u16()))
            .collect();
        assert_eq!(
            pairs,
            [
                (0, 200),
                (1, 400),
                (2, 400),
                (3, 403),
                (4, 500),
                (5, 403),
                (6, 404),
                (7, 200),
                (10, 400),
                (18, 409),
                (19, 409),
                (20, 403)
            ]
        );
    }
}
