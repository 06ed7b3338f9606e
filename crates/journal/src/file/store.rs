//! The open database, and what can be asked of it in one transaction. Everything here blocks.

use bytes::Bytes;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, TableError, WriteTransaction,
};

use super::failure::{Failure, guarded};
use super::open::OpenError;
use super::tables::{
    BASE_FORMAT, COMMIT, FORMAT_NAME, HEAD, INDEX, META, NEWEST_FORMAT, RECORDS, Tables,
    another_record, late_snapshot, no_record, versions_missing, versions_of,
};
use super::{record, upgrade};
use crate::{Append, AppendError, Damage, Entry, Key, Limits, Position, ReadError, Version};

/// The open database of one journal.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) database: Database,
}

/// One command for the writer.
#[derive(Debug)]
pub(super) enum Work {
    Append(Vec<Append>),
    Forget(Vec<Key>),
    Snapshot { key: Key, until: Version, record: Bytes, limits: Limits },
}

/// What a transaction did, one outcome per command.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) outcomes: Vec<Result<Position, AppendError>>,
    pub(super) head: Position,
    /// Number of the transaction; `None` if there was nothing to write.
    pub(super) commit: Option<u64>,
}

/// A transaction that failed.
#[derive(Debug)]
pub(super) struct WriteFailure {
    pub(super) error: Failure,
    /// What it did, if it failed so late that it may be in the file all the same.
    pub(super) doubtful: Option<Box<Written>>,
}

impl<E: Into<Failure>> From<E> for WriteFailure {
    fn from(error: E) -> Self {
        Self { error: error.into(), doubtful: None }
    }
}

impl Store {
    /// Opens what `backend` holds and verifies it; an empty one becomes an empty journal, and one
    /// of an older format is upgraded.
    pub(super) fn new(backend: impl StorageBackend, cache_bytes: usize) -> Result<Self, OpenError> {
        guarded(|| {
            let store = Self::open(backend, cache_bytes)?;
            match store.meta(FORMAT_NAME)? {
                Some(BASE_FORMAT..=NEWEST_FORMAT) => {}
                Some(upgrade::FIRST) => upgrade::from_first(&store.database)?,
                None => store.lay_out()?,
                Some(found) => return Err(other_format(found)),
            }
            store.check_head()?;
            Ok(store)
        })
    }

    /// Opens what `backend` holds and verifies it. Nothing is laid out or upgraded.
    pub(super) fn as_it_is(
        backend: impl StorageBackend,
        cache_bytes: usize,
    ) -> Result<Self, OpenError> {
        guarded(|| {
            let store = Self::open(backend, cache_bytes)?;
            match store.meta(FORMAT_NAME)? {
                Some(BASE_FORMAT..=NEWEST_FORMAT) => Ok(store),
                Some(upgrade::FIRST) => {
                    Err(OpenError::OlderFormat { found: upgrade::FIRST, supported: BASE_FORMAT })
                }
                None => Err(OpenError::NotAJournal { reason: "it is empty".to_owned() }),
                Some(found) => Err(other_format(found)),
            }
        })
    }

    /// Without the check redb would trust every page of a file that was closed in order, and may
    /// panic at what it finds in them.
    fn open(backend: impl StorageBackend, cache_bytes: usize) -> Result<Self, Failure> {
        let database = Database::builder()
            .set_cache_size(cache_bytes)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        Ok(Self { database })
    }

    /// Does `works` in one transaction, in order; it is durable when this returns.
    pub(super) fn write(&self, works: &[Work]) -> Result<Written, WriteFailure> {
        // A transaction is durable by default: commit returns after the sync.
        let transaction = self.database.begin_write()?;
        let written = stage(&transaction, works)?;
        if written.commit.is_none() {
            transaction.abort()?;
            return Ok(written);
        }
        match transaction.commit() {
            Ok(()) => Ok(written),
            Err(error) => {
                Err(WriteFailure { error: error.into(), doubtful: Some(Box::new(written)) })
            }
        }
    }

    /// The newest position given out.
    pub(super) fn head(&self) -> Result<Position, Failure> {
        Ok(Position::new(self.meta(HEAD)?.unwrap_or_default()))
    }

    /// The number of the last transaction.
    pub(super) fn commit(&self) -> Result<u64, Failure> {
        Ok(self.meta(COMMIT)?.unwrap_or_default())
    }

    /// See [`Journal::read`](crate::Journal::read).
    pub(super) fn read(
        &self,
        key: &Key,
        after: Version,
        limits: &Limits,
    ) -> Result<Vec<Entry>, ReadError> {
        let mut bytes = 0;
        let mut entries = Vec::new();
        self.each_of(key, after, |entry| {
            bytes += entry.record.len();
            entries.push(entry);
            bytes <= limits.read()
        })?;
        if bytes > limits.read() {
            return Err(ReadError::TooLarge { key: key.clone(), limit: limits.read() });
        }
        Ok(entries)
    }

