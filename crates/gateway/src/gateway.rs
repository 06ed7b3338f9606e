//! The handle of the REST surface: the core it commands, the people it knows, its counters.
//!
//! A [`Gateway`] is cheap to clone and holds no state of calls: what it reads comes from the core,
//! what it changes goes to the core, and notifications are the [`Projection`](crate::Projection)'s
//! business alone.

use std::sync::Arc;

use axum::Router;
use dashmap::DashMap;
use encke_broker::UserId;
use encke_calls::{Clock, Core};

use crate::config::GatewayConfig;
use crate::counts::RequestCounts;
use crate::directory::Directory;
use crate::routes;

/// The REST surface over one call-state core.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    core: Core,
    directory: Directory,
    config: GatewayConfig,
    clock: Arc<dyn Clock>,
    counts: Arc<RequestCounts>,
    /// The last `referenceId` of each user; only users of the directory get an entry.
    references: DashMap<UserId, u64>,
}

impl Gateway {
    /// A gateway over `core` for the users of `directory`.
    ///
    /// `clock` is the core's own, so that a `duration` read and a `duration` notified agree.
    pub fn new(
        core: Core,
        directory: Directory,
        config: GatewayConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            core,
            directory,
            config,
            clock,
            counts: Arc::new(RequestCounts::new()),
            references: DashMap::new(),
        }))
    }

    /// The routes: `/api/v2` and everything below it, ready to be merged into a server.
    ///
    /// `/api/v2/notifications` is left to the embedder, whose own route for it takes precedence.
    /// A request without the extension [`Caller`](crate::Caller) is answered 403, `statusCode` 20.
    /// Every response carries the extension `(Operation, ReturnCode)`.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// How many requests of which operation ended with which code.
    pub fn counts(&self) -> Arc<RequestCounts> {
        Arc::clone(&self.0.counts)
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.0.directory
    }

    pub(crate) fn config(&self) -> &GatewayConfig {
        &self.0.config
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// The next `referenceId` of this user, from 1.
    pub(crate) fn next_reference(&self, user: &UserId) -> u64 {
        let mut last = self.0.references.entry(user.clone()).or_insert(0);
        *last += 1;
        *last
    }
}
