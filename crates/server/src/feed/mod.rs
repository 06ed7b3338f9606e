//! The feed at `/api/feed/v1`: call-state cores outside report their calls, and are told what agents
//! changed.
//!
//! | Request                                    | Effect                                             |
//! |--------------------------------------------|----------------------------------------------------|
//! | `POST .../{source}?ack=`                   | reports, a JSON line each; answers while they come |
//! | `GET .../{source}/calls?after=&limit=`     | how far each call has been reported                |
//! | `GET .../{source}/calls/{id}`              | the same of one call                               |
//! | `GET .../{source}/changes?after=`          | what agents changed, as it happens                 |
//!
//! Who asks is a [`BackEnd`](crate::api::BackEnd) whose key names the source. A report is
//! acknowledged when it is in the journal, and one that is known changes nothing: after any break
//! a source sends again what was not acknowledged.
//!
//! # Shape
//!
//! No task: a stream is the body of its response, and reading, waiting and answering happen when
//! the connection asks for more of it. A client that does not read its answers is not read either.
//!
//! # Bounds
//!
//! Of a line: bytes, depth. Of a stream: lines that wait for the journal, silence. Of a key:
//! streams. Altogether: lines that wait, half of the places in the core's queue, so that feeds
//! never keep agents from theirs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, get, post};
use encke::calls::Core;
use encke::journal::Journal;
use http::StatusCode;
use tokio::sync::{Semaphore, watch};

use crate::answer::{self, Answer};
use crate::metrics::Counted;

mod asked;
mod calls;
mod changes;
mod exchange;
mod line;
mod lines;
mod places;
mod problem;
mod reader;
mod reports;
mod said;
mod source;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;

pub(crate) use source::Feeder;

/// Where it is.
pub(crate) const ROOT: &str = "/api/feed/v1";

/// The description of all of it, an `OpenAPI` 3.1 document.
pub(crate) const DESCRIPTION: &str = include_str!("openapi.json");

/// Content type of what is a JSON text a line.
const LINES: &str = "application/x-ndjson";

/// What feeds may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedBounds {
    /// Longest line.
    pub(crate) line_bytes: usize,
    /// Deepest nesting of a line.
    pub(crate) depth: usize,
    /// Lines of one stream that wait for the journal.
    pub(crate) in_flight: usize,
    /// Lines of all streams that wait for the journal.
    pub(crate) in_flight_altogether: usize,
    /// Streams of one key.
    pub(crate) streams: usize,
    /// Longest silence of a sender.
    pub(crate) idle: Duration,
    /// Time between two lines of a stream that tells changes.
    pub(crate) heartbeat: Duration,
}

/// A cheap handle to all feeds.
#[derive(Clone, Debug)]
pub(crate) struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    core: Core,
    journal: Arc<dyn Journal>,
    bounds: FeedBounds,
    counted: Counted,
    in_flight: Arc<Semaphore>,
    places: places::Places,
    draining: watch::Sender<bool>,
}

impl Feed {
    pub(crate) fn new(
        core: Core,
        journal: Arc<dyn Journal>,
        bounds: FeedBounds,
        counted: Counted,
    ) -> Self {
        let in_flight = Arc::new(Semaphore::new(bounds.in_flight_altogether));
        let places = places::Places::new(bounds.streams);
        let (draining, _) = watch::channel(false);
        Self(Arc::new(Inner { core, journal, bounds, counted, in_flight, places, draining }))
    }

    /// Streams read no more, answer what they have read, say so and end; later ones at once.
    pub(crate) fn begin_drain(&self) {
        self.0.draining.send_replace(true);
    }

    /// The routes.
    pub(crate) fn router(self) -> Router {
        let mut router = Router::new();
        for (path, routes) in routes() {
            router = router.route(&format!("{ROOT}{path}"), routes);
        }
        router
            .method_not_allowed_fallback(wrong_method)
            .fallback(unknown)
            .layer(DefaultBodyLimit::disable())
            .with_state(self)
    }
}

/// Every path with what it takes; the description is held against it.
fn routes() -> [(&'static str, MethodRouter<Feed>); 4] {
    [
        ("/{source}", post(reports::post)),
        ("/{source}/calls", get(calls::list)),
        ("/{source}/calls/{id}", get(calls::one)),
        ("/{source}/changes", get(changes::get)),
    ]
}

/// Waits until the server drains.
async fn drained(draining: &mut watch::Receiver<bool>) {
    // Whoever could say so is gone with the server.
    drop(draining.wait_for(|draining| *draining).await);
}

async fn unknown() -> Answer {
    answer::named(StatusCode::NOT_FOUND, "no_such_path", "there is nothing at this path")
}

async fn wrong_method() -> Answer {
    let wrong = StatusCode::METHOD_NOT_ALLOWED;
    answer::named(wrong, "method_not_allowed", "this path does not take this method")
}
