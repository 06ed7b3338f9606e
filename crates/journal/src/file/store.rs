//! The tables, and what can be done to them in one transaction. Everything here blocks.

use std::collections::HashMap;
use std::io;
use std::ops::RangeInclusive;

use bytes::Bytes;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, Table, TableDefinition, TableError,
    WriteTransaction,
};

use super::open::OpenError;
use crate::{Append, AppendError, Entry, Key, Limits, Position, ReadError, Version};

/// The open database of one journal.
#[derive(Debug)]
pub(super) struct Store {
    database: Database,
}

/// One command for the writer.
#[derive(Debug)]
pub(super) enum Work {
    Append(Vec<Append>),
    Forget(Vec<Key>),
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
    pub(super) error: redb::Error,
    /// What it did, if it failed so late that it may be in the file all the same.
    pub(super) doubtful: Option<Box<Written>>,
}

impl<E: Into<redb::Error>> From<E> for WriteFailure {
    fn from(error: E) -> Self {
        Self { error: error.into(), doubtful: None }
    }
}

impl Store {
    /// Opens what `backend` holds; an empty one becomes an empty journal.
    pub(super) fn new(backend: impl StorageBackend, cache_bytes: usize) -> Result<Self, OpenError> {
        let database = Database::builder()
            .set_cache_size(cache_bytes)
            .create_with_backend(backend)
            .map_err(redb::Error::from)?;
        let store = Self { database };
        match store.meta(FORMAT_NAME)? {
            Some(FORMAT) => Ok(store),
            Some(found) if found > FORMAT => {
                Err(OpenError::NewerFormat { found, supported: FORMAT })
            }
            Some(found) => Err(OpenError::NotAJournal { reason: format!("it has format {found}") }),
            None => store.lay_out().map(|()| store),
        }
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
    pub(super) fn head(&self) -> Result<Position, redb::Error> {
        Ok(Position::new(self.meta(HEAD)?.unwrap_or_default()))
    }

    /// The number of the last transaction.
    pub(super) fn commit(&self) -> Result<u64, redb::Error> {
        Ok(self.meta(COMMIT)?.unwrap_or_default())
    }

    /// See [`Journal::read`](crate::Journal::read).
    pub(super) fn read(
        &self,
        key: &Key,
        after: Version,
        limits: &Limits,
    ) -> Result<Vec<Entry>, ReadError> {
        let Some(entries) = self.gather(key, after, limits.read()).map_err(read_error)? else {
            return Err(ReadError::TooLarge { key: key.clone(), limit: limits.read() });
        };
        Ok(entries)
    }

    /// See [`Journal::scan`](crate::Journal::scan).
    pub(super) fn scan(
        &self,
        after: Position,
        limit: usize,
        limits: &Limits,
    ) -> Result<Vec<Entry>, ReadError> {
        self.page(after, limit, limits.page()).map_err(read_error)
    }

    /// The records of `key`, or `None` if they exceed `most_bytes`.
    fn gather(
        &self,
        key: &Key,
        after: Version,
        most_bytes: usize,
    ) -> Result<Option<Vec<Entry>>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let index = transaction.open_table(INDEX)?;
        let table = transaction.open_table(ENTRIES)?;
        let mut bytes = 0;
        let mut entries = Vec::new();
        for found in index.range(versions_of(key, after))? {
            let position = found?.1.value();
            let stored =
                table.get(position)?.ok_or_else(|| damaged("an index without a record"))?;
            let entry = entry(position, stored.value())?;
            bytes += entry.record.len();
            if bytes > most_bytes {
                return Ok(None);
            }
            entries.push(entry);
        }
        Ok(Some(entries))
    }

