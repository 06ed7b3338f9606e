//! A journal in one file, durable before it answers.
//!
//! # Layout on disk
//!
//! The file is `journal.redb` in a folder of its own: a redb database, one file to copy or to
//! lose. On Unix only its owner may read it, for records hold customer data.
//!
//! | Table     | Key              | Value                  | Why                                    |
//! |-----------|------------------|------------------------|----------------------------------------|
//! | `meta`    | name             | number                 | `format`, `head`, `commit`, see below  |
//! | `records` | position         | a frame with checksum, | a scan and a tail read it straight on; |
//! |           |                  | key, version, record   | appends only ever touch its right end  |
//! | `index`   | key, version     | position               | one key without a scan; the last       |
//! |           |                  |                        | entry of a key is its version          |
//!
//! Space of forgotten records is used again, and so is that of records that a snapshot stands for;
//! the file itself shrinks only when it is compacted. A snapshot is a record whose frame says so.
//! It is the first of its key: the index begins with its version, and goes on without a gap.
//!
//! `format` is the version of this layout. A journal refuses a file whose format is newer than it
//! knows, so what it cannot read it never misreads.
//!
//! | Format | What is new      | A file is of it                                                   |
//! |--------|------------------|-------------------------------------------------------------------|
//! | 1      |                  | no more: it is upgraded to 2 when it is opened                    |
//! | 2      | frames, checksums | from the beginning                                               |
//! | 3      | snapshots        | from the transaction on that stores its first one                 |
//!
//! `head` is the newest position given out; it is kept apart from the entries so that
//! forgetting the newest record does not give its position out again. `commit` counts
//! transactions; after a full disk it tells whether the last one is in the file.
//!
//! # Threads
//!
//! | Thread           | Owns                       | Fed by                             | When full |
//! |------------------|----------------------------|------------------------------------|-----------|
//! | `journal-writer` | every write transaction    | a queue of [`FileConfig::queue`]   | callers   |
//! | `journal-reader` | every read transaction     | a queue of the same length         | wait      |
//!
//! Both block on the disk, so neither is a task of somebody's runtime, and readers never stand
//! behind a sync. The writer takes what is queued, up to [`FileConfig::group`] commands, applies
//! all of it in one transaction, syncs once and then answers everyone: a *group commit*. It never
//! waits for a group to fill, since commands gather by themselves while a sync is under way. A
//! command that conflicts is refused alone; the others of its group go on.
//!
//! # When something fails
//!
//! - *Disk full*: the writer opens the file anew, which also settles whether the group is in it.
//!   If not, the group is answered [`AppendError::Full`], and the next append tries again. If there
//!   is not even the space to open the file, the group is answered [`AppendError::Io`], and later
//!   ones try to open it; reads fail until one of them succeeds. Should the group turn out to be in
//!   the file then, the journal is poisoned, for its callers believe otherwise.
//! - *Any other error of the disk, or a panic of a thread*: the journal is poisoned. A disk whose
//!   sync failed once cannot be trusted to have kept what it held, so only opening the journal
//!   again, which verifies the file, helps. Reads go on for as long as the file allows.
//! - *Damage*, which is what the disk gives and no journal wrote: the whole file is verified when it
//!   is opened, and each record again whenever it is read, since redb trusts a page that it has
//!   verified once. Reads answer [`ReadError::Damaged`]; a writer that meets it is poisoned.
//! - *Death of the process or the machine*: redb finds the last whole transaction by its checksums;
//!   what was answered is in it.

mod config;
mod failure;
mod inspect;
mod leftovers;
mod open;
mod overlay;
mod phase;
mod queue;
mod reader;
mod record;
mod store;
mod tables;
mod upgrade;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::BoxStream;
use tokio::sync::{mpsc, oneshot, watch};

use crate::limits::Size;
use crate::stats::Counters;
use crate::tail::{self, PAGE_RECORDS};
use crate::{
    Append, AppendError, Entry, Journal, Key, Limits, Position, ReadError, Stats, Version, clock,
};

pub use config::{ConfigError, FileConfig};
pub use inspect::{Compacted, Inspection, Verified, compact};
pub use open::OpenError;

use config::Checked;
use phase::{PanicGuard, Phase};
use reader::{Queries, Reader};
use store::{Store, Work};
use writer::{Command, Writer};

