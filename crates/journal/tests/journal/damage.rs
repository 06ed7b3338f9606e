//! Files that are not as a journal left them: cut, torn, flipped, of an older format.
//!
//! What a random test found is repeated with `ENCKE_SEED`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::homes::{append, key, show};
use encke_journal::{
    AppendError, Entry, FileConfig, FileJournal, Inspection, Journal, OpenError, Position,
    ReadError, Verified, Version, compact,
};
use futures::executor::block_on;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableHandle};
use tempfile::TempDir;

/// Numbers that look random and come again with their seed.
struct Random(u64);

impl Random {
    #[expect(clippy::print_stderr, reason = "a failure is repeated with its seed")]
    fn new() -> Self {
        let seed = env::var("ENCKE_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        eprintln!("ENCKE_SEED={seed}");
        Self(seed)
    }

    /// splitmix64, below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("journal.redb")
}

fn verified(folder: &Path) -> Result<(Verified, Vec<String>), String> {
    let inspection = Inspection::open(folder).map_err(|error| format!("{error:?}"))?;
    let mut found = Vec::new();
    let verified = inspection.verify(|_| Ok(()), |damage| found.push(damage.to_string()));
    Ok((verified.map_err(|error| format!("{error:?}"))?, found))
}

fn everything(journal: &FileJournal) -> Result<Vec<Entry>, ReadError> {
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

/// A journal with a few dozen keys, of which some were forgotten.
fn filled(folder: &Path) -> Vec<Entry> {
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
    everything(&journal).unwrap()
}

#[test]
fn a_sound_file_is_found_sound_and_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let all = filled(folder.path());
    let before = fs::read(file(folder.path())).unwrap();
    let (verified, found) = verified(folder.path()).unwrap();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!((verified.records, verified.keys, verified.head.get()), (276, 23, 300));
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

mod tables {
    use super::TableDefinition;

    pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
    pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
    pub(super) const INDEX: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("index");
    /// Of format 1.
    pub(super) const ENTRIES: TableDefinition<'_, u64, (&str, u64, &[u8])> =
        TableDefinition::new("entries");
}

/// Changes a file as only a bug or somebody else would.
fn tamper(folder: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::create(file(folder)).unwrap();
    let writing = database.begin_write().unwrap();
    change(&writing);
    writing.commit().unwrap();
}

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

/// Each kind of damage that pages with right checksums can have, and how it is told.
#[test]
fn every_broken_promise_of_the_file_is_named() {
    type Change = fn(&redb::WriteTransaction);
    let cases: [(&str, Change, &[&str]); 6] = [
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

/// Scans, and reads each key; records are those that were written, or the answer is `Damaged`.
fn read_all_or_damage(journal: &FileJournal, all: &[Entry], name: &str) {
    read_prefix_or_damage(journal, all, name, true);
}

/// With `whole`, an answer that is no `Damaged` has all records of a key.
fn read_prefix_or_damage(journal: &FileJournal, all: &[Entry], name: &str, whole: bool) {
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

/// Bits flip anywhere in a file that was closed in order.
#[test]
fn a_flipped_bit_anywhere_is_noticed_or_does_not_matter() {
    let folder = TempDir::new().unwrap();
    let all = filled(folder.path());
    let whole = fs::read(file(folder.path())).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut random = Random::new();
    let (mut noticed, mut harmless) = (0, 0);
    for round in 0..150 {
        let mut flipped = whole.clone();
        // The header decides most, so it gets its share.
        let bound = if round % 4 == 0 { 512 } else { used };
        let offset = random.below(bound);
        let bit = random.below(8);
        flipped[offset] ^= 1 << bit;
        let name = format!("byte {offset}, bit {bit}");
        let folder = TempDir::new().unwrap();
        fs::write(file(folder.path()), &flipped).unwrap();
        let sound = matches!(verified(folder.path()), Ok((_, found)) if found.is_empty());
        assert!(fs::read(file(folder.path())).unwrap() == flipped, "{name}: verify wrote");
        match FileJournal::open(folder.path(), FileConfig::default()) {
            Ok(journal) => {
                harmless += 1;
                assert!(sound, "{name}: verify finds fault, and the file opens");
                assert_eq!(everything(&journal).unwrap(), all, "{name}");
                read_all_or_damage(&journal, &all, &name);
            }
            Err(OpenError::Damaged(_) | OpenError::NotAJournal { .. }) => {
                noticed += 1;
                assert!(!sound, "{name}: verify finds nothing, and the file does not open");
            }
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
    assert!(noticed > 20, "{noticed} noticed, {harmless} harmless");
}

/// Bits flip in a file whose server was killed. Nobody can tell then whether the last transaction was
/// damaged or never written, so it may be gone; all else is there, or the file is refused.
#[test]
fn a_flipped_bit_in_a_file_that_was_not_closed_costs_the_last_transaction_at_most() {
    let source = TempDir::new().unwrap();
    filled(source.path());
    let journal = FileJournal::open(source.path(), FileConfig::default()).unwrap();
    let before = everything(&journal).unwrap();
    block_on(journal.append(vec![append("call/new", 0, &["1", "2"])])).unwrap();
    let after = everything(&journal).unwrap();
    let whole = fs::read(file(source.path())).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut random = Random::new();
    let mut refused = 0;
    for round in 0..100 {
        let mut flipped = whole.clone();
        let bound = if round % 4 == 0 { 512 } else { used };
        let (offset, bit) = (random.below(bound), random.below(8));
        flipped[offset] ^= 1 << bit;
        let name = format!("byte {offset}, bit {bit}");
        let folder = TempDir::new().unwrap();
        fs::write(file(folder.path()), &flipped).unwrap();
        match FileJournal::open(folder.path(), FileConfig::default()) {
            Ok(journal) => {
                let found = everything(&journal).unwrap();
                assert!(found == after || found == before, "{name}: {found:?}");
            }
            Err(OpenError::Damaged(_) | OpenError::NotAJournal { .. }) => refused += 1,
            Err(error) => panic!("{name}: {error:?}"),
        }
    }
    assert!(refused > 10, "{refused} refused");
}

/// Bits flip below an open journal, which has verified its pages and trusts them. It may miss what
/// stands behind a damaged page then, and gives out nothing that was not written.
#[test]
fn a_bit_that_flips_under_an_open_journal_never_shows_as_a_record() {
    let source = TempDir::new().unwrap();
    let all = filled(source.path());
    let whole = fs::read(file(source.path())).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut random = Random::new();
    for _ in 0..60 {
        let folder = TempDir::new().unwrap();
        fs::write(file(folder.path()), &whole).unwrap();
        // Nothing stays in memory, so each read comes from the file.
        let config = FileConfig::default().cache_bytes(0);
        let journal = FileJournal::open(folder.path(), config).unwrap();
        let mut flips = Vec::new();
        {
            use std::os::unix::fs::FileExt;
            let under = fs::File::options().read(true).write(true).open(file(folder.path()));
            let under = under.unwrap();
            for _ in 0..40 {
                let (offset, bit) = (4096 + random.below(used - 4096), random.below(8));
                let mut byte = [0];
                under.read_exact_at(&mut byte, offset as u64).unwrap();
                byte[0] ^= 1 << bit;
                under.write_all_at(&byte, offset as u64).unwrap();
                flips.push((offset, bit));
            }
        }
        read_prefix_or_damage(&journal, &all, &format!("{flips:?}"), false);
    }
}

/// Whoever meets damage stops the journal: what is decided on a damaged history is not stored.
#[test]
fn a_journal_that_meets_damage_takes_no_more_appends() {
    use std::os::unix::fs::FileExt;
    let folder = TempDir::new().unwrap();
    let config = FileConfig::default().cache_bytes(0);
    let journal = FileJournal::open(folder.path(), config).unwrap();
    block_on(journal.append(vec![append("a", 0, &["needle"]), append("b", 0, &["x"])])).unwrap();
    let bytes = fs::read(file(folder.path())).unwrap();
    let under = fs::File::options().write(true).open(file(folder.path())).unwrap();
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"needle")) {
        under.write_all_at(b"N", at as u64).unwrap();
    }
    assert_eq!(show(&block_on(journal.read(&key("b"), Version::ZERO)).unwrap()), ["2 b 1 x"]);
    for _ in 0..2 {
        let read = block_on(journal.read(&key("a"), Version::ZERO));
        let Err(ReadError::Damaged(damage)) = read else { panic!("{read:?}") };
        assert_eq!(damage.to_string(), "position 1: the checksum of the record is wrong");
    }
    let scanned = block_on(journal.scan(Position::ZERO, 10));
    assert!(matches!(scanned, Err(ReadError::Damaged(_))), "{scanned:?}");
    let refused = block_on(journal.append(vec![append("c", 0, &["x"])]));
    assert!(matches!(refused, Err(AppendError::Poisoned)), "{refused:?}");
    assert_eq!(show(&block_on(journal.read(&key("b"), Version::ZERO)).unwrap()), ["2 b 1 x"]);
}

/// A file that ends early.
#[test]
fn a_file_that_was_cut_is_refused_or_whole() {
    let folder = TempDir::new().unwrap();
    let all = filled(folder.path());
    let whole = fs::read(file(folder.path())).unwrap();
    let mut random = Random::new();
    for round in 0..60 {
        let length = if round == 0 { 1 } else { 1 + random.below(whole.len() - 1) };
        let folder = TempDir::new().unwrap();
        fs::write(file(folder.path()), &whole[..length]).unwrap();
        let looked = verified(folder.path());
        match FileJournal::open(folder.path(), FileConfig::default()) {
            Ok(journal) => assert_eq!(everything(&journal).unwrap(), all, "{length} bytes"),
            Err(OpenError::Damaged(_) | OpenError::NotAJournal { .. }) => {
                assert!(looked.is_err(), "{length} bytes: {looked:?}");
            }
            Err(error) => panic!("{length} bytes: {error:?}"),
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
    assert_eq!((sound, damaged), (273, 3), "what is behind a damaged record can be had");
    assert_eq!(found[1], "position 2: the record has a frame of an unknown version");
}
