//! What a session asks of whoever holds it.
//!
//! The machine changes its own state only. Waking a task, arming the timer, undoing subscriptions
//! and counting are values here, carried out when the session's lock is free again.

use std::task::Waker;
use std::time::Instant;

use encke_bayeux::{Advice, ChannelPattern};

/// Why a held connect is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Release {
    /// There are messages.
    Messages,
    /// The time is up.
    Timeout,
    /// A newer connect of the same session has come; this one takes no messages along.
    Superseded,
    /// The client disconnected, or the server ended the session.
    Ended,
    /// The session was cut because its queue was full.
    Overflow,
    /// The server is about to stop.
    Draining,
    /// The connection ended; nobody waits for the answer.
    Abandoned,
}

/// A hold that is over. Wake it when every lock is free again.
#[derive(Debug)]
#[must_use = "somebody waits to be woken"]
pub(crate) struct Released(pub(crate) Option<Waker>);

impl Released {
    /// Wakes whoever waits on the hold; nobody does before its first poll.
    pub(crate) fn wake(self) {
        if let Some(waker) = self.0 {
            waker.wake();
        }
    }
}

/// What became of a message that was offered to a session.
#[derive(Debug)]
pub(crate) enum Offered {
    /// Queued with so many bytes; the connect that was held for it, if one was.
    Queued(usize, Option<Released>),
    /// Queued with so many bytes for a link, which takes it as soon as it is woken.
    Linked(usize, Option<Waker>),
    /// The session catches up, and will take the message from the log.
    Later,
    /// The session has this very publish already, through another subscription.
    Double,
    /// The queue is full, and the session misses this one.
    Missed,
    /// The queue is full: the session is to be cut.
    Overflow,
    /// The session has ended.
    Gone,
}

/// A link that is over. Wake it when every lock is free again.
#[derive(Debug)]
#[must_use = "its connection waits to be told"]
pub(crate) struct Unlinked(pub(crate) Option<Waker>);

impl Unlinked {
    pub(crate) fn wake(self) {
        if let Some(waker) = self.0 {
            waker.wake();
        }
    }
}

/// What is left to do after a session's end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) subscriptions: Vec<ChannelPattern>,
    pub(crate) held: Option<Released>,
    /// Whether the response of a connect that was held is still to be made.
    pub(crate) owed: bool,
    /// The link that was attached.
    pub(crate) link: Option<Unlinked>,
}

/// What a link finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkState {
    /// Nothing to take.
    Waiting,
    /// Messages.
    Messages,
    /// Another connection has the session now, or it has ended.
    Over,
}

/// What a connect comes to.
#[derive(Debug)]
pub(crate) struct Connected {
    /// `Some` if the connect waits, under this generation.
    pub(crate) held: Option<u64>,
    /// What the reply says, now or later.
    pub(crate) advice: Option<Advice>,
    /// An older held connect, which is to be answered as superseded.
    pub(crate) superseded: Option<Released>,
    /// Whether it does not wait because its browser has enough connects held.
    pub(crate) crowded: bool,
}

/// What a deadline comes to.
#[derive(Debug)]
pub(crate) enum Due {
    /// The client stayed silent too long.
    Expired,
    /// What is over, and when the wheel needs a new entry.
    Look {
        /// The held connect whose time is up, or whose lazy messages have waited long enough.
        held: Option<Released>,
        /// The link that has lazy messages to take.
        link: Option<Waker>,
        /// For a new entry of the wheel.
        at: Option<Instant>,
    },
}
