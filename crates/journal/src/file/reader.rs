//! The thread that reads, and the handle that asks it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::failure::guarded;
use super::phase::Phase;
use super::{Slot, queue};
use crate::{Damage, Entry, Key, Limits, Position, ReadError, Version};

/// One query for the reader.
#[derive(Debug)]
pub(super) struct Query {
    what: What,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
enum What {
    Read { key: Key, after: Version },
    Scan { after: Position, limit: usize },
}

type Answer = Result<Vec<Entry>, ReadError>;

/// The asking end. Tails keep one; it holds neither the file nor the reader.
#[derive(Clone, Debug)]
pub(super) struct Queries {
    sender: mpsc::Sender<Query>,
    phase: Arc<Phase>,
}

impl Queries {
    pub(super) fn new(sender: mpsc::Sender<Query>, phase: Arc<Phase>) -> Self {
        Self { sender, phase }
    }

    pub(super) async fn read(self, key: Key, after: Version) -> Answer {
        self.ask(What::Read { key, after }).await
    }

    pub(super) async fn scan(self, after: Position, limit: usize) -> Answer {
        self.ask(What::Scan { after, limit }).await
    }

    async fn ask(self, what: What) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.sender.send(Query { what, answer }).await.is_err() {
            return Err(self.phase.read_dropped());
        }
        answered.await.unwrap_or_else(|_| Err(self.phase.read_dropped()))
    }
}

/// Answers queries until the journal is closed.
pub(super) struct Reader {
    pub(super) slot: Slot,
    pub(super) queries: mpsc::Receiver<Query>,
    pub(super) phase: Arc<Phase>,
    pub(super) limits: Limits,
    /// What was found first, once anything was.
    pub(super) damage: Option<Damage>,
}

impl Reader {
    pub(super) fn run(mut self) {
        while let Some(query) = queue::next(&mut self.queries, self.phase.reads_end()) {
            // A query whose asker is gone is not worth the disk's time.
            if !query.answer.is_closed() {
                let answer = self.look_up(query.what);
                // The asker may have gone meanwhile.
                drop(query.answer.send(answer));
            }
        }
    }

    fn look_up(&mut self, what: What) -> Answer {
        let slot = super::shared(&self.slot);
        let store = slot.as_ref().ok_or(ReadError::Poisoned)?;
        let answer = guarded(|| match what {
            What::Read { key, after } => store.read(&key, after, &self.limits),
            What::Scan { after, limit } => store.scan(after, limit, &self.limits),
        });
        match (answer, &self.damage) {
            (Err(ReadError::Damaged(damage)), _) => {
                if self.phase.poison() {
                    tracing::error!(%damage, "journal file is damaged, it takes no more appends");
                }
                self.damage.get_or_insert(damage.clone());
                Err(ReadError::Damaged(damage))
            }
            // redb reads nothing more after some kinds of damage, and no longer says why.
            (Err(ReadError::Io(_)), Some(damage)) => Err(ReadError::Damaged(damage.clone())),
            (answer, _) => answer,
        }
    }
}
