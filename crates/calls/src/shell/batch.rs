//! Batches: what was asked is decided, stored and answered together.
//!
//! A command is decided on what the ones before it would leave behind, and its events are applied
//! at once. The journal is asked a single time for a whole batch. When it has taken it, readers see
//! the changes, then senders are answered, and then observers are told. When it has not, the state is
//! as it was before the batch, and every sender hears that the core is unavailable.
//!
//! A batch ends early at so many commands or bytes. Nothing here waits for more of them: who is first
//! in the queue waits for nobody.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use encke_journal::{Append, AppendError, Position, Version};
use tokio::sync::oneshot;

use super::core::Outcome;
use super::replay::version;
use super::stats::count;
use super::writer::{Answer, Held, Message, Submission, WriterState};
use super::{Change, CommandError, record_key};
use crate::{Command, Event, Note, Subject, decide};

/// What was decided and not yet stored.
#[derive(Default)]
struct Batch {
    appends: Vec<Append>,
    bytes: usize,
    changes: Vec<Change>,
    answers: Vec<(Answer, Result<Outcome, CommandError>)>,
}

impl WriterState {
    /// Decides `first` and the commands that follow it, and commits them together.
    pub(super) async fn batch(&mut self, first: Submission, waiting: &mut VecDeque<Message>) {
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
    pub(super) async fn tick(&mut self) {
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
            let (note, held) = (Note::new(), Held::default());
            self.decide(Submission { command, note, answer, held }, now_ms, &mut batch);
        }
        if !batch.appends.is_empty() {
            self.commit(batch).await;
        }
    }

    fn decide(&mut self, submission: Submission, now_ms: u64, batch: &mut Batch) {
        let Submission { command, note, answer, held } = submission;
        drop(held);
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
}

/// Commands decided and stored together, at most.
pub(super) const BATCH_COMMANDS: usize = 256;
/// Record bytes at which a batch ends early, so that it stays below what a journal takes at once.
const BATCH_BYTES: usize = 4 << 20;
