//! The seam between whoever decides what happened and whoever keeps it.

use std::fmt::Debug;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::{Append, AppendError, Entry, Key, Position, ReadError, Stats, Version};

/// An ordered log of records by key, with optimistic concurrency.
///
/// Every home keeps these promises, and one test suite checks them on each:
///
/// - A batch is stored whole or not at all, and its records get consecutive positions.
/// - When [`append`](Self::append) has answered a position, the batch survives whatever the home
///   survives (for [`FileJournal`](crate::FileJournal): the death of the process and of the
///   machine).
/// - What was stored is never changed and never reordered; it leaves only by
///   [`forget`](Self::forget), or for the [`snapshot`](Self::snapshot) that stands for it.
/// - A record is visible to readers only once it is durable.
///
/// The futures need no particular runtime.
pub trait Journal: Debug + Send + Sync + 'static {
    /// Stores a batch and answers the position of its last record.
    ///
    /// The appends of a batch are checked in order, and each sees what earlier ones of the batch
    /// add. A batch without any record checks the versions and answers the newest position of the
    /// journal.
    ///
    /// # Errors
    ///
    /// See [`AppendError`]: a key is at another version, the batch exceeds a bound, the disk is
    /// full or fails, or the journal is closed or poisoned.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, nothing happens. Dropped later, the batch is stored whole or
    /// not at all, and which of the two only a read can tell.
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>>;

    /// All records of `key` with a version greater than `after`, oldest first.
    ///
    /// `Version::ZERO` reads the whole key; an unknown key has no records. Where a
    /// [`snapshot`](Self::snapshot) stands for records after `after`, it comes first.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]; too many bytes for one answer are refused, never cut.
    ///
    /// # Cancel safety
    ///
    /// A read changes nothing.
    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>>;

    /// The next records of all keys with a position greater than `after`, in order.
    ///
    /// A page has at most `limit` records, and fewer when it grows beyond
    /// [`Limits::page_bytes`](crate::Limits::page_bytes). With a `limit` above 0 an empty page
    /// means that there is nothing more for now. Places of forgotten records, and of those that a
    /// [`snapshot`](Self::snapshot) stands for, are skipped.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    ///
    /// # Cancel safety
    ///
    /// A scan changes nothing.
    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>>;

    /// The records after `after`, first those that are there, then new ones as they become
    /// durable: each once, in order.
    ///
    /// A tail buffers one page and reads the next one from the journal when it is asked for more,
    /// so a slow reader costs no memory and loses nothing but what is forgotten meanwhile, or
    /// replaced by a [`snapshot`](Self::snapshot), which it meets unless it is past its place. The
    /// stream ends when the journal is closed or poisoned; a reader that had not caught up by then
    /// gets an error last. After an error the stream is at its end: go on with a new tail after
    /// the last position seen.
    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>>;

    /// Removes every record of `keys`, all or nothing. Unknown keys are passed over.
    ///
    /// A forgotten key is as if it had never been: it starts again at [`Version::ZERO`]. Its
    /// positions are not given out again.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), without the conflict.
    ///
    /// # Cancel safety
    ///
    /// As [`append`](Self::append).
    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>>;

    /// Puts `record` in the place of all records of `key` up to the version `until`, all or nothing.
    ///
    /// The journal takes the caller's word that the record says all that they said. It stands under
    /// the position and the version of the last of them, as an entry that
    /// [is a snapshot](Entry::is_snapshot); the positions of the others are not given out again, and
    /// the version of the key stays what it is. A later snapshot takes the place of an earlier one.
    /// Where a snapshot stands for that version already, or the version is [`Version::ZERO`], nothing
    /// is done.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), and [`AppendError::Damaged`] where one of the records is damaged:
    /// they all stay then, and the journal takes other records as before. It is a conflict if the key has not come to `until` yet, as after
    /// it was forgotten. Too large is a record beyond
    /// [`Limits::batch_bytes`](crate::Limits::batch_bytes), for it may say what many said, and one
    /// that would take the place of more than
    /// [`Limits::batch_records`](crate::Limits::batch_records) others.
    ///
    /// # Cancel safety
    ///
    /// As [`append`](Self::append).
    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>>;

    /// What the journal did since it was opened.
    fn stats(&self) -> Stats;

    /// Answers everything accepted so far, then lets go of the home; a file can then be opened
    /// again. Later calls are answered `Closed`. Closing again does nothing.
    ///
    /// # Cancel safety
    ///
    /// Once polled the journal closes, whether or not the future is kept.
    fn close(&self) -> BoxFuture<'_, ()>;
}
