//! Test equipment: a journal that fails and dawdles on demand.
//!
//! Wrap any home in a [`FaultyJournal`] to see how the code above it stands a full disk, a broken
//! one or a slow one. It is part of the library, rather than of its tests, because other crates'
//! tests and the simulator need it; nothing that serves people should be built on it.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use futures::stream::BoxStream;

use crate::{
    Append, AppendError, Damage, Entry, Journal, Key, Position, ReadError, Stats, Version,
};

/// What goes wrong with an append, a forget or a snapshot: with a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Answered [`AppendError::Full`]; nothing is stored.
    Full,
    /// Answered [`AppendError::Io`]; nothing is stored.
    Io,
    /// Stored, and then answered [`AppendError::Io`] all the same: the doubtful case of a real
    /// disk.
    AnswerLost,
}

/// Test-only: a journal whose writes fail or wait when told to. Reads pass through.
pub struct FaultyJournal {
    inner: Arc<dyn Journal>,
    plan: Mutex<Plan>,
}

/// What is to go wrong. Held in a std mutex that is never locked across an await.
#[derive(Default)]
struct Plan {
    next: VecDeque<Fault>,
    always: Option<Fault>,
    pause: Option<Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>>,
    damaged: HashSet<Key>,
    failed: u64,
}

impl FaultyJournal {
    /// Wraps `inner`, which works until told otherwise.
    pub fn new(inner: Arc<dyn Journal>) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// Fails every write from now on.
    pub fn fail(&self, fault: Fault) {
        self.plan().always = Some(fault);
    }

    /// Fails the next `count` writes, before anything told by [`fail`](Self::fail).
    pub fn fail_next(&self, count: usize, fault: Fault) {
        self.plan().next.extend(iter::repeat_n(fault, count));
    }

    /// Answers every snapshot of `key` with [`AppendError::Damaged`], as where a record that it is to
    /// stand for is damaged. Other writes, those of the key too, go on.
    pub fn damage(&self, key: Key) {
        self.plan().damaged.insert(key);
    }

    /// Makes each write wait for the future that `pause` gives, before anything else.
    ///
    /// With a sleep it is a slow disk; with a future that waits for the test it is a gate.
    pub fn delay(&self, pause: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) {
        self.plan().pause = Some(Arc::new(pause));
    }

    /// Ends every fault and delay. Appends that are waiting go on when their pause ends.
    pub fn heal(&self) {
        let mut plan = self.plan();
        plan.next.clear();
        plan.always = None;
        plan.pause = None;
        plan.damaged.clear();
    }

    /// Runs `write` under the plan.
    async fn disturb<T>(
        &self,
        write: BoxFuture<'_, Result<T, AppendError>>,
    ) -> Result<T, AppendError> {
        let pause = self.plan().pause.clone();
        if let Some(pause) = pause {
            pause().await;
        }
        let fault = self.next_fault();
        match fault {
            None => write.await,
            Some(Fault::Full) => {
                Err(AppendError::Full(Arc::new(io::ErrorKind::StorageFull.into())))
            }
            Some(Fault::Io) => Err(injected()),
            Some(Fault::AnswerLost) => write.await.and(Err(injected())),
        }
    }

    fn next_fault(&self) -> Option<Fault> {
        let mut plan = self.plan();
        let fault = plan.next.pop_front().or(plan.always);
        plan.failed += u64::from(fault.is_some());
        fault
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for FaultyJournal {
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        self.disturb(self.inner.append(batch)).boxed()
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.inner.read(key, after)
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.inner.scan(after, limit)
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        self.inner.tail(after)
    }

    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        self.disturb(self.inner.forget(keys)).boxed()
    }

    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        let mut plan = self.plan();
        if plan.damaged.contains(key) {
            plan.failed += 1;
            let damage = Damage::somewhere("injected by a test").of(key);
            return future::ready(Err(AppendError::Damaged(damage))).boxed();
        }
        drop(plan);
        self.disturb(self.inner.snapshot(key, until, record)).boxed()
    }

    /// The numbers of the journal inside, with the faults added to `failed`.
    fn stats(&self) -> Stats {
        let mut stats = self.inner.stats();
        stats.failed += self.plan().failed;
        stats
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

impl fmt::Debug for FaultyJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan();
        f.debug_struct("FaultyJournal")
            .field("inner", &self.inner)
            .field("next", &plan.next)
            .field("always", &plan.always)
            .field("delayed", &plan.pause.is_some())
            .finish_non_exhaustive()
    }
}

fn injected() -> AppendError {
    AppendError::Io(Arc::new(io::Error::other("injected by a test")))
}
