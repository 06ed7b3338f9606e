//! What went wrong with the file: the disk failed, or it holds what no journal wrote.
//!
//! redb promises to report damage only where it looks for it, which is when a file is opened. What
//! it meets later may make it panic, so [`guarded`] stands around every look into the file. Should it
//! panic once more while it cleans up after that, the process ends; the next start finds the damage.

use std::any::Any;
use std::io;
use std::panic::{self, AssertUnwindSafe};

use super::open::OpenError;
use crate::{Damage, ReadError};

/// Why a look into the file, or a transaction, did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// redb says so, and its error has to be looked at.
    Redb(redb::Error),
    /// We say so.
    Damaged(Damage),
}

/// A failure by whose fault it is.
pub(super) enum Cause {
    Disk(io::Error),
    Damage(Damage),
}

impl Failure {
    pub(super) fn cause(self) -> Cause {
        match self {
            Self::Damaged(damage) => Cause::Damage(damage),
            Self::Redb(redb::Error::Corrupted(what)) => Cause::Damage(Damage::somewhere(what)),
            Self::Redb(redb::Error::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Cause::Damage(Damage::somewhere("the file ends early"))
            }
            Self::Redb(redb::Error::Io(error)) => Cause::Disk(error),
            Self::Redb(
                error @ (redb::Error::TableTypeMismatch { .. }
                | redb::Error::TableIsMultimap(_)
                | redb::Error::TableIsNotMultimap(_)
                | redb::Error::TypeDefinitionChanged { .. }
                | redb::Error::TableDoesNotExist(_)),
            ) => Cause::Damage(Damage::somewhere(error.to_string())),
            Self::Redb(error) => Cause::Disk(io::Error::other(error)),
        }
    }

    /// The error of the disk; damage is of kind `InvalidData`.
    pub(super) fn into_io(self) -> io::Error {
        match self.cause() {
            Cause::Disk(error) => error,
            Cause::Damage(damage) => io::Error::new(io::ErrorKind::InvalidData, damage),
        }
    }
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

impl From<Damage> for Failure {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure.cause() {
            Cause::Disk(error) => Self::Io(error.into()),
            Cause::Damage(damage) => Self::Damaged(damage),
        }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Redb(redb::Error::DatabaseAlreadyOpen) => Self::Locked,
            Failure::Redb(redb::Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Self::NotAJournal { reason: error.to_string() }
            }
            Failure::Redb(
                error @ (redb::Error::UpgradeRequired(_)
                | redb::Error::TableTypeMismatch { .. }
                | redb::Error::TableIsMultimap(_)),
            ) => Self::NotAJournal { reason: error.to_string() },
            failure => match failure.cause() {
                Cause::Disk(error) => Self::Io(error),
                Cause::Damage(damage) => Self::Damaged(damage),
            },
        }
    }
}

/// Runs `look`; a panic of redb on the way is damage, for we give it nothing else to stumble over.
pub(super) fn guarded<T, E: From<Failure>>(look: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // What was looked at is read only, or is not used again after a panic.
    panic::catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|panic| {
        let what = format!("reading it came to a stop: {}", message(panic.as_ref()));
        Err(Failure::Damaged(Damage::somewhere(what)).into())
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    text.chars().take(MESSAGE_CHARS).collect()
}

/// Most characters of a panic's message that are kept: it may quote what was read.
const MESSAGE_CHARS: usize = 120;
