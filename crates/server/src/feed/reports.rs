//! `POST /{source}`: a stream of reports.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use http::StatusCode;
use serde::Deserialize;

use super::asked::Asked;
use super::exchange::{Ack, Exchange};
use super::problem::Problem;
use super::source::Source;
use super::{Feed, LINES};
use crate::answer::{self, Answer};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    ack: Ack,
}

pub(super) async fn post(
    State(feed): State<Feed>,
    source: Result<Source, Problem>,
    asked: Result<Asked<Wanted>, Problem>,
    request: Request,
) -> Answer {
    match begin(&feed, source, asked, request) {
        Ok(exchange) => answer::typed(StatusCode::OK, LINES, Body::from_stream(exchange)),
        Err(problem) => problem.into_response(),
    }
}

fn begin(
    feed: &Feed,
    source: Result<Source, Problem>,
    asked: Result<Asked<Wanted>, Problem>,
    request: Request,
) -> Result<Exchange, Problem> {
    let source = source?;
    let Asked(Wanted { ack }) = asked?;
    let place = feed.0.places.take(&source.key)?;
    Ok(Exchange::new(feed, &source, request.into_body(), ack, place))
}
