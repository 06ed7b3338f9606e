//! Plain numbers about a core, for whoever exports metrics.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a core holds, and what it did since it was opened.
///
/// The numbers are read one after the other, so they may differ by what happened in between.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct CoreStats {
    /// Calls that are not released.
    pub live_calls: usize,
    /// Interactions that are not completed.
    pub live_interactions: usize,
    /// Ended calls and interactions that are kept.
    pub ended: usize,
    /// Commands that wait for the writer now.
    pub waiting: usize,
    /// Commands that were accepted, also those that changed nothing.
    pub accepted: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// Commands that were turned away because too many were waiting.
    pub busy: u64,
    /// Commands that were lost to a failing journal.
    pub unavailable: u64,
    /// Batches that were committed.
    pub batches: u64,
    /// Events that were committed.
    pub events: u64,
    /// Ended calls and interactions that were forgotten.
    pub forgotten: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) live_calls: AtomicUsize,
    pub(super) live_interactions: AtomicUsize,
    pub(super) ended: AtomicUsize,
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) busy: AtomicU64,
    pub(super) unavailable: AtomicU64,
    pub(super) batches: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) forgotten: AtomicU64,
}

impl Counters {
    pub(super) fn snapshot(&self, waiting: usize) -> CoreStats {
        CoreStats {
            live_calls: self.live_calls.load(Ordering::Relaxed),
            live_interactions: self.live_interactions.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            waiting,
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            busy: self.busy.load(Ordering::Relaxed),
            unavailable: self.unavailable.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            forgotten: self.forgotten.load(Ordering::Relaxed),
        }
    }
}

/// Counts `by` more.
pub(super) fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}
