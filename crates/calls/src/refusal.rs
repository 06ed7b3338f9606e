//! Why a command is refused: typed, and always the requester's matter.
//!
//! A refused command changes nothing and nobody is told of it but its sender. No text here holds
//! user data or another user's business.

use std::error::Error;
use std::fmt;

use crate::Operation;

/// Why a command is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such call or interaction, or the requester has no part in it.
    NotFound,
    /// The state the party or interaction is in does not allow the operation.
    InvalidState {
        /// What was asked.
        operation: Operation,
        /// The state.
        state: &'static str,
    },
    /// The line is none of ours.
    UnknownDn,
    /// Nobody is logged in at the line.
    LoggedOut,
    /// The line that is called, or the one its calls go to, is not to be disturbed.
    DoNotDisturb,
    /// The calls of the line that is called are forwarded in a circle, back to who calls, or more
    /// than [`Line::MAX_FORWARDS`](crate::Line::MAX_FORWARDS) times.
    ForwardingLoop,
    /// A call from outside is forwarded to the outside, where nobody of ours would have it.
    ForwardedOutside,
    /// A line cannot call itself.
    DialToSelf,
    /// The line that is called has as many calls as it may have.
    DestinationBusy,
    /// The destination is on the call already.
    OnTheCall,
    /// The agent who is asked has a part in the interaction already.
    TakesPart,
    /// A text that is to be a URL is none that a browser may follow.
    NoUrl,
    /// Nobody else of this number is on the call.
    NoSuchParticipant,
    /// The consultation that is named is none of the party's on this call.
    NoSuchConsultation,
    /// A bound on how many there may be is reached.
    TooMany {
        /// What there would be too many of.
        what: Bound,
        /// How many are allowed.
        limit: usize,
    },
    /// The user data would be too large.
    TooLarge {
        /// Packed size that it would have, in bytes.
        bytes: usize,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// Arrays and objects in the user data nest too deep.
    TooDeep {
        /// How deep they would nest.
        depth: usize,
        /// How deep they may.
        limit: usize,
    },
    /// A key of the user data is too long.
    KeyTooLong {
        /// Length of the key, in bytes.
        bytes: usize,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// A text is too long.
    TextTooLong {
        /// Length of the text, in bytes.
        bytes: usize,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// A call to be imported has an id that is in use.
    Exists,
    /// A call to be imported has a line twice, or no party that is not released.
    InvalidParties,
}

/// What there may be only so many of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bound {
    /// Calls that are not released.
    Calls,
    /// Calls of one line that are not released.
    CallsOfDn,
    /// Parties of one call.
    Parties,
    /// Interactions that are not completed.
    Interactions,
    /// Interactions of one user that are not completed.
    InteractionsOfUser,
    /// Agents who have or had a part in one interaction.
    Agents,
    /// Entries in a transcript.
    TranscriptEntries,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::CallsOfDn => "calls of one line",
            Self::Parties => "parties of one call",
            Self::Interactions => "interactions",
            Self::InteractionsOfUser => "interactions of one user",
            Self::Agents => "agents in one interaction",
            Self::TranscriptEntries => "transcript entries",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("resource not found"),
            Self::InvalidState { operation, state } => {
                write!(f, "operation {operation} is not possible in state {state}")
            }
            Self::UnknownDn => f.write_str("the line is unknown"),
            Self::LoggedOut => f.write_str(
                "the agent is logged out; a contact-centre session begins with logging in",
            ),
            Self::DoNotDisturb => f.write_str("the destination does not want to be disturbed"),
            Self::ForwardingLoop => {
                f.write_str("calls of the destination are forwarded in a circle, or too often")
            }
            Self::ForwardedOutside => f.write_str("calls of the destination are forwarded outside"),
            Self::DialToSelf => f.write_str("a line cannot call itself"),
            Self::DestinationBusy => f.write_str("the destination is busy"),
            Self::OnTheCall => f.write_str("the destination is on the call already"),
            Self::TakesPart => f.write_str("the agent takes part already"),
            Self::NoUrl => f.write_str("a URL begins with http:// or https:// and has no blanks"),
            Self::NoSuchConsultation => {
                f.write_str("the call that is named is no consultation of this one")
            }
            Self::NoSuchParticipant => f.write_str("nobody else of this number is on the call"),
            Self::TooMany { what, limit } => write!(f, "more than {limit} {what}"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "user data of {bytes} bytes exceeds {limit} bytes")
            }
            Self::TooDeep { depth, limit } => {
                write!(f, "user data nests {depth} deep, allowed are {limit}")
            }
            Self::KeyTooLong { bytes, limit } => {
                write!(f, "a key of {bytes} bytes exceeds {limit} bytes")
            }
            Self::TextTooLong { bytes, limit } => {
                write!(f, "a text of {bytes} bytes exceeds {limit} bytes")
            }
            Self::Exists => f.write_str("a call of this id exists already"),
            Self::InvalidParties => {
                f.write_str("a call needs a live party, and each line only once")
            }
        }
    }
}

impl Error for Refusal {}
