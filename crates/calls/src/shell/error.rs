//! Why a command was not carried out, and why a core could not be opened.

use std::error::Error;
use std::fmt;
use std::io;

use encke_journal::{Position, ReadError};

use crate::{EvolveError, RecordError, Refusal};

/// Why a command was not carried out.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CommandError {
    /// The command cannot be done. The sender's matter.
    Refused(Refusal),
    /// Too many commands are waiting. Nothing was changed; worth a retry a little later.
    Busy,
    /// The journal does not take records. Nothing was changed as far as anybody is told; after an
    /// unclear failure of the disk the change may show once the journal can be read again.
    Unavailable,
    /// The core has been closed or its writer dropped. A command that was under way may have been
    /// carried out.
    Stopped,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(_) => f.write_str("the command is refused"),
            Self::Busy => f.write_str("too many commands are waiting"),
            Self::Unavailable => f.write_str("the journal does not take records"),
            Self::Stopped => f.write_str("the call-state core has stopped"),
        }
    }
}

impl Error for CommandError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Busy | Self::Unavailable | Self::Stopped => None,
        }
    }
}

/// Why a core could not be opened. Nothing in the journal was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The journal could not be read.
    Read(ReadError),
    /// A record holds no event, or no snapshot.
    Record {
        /// Where in the journal.
        position: Position,
        /// What is wrong with it.
        cause: RecordError,
    },
    /// An event does not follow from those before.
    Event {
        /// Where in the journal.
        position: Position,
        /// What is wrong with it.
        cause: EvolveError,
    },
    /// A record stands under another key or number than its event says.
    Misplaced {
        /// Where in the journal.
        position: Position,
    },
    /// The system gives no random numbers to begin ids with.
    Random(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("the journal of calls could not be read"),
            Self::Record { position, .. } => {
                write!(f, "the record at position {position} holds no event")
            }
            Self::Event { position, .. } => {
                write!(f, "the event at position {position} does not follow from those before")
            }
            Self::Misplaced { position } => {
                write!(f, "the record at position {position} stands in the wrong place")
            }
            Self::Random(_) => f.write_str("the system gives no random numbers"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Record { cause, .. } => Some(cause),
            Self::Event { cause, .. } => Some(cause),
            Self::Misplaced { .. } => None,
            Self::Random(error) => Some(error),
        }
    }
}
