//! The counters of the crates below, read at the moment of a scrape.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encke::broker::Stats;
use encke::broker::stats::LATENCY_BOUNDS_US;
use encke::calls::Core;
use encke::gateway::Gateway;
use encke::journal::{Journal, Latency};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::Endpoint;
use super::process;
use crate::handshakes::HandshakeRate;
use crate::listener::Crowd;
use crate::login::Login;
use crate::login::token::Tokens;

/// Everything that is counted elsewhere.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) core: Core,
    pub(crate) gateway: Gateway,
    pub(crate) login: Arc<Login>,
    pub(crate) connections: Arc<AtomicU64>,
    pub(crate) handshakes: Arc<HandshakeRate>,
    pub(crate) crowd: Crowd,
}

/// What exemplars would carry; there are none.
type NoLabels = [(&'static str, &'static str); 0];

/// One number of a broker: name, help, how to read it.
type Number = (&'static str, &'static str, fn(&Stats) -> u64);

const GAUGES: [Number; 3] = [
    ("sessions", "Bayeux sessions alive", |stats| stats.sessions),
    ("held_polls", "Connects held open", |stats| stats.held),
    ("queue_messages", "Messages waiting in all queues", |stats| stats.queue_messages),
];

const COUNTERS: [Number; 15] = [
    ("handshakes", "Handshakes that succeeded", |stats| stats.handshakes),
    ("handshakes_refused", "Handshakes refused", |stats| stats.handshakes_refused),
    ("messages_in", "Messages received", |stats| stats.messages_in),
    ("messages_refused", "Messages answered with an error", |stats| stats.messages_refused),
    ("bodies_refused", "Bodies refused as a whole", |stats| stats.bodies_refused),
    ("published", "Publishes accepted, from clients and from code", |stats| stats.published),
    ("messages_out", "Messages written, counted per receiver", |stats| stats.messages_out),
    ("messages_dropped", "Messages lost with the session that had them in its queue", |stats| {
        stats.messages_dropped
    }),
    ("messages_requeued", "Messages put back because a response broke", |stats| {
        stats.messages_requeued
    }),
    ("sessions_expired", "Sessions ended by silence", |stats| stats.expired),
    ("sessions_inactive", "Sessions ended because their client did nothing but connect", |stats| {
        stats.inactive
    }),
    ("sessions_overflowed", "Sessions cut because their queue was full", |stats| stats.overflowed),
    (
        "connects_crowded",
        "Connects answered at once because their browser had enough held",
        |stats| stats.crowded,
    ),
    ("hook_panics", "Hooks of embedders that panicked and counted as a no", |stats| {
        stats.hook_panics
    }),
    ("connects_superseded", "Connects answered because a newer one came", |stats| stats.superseded),
];

impl Collector for House {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_brokers(&mut encoder)?;
        self.encode_logs(&mut encoder)?;
        self.encode_journal(&mut encoder)?;
        self.encode_requests(&mut encoder)?;
        self.encode_server(&mut encoder)
    }
}

impl House {
    fn encode_brokers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats: Vec<([(&str, &str); 1], Stats)> = self
            .endpoints
            .iter()
            .map(|endpoint| ([("endpoint", endpoint.name)], endpoint.broker.stats()))
            .collect();
        for (name, help, read) in GAUGES {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (labels, stats) in &stats {
                metric.encode_family(labels)?.encode_gauge(&read(stats))?;
            }
        }
        let mut metric = encoder.encode_descriptor(
            "queue",
            "Bytes waiting in all queues",
            Some(&Unit::Bytes),
            MetricType::Gauge,
        )?;
        for (labels, stats) in &stats {
            metric.encode_family(labels)?.encode_gauge(&stats.queue_bytes)?;
        }
        for (name, help, read) in COUNTERS {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (labels, stats) in &stats {
                encode_counter(&mut metric.encode_family(labels)?, read(stats))?;
            }
        }
        let mut metric = encoder.encode_descriptor(
            "bayeux_limited",
            "Messages of Bayeux clients refused because of a limit",
            None,
            MetricType::Counter,
        )?;
        for ([endpoint], stats) in &stats {
            for (limit, value) in [
                ("handshakes", stats.handshakes_limited),
                ("address", stats.addresses_limited),
                ("publishes", stats.publishes_limited),
            ] {
                let labels = [*endpoint, ("limit", limit)];
                encode_counter(&mut metric.encode_family(&labels)?, value)?;
            }
        }
        let mut metric = encoder.encode_descriptor(
            "messages_overflowed",
            "Messages lost to full queues whose channels allow it",
            None,
            MetricType::Counter,
        )?;
        for ([endpoint], stats) in &stats {
            for (policy, value) in
                [("drop-oldest", stats.overflow_dropped), ("refuse", stats.overflow_refused)]
            {
                let labels = [*endpoint, ("policy", policy)];
                encode_counter(&mut metric.encode_family(&labels)?, value)?;
            }
        }
        let mut metric = encoder.encode_descriptor(
            "publish_to_write",
            "Time from publish to the response that carries the message",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (labels, stats) in &stats {
            let bounds = LATENCY_BOUNDS_US.iter().map(|us| float(*us) / 1e6);
            encode_histogram(
                &mut metric.encode_family(labels)?,
                float(stats.latency.sum_us) / 1e6,
                bounds,
                &stats.latency.counts,
            )?;
        }
        Ok(())
    }

