//! What a request says: a JSON body, or a query.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use encke::bayeux::batch::check_depth;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Api;
use super::problem::Problem;

/// Levels of a body around the data of a message.
const ENVELOPE: usize = 3;

/// A JSON body of some shape.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let bounds = api.0.bounds;
        let body = Bytes::from_request(request, api).await.map_err(|rejection| match rejection
            .status()
        {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::BodyTooLong(bounds.body_bytes),
            _ => Problem::BodyBroken,
        })?;
        check_depth(&body, bounds.depth + ENVELOPE)
            .map_err(|_| Problem::NotJson(format!("data nests at most {} deep", bounds.depth)))?;
        parse(&body).map(Self)
    }
}

/// Reads JSON text; what is no JSON is told apart from what has another shape.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| {
        if error.is_data() {
            Problem::Body(error.to_string())
        } else {
            Problem::NotJson(error.to_string())
        }
    })
}

/// A query of some shape.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(asked)| Self(asked))
            .map_err(|rejection| Problem::Query(rejection.body_text()))
    }
}
