//! What goes into a journal and what comes out of it.
//!
//! Records are opaque bytes. They may hold customer data, so the `Debug` of [`Append`] and
//! [`Entry`] shows lengths and never contents.

use std::fmt;

use bytes::Bytes;

use crate::Key;

/// The version of a key: how many records it has had since it began or was last forgotten.
///
/// On an [`Entry`] it is the 1-based number of that record within its key. A reader whose state
/// holds the first `n` records is at version `n`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Version(u64);

impl Version {
    /// The version of a key that has no record.
    pub const ZERO: Self = Self(0);

    /// The version of a key with `records` records.
    pub const fn new(records: u64) -> Self {
        Self(records)
    }

    /// The number of records.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version after `records` more records.
    #[must_use]
    pub const fn plus(self, records: u64) -> Self {
        Self(self.0.saturating_add(records))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The place of a record in the order of the whole journal.
///
/// Positions are given out from 1 upward without a gap and never twice, across restarts and across
/// [`Journal::forget`](crate::Journal::forget) as well.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const ZERO: Self = Self(0);

    /// The place of the record numbered `number`, counted from 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, counted from 1; 0 is before the first record.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Records to be added to one key, provided that the key is where the writer believes it to be.
#[derive(Clone, Eq, PartialEq)]
pub struct Append {
    /// The log to add to.
    pub key: Key,
    /// The version at which the writer made its decision. A new key is at [`Version::ZERO`].
    pub expected: Version,
    /// The records, in order. Empty means: check the version, add nothing.
    pub records: Vec<Bytes>,
}

impl fmt::Debug for Append {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Append")
            .field("key", &self.key)
            .field("expected", &self.expected)
            .field("records", &self.records.len())
            .field("bytes", &self.records.iter().map(Bytes::len).sum::<usize>())
            .finish()
    }
}

/// One record as the journal keeps it.
#[derive(Clone, Eq, PartialEq)]
pub struct Entry {
    /// Place in the order of the whole journal.
    pub position: Position,
    /// The log it belongs to.
    pub key: Key,
    /// Number of this record within its key, counted from 1.
    pub version: Version,
    /// The bytes that were appended, or those of the snapshot.
    pub record: Bytes,
    /// Whether the record is a snapshot, which stands for every record of its key up to its
    /// version, see [`Journal::snapshot`](crate::Journal::snapshot).
    pub is_snapshot: bool,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("position", &self.position)
            .field("key", &self.key)
            .field("version", &self.version)
            .field("bytes", &self.record.len())
            .field("is_snapshot", &self.is_snapshot)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_contents_of_a_record() {
        let key = Key::new("call/1").unwrap();
        let record = Bytes::from_static(b"secret");
        let entry = Entry {
            position: Position::new(7),
            key: key.clone(),
            version: Version::new(2),
            record: record.clone(),
            is_snapshot: false,
        };
        let append = Append { key, expected: Version::ZERO, records: vec![record] };
        let shown = format!("{entry:?} {append:?}");
        assert!(shown.contains("bytes: 6"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
