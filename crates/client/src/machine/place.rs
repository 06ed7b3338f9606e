//! Where one pattern stands in the server's log.
//!
//! Every pattern has a place, whether the application asked for one or not: it begins with what is
//! new, and a later session goes on behind what was received. What the server says of its log, or
//! does not say, decides whether something is missing.
//!
//! # How the position moves
//!
//! - With every message, to its number.
//! - With the agreement of a server that tells its newest position, if the pattern begins there.
//! - With a connect reply that names a position (everything up to it was delivered). Only if the
//!   connect was sent after the server's agreement was heard: an older one may have passed it on
//!   another connection, and speak of a time when the pattern was not subscribed.
//! - Back to nothing when the server refuses it.
//!
//! # Messages that come again
//!
//! A server that names its log numbers all its channels in one sequence. Then a message of a
//! position that was passed is one that another pattern of this client made the server send again,
//! and this pattern has had it. Of other servers nothing like that is assumed.
//!
//! # What this does not see
//!
//! Two patterns that overlap, of which the later one begins at an older position: a message that is
//! on its way for the first while the second is agreed on moves the second's place beyond what the
//! server is about to send again for it, and that is passed over without a gap. Subscribe from old
//! positions before, or on channels that no other pattern of the client covers.

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
    /// Behind what was received.
    position: Option<Position>,
    /// What the request on its way names; `None` if the server keeps no log.
    asked: Option<ReplayFrom>,
    /// The position was refused, and what follows begins elsewhere.
    refused: bool,
    /// What this session's server says.
    replay: Option<Replay>,
    /// Connects with a greater id were sent after the agreement.
    agreed_at: u64,
}

impl Place {
    pub(super) fn new(wish: Wish) -> Self {
        Self { wish, position: None, asked: None, refused: false, replay: None, agreed_at: 0 }
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
        self.position.map_or(self.wish.from.unwrap_or(ReplayFrom::New), ReplayFrom::After)
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
        if told.status == ReplayStatus::New
            && let Some(newest) = told.newest
        {
            self.advance(newest, told.epoch);
        } else if let ReplayFrom::After(asked) = beginning {
            self.advance(asked.id(), asked.epoch());
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
        self.position = None;
        self.refused = true;
        true
    }

    /// A message of this position comes in: `None` if the pattern had it already, else whether
    /// [`Place::replay`] changed.
    pub(super) fn received(&mut self, id: u64) -> Option<bool> {
        if let Some(position) = self.position
            && id <= position.id()
            && (self.epoch().is_some() || position.epoch().is_some())
        {
            return None;
        }
        self.position = Some(Position::of(id, self.epoch()));
        Some(self.catch_up())
    }

    /// The reply to this connect says that everything up to a position was delivered. Whether
    /// [`Place::replay`] changed; `None` if the reply says nothing about this pattern.
    pub(super) fn settled(&mut self, id: u64, connect: u64) -> Option<bool> {
        if connect <= self.agreed_at || self.replay.is_none() {
            return None;
        }
        self.advance(id, self.epoch());
        Some(self.catch_up())
    }

    /// The session is gone. Which log the next one's server keeps is not known.
    pub(super) fn lost(&mut self) {
        self.replay = None;
        self.asked = None;
    }

    /// Behind what was received.
    pub(super) fn position(&self) -> Option<Position> {
        self.position
    }

    /// What this session's server says.
    pub(super) fn replay(&self) -> Option<Replay> {
        self.replay
    }

    /// This session's log.
    pub(super) fn epoch(&self) -> Option<u64> {
        self.replay?.epoch
    }

    fn advance(&mut self, id: u64, epoch: Option<u64>) {
        match &mut self.position {
            Some(position) if position.id() >= id => {
                *position = Position::of(position.id(), epoch.or(position.epoch()));
            }
            position => *position = Some(Position::of(id, epoch)),
        }
    }

    /// Notes when everything has come that there was when the server agreed.
    fn catch_up(&mut self) -> bool {
        let Some(replay) = &mut self.replay else { return false };
        let reached = self.position.map_or(0, Position::id);
        if replay.caught_up || replay.newest.is_none_or(|newest| newest > reached) {
            return false;
        }
        replay.caught_up = true;
        true
    }
}
