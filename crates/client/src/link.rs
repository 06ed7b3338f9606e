//! The way from handles and streams to the driver.
//!
//! Operations go through a bounded channel: a full one lets the caller wait. What cannot wait takes
//! another way, behind one mutex that is held for a push or a take: that a subscription was
//! dropped, that a stream has room again, and that the client is to be closed. It is bounded by the
//! number of subscriptions and of callers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::clock;
use crate::command::{Answer, Asked, Command, SubscriberId};
use crate::machine::Outcome;

/// What a handle and its subscriptions hold.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    commands: mpsc::Sender<Asked>,
    pub(crate) shared: Arc<Shared>,
}

/// What the driver looks at when there is news.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    last_id: AtomicU64,
    /// Streams that are full and want the server to wait.
    full: AtomicUsize,
    urgent: Mutex<Urgent>,
    news: Notify,
}

/// What takes the way beside the channel.
#[derive(Debug, Default)]
pub(crate) struct Urgent {
    /// Subscriptions that were dropped.
    pub(crate) abandoned: Vec<SubscriberId>,
    /// Who waits for the client to be closed.
    pub(crate) farewells: Vec<Answer>,
    /// Nobody looks here any more.
    closed: bool,
}

impl Link {
    pub(crate) fn new(commands: mpsc::Sender<Asked>, shared: Arc<Shared>) -> Self {
        Self { commands, shared }
    }

    pub(crate) fn next_id(&self) -> SubscriberId {
        SubscriberId(self.shared.last_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands a command over; one to a closed client is dropped, which its answers then say.
    pub(crate) async fn send(&self, command: Command) {
        let asked = Asked { command, at: clock::now() };
        drop(self.commands.send(asked).await);
    }

    /// Hands a command over and waits for its outcome.
    pub(crate) async fn ask(
        &self,
        command: Command,
        outcome: oneshot::Receiver<Outcome>,
    ) -> Outcome {
        self.send(command).await;
        outcome.await.unwrap_or(Outcome::Closed)
    }

    /// Has the client closed, and waits for that.
    pub(crate) async fn leave(&self) {
        let (answer, outcome) = oneshot::channel();
        self.shared.tell(|urgent| urgent.farewells.push(answer));
        // A closed client drops the answer.
        drop(outcome.await);
    }

    /// A subscription was dropped.
    pub(crate) fn abandon(&self, id: SubscriberId) {
        self.shared.tell(|urgent| urgent.abandoned.push(id));
    }
}

impl Shared {
    /// Waits for news.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// What was told since.
    pub(crate) fn take(&self) -> Urgent {
        let mut urgent = self.lock();
        let closed = urgent.closed;
        std::mem::replace(&mut *urgent, Urgent { closed, ..Urgent::default() })
    }

    /// The driver has ended: whoever waits is told, and so is whoever comes later.
    pub(crate) fn close(&self) {
        let urgent = {
            let mut urgent = self.lock();
            std::mem::replace(&mut *urgent, Urgent { closed: true, ..Urgent::default() })
        };
        drop(urgent);
    }

    /// A stream is full.
    pub(crate) fn filled(&self) {
        self.full.fetch_add(1, Ordering::AcqRel);
    }

    /// A stream that was full has room.
    pub(crate) fn drained(&self) {
        if self.full.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.news.notify_one();
        }
    }

    /// Whether the server is to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire) > 0
    }

    fn tell(&self, news: impl FnOnce(&mut Urgent)) {
        let mut urgent = self.lock();
        if urgent.closed {
            return;
        }
        news(&mut urgent);
        drop(urgent);
        self.news.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Urgent> {
        self.urgent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
