//! Which snapshots are due, and when they may be taken.
//!
//! One is due whenever the version of a call, an interaction or a line is a multiple of
//! [`CoreConfig::snapshot_after`](crate::CoreConfig::snapshot_after), so each stands for so many
//! records and no more. It waits until everything up to its place is kept by those who would want to
//! be told again, since what it stands for can be told to nobody.
//!
//! What waits is the value of that moment, which state and readers had anyway. When [`MOST`] wait, no
//! more do: the events stay, and a later snapshot of the same call stands for them as well, or one
//! after the next start.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU64;
use std::sync::Arc;

use encke_journal::Position;

use super::Change;
use crate::{Snapshot, Subject};

/// Snapshots that are to be taken, oldest first.
#[derive(Debug)]
pub(super) struct Due {
    after: Option<NonZeroU64>,
    waiting: VecDeque<(Position, Snapshot)>,
    /// Subjects of which none is taken, until they are forgotten.
    never: HashSet<Subject>,
}

impl Due {
    /// Nothing is due yet. With `None` nothing ever is.
    pub(super) fn new(after: Option<NonZeroU64>) -> Self {
        Self { after, waiting: VecDeque::new(), never: HashSet::new() }
    }

    /// Looks at a change that is in the journal. They come in the order of their places.
    pub(super) fn note(&mut self, change: &Change) {
        let Some(after) = self.after else { return };
        let version = match change {
            Change::Call(change) => change.after.version,
            Change::Interaction(change) => change.after.version,
            Change::Line(change) => change.after.version,
        };
        if version % after != 0 || self.waiting.len() >= MOST {
            return;
        }
        let snapshot = match change {
            Change::Call(change) => Snapshot::Call(Arc::clone(&change.after)),
            Change::Interaction(change) => Snapshot::Interaction(Arc::clone(&change.after)),
            Change::Line(change) => Snapshot::Line(Arc::clone(&change.after)),
        };
        if self.never.contains(&snapshot.subject()) {
            return;
        }
        self.waiting.push_back((change.position(), snapshot));
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether one may be taken that stands for nothing behind `kept`.
    pub(super) fn is_ready(&self, kept: Position) -> bool {
        self.waiting.front().is_some_and(|(place, _)| *place <= kept)
    }

    /// The next one that stands for nothing behind `kept`.
    pub(super) fn next(&mut self, kept: Position) -> Option<Snapshot> {
        self.is_ready(kept).then(|| self.waiting.pop_front())?.map(|(_, snapshot)| snapshot)
    }

    /// Takes none of this subject, now or later.
    pub(super) fn never(&mut self, subject: Subject) {
        self.waiting.retain(|(_, snapshot)| snapshot.subject() != subject);
        self.never.insert(subject);
    }

    /// Subjects were forgotten. What comes under the same name later is another.
    pub(super) fn forget(&mut self, subjects: &HashSet<Subject>) {
        self.waiting.retain(|(_, snapshot)| !subjects.contains(&snapshot.subject()));
        self.never.retain(|subject| !subjects.contains(subject));
    }
}

/// Snapshots that wait, at most: about the memory of so many calls.
const MOST: usize = 4096;
