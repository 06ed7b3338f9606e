//! What only a file promises of snapshots: that older builds refuse it, that it is given back, and that
//! it survives a kill.

use std::fs;

use crate::files::{everything, file, tables, tamper, verified};
use crate::homes::{append, key, show};
use encke_journal::{
    AppendError, FileConfig, FileJournal, Inspection, Journal, Position, ReadError, Version,
    compact,
};
use futures::executor::block_on;
use redb::{Database, ReadableDatabase, ReadableTable};
use tempfile::TempDir;

fn open(folder: &TempDir) -> FileJournal {
    FileJournal::open(folder.path(), FileConfig::default()).unwrap()
}

fn format(folder: &TempDir) -> u64 {
    let database = Database::open(file(folder.path())).unwrap();
    let reading = database.begin_read().unwrap();
    let format = reading.open_table(tables::META).unwrap().get("format").unwrap().unwrap();
    format.value()
}

/// A build that knows no snapshots reads format 2 and refuses what is newer.
#[test]
fn a_file_is_of_the_newer_format_from_its_first_snapshot_on() {
    let folder = TempDir::new().unwrap();
    let journal = open(&folder);
    block_on(journal.append(vec![append("a", 0, &["1", "2", "3"])])).unwrap();
    // Nothing to do, and one that is refused.
    block_on(journal.snapshot(&key("a"), Version::ZERO, "x".into())).unwrap();
    block_on(journal.snapshot(&key("a"), Version::new(4), "x".into())).unwrap_err();
    drop(journal);
    assert_eq!(format(&folder), 2);
    let journal = open(&folder);
    block_on(journal.snapshot(&key("a"), Version::new(2), "12".into())).unwrap();
    drop(journal);
    assert_eq!(format(&folder), 3);
    let journal = open(&folder);
    assert_eq!(show(&everything(&journal).unwrap()), ["2 a 2* 12", "3 a 3 3"]);
    block_on(journal.append(vec![append("a", 3, &["4"])])).unwrap();
    drop(journal);
    assert_eq!(format(&folder), 3);
}

#[test]
fn a_file_with_snapshots_is_looked_at_and_made_smaller() {
    let folder = TempDir::new().unwrap();
    let journal = open(&folder);
    let large = "x".repeat(100_000);
    for version in 0..40 {
        block_on(journal.append(vec![append("a", version, &[&large])])).unwrap();
    }
    block_on(journal.snapshot(&key("a"), Version::new(39), "39".into())).unwrap();
    let left = everything(&journal).unwrap();
    assert_eq!((left.len(), left[0].is_snapshot, left[0].version.get()), (2, true, 39));
    drop(journal);
    let compacted = compact(folder.path()).unwrap();
    assert!(compacted.before > 4_000_000 && compacted.after < 1_500_000, "{compacted:?}");
    let (verified, found) = verified(folder.path()).unwrap();
    assert_eq!((verified.records, verified.snapshots, verified.keys), (2, 1, 1), "{found:?}");
    assert!(found.is_empty(), "{found:?}");
    let inspection = Inspection::open(folder.path()).unwrap();
    let mut versions = Vec::new();
    inspection
        .each_of(&key("a"), |entry| {
            versions.push((entry.version.get(), entry.is_snapshot));
            true
        })
        .unwrap();
    assert_eq!(versions, [(39, true), (40, false)]);
}

/// A copy of the file of a running journal is what a kill would leave.
#[test]
fn a_kill_leaves_a_snapshot_or_what_it_stands_for() {
    let folder = TempDir::new().unwrap();
    let journal = open(&folder);
    block_on(journal.append(vec![append("a", 0, &["1", "2"]), append("b", 0, &["1"])])).unwrap();
    for (until, expected) in [
        (0, ["1 a 1 1", "2 a 2 2", "3 b 1 1"].as_slice()),
        (1, &["1 a 1* s", "2 a 2 2", "3 b 1 1"]),
        (2, &["2 a 2* s", "3 b 1 1"]),
    ] {
        block_on(journal.snapshot(&key("a"), Version::new(until), "s".into())).unwrap();
        let copy = TempDir::new().unwrap();
        fs::copy(file(folder.path()), file(copy.path())).unwrap();
        assert_eq!(show(&everything(&open(&copy)).unwrap()), expected);
    }
}

