//! Where one pattern stands in the server's log.
//!
//! Every pattern has a place, whether the application asked for one or not: it begins with what is
//! new, and a later session goes on behind what was received. What the server says of its log, or
//! does not say, decides whether something is missing.
//!
//! # How the position moves
//!
//! The position is what a later session, or another process, begins behind. So it moves to a number
//! only when everything up to it has come:
//!
//! - To the newest position that a server tells as it agrees, if the pattern begins there.
//! - To the position that a connect reply names (everything up to it was delivered). Only if the
//!   connect was sent after the server's agreement was heard: an older one may have passed it on
//!   another connection, and speak of a time when the pattern was not subscribed.
//! - With a message that the server has certainly sent for this pattern, since it sends what it sends
//!   for a pattern in order: no other pattern of the client covers the channel, or the message is
//!   younger than the agreement.
//! - Back to nothing when the server refuses it.
//!
//! # Messages that come again, and late
//!
//! A server that names its log numbers all its channels in one sequence. Where two patterns of this
//! client overlap and one begins at an older position, messages that were on their way for the other
//! come first, older ones follow, and then the server sends the former again. Which positions were
//! [received](Received) is kept, so each message is given out once, older ones behind newer ones if
//! that is how they come. While a pattern catches up with what another one covers too, its position
//! may stay behind until it has caught up. Of servers that name no log nothing like that is assumed: the position is
//! that of the last message.

use crate::machine::received::Received;
use crate::message::Gap;
use crate::replay::{Outdated, Position, Replay, ReplayFrom, ReplayStatus};
use crate::wire::Told;

/// What a subscription wants of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wish {
    /// Where to begin; `None` for what is new, if the application does not care.
    pub(crate) from: Option<ReplayFrom>,
    /// What to do about a position that is refused.
    pub(crate) outdated: Outdated,
    /// Whether somebody keeps the position.
    pub(crate) stored: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) wish: Wish,
    received: Received,
    /// The log that `received` is about.
    log: Option<u64>,
    /// What the request on its way names; `None` if the server keeps no log.
    asked: Option<ReplayFrom>,
    /// The position was refused, and what follows begins elsewhere.
    refused: bool,
    /// What this session's server says.
    replay: Option<Replay>,
    /// Connects with a greater id were sent after the agreement.
    agreed_at: u64,
}

/// What a place makes of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Taken {
    /// The pattern had it already.
    pub(super) seen: bool,
    /// Whether [`Place::replay`] changed.
    pub(super) caught_up: bool,
}

impl Place {
    pub(super) fn new(wish: Wish) -> Self {
        Self {
            wish,
            received: Received::default(),
            log: None,
            asked: None,
            refused: false,
            replay: None,
            agreed_at: 0,
        }
    }

    /// Where the next request begins; `None` without a log.
    pub(super) fn ask(&mut self, log: bool) -> Option<ReplayFrom> {
        self.asked = log.then(|| self.beginning());
        self.asked
    }

