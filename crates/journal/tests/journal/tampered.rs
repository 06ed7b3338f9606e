//! Files whose pages are in order and whose contents are not, as after a bug or another program.

use crate::files::{filled, read_all_or_damage, tables, tamper, verified};
use crate::homes::key;
use encke_journal::{
    Entry, FileConfig, FileJournal, Inspection, Journal, OpenError, Position, ReadError, Version,
};
use futures::executor::block_on;
use redb::ReadableTable;
use tempfile::TempDir;

/// Each kind of damage that pages with right checksums can have, and how it is told.
#[test]
fn every_broken_promise_of_the_file_is_named() {
    type Change = fn(&redb::WriteTransaction);
    let cases: [(&str, Change, &[&str]); 9] = [
        (
            "a flipped bit",
            |writing| {
                let mut records = writing.open_table(tables::RECORDS).unwrap();
                let mut frame = records.get(10).unwrap().unwrap().value().to_vec();
                *frame.last_mut().unwrap() ^= 1;
                records.insert(10, frame.as_slice()).unwrap();
            },
            &["position 10: the checksum of the record is wrong"],
        ),
        (
            "a record at another position",
            |writing| {
                let mut records = writing.open_table(tables::RECORDS).unwrap();
                let frame = records.get(10).unwrap().unwrap().value().to_vec();
                records.insert(11, frame.as_slice()).unwrap();
            },
            &["position 11: the checksum of the record is wrong"],
        ),
        (
            "a record that is gone",
            |writing| {
                writing.open_table(tables::RECORDS).unwrap().remove(10).unwrap();
            },
            &["position 10, key call/9: the index has version 1 here, and there is no record"],
        ),
        (
            "an index entry that is gone",
            |writing| {
                writing.open_table(tables::INDEX).unwrap().remove(("call/9", 2)).unwrap();
            },
            &[
                "position 35, key call/9: version 2 is not in the index",
                "position 60, key call/9: version 3 comes where 2 is expected",
            ],
        ),
        (
            "an index entry that leads elsewhere",
            |writing| {
                let mut index = writing.open_table(tables::INDEX).unwrap();
                index.insert(("call/9", 1), 11).unwrap();
            },
            &[
                "position 10, key call/9: the index has version 1 at position 11",
                "position 11, key call/9: the index has version 1 here, and it is another record",
            ],
        ),
        (
            "an index entry of a snapshot that is gone",
            |writing| {
                writing.open_table(tables::INDEX).unwrap().remove(("call/5", 6)).unwrap();
            },
            &[
                "position 131, key call/5: version 6 is not in the index",
                "position 156, key call/5: version 7 comes where 1 is expected",
            ],
        ),
        (
            "a snapshot that is gone",
            |writing| {
                writing.open_table(tables::RECORDS).unwrap().remove(131).unwrap();
            },
            &[
                "position 131, key call/5: version 6 comes where 1 is expected",
                "position 131, key call/5: the index has version 6 here, and there is no record",
            ],
        ),
        (
            "a snapshot that became a record",
            |writing| {
                let mut records = writing.open_table(tables::RECORDS).unwrap();
                let mut frame = records.get(131).unwrap().unwrap().value().to_vec();
                frame[0] = 1;
                records.insert(131, frame.as_slice()).unwrap();
            },
            &["position 131: the checksum of the record is wrong"],
        ),
        (
            "a head that went back",
            |writing| {
                writing.open_table(tables::META).unwrap().insert("head", 299).unwrap();
            },
            &["position 300: there is a record here, and the newest position is 299"],
        ),
    ];
    for (name, change, expected) in cases {
        let folder = TempDir::new().unwrap();
        let all = filled(folder.path());
        tamper(folder.path(), change);
        assert_eq!(verified(folder.path()).unwrap().1, expected, "{name}");
        // Nobody is given what was not written, whatever is done with such a file.
        match FileJournal::open(folder.path(), FileConfig::default()) {
            Ok(journal) => {
                read_all_or_damage(&journal, &all, name);
                forget_all_or_nothing(&journal, &all, name);
            }
            Err(OpenError::Damaged(_)) => {}
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
}

/// Forgets a key; if the file is damaged there, that must not take other records along.
fn forget_all_or_nothing(journal: &FileJournal, all: &[Entry], name: &str) {
    let forgotten = block_on(journal.forget(vec![key("call/9")]));
    let others = all.iter().filter(|entry| entry.key.as_str() != "call/9");
    for other in others.filter(|entry| entry.version == Version::new(1)) {
        match block_on(journal.read(&other.key, Version::ZERO)) {
            Ok(read) => assert_eq!(read.first(), Some(other), "{name}: {forgotten:?}"),
            Err(ReadError::Damaged(_)) => {}
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
}

#[test]
fn damage_counts_of_a_broken_file_are_those_that_were_told() {
    let folder = TempDir::new().unwrap();
    filled(folder.path());
    tamper(folder.path(), |writing| {
        let mut records = writing.open_table(tables::RECORDS).unwrap();
        for position in 1..=3 {
            records.insert(position, [9, 9].as_slice()).unwrap();
        }
    });
    let (verified, found) = verified(folder.path()).unwrap();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(verified.damages, 3);
    let (mut sound, mut damaged) = (0, 0);
    let inspection = Inspection::open(folder.path()).unwrap();
    inspection
        .each(Position::ZERO, |entry| {
            if entry.is_ok() {
                sound += 1;
            } else {
                damaged += 1;
            }
            true
        })
        .unwrap();
    assert_eq!((sound, damaged), (257, 3), "what is behind a damaged record can be had");
    assert_eq!(found[1], "position 2: the record has a frame of an unknown version");
}
