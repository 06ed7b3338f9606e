//! Positions in a file.
//!
//! The file is small JSON text, read once and replaced as a whole: written beside itself, brought
//! to the disk, renamed. So a crash at any moment leaves the old or the new positions, never half
//! of them. A thread of the store's own does that, at most once per
//! [`FileOptions::write_every`], however many messages were handled meanwhile; what a crash repeats
//! is what was handled since the last write. [`FileOptions::write_through`] writes within each save
//! instead, at the price of a write to the disk per message.
//!
//! One process uses a file at a time; a lock file beside it says so to the second one. A file that
//! cannot be read is an error, not an empty store: beginning anew is for people to decide.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use encke_bayeux::ChannelPattern;
use serde::{Deserialize, Serialize};

use crate::replay::Position;
use crate::replay::store::{PositionStore, Positions};

/// The form of the file.
const VERSION: u32 = 1;

/// How positions get to the disk. [`Default`] writes once per second at most.
#[derive(Clone, Copy, Debug)]
pub struct FileOptions {
    every: Duration,
    through: bool,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self { every: Duration::from_secs(1), through: false }
    }
}

impl FileOptions {
    /// Longest time that a position waits to be written, and shortest time between two writes.
    /// Default 1 s.
    #[must_use]
    pub fn write_every(mut self, time: Duration) -> Self {
        self.every = time;
        self
    }

    /// Writes within every save, so that a crash repeats the message in hand and nothing else.
    /// Default: not. Every message then waits for the disk, where the application polls.
    #[must_use]
    pub fn write_through(mut self) -> Self {
        self.through = true;
        self
    }

    /// Opens a store; the file is made with its first write.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ResourceBusy`] if another store has the file in use,
    /// [`io::ErrorKind::InvalidData`] if it does not hold positions, and whatever the file system
    /// says.
    pub fn open(self, path: impl AsRef<Path>) -> io::Result<FilePositions> {
        let path = path.as_ref().to_owned();
        let lock = take_lock(&path)?;
        let state = State { positions: read(&path)?, ..State::default() };
        let shared = Shared { path, state: Mutex::new(state), news: Condvar::new(), file: lock };
        let shared = Arc::new(shared);
        let writer = if self.through {
            None
        } else {
            let shared = Arc::clone(&shared);
            let writer = thread::Builder::new().name("positions".into());
            Some(writer.spawn(move || shared.write_on(self.every))?)
        };
        Ok(FilePositions { shared, writer })
    }
}

/// Positions in a file; they survive the process. See [`FileOptions`] for when they are written.
///
/// Holds at most 10,000 patterns; beyond, the one that was saved longest ago is forgotten. Dropping
/// the store writes what is left, which waits for the disk.
pub struct FilePositions {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    news: Condvar,
    /// Held while the file is replaced, and by its lock against other stores.
    file: Mutex<File>,
}

#[derive(Default)]
struct State {
    positions: Positions,
    changes: u64,
    written: u64,
    closing: bool,
    /// The last write failed.
    troubled: bool,
}

#[derive(Deserialize, Serialize)]
struct Content {
    version: u32,
    positions: BTreeMap<String, Position>,
}

impl FilePositions {
    /// Opens a store with default options.
    ///
    /// # Errors
    ///
    /// Those of [`FileOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        FileOptions::default().open(path)
    }

    /// Writes what was not written yet, and waits for the disk.
    ///
    /// # Errors
    ///
    /// What the file system says; the positions are then written later.
    pub fn flush(&self) -> io::Result<()> {
        self.shared.write()
    }

    /// Forgets the position of a pattern that is not subscribed to any more.
    pub fn forget(&self, pattern: &ChannelPattern) {
        self.shared.change(|positions| positions.remove(pattern.as_str()));
        self.settle();
    }

    /// Without a thread, whoever changes something writes it.
    fn settle(&self) {
        if self.writer.is_none() {
            self.shared.write_or_warn();
        }
    }
}

impl PositionStore for FilePositions {
    fn load(&self, pattern: &ChannelPattern) -> Option<Position> {
        self.shared.lock().positions.get(pattern.as_str())
    }

    fn save(&self, pattern: &ChannelPattern, position: Position) {
        self.shared.change(|positions| {
            positions.set(pattern.as_str(), position);
            true
        });
        self.settle();
    }
}

impl Drop for FilePositions {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.news.notify_all();
        match self.writer.take() {
            // A panic of the writer was reported as it happened.
            Some(writer) => drop(writer.join()),
            None => self.shared.write_or_warn(),
        }
    }
}

