//! A journal in memory: for tests, and for embedders who keep their truth elsewhere.
//!
//! It keeps every promise of [`Journal`] except surviving its process. Handles are shared by
//! putting it in an `Arc`; the state is one struct under one std mutex that is never held across
//! an await.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::{self, BoxFuture, FutureExt};
use futures::stream::BoxStream;
use tokio::sync::watch;

use crate::limits::Size;
use crate::stats::Counters;
use crate::tail::{self, PAGE_RECORDS};
use crate::{
    Append, AppendError, Entry, Journal, Key, Limits, Position, ReadError, Stats, Version, clock,
};

/// A journal in memory. It holds what is appended until it is forgotten, so its bound is the
/// caller's retention.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    shared: Arc<Shared>,
}

impl MemoryJournal {
    /// An empty journal with the default [`Limits`].
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty journal with `limits`.
    pub fn with_limits(limits: Limits) -> Self {
        Self { shared: Arc::new(Shared { limits, ..Shared::default() }) }
    }
}

impl Journal for MemoryJournal {
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        let started = clock::now();
        async move {
            let result = self.shared.append(batch);
            match &result {
                Ok((size, _)) => {
                    let took = clock::now().saturating_duration_since(started);
                    self.shared.counters.stored(size.records, size.bytes, took);
                }
                Err(error) => self.shared.counters.not_stored(error),
            }
            result.map(|(_, position)| position)
        }
        .boxed()
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        let key = key.clone();
        async move { self.shared.read(&key, after) }.boxed()
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        async move { self.shared.scan(after, limit) }.boxed()
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        let shared = Arc::clone(&self.shared);
        let head = self.shared.head.subscribe();
        tail::tail(
            after,
            head,
            Box::new(move |after| future::ready(shared.scan(after, PAGE_RECORDS)).boxed()),
        )
    }

    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        async move { self.shared.forget(&keys) }.boxed()
    }

    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        let key = key.clone();
        async move { self.shared.snapshot(&key, until, record) }.boxed()
    }

    fn stats(&self) -> Stats {
        self.shared.counters.snapshot(*self.shared.head.borrow())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async move { self.shared.close() }.boxed()
    }
}

#[derive(Debug, Default)]
struct Shared {
    limits: Limits,
    counters: Counters,
    head: watch::Sender<Position>,
    state: Mutex<State>,
}

impl Shared {
    fn append(&self, batch: Vec<Append>) -> Result<(Size, Position), AppendError> {
        let size = self.limits.check_batch(&batch)?;
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        state.check_versions(&batch)?;
        for Append { key, records, .. } in batch {
            for record in records {
                state.push(&key, record);
            }
        }
        let head = state.head;
        drop(state);
        if size.records > 0 {
            self.counters.committed();
            self.publish(head);
        }
        Ok((size, head))
    }

    fn read(&self, key: &Key, after: Version) -> Result<Vec<Entry>, ReadError> {
        let state = self.open_state()?;
        let positions = state.keys.get(key).into_iter().flat_map(|log| log.after(after));
        let mut bytes = 0;
        let mut entries = Vec::new();
        for entry in positions.filter_map(|at| state.entries.get(at)) {
            bytes += entry.record.len();
            if bytes > self.limits.read() {
                return Err(ReadError::TooLarge { key: key.clone(), limit: self.limits.read() });
            }
            entries.push(entry.clone());
        }
        Ok(entries)
    }

    fn scan(&self, after: Position, limit: usize) -> Result<Vec<Entry>, ReadError> {
        let state = self.open_state()?;
        let mut bytes = 0;
        let mut page = Vec::new();
        for (_, entry) in state.entries.range((Excluded(after), Unbounded)).take(limit) {
            page.push(entry.clone());
            bytes += entry.record.len();
            if bytes >= self.limits.page() {
                break;
            }
        }
        Ok(page)
    }

