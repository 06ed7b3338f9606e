//! What operators and their machines ask: is it alive, may it get traffic, what does it count.
//!
//! | Path       | Answer                                                                         |
//! |------------|--------------------------------------------------------------------------------|
//! | `/healthz` | 200 while the process answers at all                                           |
//! | `/readyz`  | 200, or 503 with the reason while draining or while the journal fails          |
//! | `/version` | name and version as JSON                                                       |
//! | `/metrics` | what the house counts, OpenMetrics text                                        |

use std::future::Pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use encke::calls::Core;
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;

use crate::answer::{self, Answer};
use crate::listener::{Outcome, Service};
use crate::metrics::{self, Metrics};

/// State that the answers are made from.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) draining: AtomicBool,
    pub(crate) core: Core,
    pub(crate) metrics: Metrics,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
}

impl Operations {
    /// Answers one of the paths, or `None` for any other.
    pub(crate) fn answer(&self, method: &Method, path: &str) -> Option<Answer> {
        let answer = match path {
            "/healthz" => answer::typed(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"),
            "/readyz" => self.readiness(),
            "/version" => answer::json(
                StatusCode::OK,
                &Version { name: "encke", version: env!("CARGO_PKG_VERSION") },
            ),
            "/metrics" => match self.metrics.render() {
                Ok(page) => answer::typed(StatusCode::OK, metrics::CONTENT_TYPE, page),
                Err(_) => answer::status(StatusCode::INTERNAL_SERVER_ERROR, 4, "no metrics"),
            },
            _ => return None,
        };
        if matches!(*method, Method::GET | Method::HEAD) {
            return Some(answer);
        }
        let mut refused =
            answer::status(StatusCode::METHOD_NOT_ALLOWED, 1, "this is read with GET");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        Some(refused)
    }

    fn readiness(&self) -> Answer {
        let reason = if self.draining.load(Ordering::Relaxed) {
            Some("draining")
        } else if !self.core.healthy() {
            Some("the journal fails")
        } else {
            None
        };
        let status =
            if reason.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        answer::json(status, &Readiness { ready: reason.is_none(), reason })
    }
}

/// The listener of its own.
#[derive(Clone, Debug)]
pub(crate) struct OperationsService(pub(crate) Arc<Operations>);

impl Service for OperationsService {
    type Held = Pending<Answer>;

    async fn answer(&self, request: http::Request<Incoming>, _: SocketAddr) -> Outcome<Self::Held> {
        let answer = self.0.answer(request.method(), request.uri().path());
        Outcome::Answered(
            answer.unwrap_or_else(|| {
                answer::status(StatusCode::NOT_FOUND, 6, "there is no such page")
            }),
        )
    }
}
