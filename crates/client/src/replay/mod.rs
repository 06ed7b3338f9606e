//! Where a client stands in the server's log of its channels.
//!
//! A server with a log says so in its handshake (`ext.replay: true`). Every subscription then says
//! where it begins, the server answers what follows ([`Replay`]), every message has a [`Position`],
//! and after a lost session the client goes on behind the last one that it received. A
//! [`PositionStore`] keeps positions beyond the process.
//!
//! # What a crash can repeat
//!
//! A position is stored when the application asks its [`Subscription`](crate::Subscription) for
//! the message after it, or says that it has [handled](crate::Subscription::handled) the one in
//! hand; never earlier. So nothing that was not handled is skipped, and a program that is killed
//! sees again: the message in hand, and what it handled since its store last wrote.
//!
//! What is stored is a position up to which nothing is missing. While a pattern catches up with
//! messages that another pattern of the client covers too, that may be where it began: killed then, a
//! program sees that part again. Without acknowledgement a message that a publish reply still carries
//! may be older than the position: killed just then, it is not asked for again.
//!
//! # Order
//!
//! A subscription gets its messages in the order of their positions, with two exceptions, in which an
//! older message comes behind newer ones, once, and [`Message::position`](crate::Message::position)
//! tells: if patterns of one client overlap and one begins at an older position, messages that were on
//! their way for the other come first; and without acknowledgement over long-polling, what comes with
//! the reply to a publish may be overtaken on the other connection.
//!
//! # Sources
//!
//! Observed: Salesforce's streaming endpoint and its clients (`ext.replay` on the handshake and on
//! `/meta/subscribe`, `data.event.replayId` in messages, `-1` new, `-2` everything kept). Encke's:
//! the position in `ext.replay` of messages, epochs, the status in the reply to a subscribe, and
//! positions in connect replies, by which a quiet channel's position does not get too old.

mod file;
mod position;
mod status;
mod store;

pub use file::{FileOptions, FilePositions};
pub use position::{Position, ReplayFrom};
pub use status::{Replay, ReplayStatus};
pub use store::{MemoryPositions, PositionStore};

/// What happens when the server refuses a position: it is of another log, or too old for a server
/// that does not say which part is missing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outdated {
    /// Begin with all that is kept; the first message has a [`Gap::Log`](crate::Gap::Log).
    #[default]
    Kept,
    /// Begin with what is new; the first message has a [`Gap::Log`](crate::Gap::Log).
    New,
    /// Make no subscription: [`SubscribeError::Refused`](crate::SubscribeError::Refused), or
    /// [`End::Revoked`](crate::End::Revoked) if it is a new session that asks.
    Refuse,
}
