//! What the house counts, in the form that Prometheus scrapes.
//!
//! The crates below keep plain counters; [`House`] reads them at the moment of a scrape, so nothing
//! is counted twice and nothing is paid between scrapes. What the server itself counts are the
//! families of [`Counted`]. No label carries a user, a channel, a client or an address.
//!
//! # Sources
//!
//! Specified: `OpenMetrics` 1.0 text format; names carry their unit.

use std::fmt;
use std::sync::Arc;

use encke::broker::Broker;
use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::replay::Counts;

mod house;
mod process;

pub(crate) use house::House;

/// Content type of what [`Metrics::render`] makes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One broker under the name of its endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    pub(crate) broker: Broker,
    /// What the keeper of its log counts, where there is one.
    pub(crate) log: Option<Arc<Counts>>,
}

/// What the server counts itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    logins: Family<Outcome, Counter>,
    limited: Family<Limit, Counter>,
    api: Family<ApiRequest, Counter>,
    feed: Family<Outcome, Counter>,
}

/// A request of a back end, and how it ended.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ApiRequest {
    operation: &'static str,
    status: u16,
}

/// How a login or a report ended.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Outcome {
    outcome: &'static str,
}

/// Which rate was exceeded.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Limit {
    limit: &'static str,
}

impl Counted {
    /// Counts a login by how it ended.
    pub(crate) fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a request that was refused for its rate, `address` or `user`.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&Limit { limit }).inc();
    }

    /// Counts a request of a back end by operation and HTTP status.
    pub(crate) fn api(&self, operation: &'static str, status: StatusCode) {
        let status = status.as_u16();
        self.api.get_or_create(&ApiRequest { operation, status }).inc();
    }
}

impl Counted {
    /// Counts a report of a feed by what became of it.
    pub(crate) fn feed(&self, outcome: &'static str) {
        self.feed.get_or_create(&Outcome { outcome }).inc();
    }
}

/// Everything that a scrape shows.
pub(crate) struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// Registers everything once.
    pub(crate) fn new(counted: &Counted, house: House) -> Self {
        let mut registry = Registry::with_prefix("encke");
        registry.register(
            "build",
            "What this process was built from",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("logins", "Logins by how they ended", counted.logins.clone());
        registry.register(
            "requests_limited",
            "Requests refused because of a rate",
            counted.limited.clone(),
        );
        registry.register(
            "api_requests",
            "Requests of back ends by operation and HTTP status",
            counted.api.clone(),
        );
        registry.register(
            "feed_reports",
            "Reports of feeds by what became of them",
            counted.feed.clone(),
        );
        registry.register_collector(Box::new(house));
        Self { registry }
    }

    /// The text of a scrape.
    ///
    /// # Errors
    ///
    /// Only if a collector fails to write into a string, which does not happen.
    pub(crate) fn render(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
