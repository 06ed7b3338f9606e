//! Disks that fail: a store whose writes, syncs and reads can be made to go wrong.

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicU8, Ordering};

use futures::executor::block_on;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use tempfile::TempDir;

use super::*;

mod platter;
mod power;
#[path = "../../../tests/journal/random.rs"]
mod random;

/// What the disk does. The `ONCE` faults turn into `WORKS` as they strike.
const WORKS: u8 = 0;
const FULL: u8 = 1;
const FULL_ONCE: u8 = 2;
const FULL_ONCE_AFTER_SYNC: u8 = 3;
const FULL_AFTER_SYNC: u8 = 4;
const SYNC_FAILS: u8 = 5;
const WRITE_PANICS: u8 = 6;

#[derive(Debug)]
struct Disk {
    file: FileBackend,
    fault: Arc<AtomicU8>,
}

impl Disk {
    fn fault(&self) -> u8 {
        self.fault.load(Ordering::SeqCst)
    }

    /// Fails as a full disk and is from now on as `then` says.
    fn full(&self, then: u8) -> io::Result<()> {
        self.fault.store(then, Ordering::SeqCst);
        Err(io::ErrorKind::StorageFull.into())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.fault() == SYNC_FAILS {
            return Err(io::Error::other("injected"));
        }
        self.file.sync_data()?;
        match self.fault() {
            FULL_ONCE_AFTER_SYNC => self.full(WORKS),
            FULL_AFTER_SYNC => self.full(FULL),
            _ => Ok(()),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match self.fault() {
            FULL => self.full(FULL),
            FULL_ONCE => self.full(WORKS),
            WRITE_PANICS => panic!("injected"),
            _ => self.file.write(offset, data),
        }
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

struct Rig {
    journal: FileJournal,
    fault: Arc<AtomicU8>,
    folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = open::prepare(folder.path()).unwrap();
        let fault = Arc::new(AtomicU8::new(WORKS));
        let switch = Arc::clone(&fault);
        let opener = move || {
            let file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
            let file = FileBackend::new(file).map_err(failure::Failure::from)?;
            Store::new(Disk { file, fault: Arc::clone(&switch) }, 1 << 20)
        };
        let config = FileConfig::default().check().unwrap();
        let journal = FileJournal::start(Box::new(opener), config).unwrap();
        Self { journal, fault, folder }
    }

    fn append(&self, key: &str, expected: u64) -> Result<Position, AppendError> {
        block_on(self.journal.append(vec![Append {
            key: Key::new(key).unwrap(),
            expected: Version::new(expected),
            records: vec![key.to_owned().into()],
        }]))
    }

    fn set(&self, fault: u8) {
        self.fault.store(fault, Ordering::SeqCst);
    }

    fn keys(journal: &FileJournal) -> Vec<String> {
        let entries = block_on(journal.scan(Position::ZERO, 100)).unwrap();
        entries.iter().map(|entry| entry.key.to_string()).collect()
    }

    /// What a new process would find.
    fn reopened_keys(self) -> Vec<String> {
        self.set(WORKS);
        drop(self.journal);
        Self::keys(&FileJournal::open(self.folder.path(), FileConfig::default()).unwrap())
    }
}

#[test]
fn a_full_disk_refuses_and_works_again_once_there_is_space() {
    let rig = Rig::new();
    assert_eq!(rig.append("a", 0).unwrap(), Position::new(1));
    for _ in 0..3 {
        rig.set(FULL_ONCE);
        assert!(matches!(rig.append("b", 0), Err(AppendError::Full(_))));
        assert_eq!(Rig::keys(&rig.journal), ["a"]);
    }
    assert_eq!(rig.append("b", 0).unwrap(), Position::new(2));
    assert_eq!(rig.journal.stats().failed, 3);
    assert_eq!(rig.reopened_keys(), ["a", "b"]);
}

#[test]
fn a_disk_too_full_to_open_the_file_leaves_one_group_in_doubt_and_works_again() {
    let rig = Rig::new();
    assert_eq!(rig.append("a", 0).unwrap(), Position::new(1));
    rig.set(FULL);
    assert!(matches!(rig.append("b", 0), Err(AppendError::Io(_))));
    assert!(matches!(rig.append("b", 0), Err(AppendError::Full(_))));
    assert!(matches!(rig.append("b", 0), Err(AppendError::Full(_))));
    rig.set(WORKS);
    assert_eq!(rig.append("b", 0).unwrap(), Position::new(2));
    assert_eq!(Rig::keys(&rig.journal), ["a", "b"]);
    assert_eq!(rig.reopened_keys(), ["a", "b"]);
}

#[test]
fn a_group_in_doubt_that_was_stored_poisons_the_journal() {
    let rig = Rig::new();
    assert_eq!(rig.append("a", 0).unwrap(), Position::new(1));
    rig.set(FULL_AFTER_SYNC);
    assert!(matches!(rig.append("b", 0), Err(AppendError::Io(_))));
    rig.set(WORKS);
    for _ in 0..2 {
        assert!(matches!(rig.append("c", 0), Err(AppendError::Poisoned)));
    }
    assert_eq!(rig.reopened_keys(), ["a", "b"]);
}

#[test]
fn a_group_that_reached_the_full_disk_after_all_is_answered_as_stored() {
    let rig = Rig::new();
    assert_eq!(rig.append("a", 0).unwrap(), Position::new(1));
    rig.set(FULL_ONCE_AFTER_SYNC);
    assert_eq!(rig.append("b", 0).unwrap(), Position::new(2));
    assert_eq!(Rig::keys(&rig.journal), ["a", "b"]);
    assert_eq!(rig.reopened_keys(), ["a", "b"]);
}

#[test]
fn a_failed_sync_poisons_the_journal_until_it_is_opened_again() {
    let rig = Rig::new();
    assert_eq!(rig.append("a", 0).unwrap(), Position::new(1));
    rig.set(SYNC_FAILS);
    assert!(matches!(rig.append("b", 0), Err(AppendError::Io(_))));
    rig.set(WORKS);
    assert!(matches!(rig.append("b", 0), Err(AppendError::Poisoned)));
    assert_eq!(rig.reopened_keys().first().map(String::as_str), Some("a"));
}

#[test]
fn a_panic_of_the_writer_poisons_the_journal() {
    let rig = Rig::new();
    assert_eq!(rig.append("a", 0).unwrap(), Position::new(1));
    rig.set(WRITE_PANICS);
    assert!(matches!(rig.append("b", 0), Err(AppendError::Poisoned)));
    rig.set(WORKS);
    assert!(matches!(rig.append("b", 0), Err(AppendError::Poisoned)));
    assert_eq!(rig.reopened_keys(), ["a"]);
}

#[test]
fn close_refuses_new_commands_and_does_what_is_queued() {
    let rig = Rig::new();
    let append = |key: &str| {
        rig.journal.append(vec![Append {
            key: Key::new(key).unwrap(),
            expected: Version::ZERO,
            records: vec![key.to_owned().into()],
        }])
    };
    let mut queued = append("a");
    // One poll puts it into the queue.
    let first = (&mut queued).now_or_never();
    block_on(rig.journal.close());
    let answered = first.unwrap_or_else(|| block_on(queued));
    assert_eq!(answered.unwrap(), Position::new(1));
    assert!(matches!(block_on(append("b")), Err(AppendError::Closed)));
    assert_eq!(rig.reopened_keys(), ["a"]);
}
