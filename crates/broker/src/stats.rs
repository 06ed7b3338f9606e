//! Counters of a broker, and the time from publish to write.
//!
//! The core counts, whoever runs it exports: [`Stats`] is a plain snapshot. Nothing here carries a
//! channel, a user or a client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// Upper bounds of the publish-to-write histogram, in microseconds.
pub const LATENCY_BOUNDS_US: [u64; 14] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    10_000_000,
];

/// A snapshot of one broker's counters.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Sessions alive.
    pub sessions: u64,
    /// Connects held.
    pub held: u64,
    /// Messages waiting in all queues.
    pub queue_messages: u64,
    /// Bytes waiting in all queues.
    pub queue_bytes: u64,
    /// Handshakes that succeeded.
    pub handshakes: u64,
    /// Handshakes that were refused.
    pub handshakes_refused: u64,
    /// Handshakes refused because too many came from everywhere.
    pub handshakes_limited: u64,
    /// Handshakes refused because their address has enough sessions.
    pub addresses_limited: u64,
    /// Publishes refused because their session publishes too often.
    pub publishes_limited: u64,
    /// Messages received, of every kind.
    pub messages_in: u64,
    /// Messages refused with an error reply.
    pub messages_refused: u64,
    /// Bodies refused as a whole.
    pub bodies_refused: u64,
    /// Publishes accepted, from clients and from code.
    pub published: u64,
    /// Messages written to clients, counted per receiver.
    pub messages_out: u64,
    /// Messages lost because a session ended with them in its queue.
    pub messages_dropped: u64,
    /// Messages put back because their response could not be written.
    pub messages_requeued: u64,
    /// Sessions that ended because their client stayed silent.
    pub expired: u64,
    /// Sessions that ended because their client did nothing but connect.
    pub inactive: u64,
    /// Sessions cut because their queue was full.
    pub overflowed: u64,
    /// Messages given up because a queue was full and their channels drop the oldest.
    pub overflow_dropped: u64,
    /// Messages that did not reach a session because its queue was full and their channels refuse.
    pub overflow_refused: u64,
    /// Connects answered at once because their browser had enough held.
    pub crowded: u64,
    /// Hooks that panicked: policies, services, listeners and the like.
    pub hook_panics: u64,
    /// Connects answered because a newer one of the same session came.
    pub superseded: u64,
    /// Messages kept for sessions that come back.
    pub log_messages: u64,
    /// Their bytes.
    pub log_bytes: u64,
    /// Messages given to sessions from the log.
    pub replayed: u64,
    /// Subscribes that were told that something is gone.
    pub replay_gaps: u64,
    /// Subscribes refused because the log never gave out their position.
    pub replay_refused: u64,
    /// Publish-to-write times.
    pub latency: Histogram,
}

/// A histogram over [`LATENCY_BOUNDS_US`].
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Histogram {
    /// Observations per bound, each counted once; the last entry is beyond all bounds.
    pub counts: Vec<u64>,
    /// Sum of all observations in microseconds.
    pub sum_us: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) held: AtomicU64,
    pub(crate) queue_messages: AtomicU64,
    pub(crate) queue_bytes: AtomicU64,
    pub(crate) handshakes: AtomicU64,
    pub(crate) handshakes_refused: AtomicU64,
    pub(crate) handshakes_limited: AtomicU64,
    pub(crate) addresses_limited: AtomicU64,
    pub(crate) publishes_limited: AtomicU64,
    pub(crate) messages_in: AtomicU64,
    pub(crate) messages_refused: AtomicU64,
    pub(crate) bodies_refused: AtomicU64,
    pub(crate) published: AtomicU64,
    pub(crate) messages_out: AtomicU64,
    pub(crate) messages_dropped: AtomicU64,
    pub(crate) messages_requeued: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) inactive: AtomicU64,
    pub(crate) overflowed: AtomicU64,
    pub(crate) overflow_dropped: AtomicU64,
    pub(crate) overflow_refused: AtomicU64,
    pub(crate) crowded: AtomicU64,
    pub(crate) hook_panics: AtomicU64,
    pub(crate) superseded: AtomicU64,
    pub(crate) replayed: AtomicU64,
    pub(crate) replay_gaps: AtomicU64,
    pub(crate) replay_refused: AtomicU64,
    latency: [AtomicU64; LATENCY_BOUNDS_US.len() + 1],
    latency_sum_us: AtomicU64,
}

/// Adds to a counter; counters order nothing, so the weakest ordering will do.
pub(crate) fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Ordering::Relaxed);
}

/// Takes from a gauge.
pub(crate) fn sub(gauge: &AtomicU64, n: usize) {
    gauge.fetch_sub(n as u64, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn observe_latency(&self, elapsed: Duration) {
        let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let place = LATENCY_BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(count) = self.latency.get(place) {
            add(count, 1);
        }
        self.latency_sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// `log` is messages and bytes.
    pub(crate) fn snapshot(&self, sessions: usize, log: (usize, usize)) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            sessions: sessions as u64,
            held: read(&self.held),
            queue_messages: read(&self.queue_messages),
            queue_bytes: read(&self.queue_bytes),
            handshakes: read(&self.handshakes),
            handshakes_refused: read(&self.handshakes_refused),
            handshakes_limited: read(&self.handshakes_limited),
            addresses_limited: read(&self.addresses_limited),
            publishes_limited: read(&self.publishes_limited),
            messages_in: read(&self.messages_in),
            messages_refused: read(&self.messages_refused),
            bodies_refused: read(&self.bodies_refused),
            published: read(&self.published),
            messages_out: read(&self.messages_out),
            messages_dropped: read(&self.messages_dropped),
            messages_requeued: read(&self.messages_requeued),
            expired: read(&self.expired),
            inactive: read(&self.inactive),
            overflowed: read(&self.overflowed),
            overflow_dropped: read(&self.overflow_dropped),
            overflow_refused: read(&self.overflow_refused),
            crowded: read(&self.crowded),
            hook_panics: read(&self.hook_panics),
            superseded: read(&self.superseded),
            log_messages: log.0 as u64,
            log_bytes: log.1 as u64,
            replayed: read(&self.replayed),
            replay_gaps: read(&self.replay_gaps),
            replay_refused: read(&self.replay_refused),
            latency: Histogram {
                counts: self.latency.iter().map(read).collect(),
                sum_us: read(&self.latency_sum_us),
            },
        }
    }
}
