//! Records on their way into a journal on disk.

use bytes::Bytes;
use encke_journal::{Append, FileConfig, FileJournal, Journal as _, Key, Version};

use super::DATA;

/// A journal in a folder of its own.
#[derive(Debug)]
pub struct Log {
    journal: FileJournal,
    folder: tempfile::TempDir,
}

impl Log {
    /// An empty journal.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the journal");
        let journal =
            FileJournal::open(folder.path(), FileConfig::default()).expect("an empty journal");
        Self { journal, folder }
    }

    /// Makes so many records durable, one after the other; how many there are.
    pub fn append(&self, records: u64) -> u64 {
        let key = Key::new("call/01RCC3N118B1V0SL8O7GK2LAES00000R").expect("a key");
        futures::executor::block_on(async {
            for version in 0..records {
                let records = vec![Bytes::from_static(DATA.as_bytes())];
                let expected = Version::new(version);
                let batch = vec![Append { key: key.clone(), expected, records }];
                self.journal.append(batch).await.expect("the disk takes it");
            }
        });
        self.journal.stats().records
    }

    /// Where the journal lies.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_appended() {
        assert_eq!(Log::open().append(3), 3);
    }
}
