//! The task that owns the state and writes the journal.
//!
//! It is the only one that changes anything, so it takes no lock around a decision: what it decided
//! on is still so when the journal answers.
//!
//! Observers are told in the order of the journal. What it holds and the writer does not know, as
//! when the answer to an append was lost, shows as a gap before the next positions: it is read, and
//! told, before anything behind it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use encke_journal::{Append, AppendError, Journal, Position, Version};
use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::core::{Outcome, Shared};
use super::due::Due;
use super::replay::version;
use super::retention::Retention;
use super::stats::count;
use super::{Change, Clock, CommandError, CoreConfig, record_key};
use crate::{Command, Event, IdSource, Note, State, Subject, decide};

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
}

type Answer = oneshot::Sender<Result<Outcome, CommandError>>;

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

/// What was decided and not yet stored.
#[derive(Default)]
struct Batch {
    appends: Vec<Append>,
    bytes: usize,
    changes: Vec<Change>,
    answers: Vec<(Answer, Result<Outcome, CommandError>)>,
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

    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        self.sweep(1).await;
        let mut messages = Vec::with_capacity(BATCH_COMMANDS);
        loop {
            let received = queue.recv_many(&mut messages, BATCH_COMMANDS);
            // While there is a snapshot to take, nobody is waited for.
            let received = if self.may_take_snapshot() {
                received.now_or_never()
            } else {
                Some(received.await)
            };
            if received == Some(0) {
                return;
            }
            let mut waiting: VecDeque<Message> = messages.drain(..).collect();
            while let Some(message) = waiting.pop_front() {
                match message {
                    Message::Command(submission) => self.batch(*submission, &mut waiting).await,
                    Message::Sweep(done) => {
                        self.probe().await;
                        self.sweep(1).await;
                        // Whoever asked may have stopped waiting.
                        let _ = done.send(());
                    }
                    Message::Tick(done) => {
                        self.tick().await;
                        let _ = done.send(());
                    }
                    Message::Close(done) => {
                        // Senders of what is left are answered by the drop of their messages.
                        drop((self, queue, waiting));
                        let _ = done.send(());
                        return;
                    }
                }
            }
            self.sweep(SWEEP_DUE).await;
            self.take_snapshot().await;
        }
    }

    /// Decides `first` and the commands that follow it, and commits them together.
    async fn batch(&mut self, first: Submission, waiting: &mut VecDeque<Message>) {
        self.state.set_dns(self.shared.dns());
        let now_ms = self.clock.now_ms();
        let mut batch = Batch::default();
        self.decide(first, now_ms, &mut batch);
        while batch.bytes < BATCH_BYTES {
            match waiting.pop_front() {
                Some(Message::Command(next)) => self.decide(*next, now_ms, &mut batch),
                Some(other) => {
                    waiting.push_front(other);
                    break;
                }
                None => break,
            }
        }
        if !batch.appends.is_empty() {
            self.commit(batch).await;
        }
    }

    /// Gives up for lines that have rung for too long, a batch at a time.
    async fn tick(&mut self) {
        let now_ms = self.clock.now_ms();
        let due = self.state.overdue(now_ms).take(BATCH_COMMANDS);
        let due: Vec<_> = due.map(|(call, dn)| (call.clone(), dn.clone())).collect();
        if due.is_empty() {
            return;
        }
        let mut batch = Batch::default();
        for (call, dn) in due {
            // Nobody waits for the answer.
            let (answer, _) = oneshot::channel();
            let command = Command::GiveUp { call, dn };
            self.decide(Submission { command, note: Note::new(), answer }, now_ms, &mut batch);
        }
        if !batch.appends.is_empty() {
            self.commit(batch).await;
        }
    }

    fn decide(&mut self, submission: Submission, now_ms: u64, batch: &mut Batch) {
        let Submission { command, note, answer } = submission;
        let result = match decide(&self.state, &command, now_ms, self.ids.as_mut()) {
            Ok(events) => self.stage(&command, events, &note, batch),
            Err(refusal) => Err(refusal.into()),
        };
        if batch.appends.is_empty() {
            // It rests on nothing that may yet fail to be stored.
            self.answer(answer, result);
        } else {
            batch.answers.push((answer, result));
        }
    }

    /// Applies events to the tentative state and notes how to store them.
    fn stage(
        &mut self,
        command: &Command,
        events: Vec<Event>,
        note: &Note,
        batch: &mut Batch,
    ) -> Result<Outcome, CommandError> {
        let changed = !events.is_empty();
        let mut about = command.subject();
        for event in events {
            let subject = event.subject();
            let expected = Version::new(version(&self.state, &subject));
            let record = Bytes::from(event.to_record_noted(note));
            let change = Change::make(&mut self.state, event, note.clone(), Position::ZERO);
            let change = change.map_err(|error| {
                tracing::error!(%error, "a decided event does not apply");
                CommandError::Unavailable
            })?;
            let key = record_key::of(&subject);
            batch.bytes += record.len();
            batch.appends.push(Append { key, expected, records: vec![record] });
            batch.changes.push(change);
            about = about.or(Some(subject));
        }
        // A command that names nothing begins something, which is an event.
        let subject = about.ok_or(CommandError::Unavailable)?;
        let conn_id = match &subject {
            Subject::Call(id) => self.state.call(id.as_str()).map(|call| call.conn_id.clone()),
            Subject::Interaction(_) | Subject::Line(_) => None,
        };
        Ok(Outcome { subject, conn_id, changed })
    }

    async fn commit(&mut self, batch: Batch) {
        let Batch { appends, mut changes, answers, .. } = batch;
        match self.journal.append(appends).await {
            Ok(last) => {
                // The records of a batch stand side by side, one for each change.
                let before = Position::new(last.get().saturating_sub(changes.len() as u64));
                for (place, change) in (before.get() + 1..).zip(&mut changes) {
                    change.stored_at(Position::new(place));
                }
                if !self.journal_works() {
                    tracing::info!("the journal takes records again");
                }
                count(&self.shared.counters.batches, 1);
                for change in &changes {
                    self.publish(change);
                }
                self.count_held();
                for (answer, result) in answers {
                    self.answer(answer, result);
                }
                self.catch_up(Some(before)).await;
                self.tell(&changes);
                self.seen_to(before, last);
            }
            Err(error) => {
                if self.shared.healthy.swap(false, Ordering::AcqRel) {
                    tracing::error!(%error, "the journal does not take records");
                }
                for change in changes.iter().rev() {
                    self.roll_back(change);
                }
                count(&self.shared.counters.unavailable, answers.len());
                for (answer, _) in answers {
                    // Whoever asked may have stopped waiting.
                    drop(answer.send(Err(CommandError::Unavailable)));
                }
                if matches!(error, AppendError::Conflict { .. }) {
                    self.catch_up(None).await;
                }
            }
        }
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

    fn roll_back(&mut self, change: &Change) {
        match change {
            Change::Call(change) => self.state.set_call(&change.after.id, change.before.clone()),
            Change::Interaction(change) => {
                self.state.set_interaction(&change.after.id, change.before.clone());
            }
            Change::Line(change) => {
                self.state.set_line(&change.after.id.dn, change.before.clone());
            }
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

    fn answer(&self, answer: Answer, result: Result<Outcome, CommandError>) {
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

/// Commands decided and stored together, at most.
const BATCH_COMMANDS: usize = 256;
/// Record bytes at which a batch ends early, so that it stays below what a journal takes at once.
const BATCH_BYTES: usize = 4 << 20;
/// Ended calls and interactions that have to be due before commands are kept waiting to forget them.
const SWEEP_DUE: usize = 256;
