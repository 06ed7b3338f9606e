//! Why a request is refused before its stream begins.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::answer;

/// What is wrong with a request, or with the state it meets.
#[derive(Debug)]
pub(super) enum Problem {
    /// The key is not for this source.
    NotAllowed,
    /// The path is no text.
    Path(String),
    /// The query has another key, or a value of another kind.
    Query(String),
    /// There is no such call of the source, or it is forgotten.
    UnknownCall,
    /// The journal has not come so far.
    PositionAhead(u64),
    /// The key has so many streams already.
    TooManyStreams(usize),
    /// A part of ours ended before it was done.
    Failed,
}

impl Problem {
    fn http(&self) -> StatusCode {
        match self {
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::Path(_) | Self::Query(_) | Self::PositionAhead(_) => StatusCode::BAD_REQUEST,
            Self::UnknownCall => StatusCode::NOT_FOUND,
            Self::TooManyStreams(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed => "source_not_allowed",
            Self::Path(_) => "path_invalid",
            Self::Query(_) => "query_invalid",
            Self::UnknownCall => "unknown_call",
            Self::PositionAhead(_) => "position_ahead",
            Self::TooManyStreams(_) => "too_many_streams",
            Self::Failed => "failed",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotAllowed => "this key is not for this source".to_owned(),
            Self::Path(why) | Self::Query(why) => why.clone(),
            Self::UnknownCall => "there is no such call; it begins with number 1".to_owned(),
            Self::PositionAhead(head) => format!("the journal is at position {head}"),
            Self::TooManyStreams(limit) => format!("a key has at most {limit} streams"),
            Self::Failed => "the request could not be finished".to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        answer::named(self.http(), self.code(), &self.message())
    }
}
