//! Which connection type a new session begins with.
//!
//! The first one, unless it was found to be blocked on the way: it failed, and another one reached
//! the same server. Then it is left alone for a while, so that not every new session begins with
//! waiting for it. One that has worked before is tried first again: more likely the server was away.
//!
//! # Sources
//!
//! Observed: CometD's JavaScript client does not try a WebSocket again that never worked. Here it
//! does after a while, since a process may live for months.

use std::time::{Duration, Instant};

/// How long a blocked connection type is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// The first one has carried a session.
    proven: bool,
    /// The first one has failed since the last session.
    failed: bool,
    /// The first one is left alone until then.
    blocked_until: Option<Instant>,
}

impl Ways {
    /// The place to begin at.
    pub(super) fn first(&self, now: Instant) -> usize {
        usize::from(self.blocked_until.is_some_and(|until| now < until))
    }

    /// A handshake at this place failed, and not by the server's word.
    pub(super) fn failed(&mut self, place: usize) {
        self.failed |= place == 0;
    }

    /// All places failed.
    pub(super) fn none_left(&mut self) {
        self.failed = false;
        self.blocked_until = None;
    }

    /// A handshake at this place succeeded.
    pub(super) fn reached(&mut self, place: usize, now: Instant) {
        if place == 0 {
            self.proven = true;
            self.blocked_until = None;
        } else if self.failed && !self.proven {
            self.blocked_until = Some(now + AGAIN_AFTER);
        }
        self.failed = false;
    }
}
