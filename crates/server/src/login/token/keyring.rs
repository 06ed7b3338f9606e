//! The keys in effect, and how they are kept up to date.
//!
//! Keys from a file are read once. Keys from a URL are fetched by one task ([`Keyring::follow`]):
//! at start, each time they are `ttl` old, and when a token names a key that is not there, at most
//! once in `apart`. So a flood of made-up key ids costs one fetch in `apart` and no more. A fetch
//! that fails leaves the keys as they are and is tried again, later each time.
//!
//! A request waits for a fetch without holding anything; the mutex is held for a few assignments.
//!
//! | State of the fetch | A token's key is unknown         | Then                              |
//! |--------------------|----------------------------------|-----------------------------------|
//! | none for `apart`   | the task is asked for one        | the request waits for its end     |
//! | one is under way   | nothing more is asked            | the request waits for its end     |
//! | one was lately     | nothing is asked                 | the token is refused              |

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::fetch::Fetcher;
use super::keys::{Keys, KeysError};
use crate::clock;

/// Keys, and the means to get others.
#[derive(Debug)]
pub(super) struct Keyring {
    state: Mutex<State>,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
    asked: Notify,
    /// `None` where keys are as they are.
    times: Option<Times>,
    fetched: AtomicU64,
    failed: AtomicU64,
}

/// When keys are fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Age at which they are fetched again.
    pub(crate) ttl: Duration,
    /// Least time between the beginnings of two fetches.
    pub(crate) apart: Duration,
    /// Longest time of one.
    pub(crate) timeout: Duration,
}

#[derive(Debug, Default)]
struct State {
    current: Current,
    begun_at: Option<Instant>,
    fetching: bool,
    ended: u64,
    /// What the keys were made of.
    text: Bytes,
}

/// The keys at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Current {
    pub(super) keys: Arc<Keys>,
    /// Grows with each change of the keys.
    pub(super) generation: u64,
}

impl Keyring {
    /// Keys that never change.
    pub(super) fn fixed(keys: Keys) -> Self {
        let current = Current { keys: Arc::new(keys), generation: 1 };
        Self { state: Mutex::new(State { current, ..State::default() }), ..Self::empty(None) }
    }

    /// No keys yet; [`Keyring::follow`] gets them.
    pub(super) fn fetched(times: Times) -> Self {
        Self::empty(Some(times))
    }

    fn empty(times: Option<Times>) -> Self {
        Self {
            state: Mutex::default(),
            ended: watch::Sender::new(0),
            asked: Notify::new(),
            times,
            fetched: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The keys as they are.
    pub(super) fn current(&self) -> Current {
        self.lock().current.clone()
    }

    /// Fetches that succeeded and that failed, for the metrics; `None` where nothing is fetched.
    pub(super) fn fetches(&self) -> Option<(u64, u64)> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        self.times.map(|_| (read(&self.fetched), read(&self.failed)))
    }

    /// Whether waiting for a fetch makes sense: one is under way, or is begun now.
    pub(super) fn ask(&self, now: Instant) -> Option<Fetch> {
        let times = self.times?;
        let mut state = self.lock();
        let number = state.ended + 1;
        if !state.fetching {
            let lately = |at| now.saturating_duration_since(at) < times.apart;
            if state.begun_at.is_some_and(lately) {
                return None;
            }
            state.begin(now);
            drop(state);
            self.asked.notify_one();
        }
        Some(Fetch { number, ended: self.ended.subscribe(), limit: times.timeout })
    }

    /// Fetches for ever.
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves the keys as they are; requests that wait go on after their limit.
    pub(super) async fn follow(&self, fetcher: Fetcher) {
        let Some(times) = self.times else { return };
        let mut failures = 0_u32;
        loop {
            self.lock().begin(clock::now());
            let renewed = match fetcher.get().await {
                Ok(text) => self.renew(text).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let pause = match renewed {
                Ok(keys) => {
                    self.fetched.fetch_add(1, Ordering::Relaxed);
                    if failures > 0 {
                        tracing::info!(keys, "token keys can be fetched again");
                    }
                    tracing::debug!(keys, "token keys fetched");
                    failures = 0;
                    times.ttl
                }
                Err(error) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    // Strangers can bring about further tries, so only the first one warns.
                    if failures == 0 {
                        tracing::warn!(error, "token keys cannot be fetched; the old ones stay");
                    }
                    tracing::debug!(error, failures, "token keys cannot be fetched");
                    failures = failures.saturating_add(1);
                    let longer = times.apart.saturating_mul(1 << failures.min(16));
                    longer.min(times.ttl)
                }
            };
            let number = self.lock().end();
            self.ended.send_replace(number);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.asked.notified() => {}
            }
        }
    }

    fn renew(&self, text: Bytes) -> Result<usize, KeysError> {
        let keys = Keys::from_jwks(&text, false)?;
        let count = keys.len();
        let mut state = self.lock();
        if state.text != text {
            state.text = text;
            let generation = state.current.generation + 1;
            state.current = Current { keys: Arc::new(keys), generation };
        }
        Ok(count)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, now: Instant) {
        self.fetching = true;
        self.begun_at = Some(now);
    }

    fn end(&mut self) -> u64 {
        self.fetching = false;
        self.ended += 1;
        self.ended
    }
}

/// A fetch that is under way.
pub(super) struct Fetch {
    number: u64,
    ended: watch::Receiver<u64>,
    limit: Duration,
}

impl Fetch {
    /// Waits for its end, whatever that is.
    pub(super) async fn end(mut self) {
        let ended = self.ended.wait_for(|ended| *ended >= self.number);
        // If there is no end the token is judged by the keys that are there.
        drop(tokio::time::timeout(self.limit, ended).await);
    }
}
