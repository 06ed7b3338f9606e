//! Why a journal said no: one enum for writes, one for reads.
//!
//! | Variant    | Whose fault        | What was stored | Worth a retry                      |
//! |------------|--------------------|-----------------|------------------------------------|
//! | `Conflict` | the caller         | nothing         | after reading the key              |
//! | `TooLarge` | the caller         | nothing         | no                                 |
//! | `Damaged`  | the disk           | nothing         | no                                 |
//! | `Full`     | the disk           | nothing         | once there is space                |
//! | `Io`       | the disk           | not known       | see [`AppendError::Io`]            |
//! | `Poisoned` | an earlier failure | nothing         | no: open the journal again         |
//! | `Closed`   | the caller         | nothing         | no                                 |
//!
//! `Poisoned` has one exception, named there.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::{Damage, Key, Version};

/// Why an append, a forget or a snapshot was not done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AppendError {
    /// The key is not at the version that the writer expected. Nothing of the batch was stored.
    Conflict {
        /// The first key of the batch that differs.
        key: Key,
        /// What the writer expected.
        expected: Version,
        /// What the journal has, earlier appends of the same batch included.
        actual: Version,
    },
    /// The batch exceeds a bound. Nothing of it was stored.
    TooLarge {
        /// The bound that it exceeds.
        bound: Bound,
        /// What the batch has, in the unit of the bound.
        actual: usize,
        /// What is allowed, in the unit of the bound.
        limit: usize,
    },
    /// A record that a snapshot was to take the place of is damaged, or not where it should be.
    /// Nothing was changed, and the journal goes on: what is damaged hurts who reads it.
    Damaged(Damage),
    /// There is no space on the disk. Nothing was stored; later appends may work again.
    Full(Arc<io::Error>),
    /// The disk failed while the batch was being stored, and whether it was is not known; or the
    /// file is damaged, of kind [`InvalidData`](io::ErrorKind::InvalidData). Either the journal is
    /// poisoned now, or, if the disk is full, once it turns out that it was stored:
    /// while later appends succeed, it was not.
    Io(Arc<io::Error>),
    /// An earlier failure stopped the journal's writer. An append that was under way when the
    /// writer panicked is answered so too, and then it is not known whether it was stored.
    Poisoned,
    /// The journal was closed before the append was accepted.
    Closed,
}

impl AppendError {
    /// Whether the caller asked for something that cannot be done, as opposed to a journal that
    /// could not do what was asked.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::TooLarge { .. })
    }
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { key, expected, actual } => {
                write!(f, "journal key {key} is at version {actual}, expected {expected}")
            }
            Self::TooLarge { bound, actual, limit } => {
                write!(f, "{bound} is {actual}, allowed are {limit}")
            }
            Self::Damaged(_) => f.write_str("the records of the key are damaged"),
            Self::Full(_) => f.write_str("no space is left for the journal"),
            Self::Io(_) => f.write_str("the journal could not be written"),
            Self::Poisoned => f.write_str("the journal stopped after an earlier failure"),
            Self::Closed => f.write_str("the journal is closed"),
        }
    }
}

impl Error for AppendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Full(error) | Self::Io(error) => Some(error.as_ref()),
            Self::Damaged(damage) => Some(damage),
            Self::Conflict { .. } | Self::TooLarge { .. } | Self::Poisoned | Self::Closed => None,
        }
    }
}

/// A bound of [`Limits`](crate::Limits) that a batch can exceed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bound {
    /// Bytes in one record.
    RecordBytes,
    /// Records in one batch; for a forget, keys; for a snapshot, records it is to stand for.
    BatchRecords,
    /// Bytes in all records of one batch.
    BatchBytes,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RecordBytes => "the size of a record in bytes",
            Self::BatchRecords => "the number of records or keys in a batch",
            Self::BatchBytes => "the size of a batch in bytes",
        })
    }
}

/// Why a read, a scan or a tail was not answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The records of the key exceed [`Limits::read_bytes`](crate::Limits::read_bytes) together;
    /// a scan can page through them.
    TooLarge {
        /// The key that was to be read.
        key: Key,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// The disk failed. Nothing is known to be wrong with what it holds.
    Io(Arc<io::Error>),
    /// The disk gave something that the journal did not write. Nothing of it is handed out.
    Damaged(Damage),
    /// An earlier failure stopped the journal's reader, or the file could not be opened again after
    /// one.
    Poisoned,
    /// The journal was closed.
    Closed,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { key, limit } => {
                write!(f, "the records of journal key {key} exceed {limit} bytes")
            }
            Self::Io(_) => f.write_str("the disk of the journal could not be read"),
            Self::Damaged(_) => f.write_str("the journal is damaged"),
            Self::Poisoned => f.write_str("the journal stopped after an earlier failure"),
            Self::Closed => f.write_str("the journal is closed"),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error.as_ref()),
            Self::Damaged(damage) => Some(damage),
            Self::TooLarge { .. } | Self::Poisoned | Self::Closed => None,
        }
    }
}
