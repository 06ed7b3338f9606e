//! The homes that every promise is checked on, and short ways to say things to them.

use std::sync::Arc;

use bytes::Bytes;
use encke_journal::{
    Append, Entry, FileConfig, FileJournal, Journal, Key, Limits, MemoryJournal, Version,
};
use tempfile::TempDir;

/// A journal and what it lives in.
pub(crate) struct Home {
    pub(crate) journal: Arc<dyn Journal>,
    limits: Limits,
    folder: Option<TempDir>,
}

impl Home {
    pub(crate) fn memory(limits: Limits) -> Self {
        Self { journal: Arc::new(MemoryJournal::with_limits(limits)), limits, folder: None }
    }

    pub(crate) fn file(limits: Limits) -> Self {
        let folder = TempDir::new().unwrap();
        Self { journal: open(&folder, limits), limits, folder: Some(folder) }
    }

    /// Closes and opens a journal that outlives its handle; leaves another as it is.
    pub(crate) async fn reopen(&mut self) {
        if let Some(folder) = &self.folder {
            self.journal.close().await;
            self.journal = open(folder, self.limits);
        }
    }
}

fn open(folder: &TempDir, limits: Limits) -> Arc<dyn Journal> {
    Arc::new(FileJournal::open(folder.path(), FileConfig::default().limits(limits)).unwrap())
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

pub(crate) fn append(name: &str, expected: u64, records: &[&str]) -> Append {
    Append {
        key: key(name),
        expected: Version::new(expected),
        records: records.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect(),
    }
}

/// An entry as `position key version record`, to compare and to print; a snapshot has a `*` besides.
pub(crate) fn show(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| {
            let record = String::from_utf8_lossy(&entry.record);
            let star = if entry.is_snapshot { "*" } else { "" };
            format!("{} {} {}{star} {record}", entry.position, entry.key, entry.version)
        })
        .collect()
}