    /// Whether a server with a log is being asked, or was.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    fn beginning(&self) -> ReplayFrom {
        self.position().map_or(self.wish.from.unwrap_or(ReplayFrom::New), ReplayFrom::After)
    }

    /// The server agrees, and tells what follows or leaves it open. Returns what is missing.
    ///
    /// `again` if an earlier session had the pattern; `id` is the newest message id so far.
    pub(super) fn agreed(&mut self, told: Option<Told>, again: bool, id: u64) -> Gap {
        let told = told.unwrap_or(Told {
            // Observed: Salesforce says nothing and refuses what it does not have.
            status: match self.asked {
                None => ReplayStatus::Unlogged,
                Some(ReplayFrom::New) => ReplayStatus::New,
                Some(ReplayFrom::Kept) => ReplayStatus::Kept,
                Some(ReplayFrom::After(_)) => ReplayStatus::Resumed,
            },
            epoch: None,
            oldest: None,
            newest: None,
        });
        let beginning = self.asked.unwrap_or_else(|| self.beginning());
        let gap = match told.status {
            ReplayStatus::Gap => Gap::Log,
            ReplayStatus::New | ReplayStatus::Kept if self.refused => Gap::Log,
            ReplayStatus::New | ReplayStatus::Unlogged if again => Gap::Session,
            ReplayStatus::Unlogged if matches!(beginning, ReplayFrom::After(_)) => Gap::Log,
            ReplayStatus::New
            | ReplayStatus::Kept
            | ReplayStatus::Resumed
            | ReplayStatus::Unlogged => Gap::None,
        };
        let status = if self.refused { ReplayStatus::Gap } else { told.status };
        self.refused = false;
        self.agreed_at = id;
        if self.log.is_some() && told.epoch.is_some_and(|epoch| self.log != Some(epoch)) {
            // Numbers of another log say nothing about this one's.
            self.received = Received::default();
        }
        if told.status == ReplayStatus::New
            && let Some(newest) = told.newest
        {
            self.begin_after(newest, told.epoch);
        } else if let ReplayFrom::After(asked) = beginning {
            self.begin_after(asked.id(), asked.epoch());
        }
        let Told { epoch, oldest, newest, .. } = told;
        self.replay = Some(Replay { status, epoch, oldest, newest, caught_up: false });
        self.catch_up();
        gap
    }

    /// The server refuses the position. Whether to ask again, from elsewhere.
    pub(super) fn refused(&mut self) -> bool {
        if !matches!(self.asked, Some(ReplayFrom::After(_))) {
            return false;
        }
        self.wish.from = Some(match self.wish.outdated {
            Outdated::Kept => ReplayFrom::Kept,
            Outdated::New => ReplayFrom::New,
            Outdated::Refuse => return false,
        });
        (self.received, self.log) = (Received::default(), None);
        self.refused = true;
        true
    }

    /// A message of this position comes in; `alone` if no other pattern of the client covers its
    /// channel, or has lately.
    pub(super) fn received(&mut self, id: u64, alone: bool) -> Taken {
        if self.epoch().is_none() && self.log.is_none() {
            self.received = Received::default();
            self.received.begin_after(id);
            return Taken { seen: false, caught_up: self.catch_up() };
        }
        let newest = self.replay.and_then(|replay| replay.newest);
        let is_young = newest.is_some_and(|newest| id > newest);
        let seen = !self.received.insert(id);
        if alone || is_young {
            self.received.settle(id);
        }
        if !seen {
            self.log = self.epoch();
        }
        Taken { seen, caught_up: self.catch_up() }
    }

    /// The reply to this connect says that everything up to a position was delivered. Whether
    /// [`Place::replay`] changed; `None` if the reply says nothing about this pattern.
    pub(super) fn settled(&mut self, id: u64, connect: u64) -> Option<bool> {
        if connect <= self.agreed_at || self.replay.is_none() {
            return None;
        }
        if self.received.settled() < Some(id) {
            self.log = self.epoch();
        }
        self.received.settle(id);
        Some(self.catch_up())
    }

    /// The session is gone. Which log the next one's server keeps is not known.
    pub(super) fn lost(&mut self) {
        self.replay = None;
        self.asked = None;
    }

    /// Everything up to here was received.
    pub(super) fn position(&self) -> Option<Position> {
        Some(Position::of(self.reached()?, self.log))
    }

    /// The number of [`Place::position`].
    pub(super) fn reached(&self) -> Option<u64> {
        self.received.settled()
    }

    /// What this session's server says.
    pub(super) fn replay(&self) -> Option<Replay> {
        self.replay
    }

    /// This session's log.
    pub(super) fn epoch(&self) -> Option<u64> {
        self.replay?.epoch
    }

    /// Everything up to this position was received, or is not wanted.
    fn begin_after(&mut self, id: u64, epoch: Option<u64>) {
        if self.received.settled() < Some(id) {
            self.log = epoch;
        } else {
            self.log = epoch.or(self.log);
        }
        self.received.begin_after(id);
    }

    /// Notes when everything has come that there was when the server agreed.
    fn catch_up(&mut self) -> bool {
        let reached = self.reached().unwrap_or(0);
        let Some(replay) = &mut self.replay else { return false };
        if replay.caught_up || replay.newest.is_none_or(|newest| newest > reached) {
            return false;
        }
        replay.caught_up = true;
        true
    }
}
