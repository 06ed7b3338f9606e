//! Real files to be looked at and damaged, and what must hold of them.

use std::path::{Path, PathBuf};

use crate::homes::{append, key};
use encke_journal::{
    Entry, FileConfig, FileJournal, Inspection, Journal, Position, ReadError, Verified, Version,
};
use futures::executor::block_on;
use redb::{Database, TableDefinition};

pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("journal.redb")
}

pub(crate) fn verified(folder: &Path) -> Result<(Verified, Vec<String>), String> {
    let inspection = Inspection::open(folder).map_err(|error| format!("{error:?}"))?;
    let mut found = Vec::new();
    let verified = inspection.verify(|_| Ok(()), |damage| found.push(damage.to_string()));
    Ok((verified.map_err(|error| format!("{error:?}"))?, found))
}

pub(crate) fn everything(journal: &FileJournal) -> Result<Vec<Entry>, ReadError> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let after = all.last().map_or(Position::ZERO, |entry| entry.position);
        let page = block_on(journal.scan(after, 1000))?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// A journal with a few dozen keys, of which some were forgotten and some have snapshots.
pub(crate) fn filled(folder: &Path) -> Vec<Entry> {
    let journal = FileJournal::open(folder, FileConfig::default()).unwrap();
    for round in 0..12_u64 {
        let appended = (0..25).map(|name| {
            let name = format!("call/{name}");
            let rest = "x".repeat(usize::try_from(round).unwrap());
            append(&name, round, &[&format!("{name} {round} {rest}")])
        });
        block_on(journal.append(appended.collect())).unwrap();
    }
    block_on(journal.forget(vec![key("call/3"), key("call/7")])).unwrap();
    for (name, until) in [("call/4", 12), ("call/5", 6), ("call/6", 1)] {
        let record = format!("{name} until {until}").into();
        block_on(journal.snapshot(&key(name), Version::new(until), record)).unwrap();
    }
    everything(&journal).unwrap()
}

pub(crate) mod tables {
    use super::TableDefinition;

    pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
    pub(crate) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
    pub(crate) const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");
    /// Of format 1.
    pub(crate) const ENTRIES: TableDefinition<'_, u64, (&str, u64, &[u8])> =
        TableDefinition::new("entries");
}

/// Changes a file as only a bug or somebody else would.
pub(crate) fn tamper(folder: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::create(file(folder)).unwrap();
    let writing = database.begin_write().unwrap();
    change(&writing);
    writing.commit().unwrap();
}

/// Scans, and reads each key; records are those that were written, or the answer is `Damaged`.
pub(crate) fn read_all_or_damage(journal: &FileJournal, all: &[Entry], name: &str) {
    read_prefix_or_damage(journal, all, name, true);
}

/// With `whole`, an answer that is no `Damaged` has all records of a key.
pub(crate) fn read_prefix_or_damage(journal: &FileJournal, all: &[Entry], name: &str, whole: bool) {
    let mut after = Position::ZERO;
    loop {
        match block_on(journal.scan(after, 7)) {
            Ok(page) if page.is_empty() => break,
            Ok(page) => {
                assert!(page.iter().all(|entry| all.contains(entry)), "{name}: {page:?}");
                after = page.last().unwrap().position;
            }
            Err(ReadError::Damaged(_)) => break,
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
    for number in 0..25 {
        let owner = key(&format!("call/{number}"));
        match block_on(journal.read(&owner, Version::ZERO)) {
            Ok(read) => {
                let written: Vec<_> = all.iter().filter(|entry| entry.key == owner).collect();
                let read: Vec<_> = read.iter().collect();
                assert!(written.starts_with(&read), "{name}: {owner}: {read:?}");
                assert!(!whole || read.len() == written.len(), "{name}: {owner}: {read:?}");
            }
            Err(ReadError::Damaged(_)) => {}
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
}