/// A journal in one file, durable before it answers.
///
/// Dropping it blocks until everything accepted is stored; in async code, prefer
/// [`close`](Journal::close) first.
#[derive(Debug)]
pub struct FileJournal {
    limits: Limits,
    counters: Arc<Counters>,
    phase: Arc<Phase>,
    commands: mpsc::Sender<Command>,
    queries: Queries,
    head: watch::Receiver<Position>,
    /// Each thread holds a receiver for as long as it may hold the file.
    holders: watch::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl FileJournal {
    /// Opens the journal in `folder`, which is made if it is not there.
    ///
    /// Blocks: the whole file is read and verified first. The file stays locked until the journal
    /// is closed or dropped.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]: the configuration is wrong, the folder cannot be made, the journal is
    /// open already, the file is of a newer format, damaged or no journal at all, or the disk fails.
    pub fn open(folder: &Path, config: FileConfig) -> Result<Self, OpenError> {
        let config = config.check()?;
        let path = open::prepare(folder)?;
        Self::start(Box::new(move || open::open(&path, config.cache_bytes)), config)
    }

    /// Opens the store and starts the two threads that own it from then on.
    fn start(opener: Opener, config: Checked) -> Result<Self, OpenError> {
        let store = opener()?;
        let (head_sender, head) = watch::channel(store.head()?);
        let slot: Slot = Arc::new(RwLock::new(Some(store)));
        let (commands, command_queue) = mpsc::channel(config.queue);
        let (queries, query_queue) = mpsc::channel(config.queue);
        let phase = Arc::new(Phase::open());
        let counters = Arc::new(Counters::default());
        let writer = Writer {
            slot: Arc::clone(&slot),
            opener,
            commands: command_queue,
            phase: Arc::clone(&phase),
            head: head_sender,
            counters: Arc::clone(&counters),
            group: config.group,
            group_bytes: config.limits.batch(),
            full: false,
            poisoned: false,
            doubtful: None,
        };
        let reader = Reader {
            slot,
            queries: query_queue,
            phase: Arc::clone(&phase),
            limits: config.limits,
            damage: None,
        };
        let mut journal = Self {
            limits: config.limits,
            counters,
            commands,
            queries: Queries::new(queries, Arc::clone(&phase)),
            phase,
            head,
            holders: watch::Sender::new(()),
            threads: Vec::with_capacity(2),
        };
        journal.spawn("journal-writer", move || writer.run())?;
        journal.spawn("journal-reader", move || reader.run())?;
        Ok(journal)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let guard = PanicGuard(Arc::clone(&self.phase));
        let holder = self.holders.subscribe();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Both are dropped after `work` has let go of the file, even by a panic.
            let _holder = holder;
            let _guard = guard;
            work();
        });
        self.threads.push(thread.map_err(OpenError::Thread)?);
        Ok(())
    }

    /// Queues `work` and waits for its answer.
    async fn submit(
        &self,
        work: Work,
        size: Size,
        started: Instant,
    ) -> Result<Position, AppendError> {
        let (answer, answered) = oneshot::channel();
        let command = Command { work, size, started, answer };
        if self.commands.send(command).await.is_err() {
            return Err(self.phase.write_dropped());
        }
        answered.await.unwrap_or_else(|_| Err(self.phase.write_dropped()))
    }
}

impl Journal for FileJournal {
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        let started = clock::now();
        async move {
            let result = match self.limits.check_batch(&batch) {
                Ok(size) => self.submit(Work::Append(batch), size, started).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &result {
                self.counters.not_stored(error);
            }
            result
        }
        .boxed()
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.queries.clone().read(key.clone(), after).boxed()
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.queries.clone().scan(after, limit).boxed()
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        let queries = self.queries.clone();
        let pages = move |after| queries.clone().scan(after, PAGE_RECORDS).boxed();
        tail::tail(after, self.head.clone(), Box::new(pages))
    }

    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        let started = clock::now();
        async move {
            self.limits.check_keys(&keys)?;
            self.submit(Work::Forget(keys), Size::default(), started).await.map(|_| ())
        }
        .boxed()
    }

    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        let started = clock::now();
        let (key, limits) = (key.clone(), self.limits);
        async move {
            let size = limits.check_snapshot(&record)?;
            let work = Work::Snapshot { key, until, record, limits };
            self.submit(work, size, started).await.map(|_| ())
        }
        .boxed()
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot(*self.head.borrow())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            self.phase.close();
            self.holders.closed().await;
        }
        .boxed()
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        self.phase.close();
        for thread in self.threads.drain(..) {
            // A panic has poisoned the journal and was reported; nothing is left to do about it.
            drop(thread.join());
        }
    }
}

/// Opens the store, now and again after a full disk.
type Opener = Box<dyn Fn() -> Result<Store, OpenError> + Send>;

/// Where both threads find the store; empty while it could not be opened again. The lock is taken
/// for one transaction at a time, and shared except to open anew.
type Slot = Arc<RwLock<Option<Store>>>;

fn shared(slot: &Slot) -> RwLockReadGuard<'_, Option<Store>> {
    // A half-done change cannot be seen: each one is a single assignment.
    slot.read().unwrap_or_else(PoisonError::into_inner)
}
