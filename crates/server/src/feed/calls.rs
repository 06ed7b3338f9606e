//! `GET /{source}/calls`, `GET /{source}/calls/{id}`: how far each call has been reported, for a
//! source that has to go on without memory.

use std::num::NonZeroUsize;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use encke::calls::{Call, SourceName};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::problem::Problem;
use super::source::Source;
use super::{Feed, LINES, said};
use crate::answer::{self, Answer};

/// Calls of a page where nobody asks for more or fewer, and most of them.
const PAGE: usize = 1_000;
const MAX_PAGE: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    after: String,
    limit: Option<NonZeroUsize>,
}

#[derive(Serialize)]
struct Stands<'a> {
    call: &'a str,
    seq: u64,
    /// How many events the call has had, those of agents included.
    version: u64,
    ended: bool,
}

#[derive(Serialize)]
struct Next<'a> {
    next: Option<&'a str>,
}

fn stands<'a>(source: &SourceName, call: &'a Call) -> Option<Stands<'a>> {
    let fed = call.fed.as_ref().filter(|fed| fed.source == *source)?;
    let id = source.id_of(call.id.as_str())?;
    Some(Stands { call: id, seq: fed.seq, version: call.version, ended: call.is_released() })
}

pub(super) async fn list(
    State(feed): State<Feed>,
    source: Result<Source, Problem>,
    asked: Result<Asked<Wanted>, Problem>,
) -> Answer {
    match page(&feed, source, asked).await {
        Ok(lines) => answer::typed(StatusCode::OK, LINES, Body::from(lines)),
        Err(problem) => problem.into_response(),
    }
}

async fn page(
    feed: &Feed,
    source: Result<Source, Problem>,
    asked: Result<Asked<Wanted>, Problem>,
) -> Result<Vec<u8>, Problem> {
    let source = source?.name;
    let Asked(Wanted { after, limit }) = asked?;
    let limit = limit.map_or(PAGE, NonZeroUsize::get);
    if limit > MAX_PAGE {
        return Err(Problem::Query(format!("limit is at most {MAX_PAGE}")));
    }
    let core = feed.0.core.clone();
    let walk = move || {
        let after = if after.is_empty() { after } else { format!("{after}@{source}") };
        let calls = core.calls_of_source(&source, &after, limit);
        let mut lines = Vec::new();
        for stands in calls.iter().filter_map(|call| stands(&source, call)) {
            said::line(&mut lines, &stands);
        }
        let last = calls.last().filter(|_| calls.len() == limit);
        let next = last.and_then(|call| source.id_of(call.id.as_str()));
        said::line(&mut lines, &Next { next });
        lines
    };
    // A walk over all calls, on a thread of its own.
    tokio::task::spawn_blocking(walk).await.map_err(|_| Problem::Failed)
}

#[derive(Deserialize)]
pub(super) struct Named {
    id: String,
}

pub(super) async fn one(
    State(feed): State<Feed>,
    source: Result<Source, Problem>,
    named: Result<Path<Named>, PathRejection>,
) -> Answer {
    let find = || {
        let source = source?.name;
        let Path(Named { id }) = named.map_err(|error| Problem::Path(error.body_text()))?;
        let call = feed.0.core.call(&format!("{id}@{source}"));
        let call = call.ok_or(Problem::UnknownCall)?;
        let stands = stands(&source, &call).ok_or(Problem::UnknownCall)?;
        Ok::<_, Problem>(answer::json(StatusCode::OK, &stands))
    };
    find().unwrap_or_else(Problem::into_response)
}
