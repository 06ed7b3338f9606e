//! What the task owns that writes the journal, and what it shows of it.
//!
//! It is the only one that changes anything, so it takes no lock around a decision: what it decided
//! on is still so when the journal answers. What it does is beside it, each in a file of its own:
//!
//! | File          | Does                                                            |
//! |---------------|-----------------------------------------------------------------|
//! | `run`         | takes its turns                                                 |
//! | `batch`       | decides commands, and stores and answers them together          |
//! | `catching_up` | reads what the journal holds and the state does not             |
//! | `forgetting`  | forgets what has ended                                          |
//! | `condensing`  | takes snapshots                                                 |
//!
//! Observers are told in the order of the journal. What it holds and the writer does not know, as
//! when the answer to an append was lost, shows as a gap before the next positions: it is read, and
//! told, before anything behind it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use encke_journal::{Journal, Position};
use tokio::sync::oneshot;

use super::core::{Outcome, Shared};
use super::due::Due;
use super::retention::Retention;
use super::stats::count;
use super::{Change, Clock, CommandError, CoreConfig};
use crate::{Command, IdSource, Note, State, Subject};

/// What a handle asks of the writer.
#[derive(Debug)]
pub(super) enum Message {
    Command(Box<Submission>),
    Sweep(oneshot::Sender<()>),
    Tick(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(super) struct Submission {
    pub(super) command: Command,
    pub(super) note: Note,
    pub(super) answer: Answer,
    pub(super) held: Held,
}

/// What goes with a command until its turn comes, and is dropped then.
#[derive(Default)]
pub(super) struct Held(Option<Box<dyn Send>>);

impl Held {
    pub(super) fn new(held: impl Send + 'static) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.0.is_some()).finish()
    }
}

pub(super) type Answer = oneshot::Sender<Result<Outcome, CommandError>>;

#[derive(Debug)]
pub(super) struct WriterState {
    pub(super) state: State,
    pub(super) retention: Retention,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Box<dyn IdSource>,
    pub(super) shared: Arc<Shared>,
    /// The state holds every record of the journal up to here, and observers have been told.
    pub(super) seen: Position,
    pub(super) due: Due,
    /// The last write of the journal was one that it took.
    pub(super) takes_snapshots: bool,
    /// Since the last one that was taken.
    pub(super) snapshots_fail: bool,
}

impl WriterState {
    pub(super) fn new(
        state: State,
        config: &CoreConfig,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        ids: Box<dyn IdSource>,
        shared: Arc<Shared>,
        (seen, due): (Position, Due),
    ) -> Self {
        let mut calls: Vec<_> = state.calls().collect();
        calls.sort_by(|a, b| (a.created_at_ms, &a.id).cmp(&(b.created_at_ms, &b.id)));
        let mut interactions: Vec<_> = state.interactions().collect();
        interactions.sort_by(|a, b| (a.created_at_ms, &a.id).cmp(&(b.created_at_ms, &b.id)));
        let mut ended = Vec::new();
        for call in calls {
            shared.snapshots.put_call(None, call);
            ended.extend(call.released_at_ms.map(|at_ms| (at_ms, Subject::Call(call.id.clone()))));
        }
        for interaction in interactions {
            shared.snapshots.put_interaction(None, interaction);
            let subject = || Subject::Interaction(interaction.key());
            ended.extend(interaction.completed_at_ms.map(|at_ms| (at_ms, subject())));
        }
        for line in state.lines() {
            shared.snapshots.put_line(line);
        }
        // When an era ended is in the next one, which may have gone on; it is as if long ago.
        ended.extend(state.past_eras().map(|id| (0, Subject::Line(id.clone()))));
        let retention = Retention::new(ended, config.retention, config.retained);
        let (takes_snapshots, snapshots_fail) = (true, false);
        let writer = Self {
            state,
            retention,
            journal,
            clock,
            ids,
            shared,
            seen,
            due,
            takes_snapshots,
            snapshots_fail,
        };
        writer.count_held();
        writer
    }

    pub(super) fn publish(&mut self, change: &Change) {
        count(&self.shared.counters.events, 1);
        self.due.note(change);
        let ended = match change {
            Change::Call(change) => {
                self.shared.snapshots.put_call(change.before.as_deref(), &change.after);
                let at_ms = change.after.released_at_ms;
                at_ms.map(|at_ms| (at_ms, Subject::Call(change.after.id.clone())))
            }
            Change::Interaction(change) => {
                self.shared.snapshots.put_interaction(change.before.as_deref(), &change.after);
                let at_ms = change.after.completed_at_ms;
                at_ms.map(|at_ms| (at_ms, Subject::Interaction(change.after.key())))
            }
            Change::Line(change) => {
                self.shared.snapshots.put_line(&change.after);
                let past = change.before.as_ref().filter(|line| line.id != change.after.id);
                past.map(|line| (change.event.at_ms, Subject::Line(line.id.clone())))
            }
        };
        if let Some((at_ms, subject)) = ended {
            self.retention.ended(at_ms, subject);
        }
    }

    pub(super) fn tell(&self, changes: &[Change]) {
        let observers = self.shared.observers();
        for change in changes {
            for observer in observers.iter() {
                observer.committed(change);
            }
        }
    }

    pub(super) fn answer(&self, answer: Answer, result: Result<Outcome, CommandError>) {
        let counters = &self.shared.counters;
        count(if result.is_ok() { &counters.accepted } else { &counters.refused }, 1);
        // Whoever asked may have stopped waiting.
        drop(answer.send(result));
    }

    pub(super) fn count_held(&self) {
        let counters = &self.shared.counters;
        counters.live_calls.store(self.state.live_calls(), Ordering::Relaxed);
        counters.live_interactions.store(self.state.live_interactions(), Ordering::Relaxed);
        counters.ended.store(self.retention.len(), Ordering::Relaxed);
    }
}

impl Drop for WriterState {
    fn drop(&mut self) {
        // An observer may hold a handle on the core, which holds the observers.
        self.shared.drop_observers();
    }
}
