//! Looking at files that nobody serves from, and making them smaller.

use std::fs;

use crate::files::{everything, file, filled, verified};
use crate::homes::{append, key};
use encke_journal::{FileConfig, FileJournal, Inspection, Journal, OpenError, Position, compact};
use futures::executor::block_on;
use tempfile::TempDir;

#[test]
fn a_sound_file_is_found_sound_and_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let all = filled(folder.path());
    let before = fs::read(file(folder.path())).unwrap();
    let (verified, found) = verified(folder.path()).unwrap();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!((verified.records, verified.keys, verified.head.get()), (260, 23, 300));
    assert_eq!(verified.snapshots, 3);
    assert_eq!(verified.bytes, all.iter().map(|entry| entry.record.len() as u64).sum::<u64>());
    let inspection = Inspection::open(folder.path()).unwrap();
    let mut looked = Vec::new();
    inspection
        .each(Position::ZERO, |entry| {
            looked.push(entry.unwrap());
            true
        })
        .unwrap();
    assert_eq!(looked, all);
    let mut versions = Vec::new();
    inspection
        .each_of(&key("call/24"), |entry| {
            versions.push(entry.version.get());
            versions.len() < 5
        })
        .unwrap();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    drop(inspection);
    assert!(fs::read(file(folder.path())).unwrap() == before, "looking changed the file");
}

#[test]
fn a_file_is_served_from_or_looked_at_and_not_both() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(Inspection::open(folder.path()), Err(OpenError::Missing { .. })));
    assert!(matches!(compact(folder.path()), Err(OpenError::Missing { .. })));
    assert!(!file(folder.path()).exists(), "looking makes no file");
    let journal = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
    assert!(matches!(Inspection::open(folder.path()), Err(OpenError::Locked)));
    assert!(matches!(compact(folder.path()), Err(OpenError::Locked)));
    drop(journal);
    let first = Inspection::open(folder.path()).unwrap();
    let second = Inspection::open(folder.path()).unwrap();
    let refused = FileJournal::open(folder.path(), FileConfig::default());
    assert!(matches!(refused, Err(OpenError::Locked)));
    drop((first, second));
    assert!(FileJournal::open(folder.path(), FileConfig::default()).is_ok());
}

#[test]
fn a_copy_of_a_file_that_was_not_closed_is_looked_at_as_it_would_be_recovered() {
    let folder = TempDir::new().unwrap();
    let journal = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
    block_on(journal.append(vec![append("a", 0, &["1", "2"])])).unwrap();
    let copy = TempDir::new().unwrap();
    fs::copy(file(folder.path()), file(copy.path())).unwrap();
    let before = fs::read(file(copy.path())).unwrap();
    let (verified, found) = verified(copy.path()).unwrap();
    assert_eq!((verified.records, found.len()), (2, 0));
    assert!(fs::read(file(copy.path())).unwrap() == before, "looking changed the file");
}

#[test]
fn compacting_gives_space_back_and_changes_nothing_else() {
    let folder = TempDir::new().unwrap();
    let journal = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
    let large = "x".repeat(100_000);
    for name in 0..40 {
        block_on(journal.append(vec![append(&format!("call/{name}"), 0, &[&large])])).unwrap();
    }
    let gone = (0..39).map(|name| key(&format!("call/{name}"))).collect();
    block_on(journal.forget(gone)).unwrap();
    let left = everything(&journal).unwrap();
    drop(journal);
    let compacted = compact(folder.path()).unwrap();
    assert!(compacted.before > 4_000_000, "{compacted:?}");
    assert!(compacted.after < 1_500_000, "{compacted:?}");
    assert_eq!(compacted.after, fs::metadata(file(folder.path())).unwrap().len());
    assert!(verified(folder.path()).unwrap().1.is_empty());
    let journal = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
    assert_eq!(everything(&journal).unwrap(), left);
    let next = block_on(journal.append(vec![append("call/0", 0, &["again"])])).unwrap();
    assert_eq!(next, Position::new(41));
}
