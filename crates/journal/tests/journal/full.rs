//! A file that the kernel lets grow no further, as on a full disk.
//!
//! A limit on the size of files needs neither a file system of its own nor privileges. It holds for a
//! whole process, so the test is a child of itself.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::homes::{append, show};
use encke_journal::{AppendError, FileConfig, FileJournal, Inspection, Journal, Limits, Position};
use futures::executor::block_on;
use rlimit::Resource;
use tempfile::TempDir;

/// Tells the child where its journal is.
const FOLDER: &str = "ENCKE_JOURNAL_FULL_FOLDER";

const MIB: u64 = 1 << 20;

#[test]
fn a_file_that_cannot_grow_refuses_whole_batches_until_it_can() {
    let folder = TempDir::new().unwrap();
    // Who writes beyond the limit is sent a signal that ends the process unless it is ignored.
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env::current_exe().unwrap())
        .args(["full::journal_within_a_limit", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(said.contains("1 passed"), "the child ran: {said}");
    let inspection = Inspection::open(folder.path()).unwrap();
    let verified = inspection.verify(|_| Ok(()), |damage| panic!("{damage}")).unwrap();
    assert_eq!(verified.records, verified.head.get(), "no position is lost to a refused batch");
}

#[test]
#[ignore = "the child of a_file_that_cannot_grow_refuses_whole_batches_until_it_can"]
fn journal_within_a_limit() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let one_page = Limits::default().page_bytes(1 << 30);
    let config = FileConfig::default().limits(one_page);
    let journal = FileJournal::open(Path::new(&folder), config).unwrap();
    let everything = || show(&block_on(journal.scan(Position::ZERO, usize::MAX)).unwrap()).len();
    let large = "x".repeat(100_000);
    let mut stored = 0;
    for round in 1..=3 {
        limit(Some(round * 3 * MIB));
        let refused = loop {
            // Both records or neither.
            let batch = vec![append("a", stored, &[&large]), append("b", stored, &["small"])];
            match block_on(journal.append(batch)) {
                Ok(_) => stored += 1,
                Err(error) => break error,
            }
            assert!(stored < 1000, "the file grows beyond its limit");
        };
        assert!(matches!(refused, AppendError::Full(_)), "{refused:?}");
        let again = block_on(journal.append(vec![append("a", stored, &[&large])]));
        assert!(matches!(again, Err(AppendError::Full(_))), "{again:?}");
        assert_eq!(everything() as u64, 2 * stored);
        limit(None);
        let batch = vec![append("a", stored, &["again"]), append("b", stored, &["again"])];
        assert_eq!(block_on(journal.append(batch)).unwrap().get(), 2 * stored + 2);
        stored += 1;
        assert_eq!(everything() as u64, 2 * stored);
    }
    assert!(stored > 20, "{stored}");
}

/// Largest file of this process.
fn limit(bytes: Option<u64>) {
    let (_, hard) = Resource::FSIZE.get().unwrap();
    Resource::FSIZE.set(bytes.unwrap_or(hard), hard).unwrap();
}
