//! What only a journal in a file can promise: a lock, a format, groups, and survival.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::homes::{append, key, show};
use encke_journal::{
    ConfigError, Entry, FileConfig, FileJournal, Journal, OpenError, Position, Version,
};
use futures::executor::block_on;
use futures::future::join_all;
use redb::{Database, TableDefinition};
use tempfile::TempDir;

fn open(folder: &Path) -> Result<FileJournal, OpenError> {
    FileJournal::open(folder, FileConfig::default())
}

fn everything(journal: &FileJournal) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let after = all.last().map_or(Position::ZERO, |entry| entry.position);
        let page = block_on(journal.scan(after, 1000)).unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[test]
fn second_opening_is_refused_until_the_first_is_closed() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Locked)));
    // Neither a tail nor the closed handle itself keeps the file.
    let _tail = first.tail(Position::ZERO);
    block_on(first.close());
    let second = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Locked)));
    drop(second);
    assert!(open(folder.path()).is_ok());
}

#[test]
fn dropped_journal_keeps_what_it_answered() {
    let folder = TempDir::new().unwrap();
    let nested = folder.path().join("is/made");
    let journal = open(&nested).unwrap();
    block_on(journal.append(vec![append("a", 0, &["1", "2"])])).unwrap();
    drop(journal);
    assert_eq!(show(&everything(&open(&nested).unwrap())), ["1 a 1 1", "2 a 2 2"]);
}

#[test]
fn what_somebody_left_who_was_killed_while_making_the_file_is_no_obstacle() {
    let folder = TempDir::new().unwrap();
    let left = folder.path().join(format!("journal.redb.new-{}", std::process::id()));
    fs::write(&left, [0; 8192]).unwrap();
    let journal = open(folder.path()).unwrap();
    block_on(journal.append(vec![append("a", 0, &["1"])])).unwrap();
    assert!(!left.exists());
}

#[test]
fn what_other_starts_left_is_removed_unless_somebody_has_it_open() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let left = ["journal.redb.new-1", "journal.redb.new-4294967295"].map(path);
    let others = ["journal.redb.new-", "journal.redb.new-1a", "journal.redb.bak"].map(path);
    for file in left.iter().chain(&others) {
        fs::write(file, [0; 100]).unwrap();
    }
    let made = Database::create(path("journal.redb.new-7")).unwrap();
    fs::create_dir(path("journal.redb.new-8")).unwrap();
    drop(open(folder.path()).unwrap());
    assert!(left.iter().all(|file| !file.exists()));
    assert!(others.iter().all(|file| file.exists()), "nobody else's file is touched");
    assert!(path("journal.redb.new-7").exists(), "somebody is making it");
    assert!(path("journal.redb.new-8").exists());
    drop(made);
    // Where the journal is there already, too.
    drop(open(folder.path()).unwrap());
    assert!(!path("journal.redb.new-7").exists());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let _journal = open(folder.path()).unwrap();
    let mode = fs::metadata(folder.path().join("journal.redb")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["journal.redb"], "nothing else is left there");
}

