//! Plain numbers about a journal, for whoever exports metrics.
//!
//! A home keeps one [`Counters`] and counts into it without a lock; [`Stats`] is a copy taken at a
//! moment. The numbers of a copy are read one after the other, so they may differ by appends that
//! ended in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{AppendError, Position};

/// What a journal did since it was opened.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Place of the newest record, those of earlier runs included.
    pub head: Position,
    /// Batches stored.
    pub appends: u64,
    /// Records stored.
    pub records: u64,
    /// Bytes of the records stored, without keys and the store's own overhead.
    pub bytes: u64,
    /// Transactions that made them durable. With many writers at once there are fewer commits than
    /// appends.
    pub commits: u64,
    /// Batches refused because the caller erred: a conflict, or a batch beyond a bound.
    pub refused: u64,
    /// Batches lost to a full or failing disk, or to a journal that was closed or poisoned.
    pub failed: u64,
    /// Time from the call of `append` to its durable answer, for the batches stored.
    pub latency: Latency,
}

/// A histogram with fixed buckets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Latency {
    /// How many observations fell into each bucket, not cumulated. Bucket `i` ends, inclusive, at
    /// [`Latency::BOUNDS`]`[i]`; the last one has no end.
    pub buckets: [u64; Self::BOUNDS.len() + 1],
    /// Sum of all observations.
    pub sum: Duration,
}

impl Latency {
    /// Upper ends of the buckets. They start below one sync of a fast disk and end where a caller
    /// will long have given up.
    pub const BOUNDS: [Duration; 15] = [
        Duration::from_micros(50),
        Duration::from_micros(100),
        Duration::from_micros(250),
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_micros(2500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2500),
    ];

    /// Number of observations.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// The counting side of [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    appends: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    commits: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    buckets: [AtomicU64; Latency::BOUNDS.len() + 1],
    sum_nanos: AtomicU64,
}

impl Counters {
    pub(crate) fn stored(&self, records: usize, bytes: usize, took: Duration) {
        add(&self.appends, 1);
        add(&self.records, records as u64);
        add(&self.bytes, bytes as u64);
        let bucket = Latency::BOUNDS.partition_point(|bound| *bound < took);
        if let Some(bucket) = self.buckets.get(bucket) {
            add(bucket, 1);
        }
        add(&self.sum_nanos, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn committed(&self) {
        add(&self.commits, 1);
    }

    pub(crate) fn not_stored(&self, error: &AppendError) {
        add(if error.is_refusal() { &self.refused } else { &self.failed }, 1);
    }

    pub(crate) fn snapshot(&self, head: Position) -> Stats {
        Stats {
            head,
            appends: get(&self.appends),
            records: get(&self.records),
            bytes: get(&self.bytes),
            commits: get(&self.commits),
            refused: get(&self.refused),
            failed: get(&self.failed),
            latency: Latency {
                buckets: self.buckets.each_ref().map(get),
                sum: Duration::from_nanos(get(&self.sum_nanos)),
            },
        }
    }
}

// Independent counters: nothing is ordered by them.
fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_includes_its_upper_end() {
        let counters = Counters::default();
        counters.stored(1, 10, Duration::from_micros(50));
        counters.stored(1, 10, Duration::from_nanos(50_001));
        counters.stored(1, 10, Duration::from_secs(60));
        let latency = counters.snapshot(Position::ZERO).latency;
        assert_eq!(latency.buckets[0], 1);
        assert_eq!(latency.buckets[1], 1);
        assert_eq!(latency.buckets[Latency::BOUNDS.len()], 1);
        assert_eq!(latency.count(), 3);
        assert_eq!(latency.sum, Duration::from_nanos(60_000_100_001));
    }

    #[test]
    fn bounds_ascend() {
        assert!(Latency::BOUNDS.is_sorted());
    }
}
