//! The HTTP API for back ends at `/api/bayeux/v1`: publish, ask who is there, end sessions.
//!
//! | Request                                     | Effect                                          |
//! |---------------------------------------------|-------------------------------------------------|
//! | `POST .../publish {"channel","data","user"?}` | to all subscribers, or to one user's sessions |
//! | `POST .../publish/batch {"messages":[...]}` | the same for each, with a result for each       |
//! | `POST .../users/{user}/disconnect`          | ends the user's sessions on all endpoints       |
//! | `GET .../users/{user}`                      | whether the user is there, and with what        |
//! | `GET .../users`                             | who is there, or who subscribed to a channel    |
//! | `GET .../channels`                          | channels and patterns with their subscribers    |
//! | `GET .../sessions`                          | sessions, client ids shortened                  |
//!
//! Who asks has been found out in front of it and is a [`BackEnd`] in the request's extensions: a
//! user with the role `service`, or an API key. Lists come in pages; `next` begins the next one.
//! Every answer that is not 200 is `{"error":{"code","message"}}`.
//!
//! Publishing goes to the generic endpoint: what the other one tells is what happened to calls, and
//! nothing else.
//!
//! Shape: a handle over the brokers. Walks over all sessions, and batches, run on blocking threads.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};
use encke::broker::Broker;
use http::StatusCode;
use serde::Serialize;

use crate::answer::{self, Answer};
use crate::metrics::Counted;
use crate::settings::Endpoint;

mod back_end;
mod listing;
mod page;
mod presence;
mod problem;
mod publish;
mod request;
#[cfg(test)]
mod tests;

pub(crate) use back_end::{BackEnd, Operation};

use problem::Problem;

/// Where it is.
pub(crate) const ROOT: &str = "/api/bayeux/v1";

/// The description of all of it, an `OpenAPI` 3.1 document.
pub(crate) const DESCRIPTION: &str = include_str!("openapi.json");

/// What back ends act on.
#[derive(Clone, Debug)]
pub(crate) struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cometd: Option<Broker>,
    notifications: Broker,
    bounds: ApiBounds,
    counted: Counted,
}

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiBounds {
    /// Largest body.
    pub(crate) body_bytes: usize,
    /// Most messages of a batch.
    pub(crate) messages: usize,
    /// Deepest nesting of a message's data.
    pub(crate) depth: usize,
}

impl Api {
    pub(crate) fn new(
        cometd: Option<Broker>,
        notifications: Broker,
        bounds: ApiBounds,
        counted: Counted,
    ) -> Self {
        Self(Arc::new(Inner { cometd, notifications, bounds, counted }))
    }

    /// The generic endpoint, to publish on.
    fn generic(&self) -> Result<&Broker, Problem> {
        self.0.cometd.as_ref().ok_or(Problem::NoEndpoint)
    }

    fn broker(&self, endpoint: Endpoint) -> Result<&Broker, Problem> {
        match endpoint {
            Endpoint::Cometd => self.generic(),
            Endpoint::Notifications => Ok(&self.0.notifications),
        }
    }

    fn brokers(&self) -> impl Iterator<Item = (&'static str, &Broker)> {
        let cometd = self.0.cometd.as_ref().map(|broker| ("cometd", broker));
        cometd.into_iter().chain([("notifications", &self.0.notifications)])
    }

    /// Does some work and answers with what came of it.
    fn answer<T: Serialize>(
        &self,
        operation: Operation,
        work: impl FnOnce() -> Result<T, Problem>,
    ) -> Answer {
        let answer = match work() {
            Ok(done) => answer::json(StatusCode::OK, &done),
            Err(problem) => problem.into_response(),
        };
        self.0.counted.api(operation.as_str(), answer.status());
        answer
    }

    /// The same with work that takes long, on a thread of its own.
    async fn walk<T: Serialize + Send + 'static>(
        &self,
        operation: Operation,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Answer {
        let api = self.clone();
        // A walk that panicked has been printed; one that never ran is a server that stops.
        let done = tokio::task::spawn_blocking(move || work(&api)).await;
        self.answer(operation, || done.unwrap_or(Err(Problem::Failed)))
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
            .layer(DefaultBodyLimit::max(self.0.bounds.body_bytes))
            .with_state(self)
    }
}

/// Every path with what it takes; the description is held against it.
fn routes() -> [(&'static str, MethodRouter<Api>); 7] {
    [
        ("/publish", post(publish::one)),
        ("/publish/batch", post(publish::batch)),
        ("/users", get(presence::users)),
        ("/users/{user}", get(presence::user)),
        ("/users/{user}/disconnect", post(presence::disconnect)),
        ("/channels", get(listing::channels)),
        ("/sessions", get(listing::sessions)),
    ]
}

async fn unknown() -> Answer {
    answer::named(StatusCode::NOT_FOUND, "no_such_path", "there is nothing at this path")
}

async fn wrong_method() -> Answer {
    let wrong = StatusCode::METHOD_NOT_ALLOWED;
    answer::named(wrong, "method_not_allowed", "this path does not take this method")
}