#[test]
fn newer_format_is_refused_by_its_number() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()).unwrap());
    let database = Database::open(folder.path().join("journal.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    let meta: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
    writing.open_table(meta).unwrap().insert("format", 4).unwrap();
    writing.commit().unwrap();
    drop(database);
    let refused = open(folder.path());
    assert!(
        matches!(refused, Err(OpenError::NewerFormat { found: 4, supported: 3 })),
        "{refused:?}"
    );
}

#[test]
fn another_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let database = Database::create(folder.path().join("journal.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    let table: TableDefinition<'_, &str, &str> = TableDefinition::new("poems");
    drop(writing.open_table(table).unwrap());
    writing.commit().unwrap();
    drop(database);
    assert!(matches!(open(folder.path()), Err(OpenError::NotAJournal { .. })));
}

#[test]
fn file_of_another_kind_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal.redb");
    let letter = "Dear reader, ".repeat(1000);
    fs::write(&path, &letter).unwrap();
    let refused = open(folder.path());
    assert!(matches!(refused, Err(OpenError::NotAJournal { .. })), "{refused:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let under_a_file = folder.path().join("file/journal");
    let refused = open(&under_a_file);
    assert!(
        matches!(&refused, Err(OpenError::Folder { path, .. }) if *path == under_a_file),
        "{refused:?}"
    );
}

#[test]
fn queue_and_group_of_nothing_are_refused() {
    let folder = TempDir::new().unwrap();
    for (config, name) in
        [(FileConfig::default().queue(0), "queue"), (FileConfig::default().group(0), "group")]
    {
        let refused = FileJournal::open(folder.path(), config);
        let Err(OpenError::Config(ConfigError::Zero { setting })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(setting, name);
    }
}

#[test]
fn concurrent_appends_share_commits() {
    let folder = TempDir::new().unwrap();
    let journal = open(folder.path()).unwrap();
    let keys: Vec<_> = (0..200).map(|number| format!("k{number}")).collect();
    let appends = keys.iter().map(|name| journal.append(vec![append(name, 0, &["x"])]));
    for answer in block_on(join_all(appends)) {
        answer.unwrap();
    }
    let stats = journal.stats();
    assert_eq!(stats.appends, 200);
    assert_eq!(stats.latency.count(), 200);
    assert!(stats.commits < stats.appends, "{stats:?}");
}

#[test]
fn conflict_in_a_group_refuses_that_append_alone() {
    let folder = TempDir::new().unwrap();
    let journal = open(folder.path()).unwrap();
    // Two writers for each key: one of them wins, whatever the groups are.
    let keys: Vec<_> = (0..100).map(|number| format!("k{}", number / 2)).collect();
    let appends = keys.iter().map(|name| journal.append(vec![append(name, 0, &["x"])]));
    let answers = block_on(join_all(appends));
    for pair in answers.chunks(2) {
        assert_eq!(pair.iter().filter(|answer| answer.is_ok()).count(), 1, "{pair:?}");
    }
    assert_eq!(everything(&journal).len(), 50);
    assert!(journal.stats().commits < 50, "{:?}", journal.stats());
}

#[test]
fn a_queue_of_one_makes_callers_wait_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let config = FileConfig::default().queue(1).group(1);
    let journal = FileJournal::open(folder.path(), config).unwrap();
    let keys: Vec<_> = (0..50).map(|number| format!("k{number}")).collect();
    let appends = keys.iter().map(|name| journal.append(vec![append(name, 0, &["x"])]));
    assert!(block_on(join_all(appends)).iter().all(Result::is_ok));
    assert_eq!(journal.stats().commits, 50);
}

/// Three times over, a process is killed while it appends; what it was answered must be there.
#[test]
fn killed_process_loses_nothing_that_was_answered() {
    let folder = TempDir::new().unwrap();
    let mut answered = BTreeMap::new();
    for round in 1..=3 {
        let mut child = Writer::start(folder.path());
        let mut lines = child.lines();
        while answered.len() < round * 200 {
            note(&mut answered, &lines.next().expect("the child died by itself").unwrap());
        }
        child.0.kill().unwrap();
        // Answers that were on their way when the signal came count as well.
        for line in lines {
            note(&mut answered, &line.unwrap());
        }
        child.0.wait().unwrap();

        let journal = open(folder.path()).unwrap();
        let all = everything(&journal);
        assert!(all.iter().map(|entry| entry.position.get()).eq(1..=all.len() as u64));
        for (position, name) in &answered {
            let last = &all[usize::try_from(*position).unwrap() - 1];
            assert_eq!((last.key.as_str(), &last.record[..]), (name.as_str(), &b"last"[..]));
        }
        // No batch is there in part.
        for batch in all.chunks(2) {
            let [first, last] = batch else { panic!("half a batch: {batch:?}") };
            assert_eq!((&first.record[..], &last.record[..]), (&b"first"[..], &b"last"[..]));
            assert_eq!(first.key, last.key);
            assert_eq!(last.version, first.version.plus(1));
        }
    }
}

/// Keeps `answer <position> <key>`; the test harness prints lines of its own.
fn note(answered: &mut BTreeMap<u64, String>, line: &str) {
    if let Some((position, name)) =
        line.strip_prefix("answer ").and_then(|rest| rest.split_once(' '))
    {
        answered.insert(position.parse().unwrap(), name.to_owned());
    }
}

/// A child process, ended with its owner.
struct Writer(Child);

impl Writer {
    fn start(folder: &Path) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["file::writer_that_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    fn lines(&mut self) -> io::Lines<BufReader<std::process::ChildStdout>> {
        BufReader::new(self.0.stdout.take().unwrap()).lines()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Both fail when the child is gone already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
#[ignore = "the child of killed_process_loses_nothing_that_was_answered"]
fn writer_that_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let journal = open(Path::new(&folder)).unwrap();
    let journal = &journal;
    let writers = (0..8).map(|number| async move {
        let name = format!("writer/{number}");
        let mut version = journal.read(&key(&name), Version::ZERO).await.unwrap().len() as u64;
        loop {
            let batch = vec![append(&name, version, &["first", "last"])];
            let position = journal.append(batch).await.unwrap();
            version += 2;
            // One write, so that the line is whole; the harness may have left one open.
            io::stdout().write_all(format!("\nanswer {position} {name}\n").as_bytes()).unwrap();
        }
    });
    block_on(join_all::<_>(writers));
}

/// Tells the child where its journal is.
const FOLDER: &str = "ENCKE_JOURNAL_TEST_FOLDER";
