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
use encke_journal::{Append, AppendError, Entry, Journal, Key, Position, Version};
use tokio::sync::{mpsc, oneshot};

use super::core::{Outcome, Shared};
use super::replay::{PAGE_RECORDS, apply, version};
use super::retention::Retention;
use super::stats::count;
use super::{Change, Clock, CommandError, CoreConfig, OpenError, record_key};
use crate::{Command, Event, IdSource, State, Subject, decide};

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
    pub(super) reference: Option<u64>,
    pub(super) answer: Answer,
}

type Answer = oneshot::Sender<Result<Outcome, CommandError>>;

#[derive(Debug)]
pub(super) struct WriterState {
    state: State,
    retention: Retention,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    ids: Box<dyn IdSource>,
    shared: Arc<Shared>,
    /// The state holds every record of the journal up to here, and observers have been told.
    seen: Position,
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
        seen: Position,
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
        let writer = Self { state, retention, journal, clock, ids, shared, seen };
        writer.count_held();
        writer
    }

    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        self.sweep(1).await;
        let mut messages = Vec::with_capacity(BATCH_COMMANDS);
        while queue.recv_many(&mut messages, BATCH_COMMANDS).await > 0 {
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
            self.decide(Submission { command, reference: None, answer }, now_ms, &mut batch);
        }
        if !batch.appends.is_empty() {
            self.commit(batch).await;
        }
    }

    fn decide(&mut self, submission: Submission, now_ms: u64, batch: &mut Batch) {
        let Submission { command, reference, answer } = submission;
        let result = match decide(&self.state, &command, now_ms, self.ids.as_mut()) {
            Ok(events) => self.stage(&command, events, reference, batch),
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
        reference: Option<u64>,
        batch: &mut Batch,
    ) -> Result<Outcome, CommandError> {
        let changed = !events.is_empty();
        let mut about = command.subject();
        for event in events {
            let subject = event.subject();
            let expected = Version::new(version(&self.state, &subject));
            let record = Bytes::from(event.to_record_referenced(reference));
            let change = Change::make(&mut self.state, event, reference, Position::ZERO);
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
                if !self.shared.healthy.swap(true, Ordering::AcqRel) {
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

    /// Reads what the journal has and the state has not, up to `until` or to the end.
    ///
    /// An append whose answer was lost to a failing disk may have been stored; the state learns of
    /// it here, and so do readers and observers.
    async fn catch_up(&mut self, until: Option<Position>) {
        let until = until.unwrap_or(Position::new(u64::MAX));
        while self.seen < until {
            let page = match self.journal.scan(self.seen, PAGE_RECORDS).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "the journal cannot be read");
                    return;
                }
            };
            let Some(last) = page.last() else { return };
            let reached = last.position.min(until);
            let mut changes = Vec::new();
            for entry in page.iter().take_while(|entry| entry.position <= until) {
                match self.learn(entry) {
                    Ok(change) => changes.extend(change),
                    Err(error) => tracing::error!(%error, "the journal holds what does not apply"),
                }
            }
            self.count_held();
            self.tell(&changes);
            self.seen_to(self.seen, reached);
        }
    }

    /// Applies a record, unless it is not a subject's or the state has it.
    fn learn(&mut self, entry: &Entry) -> Result<Option<Change>, OpenError> {
        let Some(subject) = record_key::subject(&entry.key) else { return Ok(None) };
        if version(&self.state, &subject) >= entry.version.get() {
            return Ok(None);
        }
        let change = apply(&mut self.state, entry)?;
        self.publish(&change);
        Ok(Some(change))
    }

    /// Notes that the observers have been told of all up to `last`, if they were up to `before`.
    fn seen_to(&mut self, before: Position, last: Position) {
        if self.seen >= before {
            self.seen = self.seen.max(last);
            self.shared.set_told(self.seen);
        }
    }

    fn publish(&mut self, change: &Change) {
        count(&self.shared.counters.events, 1);
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

    fn tell(&self, changes: &[Change]) {
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

    /// While the journal fails, asks it with a record that means nothing whether it works again.
    ///
    /// Nobody may send a command to a core that says it is not healthy, so it finds out by itself.
    async fn probe(&mut self) {
        if self.shared.healthy.load(Ordering::Acquire) {
            return;
        }
        let key = record_key::probe();
        let expected = match self.journal.read(&key, Version::ZERO).await {
            Ok(entries) => entries.last().map_or(Version::ZERO, |entry| entry.version),
            Err(_) => return,
        };
        let records = vec![Bytes::from_static(b"probe")];
        let append = Append { key: key.clone(), expected, records };
        let Ok(place) = self.journal.append(vec![append]).await else { return };
        self.catch_up(Some(place)).await;
        self.shared.healthy.store(true, Ordering::Release);
        tracing::info!("the journal takes records again");
        if let Err(error) = self.journal.forget(vec![key]).await {
            tracing::warn!(%error, "the probe could not be forgotten");
        }
    }

    /// Forgets what need not be kept, when at least `enough` of it is due.
    async fn sweep(&mut self, enough: usize) {
        loop {
            let due = self.retention.due(self.clock.now_ms()).min(FORGET_KEYS);
            if due == 0 || due < enough {
                break;
            }
            let keys: Vec<Key> = self.retention.first(due).map(record_key::of).collect();
            if let Err(error) = self.journal.forget(keys).await {
                tracing::warn!(%error, "ended calls could not be forgotten");
                break;
            }
            for subject in self.retention.forget(due) {
                match subject {
                    Subject::Call(id) => {
                        self.state.set_call(&id, None);
                        self.shared.snapshots.forget_call(&id);
                    }
                    Subject::Interaction(key) => {
                        self.state.set_interaction(&key.id, None);
                        self.shared.snapshots.forget_interaction(&key.id);
                    }
                    Subject::Line(id) => self.state.forget_era(&id),
                }
            }
            count(&self.shared.counters.forgotten, due);
            self.count_held();
        }
    }

    fn count_held(&self) {
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
/// Keys forgotten at once, at most.
const FORGET_KEYS: usize = 1024;
