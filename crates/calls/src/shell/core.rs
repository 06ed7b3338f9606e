//! The handle on the core.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use encke_journal::{Journal, Position};
use futures::future::BoxFuture;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::due::Due;
use super::replay::replay;
use super::snapshots::Snapshots;
use super::stats::{Counters, count};
use super::writer::{Held, Message, Submission, WriterState};
use super::{Clock, CommandError, CoreConfig, CoreStats, Observer, OpenError};
use crate::{
    Call, Command, ConnId, Dn, Interaction, LineSettings, Note, SeededIds, State, Subject, UserName,
};

/// A handle on the call-state core. Clones are handles on the same core.
///
/// The core stops when it is [closed](Self::close), when its [`Writer`] is dropped, or when the
/// last handle is.
#[derive(Clone, Debug)]
pub struct Core {
    pub(super) queue: mpsc::Sender<Message>,
    pub(super) shared: Arc<Shared>,
}

/// What handles and the writer share. Each lock is held for a clone or a push only.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) snapshots: Snapshots,
    pub(super) counters: Counters,
    pub(super) healthy: AtomicBool,
    told: AtomicU64,
    dns: Mutex<Arc<HashSet<Dn>>>,
    observers: Mutex<Arc<[Arc<dyn Observer>]>>,
}

impl Shared {
    pub(super) fn dns(&self) -> Arc<HashSet<Dn>> {
        Arc::clone(&lock(&self.dns))
    }

    /// Everything up to `place` has been told to the observers.
    pub(super) fn set_told(&self, place: Position) {
        self.told.store(place.get(), Ordering::Release);
    }

    pub(super) fn observers(&self) -> Arc<[Arc<dyn Observer>]> {
        Arc::clone(&lock(&self.observers))
    }

    pub(super) fn drop_observers(&self) {
        // Dropped once the lock is free: observers may do what they like when they go.
        let observers = std::mem::take(&mut *lock(&self.observers));
        drop(observers);
    }
}

/// What became of an accepted command.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The call, interaction or line it was about, or which it began.
    pub subject: Subject,
    /// The connection id, of a call.
    pub conn_id: Option<ConnId>,
    /// Whether anything happened. Deletions of what is not there and states that are so already
    /// change nothing.
    pub changed: bool,
}

impl Core {
    /// Reads the journal and makes a core of what it holds.
    ///
    /// The second value has to be spawned or polled by the caller: it is the task that does all
    /// the writing. Observers that want to be told again of what was committed before, see
    /// [`Observer::again_after`], are told meanwhile.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the journal cannot be read or holds what no core of this version wrote.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing has changed: opening reads, and tells those who want to be told
    /// again.
    pub async fn open(
        journal: Arc<dyn Journal>,
        config: CoreConfig,
        clock: Arc<dyn Clock>,
        observers: Vec<Arc<dyn Observer>>,
    ) -> Result<(Self, Writer), OpenError> {
        let seed = getrandom::u64().map_err(|error| OpenError::Random(error.into()))?;
        let mut state = State::new(config.limits.clone());
        let mut due = Due::new(config.snapshot_after);
        let head = replay(journal.as_ref(), &mut state, &observers, &mut due).await?;
        let (queue, messages) = mpsc::channel(config.queue);
        let shared = Arc::new(Shared {
            snapshots: Snapshots::default(),
            counters: Counters::default(),
            healthy: AtomicBool::new(true),
            told: AtomicU64::new(head.get()),
            dns: Mutex::new(Arc::new(config.dns.clone())),
            observers: Mutex::new(observers.into()),
        });
        let writer = WriterState::new(
            state,
            &config,
            journal,
            clock,
            Box::new(SeededIds::new(seed)),
            Arc::clone(&shared),
            (head, due),
        );
        let writer = Writer { run: Box::pin(writer.run(messages)) };
        Ok((Self { queue, shared }, writer))
    }

    /// Carries out one command. Answered when the change is durable and visible to readers.
    ///
    /// # Errors
    ///
    /// [`CommandError`] when it is refused, when too many are waiting, when the journal fails, or
    /// when the core has stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing happens; later the command is carried out anyway.
    pub async fn submit(&self, command: Command) -> Result<Outcome, CommandError> {
        self.send(command, Note::new()).await
    }

    /// As [`submit`](Self::submit), with a number that observers find in the change.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    ///
    /// # Cancel safety
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_referenced(
        &self,
        command: Command,
        reference: u64,
    ) -> Result<Outcome, CommandError> {
        self.send(command, Note::new().reference(reference)).await
    }

    /// As [`submit`](Self::submit), with a note that observers find in the change.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    ///
    /// # Cancel safety
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_noted(
        &self,
        command: Command,
        note: Note,
    ) -> Result<Outcome, CommandError> {
        self.send(command, note).await
    }

