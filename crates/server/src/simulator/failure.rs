//! Why the simulator did not do something, in the gateway's terms.

use axum::response::{IntoResponse, Response};
use encke::calls::{Bound, CommandError, Refusal};
use encke::gateway::ReturnCode;
use http::StatusCode;

use crate::answer;

/// A `statusCode`, its HTTP status and a text.
#[derive(Debug)]
pub(super) struct Failure {
    http: StatusCode,
    code: ReturnCode,
    message: String,
}

impl Failure {
    pub(super) fn missing(name: &str) -> Self {
        Self::new(ReturnCode::MissingParameter, format!("{name} is missing"))
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ReturnCode::Validation, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ReturnCode::NotFound, message)
    }

    pub(super) fn new(code: ReturnCode, message: impl Into<String>) -> Self {
        Self { http: code.http_status(), code, message: message.into() }
    }

    pub(super) fn with_http(mut self, http: StatusCode) -> Self {
        self.http = http;
        self
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => {
                let code = match refusal {
                    Refusal::NotFound | Refusal::UnknownDn => ReturnCode::NotFound,
                    Refusal::TooMany { what: Bound::Calls | Bound::Interactions, .. } => {
                        ReturnCode::Internal
                    }
                    Refusal::InvalidState { .. }
                    | Refusal::DestinationBusy
                    | Refusal::DoNotDisturb
                    | Refusal::ForwardingLoop
                    | Refusal::ForwardedOutside
                    | Refusal::TooMany { .. } => ReturnCode::InvalidState,
                    Refusal::Exists => ReturnCode::Exists,
                    _ => ReturnCode::Validation,
                };
                Self::new(code, refusal.to_string())
            }
            error => Self::new(ReturnCode::Internal, error.to_string())
                .with_http(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        answer::status(self.http, u32::from(self.code.number()), &self.message)
    }
}
