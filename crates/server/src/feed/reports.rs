//! `POST /{source}`: a stream of reports.

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::IntoResponse as _;
use http::StatusCode;
use serde::Deserialize;

use super::exchange::{Ack, Exchange};
use super::problem::Problem;
use super::source::Source;
use super::{Feed, LINES};
use crate::answer::{self, Answer};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    ack: Ack,
}

pub(super) async fn post(
    State(feed): State<Feed>,
    source: Result<Source, Problem>,
    request: Request,
) -> Answer {
    match begin(&feed, source, request) {
        Ok(exchange) => answer::typed(StatusCode::OK, LINES, Body::from_stream(exchange)),
        Err(problem) => problem.into_response(),
    }
}

fn begin(
    feed: &Feed,
    source: Result<Source, Problem>,
    request: Request,
) -> Result<Exchange, Problem> {
    let source = source?;
    let asked = Query::<Asked>::try_from_uri(request.uri())
        .map_err(|rejection| Problem::Query(rejection.body_text()))?;
    let place = feed.0.places.take(&source.key)?;
    Ok(Exchange::new(feed, &source, request.into_body(), asked.0.ack, place))
}
