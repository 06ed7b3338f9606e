//! Files that were cut, or in which bits flipped.
//!
//! What a random test found is repeated with `ENCKE_SEED`.

use std::env;
use std::fs;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::files::{everything, file, filled, read_all_or_damage, read_prefix_or_damage, verified};
use crate::homes::{append, key, show};
use crate::random::Random;
use encke_journal::{
    AppendError, FileConfig, FileJournal, Journal, OpenError, Position, ReadError, Version,
};
use futures::executor::block_on;
use tempfile::TempDir;

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
    assert!(noticed > 0, "{noticed} noticed, {harmless} harmless");
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
    assert!(refused > 0, "no flip was noticed");
}

/// Bits flip below an open journal, which has verified its pages and trusts them. It may miss what
/// stands behind a damaged page then, and gives out nothing that was not written.
///
/// redb may panic over such a page, and once more while that panic cleans up, which ends the process:
/// each round has one of its own, and what it must not do is give out a wrong record before.
#[test]
fn a_bit_that_flips_under_an_open_journal_never_shows_as_a_record() {
    let mut random = Random::new();
    let mut read = 0;
    for _ in 0..12 {
        let seed = random.below(usize::MAX).to_string();
        let child = Command::new(env::current_exe().unwrap())
            .args(["damage::bits_that_flip", "--exact", "--ignored", "--nocapture"])
            .env(CHILD, "")
            .env("ENCKE_SEED", &seed)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr);
        let ran =
            child.status.success() && String::from_utf8_lossy(&child.stdout).contains("1 passed");
        let aborted = child.status.signal() == Some(SIGABRT);
        assert!(ran || aborted, "seed {seed}: {}, {said}", child.status);
        // Where the assertions stand: what one of them says may be followed by an abort.
        assert!(!said.contains("journal/files.rs:"), "seed {seed}: {said}");
        read += usize::from(ran);
    }
    assert!(read > 0, "no round came to its end");
}

/// Set for the child.
const CHILD: &str = "ENCKE_TEST_FLIPS";

const SIGABRT: i32 = 6;

#[test]
#[ignore = "the child of a_bit_that_flips_under_an_open_journal_never_shows_as_a_record"]
fn bits_that_flip() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let source = TempDir::new().unwrap();
    let all = filled(source.path());
    let whole = fs::read(file(source.path())).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut random = Random::new();
    for _ in 0..5 {
        let folder = TempDir::new().unwrap();
        fs::write(file(folder.path()), &whole).unwrap();
        // Nothing stays in memory, so each read comes from the file.
        let config = FileConfig::default().cache_bytes(0);
        let journal = FileJournal::open(folder.path(), config).unwrap();
        let mut flips = Vec::new();
        {
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