    /// Says which lines are ours, instead of those before. Commands sent later see it; calls that
    /// exist go on.
    pub fn set_dns(&self, dns: impl IntoIterator<Item = Dn>) {
        *lock(&self.shared.dns) = Arc::new(dns.into_iter().collect());
    }

    /// Adds an observer, which is told of every change that is committed from now on.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let mut observers = lock(&self.shared.observers);
        *observers = observers.iter().cloned().chain([observer]).collect();
    }

    /// Forgets the ended calls and interactions that need not be kept any longer. The core does so by
    /// itself when many are due; a call every minute or so keeps an idle one tidy. A core that is
    /// not healthy asks the journal on this occasion whether it works again.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing happens; later the sweep goes on.
    pub async fn sweep(&self) {
        self.send_and_wait(Message::Sweep).await;
    }

    /// Lets go of lines that have rung for longer than they may, of 256 at a time. A call every second or so keeps
    /// [`Limits::no_answer_ms`](crate::Limits::no_answer_ms) that precise; without any, lines ring
    /// for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing happens; later the lines are let go anyway.
    pub async fn tick(&self) {
        self.send_and_wait(Message::Tick).await;
    }

    /// Carries out what is waiting, then stops for good and lets go of the observers. Later
    /// commands are answered [`CommandError::Stopped`]; readers still see the last state. The
    /// journal stays open.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing happens; later the core stops anyway.
    pub async fn close(&self) {
        self.send_and_wait(Message::Close).await;
    }

    /// The call of this id. Ended ones are found while they are kept.
    pub fn call(&self, id: &str) -> Option<Arc<Call>> {
        self.shared.snapshots.call(id)
    }

    /// The calls the line is on, oldest first.
    pub fn calls_of(&self, dn: &Dn) -> Vec<Arc<Call>> {
        self.shared.snapshots.calls_of(dn)
    }

    /// The interaction of this id. Ended ones are found while they are kept.
    pub fn interaction(&self, id: &str) -> Option<Arc<Interaction>> {
        self.shared.snapshots.interaction(id)
    }

    /// The interactions with which the user still has something to do, in the order in which they
    /// came to him; those from before the core was opened in the order in which they began.
    pub fn interactions_of(&self, user: &UserName) -> Vec<Arc<Interaction>> {
        self.shared.snapshots.interactions_of(user)
    }

    /// What is set at the line.
    pub fn line(&self, dn: &Dn) -> LineSettings {
        self.shared.snapshots.line(dn).map(|line| line.settings.clone()).unwrap_or_default()
    }

    /// The lines that are ours.
    pub fn dns(&self) -> Arc<HashSet<Dn>> {
        self.shared.dns()
    }

    /// Whether changes can be made: the writer runs, and the last append worked.
    pub fn healthy(&self) -> bool {
        self.shared.healthy.load(Ordering::Acquire) && !self.queue.is_closed()
    }

    /// How far the observers have been told: of every change up to this place in the journal.
    ///
    /// An observer that keeps what it passes on may take note of this place, once all that it was
    /// told of by then is safe, as the one to [go on after](Observer::again_after).
    pub fn told(&self) -> Position {
        Position::new(self.shared.told.load(Ordering::Acquire))
    }

    /// Plain numbers for metrics.
    pub fn stats(&self) -> CoreStats {
        let waiting = self.queue.max_capacity() - self.queue.capacity();
        self.shared.counters.snapshot(waiting)
    }

    async fn send(&self, command: Command, note: Note) -> Result<Outcome, CommandError> {
        let (answer, answered) = oneshot::channel();
        let submission = Submission { command, note, answer, held: Held::default() };
        match self.queue.try_send(Message::Command(Box::new(submission))) {
            Ok(()) => answered.await.unwrap_or(Err(CommandError::Stopped)),
            Err(TrySendError::Full(_)) => {
                count(&self.shared.counters.busy, 1);
                Err(CommandError::Busy)
            }
            Err(TrySendError::Closed(_)) => Err(CommandError::Stopped),
        }
    }

    // Housekeeping waits for a place in the queue, since it is nobody's to repeat.
    async fn send_and_wait(&self, message: impl FnOnce(oneshot::Sender<()>) -> Message) {
        let (done, when_done) = oneshot::channel();
        if self.queue.send(message(done)).await.is_ok() {
            // An error says that the core has stopped, and then there is nothing to wait for.
            when_done.await.unwrap_or_default();
        }
    }
}

/// The task that does all the writing. Ready when the core has stopped.
///
/// # Cancel safety
///
/// Dropping it stops the core. A batch that was on its way to the journal is then stored whole or
/// not at all, and its senders are answered [`CommandError::Stopped`].
#[must_use = "nothing is written unless the writer runs"]
pub struct Writer {
    run: BoxFuture<'static, ()>,
}

impl Future for Writer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.run.as_mut().poll(context)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

// Nothing panics while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
