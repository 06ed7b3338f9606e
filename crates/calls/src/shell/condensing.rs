//! Taking snapshots, one between two batches.
//!
//! Each is one small write, which stands for at most
//! [`CoreConfig::snapshot_after`](crate::CoreConfig::snapshot_after) records but for what
//! [`Due`](super::due::Due) tells of. A command that comes meanwhile waits for that write, and for no
//! second one before its own.

use std::mem;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use encke_journal::{AppendError, Position, Version};

use super::record_key;
use super::stats::count;
use super::writer::WriterState;

impl WriterState {
    /// Whether there is a snapshot to take now.
    pub(super) fn may_take_snapshot(&self) -> bool {
        self.takes_snapshots && !self.due.is_empty() && self.due.is_ready(self.kept())
    }

    /// Takes one snapshot, if one may be taken.
    ///
    /// A failure stops it until the journal takes records again. Nothing depends on it: the events
    /// are still there. Where one of them is damaged they stay for good, and there is one line in the
    /// log.
    pub(super) async fn take_snapshot(&mut self) {
        if !self.takes_snapshots || self.due.is_empty() {
            return;
        }
        let Some(snapshot) = self.due.next(self.kept()) else { return };
        let key = record_key::of(&snapshot.subject());
        let record = Bytes::from(snapshot.to_record());
        let until = Version::new(snapshot.version());
        match self.journal.snapshot(&key, until, record).await {
            Ok(()) => {
                count(&self.shared.counters.snapshots, 1);
                self.snapshots_fail = false;
            }
            Err(AppendError::Damaged(damage)) => {
                tracing::error!(%damage, "no snapshot is taken of what is damaged; its records stay");
                self.due.never(snapshot.subject());
            }
            Err(error) if error.is_refusal() => {
                tracing::debug!(%error, "a snapshot is not taken");
            }
            Err(error) => {
                self.takes_snapshots = false;
                // Once, however often it is tried.
                if !mem::replace(&mut self.snapshots_fail, true) {
                    tracing::warn!(%error, "snapshots of calls cannot be stored");
                }
            }
        }
    }

    /// Up to where nobody will want to be told again.
    fn kept(&self) -> Position {
        let observers = self.shared.observers();
        let kept = observers.iter().filter_map(|observer| observer.kept()).min();
        kept.map_or(self.seen, |kept| kept.min(self.seen))
    }

    /// The journal takes records.
    pub(super) fn journal_works(&mut self) -> bool {
        self.takes_snapshots = true;
        self.shared.healthy.swap(true, Ordering::AcqRel)
    }
}
