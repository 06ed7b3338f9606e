//! The task that keeps a log of messages on disk.
//!
//! The log itself lives in the memory of a broker, and messages are delivered from there: nobody
//! waits for this disk. A keeper follows behind. It takes what came, in batches, adds it to its
//! [`Files`], and forgets there what is too old. It holds one page at a time and no queue, so a
//! slow disk costs no memory; what the log lets go of before it was stored is noted as a gap.
//!
//! # When the disk fails
//!
//! | State     | Meaning                     | Left when                    | Next      |
//! |-----------|-----------------------------|------------------------------|-----------|
//! | `keeping` | what came is being stored   | a write fails                | `failing` |
//! | `failing` | it is tried again each second, in files opened anew if need be | a write succeeds | `keeping` |
//!
//! A failure is counted each time and logged once. Nothing else of the server depends on it: what
//! is lost if the process dies meanwhile is what the log could have told after a restart.
//!
//! # Stop
//!
//! A keeper that is told to stop stores what there is, notes that the log ends there, and lets go
//! of the files. It tries once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use encke::broker::Logged;
use encke::journal::{AppendError, Journal, OpenError};
use futures::future::BoxFuture;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::files::Files;

/// Messages taken at a time.
const PAGE_MESSAGES: usize = 1024;

/// Time between two attempts while the disk fails.
const RETRY: Duration = Duration::from_secs(1);

/// Time between two looks at what may be forgotten, where nothing comes.
const TIDY: Duration = Duration::from_secs(10);

/// The log in memory, as its keeper sees it.
pub(super) trait Source: Send + 'static {
    /// Messages after the position `after`, oldest first, at most `most`.
    fn after(&self, after: u64, most: usize) -> Vec<Logged>;

    /// Ready while there are messages after the position; else the task is woken when one comes.
    fn poll_any(&self, after: u64, cx: &mut Context<'_>) -> Poll<()>;

    /// The newest position that the log has let go of, and that can no longer be taken.
    fn gone(&self) -> u64;

    /// The place in the journal of calls of which, and of all before it, everything is in the log.
    fn told(&self) -> Option<u64>;
}

/// When a keeper looks for what came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pace {
    /// So long after a message came: a burst costs one write, and a crash what came meanwhile.
    After(Duration),
    /// Now and then, woken by nobody: for messages that can be derived again.
    Every(Duration),
}

/// Opens the files' journal anew.
pub(super) type Opener =
    Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Journal>, OpenError>> + Send + Sync>;

/// What a keeper counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    stored: AtomicU64,
    failures: AtomicU64,
    failing: AtomicBool,
}

impl Counts {
    /// Messages stored.
    pub(crate) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// Attempts to store that failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Whether the last attempt failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

/// Keeps one log.
pub(super) struct Keeper<S> {
    source: S,
    files: Files,
    opener: Opener,
    /// The time of day in milliseconds since 1970.
    now_ms: fn() -> u64,
    pace: Pace,
    counts: Arc<Counts>,
    /// Everything up to here is in the files, or noted as a gap.
    after: u64,
}

impl<S: Source> Keeper<S> {
    /// A keeper that goes on behind what `files` note as the newest position.
    pub(super) fn new(
        source: S,
        files: Files,
        opener: Opener,
        now_ms: fn() -> u64,
        pace: Pace,
    ) -> Self {
        let after = files.note().newest;
        Self { source, files, opener, now_ms, pace, counts: Arc::default(), after }
    }

    /// What it counts.
    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Keeps the log until `stop` is ready.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves files as a crash would.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut tidy = interval(TIDY);
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let pause = match self.pace {
                _ if self.counts.is_failing() => RETRY,
                Pace::Every(time) => time,
                Pace::After(time) => {
                    tokio::select! {
                        biased;
                        () = &mut stop => break,
                        () = poll_fn(|cx| self.source.poll_any(self.after, cx)) => {}
                        _ = tidy.tick() => {}
                    }
                    time
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = sleep(pause) => {}
            }
            match self.store(false).await {
                Ok(()) => self.works(),
                Err(error) => self.fails(&error).await,
            }
        }
        if let Err(error) = self.store(true).await {
            tracing::warn!(%error, "the log of messages could not be completed on disk");
        }
        self.files.close().await;
    }

    /// Stores what there is, and how far that goes.
    async fn store(&mut self, closed: bool) -> Result<(), AppendError> {
        loop {
            // In this order: what was told is in the log by now, and with it in the last page.
            let told = self.source.told();
            let messages = self.source.after(self.after, PAGE_MESSAGES);
            let is_last = messages.len() < PAGE_MESSAGES;
            let mut note = self.files.note();
            let gone = self.source.gone();
            if gone > self.after {
                note.horizon = note.horizon.max(gone);
            }
            if is_last {
                note.told = told;
                note.closed = closed;
            }
            let now_ms = (self.now_ms)();
            if !messages.is_empty() || note != self.files.note() {
                self.files.add(&messages, note, now_ms).await?;
            }
            self.counts.stored.fetch_add(messages.len() as u64, Ordering::Relaxed);
            self.after = messages.last().map_or(self.after, |message| message.position);
            if is_last {
                return self.files.tidy(now_ms).await;
            }
        }
    }

    // failing => keeping
    fn works(&self) {
        if self.counts.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the log of messages is stored again");
        }
    }

    // any => failing
    async fn fails(&mut self, error: &AppendError) {
        self.counts.failures.fetch_add(1, Ordering::Relaxed);
        if !self.counts.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the log of messages cannot be stored, it lives in memory only");
        }
        if matches!(error, AppendError::Full(_)) {
            // Nothing was stored, and the journal goes on by itself once there is space.
            return;
        }
        self.files.close().await;
        match (self.opener)().await {
            Ok(journal) => self.files.reopened(journal),
            Err(error) => tracing::debug!(%error, "the files of the log cannot be opened"),
        }
    }
}

#[cfg(test)]
mod tests;