    fn page(
        &self,
        after: Position,
        limit: usize,
        most_bytes: usize,
    ) -> Result<Vec<Entry>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(ENTRIES)?;
        let mut bytes = 0;
        let mut page = Vec::new();
        for stored in table.range(after.next().get()..)?.take(limit) {
            let (position, stored) = stored?;
            let entry = entry(position.value(), stored.value())?;
            bytes += entry.record.len();
            page.push(entry);
            if bytes >= most_bytes {
                break;
            }
        }
        Ok(page)
    }

    fn meta(&self, name: &str) -> Result<Option<u64>, redb::Error> {
        let transaction = self.database.begin_read()?;
        match transaction.open_table(META) {
            Ok(table) => Ok(table.get(name)?.map(|number| number.value())),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the tables, all or none, so a crash in between leaves an empty database.
    fn lay_out(&self) -> Result<(), OpenError> {
        let laid_out = || -> Result<bool, redb::Error> {
            let transaction = self.database.begin_write()?;
            if transaction.list_tables()?.next().is_some() {
                transaction.abort()?;
                return Ok(false);
            }
            transaction.open_table(META)?.insert(FORMAT_NAME, FORMAT)?;
            transaction.open_table(ENTRIES)?;
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
fn stage(transaction: &WriteTransaction, works: &[Work]) -> Result<Written, redb::Error> {
    let mut tables = Tables::open(transaction)?;
    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        outcomes.push(match work {
            Work::Append(batch) => tables.append(batch)?,
            Work::Forget(keys) => tables.forget(keys)?,
        });
    }
    let (head, commit) = tables.finish()?;
    Ok(Written { outcomes, head, commit })
}

/// The tables within a write transaction.
struct Tables<'t> {
    meta: Table<'t, &'static str, u64>,
    entries: Table<'t, u64, Stored<'static>>,
    index: Table<'t, (&'static str, u64), u64>,
    head: Position,
    changed: bool,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        let meta = transaction.open_table(META)?;
        let head = meta.get(HEAD)?.map_or(0, |number| number.value());
        Ok(Self {
            meta,
            entries: transaction.open_table(ENTRIES)?,
            index: transaction.open_table(INDEX)?,
            head: Position::new(head),
            changed: false,
        })
    }

    /// Checks the whole batch before it writes any of it, so a refusal leaves nothing behind.
    fn append(&mut self, batch: &[Append]) -> Result<Result<Position, AppendError>, redb::Error> {
        let mut reached: HashMap<&Key, Version> = HashMap::new();
        for Append { key, expected, records } in batch {
            let actual = match reached.get(key) {
                Some(version) => *version,
                None => self.version(key)?,
            };
            if actual != *expected {
                let (key, expected) = (key.clone(), *expected);
                return Ok(Err(AppendError::Conflict { key, expected, actual }));
            }
            reached.insert(key, actual.plus(records.len() as u64));
        }
        for Append { key, expected, records } in batch {
            let mut version = *expected;
            for record in records {
                version = version.plus(1);
                self.push(key, version, record)?;
            }
        }
        Ok(Ok(self.head))
    }

    fn push(&mut self, key: &Key, version: Version, record: &Bytes) -> Result<(), redb::Error> {
        self.head = self.head.next();
        self.changed = true;
        let position = self.head.get();
        self.entries.insert(position, (key.as_str(), version.get(), record.as_ref()))?;
        self.index.insert((key.as_str(), version.get()), position)?;
        Ok(())
    }

    fn forget(&mut self, keys: &[Key]) -> Result<Result<Position, AppendError>, redb::Error> {
        for key in keys {
            let every = versions_of(key, Version::ZERO);
            for removed in self.index.extract_from_if(every, |_, _| true)? {
                self.entries.remove(removed?.1.value())?;
                self.changed = true;
            }
        }
        Ok(Ok(self.head))
    }

    fn version(&self, key: &Key) -> Result<Version, redb::Error> {
        let last = self.index.range(versions_of(key, Version::ZERO))?.next_back().transpose()?;
        Ok(last.map_or(Version::ZERO, |(at, _)| Version::new(at.value().1)))
    }

    /// Writes down the head and the number of the transaction, if there was any change.
    fn finish(mut self) -> Result<(Position, Option<u64>), redb::Error> {
        if !self.changed {
            return Ok((self.head, None));
        }
        let commit = self.meta.get(COMMIT)?.map_or(0, |number| number.value()).saturating_add(1);
        self.meta.insert(COMMIT, commit)?;
        self.meta.insert(HEAD, self.head.get())?;
        Ok((self.head, Some(commit)))
    }
}

/// The index entries of `key` after version `after`.
fn versions_of(key: &Key, after: Version) -> RangeInclusive<(&str, u64)> {
    (key.as_str(), after.plus(1).get())..=(key.as_str(), u64::MAX)
}

fn entry(position: u64, (key, version, record): Stored<'_>) -> Result<Entry, redb::Error> {
    Ok(Entry {
        position: Position::new(position),
        key: Key::new(key).map_err(|error| damaged(&error.to_string()))?,
        version: Version::new(version),
        record: Bytes::copy_from_slice(record),
    })
}

fn damaged(what: &str) -> redb::Error {
    redb::Error::Corrupted(what.to_owned())
}

fn read_error(error: redb::Error) -> ReadError {
    ReadError::Io(io_error(error).into())
}

/// The error of the disk itself where there is one.
pub(super) fn io_error(error: redb::Error) -> io::Error {
    match error {
        redb::Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

/// What is stored of a record beside its position: key, version, bytes.
type Stored<'a> = (&'a str, u64, &'a [u8]);

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const ENTRIES: TableDefinition<'_, u64, Stored<'static>> = TableDefinition::new("entries");
const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");

const FORMAT_NAME: &str = "format";
const HEAD: &str = "head";
const COMMIT: &str = "commit";

/// Version of the layout that this code reads and writes.
const FORMAT: u64 = 1;
