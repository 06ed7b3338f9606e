//! The handle of the REST surface: the core it commands, the people it knows, its counters.
//!
//! A [`Gateway`] is cheap to clone and holds no state of calls: what it reads comes from the core,
//! what it changes goes to the core, and notifications are the [`Projection`](crate::Projection)'s
//! business alone.

use std::sync::{Arc, OnceLock};

use axum::Router;
use dashmap::DashMap;
use encke_broker::UserId;
use encke_calls::{Clock, Core};

use crate::caller::Caller;
use crate::changes::{ChangeLoops, Changes};
use crate::config::GatewayConfig;
use crate::counts::RequestCounts;
use crate::directory::Directory;
use crate::routes;
use crate::status::Failure;
use crate::trace::Trace;

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
    changes: Option<Changes>,
    trace: OnceLock<Trace>,
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
        let changes = config.changes.map(Changes::new);
        Self(Arc::new(Inner {
            changes,
            trace: OnceLock::new(),
            core,
            directory,
            config,
            clock,
            counts: Arc::new(RequestCounts::new()),
            references: DashMap::new(),
        }))
    }

    /// Serves this trace at `/api/v2/tevents`. Default: there is none, and 503 is answered there. The
    /// first one stays.
    #[must_use]
    pub fn tracing(self, trace: Trace) -> Self {
        self.0.trace.get_or_init(|| trace);
        self
    }

    pub(crate) fn trace(&self) -> Option<&Trace> {
        self.0.trace.get()
    }

    /// The routes: `/api/v2` and everything below it, ready to be merged into a server.
    ///
    /// `/api/v2/notifications` is left to the embedder, whose own route for it takes precedence.
    /// A request without the extension [`Caller`] is answered 403, `statusCode` 20.
    /// Every response carries the extension `(Operation, ReturnCode)`.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// How many requests of which operation ended with which code.
    pub fn counts(&self) -> Arc<RequestCounts> {
        Arc::clone(&self.0.counts)
    }

    /// What is known of changes of user data that were too many for
    /// [`GatewayConfig::changes`].
    pub fn change_loops(&self) -> ChangeLoops {
        self.0.changes.as_ref().map_or_else(ChangeLoops::default, Changes::loops)
    }

    /// Counts a change that `caller` asks for of the user data of a call or session, and refuses one
    /// that is too many.
    pub(crate) fn count_change(&self, subject: &str, caller: &Caller) -> Result<(), Failure> {
        let Some(changes) = &self.0.changes else { return Ok(()) };
        let user = &caller.user;
        changes.take(subject, user, self.now_ms()).map_err(|too_often| {
            let bound = changes.bound();
            let (most, window) = (bound.changes, bound.window);
            if too_often.first {
                tracing::warn!(
                    subject,
                    user = user.as_str(),
                    changes = most,
                    window_ms = window.as_millis(),
                    "a client changes user data in a loop; it is slowed down"
                );
            }
            let text = format!(
                "more than {most} changes of this user data in {} ms; does a client answer every \
                 change with a change?",
                window.as_millis()
            );
            Failure::too_often(text, too_often.wait)
        })
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