impl fmt::Debug for FilePositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePositions").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Positions) -> bool) {
        let mut state = self.lock();
        if change(&mut state.positions) {
            state.changes += 1;
            drop(state);
            self.news.notify_all();
        }
    }

    /// The thread: waits for a change, lets more changes come, writes them together.
    fn write_on(&self, every: Duration) {
        let mut state = self.lock();
        loop {
            let idle = |state: &mut State| !state.closing && state.written == state.changes;
            state = self.news.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            let open = |state: &mut State| !state.closing;
            let waited = self.news.wait_timeout_while(state, every, open);
            let (last, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let closing = last.closing;
            drop(last);
            self.write_or_warn();
            if closing {
                return;
            }
            state = self.lock();
        }
    }

    /// Warns when writing begins to fail, and not again before it has worked.
    fn write_or_warn(&self) {
        match self.write() {
            Ok(()) => self.lock().troubled = false,
            Err(error) => {
                let known = std::mem::replace(&mut self.lock().troubled, true);
                if !known {
                    tracing::warn!(path = %self.path.display(), %error, "positions not written");
                }
            }
        }
    }

    fn write(&self) -> io::Result<()> {
        let _one_at_a_time = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (content, changes) = {
            let state = self.lock();
            if state.written == state.changes {
                return Ok(());
            }
            let positions = state.positions.iter().map(|(pattern, at)| (pattern.to_owned(), at));
            (Content { version: VERSION, positions: positions.collect() }, state.changes)
        };
        let mut text = serde_json::to_vec_pretty(&content)?;
        text.push(b'\n');
        replace(&self.path, &text)?;
        let mut state = self.lock();
        state.written = state.written.max(changes);
        drop(state);
        self.news.notify_all();
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Positions> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Positions::default()),
        Err(error) => return Err(error),
    };
    let invalid = |why: String| {
        let text = format!("{} does not hold positions: {why}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    let content: Content =
        serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
    if content.version != VERSION {
        return Err(invalid(format!("it has version {} instead of {VERSION}", content.version)));
    }
    let mut positions = Positions::default();
    for (pattern, position) in content.positions {
        positions.set(&pattern, position);
    }
    Ok(positions)
}

/// Old or new, never half.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = beside(path, ".new");
    let mut file = File::create(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    // The new name is on the disk when its folder is; only Unix can say so.
    #[cfg(unix)]
    File::open(folder(path))?.sync_all()?;
    Ok(())
}

fn take_lock(path: &Path) -> io::Result<Mutex<File>> {
    let lock = File::create(beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Mutex::new(lock)),
        Err(TryLockError::WouldBlock) => {
            let text = format!("{} is in use by another store", path.display());
            Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

#[cfg(unix)]
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ChannelPattern {
        ChannelPattern::new(text).unwrap()
    }

    fn slow() -> FileOptions {
        FileOptions::default().write_every(Duration::from_secs(3600))
    }

    #[test]
    fn positions_outlive_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("positions.json");
        let store = slow().open(&path).unwrap();
        store.save(&pattern("/a"), Position::new(1));
        store.save(&pattern("/a"), Position::new(2).in_epoch(1));
        store.save(&pattern("/b/**"), Position::new(3));
        assert!(!path.exists(), "nothing is written before its time");
        drop(store);
        let store = FilePositions::open(&path).unwrap();
        assert_eq!(store.load(&pattern("/a")), Some(Position::new(2).in_epoch(1)));
        assert_eq!(store.load(&pattern("/b/**")), Some(Position::new(3)));
        store.forget(&pattern("/a"));
        drop(store);
        let store = FilePositions::open(&path).unwrap();
        assert_eq!(store.load(&pattern("/a")), None);
    }

    #[test]
    fn many_saves_are_one_write_and_a_flush_does_not_wait_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("positions.json");
        let store = slow().open(&path).unwrap();
        for n in 0..1000 {
            store.save(&pattern("/a"), Position::new(n));
        }
        assert!(!path.exists());
        store.flush().unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("999"));
    }

    #[test]
    fn written_through_every_save_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("positions.json");
        let store = FileOptions::default().write_through().open(&path).unwrap();
        for n in [5, 6] {
            store.save(&pattern("/a"), Position::new(n));
            assert_eq!(read(&path).unwrap().get("/a"), Some(Position::new(n)));
        }
        assert!(!beside(&path, ".new").exists());
    }

    #[test]
    fn the_thread_writes_in_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("positions.json");
        let store = FileOptions::default().write_every(Duration::from_millis(1)).open(&path);
        let store = store.unwrap();
        store.save(&pattern("/a"), Position::new(5));
        let waits = |state: &mut State| state.written != state.changes;
        let patience = Duration::from_secs(20);
        let waited =
            store.shared.news.wait_timeout_while(store.shared.lock(), patience, waits).unwrap();
        assert!(!waited.1.timed_out());
        drop(waited);
        assert_eq!(read(&path).unwrap().get("/a"), Some(Position::new(5)));
    }

    #[test]
    fn a_file_is_used_by_one_store_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("positions.json");
        let first = slow().open(&path).unwrap();
        let second = slow().open(&path).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
        drop(first);
        slow().open(&path).unwrap();
    }

    #[test]
    fn a_file_that_holds_something_else_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("positions.json");
        for text in ["", "{}", "[]", r#"{"version":2,"positions":{}}"#, "{\"version\":1,\"pos"] {
            fs::write(&path, text).unwrap();
            let error = FilePositions::open(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_folder_that_vanished_is_told_and_positions_are_written_when_it_is_back() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("state");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("positions.json");
        let store = slow().open(&path).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        store.save(&pattern("/a"), Position::new(5));
        assert_eq!(store.flush().unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::create_dir(&folder).unwrap();
        store.flush().unwrap();
        assert_eq!(read(&path).unwrap().get("/a"), Some(Position::new(5)));
    }
}
