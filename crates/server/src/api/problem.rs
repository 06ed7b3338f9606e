//! Why the API did not do something: an HTTP status, a code for machines, a text for people.

use axum::response::{IntoResponse, Response};
use encke::bayeux::ChannelError;
use encke::broker::PublishError;
use http::StatusCode;
use serde::Serialize;

use super::Operation;
use crate::answer;

/// What is wrong with a request, or with the state it meets. Everything but [`Problem::Failed`] is
/// the back end's to mend.
#[derive(Debug)]
pub(super) enum Problem {
    /// The body is longer than this.
    BodyTooLong(usize),
    /// The body broke off, or came too slowly.
    BodyBroken,
    /// The body is no JSON, or nested too deep.
    NotJson(String),
    /// The body is JSON of another shape.
    Body(String),
    /// A batch has more messages than this.
    TooManyMessages(usize),
    /// The path is no text.
    Path(String),
    /// The query has another key, or a value of another kind.
    Query(String),
    /// The name of a channel or a pattern breaks a rule.
    Channel(ChannelError),
    /// The channel is not one that messages can be published on.
    Publish(PublishError),
    /// The channel is one of the notifications endpoint's.
    Reserved,
    /// The endpoint is not served here.
    NoEndpoint,
    /// The back end may not do this.
    NotAllowed(Operation),
    /// A part of ours ended before it was done.
    Failed,
}

/// The object that says so, alone or as the result of one message of many.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    code: &'static str,
    message: String,
}

impl Problem {
    fn http(&self) -> StatusCode {
        match self {
            Self::BodyTooLong(_) | Self::TooManyMessages(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoEndpoint => StatusCode::NOT_FOUND,
            Self::NotAllowed(_) => StatusCode::FORBIDDEN,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BodyBroken
            | Self::NotJson(_)
            | Self::Body(_)
            | Self::Path(_)
            | Self::Query(_)
            | Self::Channel(_)
            | Self::Publish(_)
            | Self::Reserved => StatusCode::BAD_REQUEST,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BodyTooLong(_) => "body_too_long",
            Self::BodyBroken => "body_broken",
            Self::NotJson(_) => "json_invalid",
            Self::Body(_) => "body_invalid",
            Self::TooManyMessages(_) => "too_many_messages",
            Self::Path(_) => "path_invalid",
            Self::Query(_) => "query_invalid",
            Self::Channel(_) => "channel_invalid",
            Self::Publish(PublishError::Private) => "channel_private",
            Self::Publish(_) => "channel_not_for_messages",
            Self::Reserved => "channel_reserved",
            Self::NoEndpoint => "no_such_endpoint",
            Self::NotAllowed(_) => "operation_not_allowed",
            Self::Failed => "failed",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::BodyTooLong(limit) => format!("the body is longer than {limit} bytes"),
            Self::BodyBroken => "the body broke off".to_owned(),
            Self::NotJson(why) | Self::Body(why) | Self::Path(why) | Self::Query(why) => {
                why.clone()
            }
            Self::TooManyMessages(limit) => format!("a batch has at most {limit} messages"),
            Self::Channel(why) => why.to_string(),
            Self::Publish(why) => why.to_string(),
            Self::Reserved => "channels in /v2/** are for what happens to calls".to_owned(),
            Self::NoEndpoint => "this endpoint is not served here".to_owned(),
            Self::NotAllowed(operation) => {
                format!("this key may not do `{}`", operation.as_str())
            }
            Self::Failed => "the request could not be finished".to_owned(),
        }
    }

    /// The error object.
    pub(super) fn said(&self) -> Said {
        Said { code: self.code(), message: self.message() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        answer::named(self.http(), self.code(), &self.message())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use encke::bayeux::ChannelName;
    use serde_json::Value;

    use super::*;
    use crate::api::DESCRIPTION;

    /// Codes that the door in front of the API answers with.
    const OF_THE_DOOR: [&str; 8] = [
        "access_denied",
        "csrf_token",
        "foreign_origin",
        "invalid_token",
        "too_many_failures",
        "too_many_requests",
        "unavailable",
        "wrong_key",
    ];

    /// Codes of the router.
    const OF_ROUTES: [&str; 2] = ["method_not_allowed", "no_such_path"];

    #[test]
    fn codes_are_those_of_the_description() {
        let text = String::new;
        let problems = [
            Problem::BodyTooLong(1),
            Problem::BodyBroken,
            Problem::NotJson(text()),
            Problem::Body(text()),
            Problem::TooManyMessages(1),
            Problem::Path(text()),
            Problem::Query(text()),
            Problem::Channel(ChannelName::new("x").unwrap_err()),
            Problem::Publish(PublishError::Private),
            Problem::Publish(PublishError::NotBroadcast),
            Problem::Reserved,
            Problem::NoEndpoint,
            Problem::NotAllowed(Operation::Publish),
            Problem::Failed,
        ];
        let mut known: BTreeSet<&str> = problems.iter().map(Problem::code).collect();
        assert_eq!(known.len(), problems.len());
        known.extend(OF_THE_DOOR);
        known.extend(OF_ROUTES);
        let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let error = &document["components"]["schemas"]["Error"]["properties"]["error"];
        let described = error["properties"]["code"]["enum"].as_array().unwrap();
        let described: BTreeSet<&str> =
            described.iter().map(|code| code.as_str().unwrap()).collect();
        assert_eq!(described, known);
    }
}
