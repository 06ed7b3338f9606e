//! A journal file that is looked at while nobody serves from it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use redb::backends::FileBackend;

use super::failure::{Failure, guarded};
use super::open::{self, OpenError};
use super::overlay::Overlay;
use super::store::Store;
use super::verify;
use crate::{Damage, Entry, Key, Position, ReadError, Version};

/// A journal file that is looked at, and stays as it is, byte for byte.
///
/// A file that was not closed in order is read as opening it would recover it; that recovery
/// happens in memory. While it is looked at no journal can be opened on it.
#[derive(Debug)]
pub struct Inspection {
    store: Store,
}

/// What [`Inspection::verify`] looked at.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The newest position given out.
    pub head: Position,
    /// Records that are there, damaged ones included.
    pub records: u64,
    /// Those of them that are sound snapshots, each standing for every version of its key up to its
    /// own.
    pub snapshots: u64,
    /// Keys that are there.
    pub keys: u64,
    /// Bytes of the records, without keys and the store's own overhead.
    pub bytes: u64,
    /// How many damages were found.
    pub damages: u64,
}

impl Inspection {
    /// Opens the journal in `folder` to look at, and verifies the checksums of all its pages.
    ///
    /// Blocks, for as long as it takes to read the file.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]: there is no journal, it is open, of another format, damaged, or the disk
    /// fails.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = open::existing(folder)?;
        let opened = File::open(&path).and_then(|file| {
            let backend = FileBackend::new(file).map_err(|error| Failure::from(error).into_io())?;
            Overlay::new(backend)
        });
        let overlay = opened.map_err(|error| OpenError::Folder { path, error })?;
        Ok(Self { store: Store::as_it_is(overlay, CACHE_BYTES)? })
    }

    /// Shows the records after `after` in order, for as long as `more` says so. In place of one that
    /// is damaged stands what is wrong with it; those behind it follow.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]: the file cannot be read any further.
    pub fn each(
        &self,
        after: Position,
        more: impl FnMut(Result<Entry, Damage>) -> bool,
    ) -> Result<(), ReadError> {
        guarded(|| Ok(self.store.each(after, more)?))
    }

    /// Shows the records of `key`, oldest first, for as long as `more` says so.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub fn each_of(&self, key: &Key, more: impl FnMut(Entry) -> bool) -> Result<(), ReadError> {
        guarded(|| Ok(self.store.each_of(key, Version::ZERO, more)?))
    }

    /// Looks at every record and every entry of the index, and tells `found` what is wrong.
    ///
    /// The checksums of all pages were verified when the file was opened. What remains is what a
    /// journal makes of them: checksums of records, an index entry for each record and the reverse,
    /// versions of a key without a gap from 1 on, or from its snapshot on, and no position that was
    /// never given out. Places where no record is are in order: forgotten keys and snapshots leave
    /// them.
    ///
    /// `check` is shown each record that is sound, in order, and says what is wrong with it for
    /// whoever wrote it.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]: the file cannot be read any further.
    pub fn verify(
        &self,
        check: impl FnMut(&Entry) -> Result<(), String>,
        found: impl FnMut(Damage),
    ) -> Result<Verified, ReadError> {
        guarded(|| Ok(verify::verify(&self.store, check, found)?))
    }
}

/// Size of a file before and after it was made smaller, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Gives space that forgotten records have left in the journal in `folder` back to the disk.
///
/// Blocks. Pages are moved in transactions of their own, so the file is sound at any moment.
///
/// # Errors
///
/// As [`FileJournal::open`](crate::FileJournal::open), and [`OpenError::Missing`] when there is no
/// journal.
pub fn compact(folder: &Path) -> Result<Compacted, OpenError> {
    let path = open::existing(folder)?;
    let size = || -> io::Result<u64> { Ok(fs::metadata(&path)?.len()) };
    let before = size().map_err(OpenError::Io)?;
    let mut store = open::open(&path, CACHE_BYTES)?;
    guarded(|| {
        // Each time it moves what it can; the rest may follow once that is freed.
        while store.database.compact()? {}
        Ok::<_, Failure>(())
    })?;
    drop(store);
    Ok(Compacted { before, after: size().map_err(OpenError::Io)? })
}

const CACHE_BYTES: usize = 64 << 20;