    fn forget(&self, keys: &[Key]) -> Result<(), AppendError> {
        self.limits.check_keys(keys)?;
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let before = state.entries.len();
        for key in keys {
            for position in state.keys.remove(key).unwrap_or_default().positions {
                state.entries.remove(&position);
            }
        }
        if state.entries.len() < before {
            self.counters.committed();
        }
        Ok(())
    }

    fn snapshot(&self, key: &Key, until: Version, record: Bytes) -> Result<(), AppendError> {
        self.limits.check_snapshot(&record)?;
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        if state.snapshot(key, until, record, &self.limits)? {
            self.counters.committed();
        }
        Ok(())
    }

    fn close(&self) {
        self.lock().closed = true;
        // Wakes the tails, which then find the journal closed.
        self.head.send_modify(|_| ());
    }

    /// Two appends may get here in either order; the head only ever grows.
    fn publish(&self, head: Position) {
        self.head.send_if_modified(|newest| {
            let grows = head > *newest;
            *newest = head.max(*newest);
            grows
        });
    }

    fn open_state(&self) -> Result<MutexGuard<'_, State>, ReadError> {
        let state = self.lock();
        if state.closed { Err(ReadError::Closed) } else { Ok(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    head: Position,
    entries: BTreeMap<Position, Entry>,
    keys: HashMap<Key, Log>,
}

/// Where the records of a key are.
#[derive(Debug, Default)]
struct Log {
    /// Records that are gone, for the first one that is there stands for them.
    gone: u64,
    /// The others, in order of version.
    positions: Vec<Position>,
}

impl Log {
    fn version(&self) -> Version {
        Version::new(self.gone).plus(self.positions.len() as u64)
    }

    fn after(&self, after: Version) -> impl Iterator<Item = &Position> {
        let skipped = after.get().saturating_sub(self.gone);
        self.positions.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }
}

impl State {
    fn check_versions(&self, batch: &[Append]) -> Result<(), AppendError> {
        let mut reached: HashMap<&Key, Version> = HashMap::new();
        for Append { key, expected, records } in batch {
            let actual = reached.get(key).copied().unwrap_or_else(|| self.version(key));
            if actual != *expected {
                return Err(AppendError::Conflict {
                    key: key.clone(),
                    expected: *expected,
                    actual,
                });
            }
            reached.insert(key, actual.plus(records.len() as u64));
        }
        Ok(())
    }

    fn version(&self, key: &Key) -> Version {
        self.keys.get(key).map_or(Version::ZERO, Log::version)
    }

    fn push(&mut self, key: &Key, record: Bytes) {
        let position = self.head.next();
        self.head = position;
        let log = self.keys.entry(key.clone()).or_default();
        log.positions.push(position);
        let (key, version) = (key.clone(), log.version());
        let entry = Entry { position, key, version, record, is_snapshot: false };
        self.entries.insert(position, entry);
    }

    /// Answers whether there was anything to do.
    fn snapshot(
        &mut self,
        key: &Key,
        until: Version,
        record: Bytes,
        limits: &Limits,
    ) -> Result<bool, AppendError> {
        let actual = self.version(key);
        if until > actual {
            return Err(AppendError::Conflict { key: key.clone(), expected: until, actual });
        }
        let Some(log) = self.keys.get_mut(key) else { return Ok(false) };
        let replaced = until.get().saturating_sub(log.gone);
        let standing = usize::try_from(replaced).ok().and_then(|count| count.checked_sub(1));
        let standing = standing.and_then(|place| Some((place, *log.positions.get(place)?)));
        let entry = standing.and_then(|(place, at)| Some((place, self.entries.get_mut(&at)?)));
        let Some((before, entry)) = entry.filter(|(_, entry)| !entry.is_snapshot) else {
            return Ok(false);
        };
        limits.check_replaced(replaced)?;
        entry.record = record;
        entry.is_snapshot = true;
        for position in log.positions.drain(..before) {
            self.entries.remove(&position);
            log.gone += 1;
        }
        Ok(true)
    }
}