    /// See [`Journal::scan`](crate::Journal::scan).
    pub(super) fn scan(
        &self,
        after: Position,
        limit: usize,
        limits: &Limits,
    ) -> Result<Vec<Entry>, ReadError> {
        let mut bytes = 0;
        let mut page = Vec::new();
        let mut damaged = None;
        if limit > 0 {
            self.each(after, |found| match found {
                Ok(entry) => {
                    bytes += entry.record.len();
                    page.push(entry);
                    page.len() < limit && bytes < limits.page()
                }
                Err(damage) => {
                    damaged = Some(damage);
                    false
                }
            })?;
        }
        damaged.map_or(Ok(page), |damage| Err(ReadError::Damaged(damage)))
    }

    /// Shows the records of `key` after `after`, oldest first, for as long as `more` says so.
    pub(super) fn each_of(
        &self,
        key: &Key,
        after: Version,
        mut more: impl FnMut(Entry) -> bool,
    ) -> Result<(), Failure> {
        let transaction = self.database.begin_read()?;
        let index = transaction.open_table(INDEX)?;
        let records = transaction.open_table(RECORDS)?;
        let (mut next, mut first) = (after.plus(1), true);
        for found in index.range(versions_of(key, after))? {
            let (at, position) = found?;
            let (version, position) = (Version::new(at.value().1), Position::new(position.value()));
            let gap = version != next;
            // The first may be a snapshot, which stands for those that are gone.
            if gap && !first {
                return Err(versions_missing(key, version, position, next).into());
            }
            let frame = records.get(position.get())?;
            let frame = frame.ok_or_else(|| no_record(key, version, position))?;
            let entry = record::decode(position, frame.value())?;
            if entry.key != *key || entry.version != version {
                return Err(another_record(key, version, position).into());
            }
            if gap && !entry.is_snapshot {
                return Err(versions_missing(key, version, position, next).into());
            }
            if entry.is_snapshot && !first {
                return Err(late_snapshot(key, position).into());
            }
            first = false;
            next = version.plus(1);
            if !more(entry) {
                break;
            }
        }
        Ok(())
    }

    /// Shows the records after `after` in order, sound or not, for as long as `more` says so.
    pub(super) fn each(
        &self,
        after: Position,
        mut more: impl FnMut(Result<Entry, Damage>) -> bool,
    ) -> Result<(), Failure> {
        let transaction = self.database.begin_read()?;
        let records = transaction.open_table(RECORDS)?;
        let mut reached = after;
        for stored in records.range(after.next().get()..)? {
            let (position, frame) = stored?;
            let position = Position::new(position.value());
            if position <= reached {
                return Err(Damage::at(position, "the record is out of order").into());
            }
            reached = position;
            if !more(record::decode(position, frame.value())) {
                break;
            }
        }
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<u64>, Failure> {
        let transaction = self.database.begin_read()?;
        match transaction.open_table(META) {
            Ok(table) => Ok(table.get(name)?.map(|number| number.value())),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A head before the last record would give its position out again.
    fn check_head(&self) -> Result<(), Failure> {
        let head = self.head()?;
        let transaction = self.database.begin_read()?;
        let last = transaction.open_table(RECORDS)?.last()?.map(|(last, _)| last.value());
        match last.map(Position::new) {
            Some(last) if last > head => Err(behind_head(last, head).into()),
            _ => Ok(()),
        }
    }

    /// Makes the tables, all or none, so a crash in between leaves an empty database.
    fn lay_out(&self) -> Result<(), OpenError> {
        let laid_out = || -> Result<bool, Failure> {
            let transaction = self.database.begin_write()?;
            if transaction.list_tables()?.next().is_some() {
                transaction.abort()?;
                return Ok(false);
            }
            transaction.open_table(META)?.insert(FORMAT_NAME, BASE_FORMAT)?;
            transaction.open_table(RECORDS)?;
            transaction.open_table(INDEX)?;
            transaction.commit()?;
            Ok(true)
        };
        if laid_out()? {
            Ok(())
        } else {
            Err(OpenError::NotAJournal { reason: "it is another database of redb".to_owned() })
        }
    }
}

/// Puts `works` into `transaction`, which is left to the caller to commit.
fn stage(transaction: &WriteTransaction, works: &[Work]) -> Result<Written, Failure> {
    let mut tables = Tables::open(transaction)?;
    let outcomes = works.iter().map(|work| tables.work(work)).collect::<Result<_, _>>()?;
    let (head, commit) = tables.finish()?;
    Ok(Written { outcomes, head, commit })
}

/// A record has a position that was never given out.
pub(super) fn behind_head(position: Position, head: Position) -> Damage {
    Damage::at(position, format!("there is a record here, and the newest position is {head}"))
}

fn other_format(found: u64) -> OpenError {
    if found > NEWEST_FORMAT {
        OpenError::NewerFormat { found, supported: NEWEST_FORMAT }
    } else {
        OpenError::NotAJournal { reason: format!("it has format {found}") }
    }
}
