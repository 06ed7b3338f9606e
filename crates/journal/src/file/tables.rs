//! The tables of the file, and what a write transaction does to them.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use bytes::Bytes;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::failure::Failure;
use super::record::{self, Kind};
use super::store::Work;
use crate::{Append, AppendError, Damage, Entry, Key, Limits, Position, Version};

/// The tables within a write transaction.
pub(super) struct Tables<'t> {
    meta: Table<'t, &'static str, u64>,
    records: Table<'t, u64, &'static [u8]>,
    index: Table<'t, (&'static str, u64), u64>,
    head: Position,
    changed: bool,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Failure> {
        let meta = transaction.open_table(META)?;
        let head = meta.get(HEAD)?.map_or(0, |number| number.value());
        Ok(Self {
            meta,
            records: transaction.open_table(RECORDS)?,
            index: transaction.open_table(INDEX)?,
            head: Position::new(head),
            changed: false,
        })
    }

    /// Does one command and answers its outcome.
    pub(super) fn work(&mut self, work: &Work) -> Result<Result<Position, AppendError>, Failure> {
        match work {
            Work::Append(batch) => self.append(batch),
            Work::Forget(keys) => self.forget(keys).map(Ok),
            Work::Snapshot { key, until, record, limits } => {
                self.snapshot(key, *until, record, limits)
            }
        }
    }

    /// Checks the whole batch before it writes any of it, so a refusal leaves nothing behind.
    fn append(&mut self, batch: &[Append]) -> Result<Result<Position, AppendError>, Failure> {
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

    fn push(&mut self, key: &Key, version: Version, record: &Bytes) -> Result<(), Failure> {
        self.head = self.head.next();
        self.changed = true;
        let position = self.head.get();
        let frame = record::encode(Kind::Appended, self.head, key, version, record);
        let before = self.records.insert(position, frame.as_slice())?.is_some();
        if self.index.insert((key.as_str(), version.get()), position)?.is_some() || before {
            return Err(Damage::at(self.head, "the place of a new record is taken").of(key).into());
        }
        Ok(())
    }

    fn forget(&mut self, keys: &[Key]) -> Result<Position, Failure> {
        for key in keys {
            self.remove(key, versions_of(key, Version::ZERO))?;
        }
        Ok(self.head)
    }

    /// Removes records of `key`.
    fn remove(&mut self, key: &Key, versions: RangeInclusive<(&str, u64)>) -> Result<(), Failure> {
        for removed in self.index.extract_from_if(versions, |_, _| true)? {
            let (at, position) = removed?;
            let (version, position) = (Version::new(at.value().1), position.value());
            let removed = self.records.remove(position)?;
            self.changed = true;
            // A damaged index must not take the record of another key along.
            let position = Position::new(position);
            let frame = removed.ok_or_else(|| no_record(key, version, position))?;
            let entry = record::decode(position, frame.value())?;
            if entry.key != *key || entry.version != version {
                return Err(another_record(key, version, position).into());
            }
        }
        Ok(())
    }

    /// Puts one record in the place of those up to `until`, unless a snapshot is there already.
    ///
    /// All of them are looked at before any is touched: damage among them is an answer and not the end
    /// of the journal, which could go on without any snapshot.
    fn snapshot(
        &mut self,
        key: &Key,
        until: Version,
        record: &Bytes,
        limits: &Limits,
    ) -> Result<Result<Position, AppendError>, Failure> {
        let actual = self.version(key)?;
        if until > actual {
            let (key, expected) = (key.clone(), until);
            return Ok(Err(AppendError::Conflict { key, expected, actual }));
        }
        let first = self.index.range(versions_of(key, Version::ZERO))?.next().transpose()?;
        let first = first.map_or(u64::MAX, |(at, _)| at.value().1);
        if first > until.get() {
            return Ok(Ok(self.head));
        }
        let place = self.index.get((key.as_str(), until.get()))?.map(|place| place.value());
        let Some(place) = place else {
            let what = format!("version {until} is not in the index");
            return Ok(Err(AppendError::Damaged(Damage::somewhere(what).of(key))));
        };
        let position = Position::new(place);
        match self.sound(key, until, position)? {
            Ok(last) if last.is_snapshot => return Ok(Ok(self.head)),
            Ok(_) => {}
            Err(damage) => return Ok(Err(AppendError::Damaged(damage))),
        }
        if let Err(error) = limits.check_replaced(until.get() - first + 1) {
            return Ok(Err(error));
        }
        if first < until.get() {
            let replaced = (key.as_str(), first)..=(key.as_str(), until.get() - 1);
            for found in self.index.range(replaced.clone())? {
                let (at, position) = found?;
                let version = Version::new(at.value().1);
                if let Err(damage) = self.sound(key, version, Position::new(position.value()))? {
                    return Ok(Err(AppendError::Damaged(damage)));
                }
            }
            self.remove(key, replaced)?;
        }
        let frame = record::encode(Kind::Snapshot, position, key, until, record);
        self.records.insert(place, frame.as_slice())?;
        self.meta.insert(FORMAT_NAME, NEWEST_FORMAT)?;
        self.changed = true;
        Ok(Ok(self.head))
    }

    /// The record that the index has at `position`, or what is wrong with it.
    fn sound(
        &self,
        key: &Key,
        version: Version,
        position: Position,
    ) -> Result<Result<Entry, Damage>, Failure> {
        let Some(frame) = self.records.get(position.get())? else {
            return Ok(Err(no_record(key, version, position)));
        };
        Ok(record::decode(position, frame.value()).and_then(|entry| {
            let is_it = entry.key == *key && entry.version == version;
            if is_it { Ok(entry) } else { Err(another_record(key, version, position)) }
        }))
    }

    fn version(&self, key: &Key) -> Result<Version, Failure> {
        let last = self.index.range(versions_of(key, Version::ZERO))?.next_back().transpose()?;
        Ok(last.map_or(Version::ZERO, |(at, _)| Version::new(at.value().1)))
    }

    /// Writes down the head and the number of the transaction, if there was any change.
    pub(super) fn finish(mut self) -> Result<(Position, Option<u64>), Failure> {
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
pub(super) fn versions_of(key: &Key, after: Version) -> RangeInclusive<(&str, u64)> {
    (key.as_str(), after.plus(1).get())..=(key.as_str(), u64::MAX)
}

/// The index has an entry that leads nowhere.
pub(super) fn no_record(key: &Key, version: Version, position: Position) -> Damage {
    Damage::at(position, format!("the index has version {version} here, and there is no record"))
        .of(key)
}

/// Records of a key are not in the index, and no snapshot stands for them.
pub(super) fn versions_missing(
    key: &Key,
    version: Version,
    position: Position,
    next: Version,
) -> Damage {
    Damage::at(position, format!("version {version} comes where {next} is expected")).of(key)
}

/// A snapshot would stand for records that are still there.
pub(super) fn late_snapshot(key: &Key, position: Position) -> Damage {
    Damage::at(position, "a snapshot comes behind records that it stands for").of(key)
}

/// The index has an entry that leads to another record.
pub(super) fn another_record(key: &Key, version: Version, position: Position) -> Damage {
    Damage::at(position, format!("the index has version {version} here, and it is another record"))
        .of(key)
}

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
pub(super) const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");

pub(super) const FORMAT_NAME: &str = "format";
pub(super) const HEAD: &str = "head";
pub(super) const COMMIT: &str = "commit";

/// Version of the layout that a file is made with.
pub(super) const BASE_FORMAT: u64 = 2;

/// The same of one that holds snapshots, and the newest that this code reads and writes.
pub(super) const NEWEST_FORMAT: u64 = 3;
