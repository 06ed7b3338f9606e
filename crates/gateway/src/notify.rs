//! Where notifications go, and where each stands among all.
//!
//! The projection knows one verb, so that its tests can record what it sends and an embedder can
//! stand in front of the broker.

use std::fmt::Debug;

use encke_bayeux::ChannelName;
use encke_broker::{Broker, UserId};
use encke_calls::{Interaction, Limits, Position};

use crate::time;

/// A way to reach the sessions of one user.
///
/// Called on the writer of the call-state core, between two commits: it must not block.
pub trait Notify: Debug + Send + Sync + 'static {
    /// Delivers `data`, which is JSON text, to every session of `user` that listens to `channel`.
    /// Answers how many were reached; nobody listening is no error.
    ///
    /// Places ascend from call to call. A place that was there before means the same notification
    /// again, as after a crash.
    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str, place: Place) -> usize;

    /// Notifications of changes up to `until` may be missing among those that were delivered
    /// again. Called when they have been. Default: nothing is done.
    fn missing(&self, until: Position) {
        let _ = until;
    }
}

/// The place of a notification among all notifications of one call-state core.
///
/// It is made of the place of the change in the journal and of a number among the notifications of
/// that change. Both follow from the journal alone, not from who has which line or who listens, so
/// a notification that is derived again has the place it had.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    change: Position,
    number: u64,
}

impl Place {
    /// How many notifications a change has at most: 64.
    ///
    /// Each party of a call is told at most twice, and somebody else once; of the agents of an
    /// interaction one is told three times and the others twice. The bounds on parties and on agents
    /// keep that below this number.
    pub const PER_CHANGE: u64 = 64;

    /// The place of the notification numbered `number`, from 0, of the change at `change`.
    ///
    /// `None` for [`PER_CHANGE`](Self::PER_CHANGE) and above.
    pub fn new(change: Position, number: u64) -> Option<Self> {
        (number < Self::PER_CHANGE).then_some(Self { change, number })
    }

    /// The last place that a notification of the change at `change` can have.
    pub fn last_of(change: Position) -> Self {
        Self { change, number: Self::PER_CHANGE - 1 }
    }

    /// The place of the change in the journal.
    pub fn change(self) -> Position {
        self.change
    }

    /// The number among the notifications of the change.
    pub fn number(self) -> u64 {
        self.number
    }

    /// The place as one number: `change * 64 + number`.
    pub fn sequence(self) -> u64 {
        self.change.get().saturating_mul(Self::PER_CHANGE).saturating_add(self.number)
    }
}

// Each party twice, and one more.
const _: () = assert!(2 * (Limits::MAX_PARTIES as u64) < Place::PER_CHANGE);
// Each agent at most three times.
const _: () = assert!(3 * (Interaction::MAX_AGENTS as u64) < Place::PER_CHANGE);

impl Notify for Broker {
    /// Where the broker keeps the channel, the message gets the position of its place above the
    /// log's epoch; delivered again it is passed over.
    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str, place: Place) -> usize {
        let position = self.epoch().unwrap_or(0).saturating_add(place.sequence());
        self.deliver_to_user_at(user, channel, data, position, time::now())
    }

    fn missing(&self, until: Position) {
        if let Some(epoch) = self.epoch() {
            self.log_misses(epoch.saturating_add(Place::last_of(until).sequence()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_ascend_with_changes_and_numbers_and_never_meet() {
        let place = |change, number| Place::new(Position::new(change), number).unwrap();
        let places = [place(0, 0), place(7, 0), place(7, 63), place(8, 0), place(8, 1)];
        assert!(places.is_sorted());
        assert_eq!(places.map(Place::sequence), [0, 448, 511, 512, 513]);
        assert_eq!(Place::last_of(Position::new(7)), place(7, 63));
        assert_eq!(Place::new(Position::new(7), 64), None);
    }
}