    fn encode_logs(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let kept = || {
            self.endpoints.iter().filter_map(|endpoint| {
                Some(([("endpoint", endpoint.name)], endpoint.log.as_ref()?))
            })
        };
        if kept().next().is_none() {
            return Ok(());
        }
        let mut metric = encoder.encode_descriptor(
            "replay_stored",
            "Messages kept for replay that were stored on disk",
            None,
            MetricType::Counter,
        )?;
        for (labels, counts) in kept() {
            encode_counter(&mut metric.encode_family(&labels)?, counts.stored())?;
        }
        let mut metric = encoder.encode_descriptor(
            "replay_store_failures",
            "Attempts to store them that failed",
            None,
            MetricType::Counter,
        )?;
        for (labels, counts) in kept() {
            encode_counter(&mut metric.encode_family(&labels)?, counts.failures())?;
        }
        let mut metric = encoder.encode_descriptor(
            "replay_store_failing",
            "Whether they live in memory only since their disk fails",
            None,
            MetricType::Gauge,
        )?;
        for (labels, counts) in kept() {
            metric.encode_family(&labels)?.encode_gauge(&u64::from(counts.is_failing()))?;
        }
        Ok(())
    }

    fn encode_journal(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.journal.stats();
        for (name, help, value) in [
            ("journal_appends", "Batches stored", stats.appends),
            ("journal_records", "Records stored", stats.records),
            ("journal_commits", "Transactions that made them durable", stats.commits),
            ("journal_refused", "Batches refused because the caller erred", stats.refused),
            ("journal_failed", "Batches lost to a failing disk", stats.failed),
            (
                "journal_snapshots",
                "Records that took the place of a call's events",
                self.core.stats().snapshots,
            ),
        ] {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            encode_counter(&mut metric, value)?;
        }
        let mut metric = encoder.encode_descriptor(
            "journal_append",
            "Time from an append to its durable answer",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        encode_histogram(
            &mut metric,
            stats.latency.sum.as_secs_f64(),
            Latency::BOUNDS.iter().map(std::time::Duration::as_secs_f64),
            &stats.latency.buckets,
        )
    }

    fn encode_requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(
            "rest_requests",
            "REST requests by operation and statusCode",
            None,
            MetricType::Counter,
        )?;
        for count in self.gateway.counts().snapshot() {
            let code = count.code.number().to_string();
            let labels = [("operation", count.operation.name()), ("code", code.as_str())];
            encode_counter(&mut metric.encode_family(&labels)?, count.requests)?;
        }
        let changes = self.gateway.change_loops();
        for (name, help, value) in [
            (
                "user_data_loops",
                "Clients that changed the same user data in a loop and were slowed down",
                changes.loops,
            ),
            (
                "user_data_changes_limited",
                "Changes of user data refused because one user made too many of the same data",
                changes.refused,
            ),
        ] {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            encode_counter(&mut metric, value)?;
        }
        Ok(())
    }

    fn encode_server(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let sessions = u64::try_from(self.login.sessions.count()).unwrap_or(u64::MAX);
        for (name, help, value) in [
            ("login_sessions", "Browser sessions alive", sessions),
            (
                "connections",
                "Connections open on the main listener",
                self.connections.load(Ordering::Relaxed),
            ),
        ] {
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
        }
        for (name, help, value) in [
            (
                "address_handshakes_limited",
                "Handshakes that had to wait because of the rate of their address",
                self.handshakes.limited(),
            ),
            (
                "connections_refused",
                "Connections closed because their address had too many",
                self.crowd.refused(),
            ),
        ] {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            encode_counter(&mut metric, value)?;
        }
        if let Some(tokens) = &self.login.tokens {
            encode_tokens(encoder, tokens)?;
        }
        if let Some(bytes) = process::resident_bytes() {
            encoder
                .encode_descriptor(
                    "process_resident_memory",
                    "Memory of this process that is in RAM",
                    Some(&Unit::Bytes),
                    MetricType::Gauge,
                )?
                .encode_gauge(&bytes)?;
        }
        Ok(())
    }
}

fn encode_tokens(encoder: &mut DescriptorEncoder<'_>, tokens: &Tokens) -> fmt::Result {
    let keys = u64::try_from(tokens.keys()).unwrap_or(u64::MAX);
    encoder
        .encode_descriptor("token_keys", "Keys for signed tokens", None, MetricType::Gauge)?
        .encode_gauge(&keys)?;
    let Some((fetched, failed)) = tokens.fetches() else { return Ok(()) };
    let help = "Fetches of the key set by how they ended";
    let mut metric =
        encoder.encode_descriptor("token_key_fetches", help, None, MetricType::Counter)?;
    for (outcome, count) in [("right", fetched), ("failed", failed)] {
        encode_counter(&mut metric.encode_family(&[("outcome", outcome)])?, count)?;
    }
    Ok(())
}

fn encode_counter(metric: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    metric.encode_counter::<NoLabels, u64, f64>(&value, None)
}

fn encode_histogram(
    metric: &mut MetricEncoder<'_>,
    sum: f64,
    bounds: impl Iterator<Item = f64>,
    counts: &[u64],
) -> fmt::Result {
    let buckets: Vec<(f64, u64)> = bounds.chain([f64::MAX]).zip(counts.iter().copied()).collect();
    metric.encode_histogram::<NoLabels>(sum, counts.iter().sum(), &buckets, None)
}

/// Sums of microseconds stay far below the 2^52 at which a float loses whole numbers.
#[expect(clippy::cast_precision_loss, reason = "a metric may lose microseconds after 140 years")]
fn float(number: u64) -> f64 {
    number as f64
}
