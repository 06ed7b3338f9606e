//! Files of the first format.

use std::path::Path;

use crate::files::{everything, file, tables, tamper, verified};
use crate::homes::{append, key, show};
use encke_journal::{FileConfig, FileJournal, Inspection, Journal, OpenError, Position, Version};
use futures::executor::block_on;
use redb::{Database, ReadableDatabase, TableHandle};
use tempfile::TempDir;

/// A file as the first version wrote it.
fn first_format(folder: &Path, records: &[(u64, &str, u64, &str)], head: u64) {
    tamper(folder, |writing| {
        let mut meta = writing.open_table(tables::META).unwrap();
        meta.insert("format", 1).unwrap();
        meta.insert("head", head).unwrap();
        meta.insert("commit", 3).unwrap();
        let mut entries = writing.open_table(tables::ENTRIES).unwrap();
        let mut index = writing.open_table(tables::INDEX).unwrap();
        for (position, name, version, record) in records {
            entries.insert(position, (*name, *version, record.as_bytes())).unwrap();
            index.insert((*name, *version), position).unwrap();
        }
    });
}

#[test]
fn a_file_of_the_first_format_is_upgraded_when_it_is_opened() {
    let folder = TempDir::new().unwrap();
    first_format(
        folder.path(),
        &[(1, "call/1", 1, "one"), (2, "call/2", 1, ""), (5, "call/1", 2, "two")],
        9,
    );
    let looked = Inspection::open(folder.path());
    assert!(matches!(looked, Err(OpenError::OlderFormat { found: 1, supported: 2 })), "{looked:?}");
    let expected = ["1 call/1 1 one", "2 call/2 1 ", "5 call/1 2 two"];
    let journal = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
    assert_eq!(show(&everything(&journal).unwrap()), expected);
    assert_eq!(journal.stats().head, Position::new(9));
    let next = block_on(journal.append(vec![append("call/1", 2, &["three"])])).unwrap();
    assert_eq!(next, Position::new(10));
    drop(journal);
    let (verified, found) = verified(folder.path()).unwrap();
    assert_eq!((verified.records, found.len()), (4, 0));
    let journal = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
    let read = block_on(journal.read(&key("call/1"), Version::new(1))).unwrap();
    assert_eq!(show(&read), ["5 call/1 2 two", "10 call/1 3 three"]);
    drop(journal);
    let database = Database::open(file(folder.path())).unwrap();
    let reading = database.begin_read().unwrap();
    let left: Vec<_> =
        reading.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
    assert_eq!(
        left,
        ["index", "meta", "records"].map(str::to_owned),
        "nothing of format 1 is left"
    );
}

#[test]
fn a_damaged_file_of_the_first_format_is_refused_and_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    first_format(folder.path(), &[(1, "call/1", 1, "one"), (2, "call/1", 2, "two")], 2);
    tamper(folder.path(), |writing| {
        let mut index = writing.open_table(tables::INDEX).unwrap();
        index.insert(("call/1", 2), 1).unwrap();
    });
    for _ in 0..2 {
        let refused = FileJournal::open(folder.path(), FileConfig::default());
        let Err(OpenError::Damaged(damage)) = refused else { panic!("{refused:?}") };
        assert_eq!(damage.position, Some(Position::new(2)));
        assert_eq!(damage.key, Some(key("call/1")));
    }
}