#[test]
fn a_snapshot_is_never_made_of_a_damaged_history() {
    let folder = TempDir::new().unwrap();
    let journal = open(&folder);
    block_on(journal.append(vec![append("a", 0, &["1", "2", "3"])])).unwrap();
    drop(journal);
    tamper(folder.path(), |writing| {
        let mut records = writing.open_table(tables::RECORDS).unwrap();
        records.insert(1, [9, 9].as_slice()).unwrap();
    });
    let journal = open(&folder);
    block_on(journal.snapshot(&key("a"), Version::new(2), "12".into())).unwrap_err();
    let read = block_on(journal.scan(Position::ZERO, 10));
    assert!(matches!(read, Err(ReadError::Damaged(_))), "{read:?}");
    assert_eq!(show(&block_on(journal.scan(Position::new(1), 10)).unwrap())[0], "2 a 2 2");
}

/// Nothing depends on a snapshot, so one that cannot be taken costs nothing else.
#[test]
fn damage_among_what_it_would_replace_is_an_answer_and_the_journal_goes_on() {
    type Change = fn(&redb::WriteTransaction);
    let cases: [(&str, Change, &str); 5] = [
        (
            "a flipped bit",
            |writing| {
                let mut records = writing.open_table(tables::RECORDS).unwrap();
                let mut frame = records.get(2).unwrap().unwrap().value().to_vec();
                *frame.last_mut().unwrap() ^= 1;
                records.insert(2, frame.as_slice()).unwrap();
            },
            "position 2: the checksum of the record is wrong",
        ),
        (
            "a flipped bit of the last one",
            |writing| {
                let mut records = writing.open_table(tables::RECORDS).unwrap();
                let mut frame = records.get(3).unwrap().unwrap().value().to_vec();
                *frame.last_mut().unwrap() ^= 1;
                records.insert(3, frame.as_slice()).unwrap();
            },
            "position 3: the checksum of the record is wrong",
        ),
        (
            "a record that is gone",
            |writing| {
                writing.open_table(tables::RECORDS).unwrap().remove(1).unwrap();
            },
            "position 1, key a: the index has version 1 here, and there is no record",
        ),
        (
            "an index entry that leads elsewhere",
            |writing| {
                writing.open_table(tables::INDEX).unwrap().insert(("a", 2), 5).unwrap();
            },
            "position 5, key a: the index has version 2 here, and it is another record",
        ),
        (
            "an index entry that is gone",
            |writing| {
                writing.open_table(tables::INDEX).unwrap().remove(("a", 3)).unwrap();
            },
            "key a: version 3 is not in the index",
        ),
    ];
    for (name, change, expected) in cases {
        let folder = TempDir::new().unwrap();
        let journal = open(&folder);
        block_on(journal.append(vec![append("a", 0, &["1", "2", "3", "4"])])).unwrap();
        block_on(journal.append(vec![append("b", 0, &["1", "2"])])).unwrap();
        drop(journal);
        tamper(folder.path(), change);
        let before = verified(folder.path()).unwrap().1;
        assert!(!before.is_empty(), "{name}");
        let journal = open(&folder);
        match block_on(journal.snapshot(&key("a"), Version::new(3), "123".into())) {
            Err(AppendError::Damaged(damage)) => assert_eq!(damage.to_string(), expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        block_on(journal.append(vec![append("a", 4, &["5"])])).unwrap();
        block_on(journal.append(vec![append("b", 2, &["3"])])).unwrap();
        block_on(journal.snapshot(&key("b"), Version::new(3), "123".into())).unwrap();
        let read = block_on(journal.read(&key("b"), Version::ZERO)).unwrap();
        assert_eq!(show(&read), ["8 b 3* 123"], "{name}");
        drop(journal);
        if !name.contains("elsewhere") {
            assert_eq!(verified(folder.path()).unwrap().1, before, "{name}: all of it stayed");
        }
    }
}
