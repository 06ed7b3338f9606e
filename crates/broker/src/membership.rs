//! Sessions and subscriptions coming and going.
//!
//! A session stands in the map of sessions, in the entry of its user, and with each subscription in
//! the index. Its own list of subscriptions is the truth; the index follows it, and whoever adds to
//! the index looks back whether the session still wants it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::{BrowserId, ChannelPattern, ClientId, Failure};

use crate::address::network;
use crate::broker::{Broker, Cell, Subscriber};
use crate::effect::Ended;
use crate::listener::RemovedBecause;
use crate::notice::Notice;
use crate::stats::add;
use crate::tally::Seat;
use crate::user::UserId;

impl Broker {
    /// Finds the session that a request may use.
    pub(crate) fn find(
        &self,
        client: Option<&str>,
        user: Option<&UserId>,
        browser: Option<&BrowserId>,
        socket: bool,
    ) -> Option<Arc<Cell>> {
        let id = ClientId::parse(client?)?;
        let cell = self.shared.sessions.get(&id).map(|cell| Arc::clone(&cell))?;
        cell.admits(user, browser, socket).then_some(cell)
    }

    /// A seat among the sessions of an address, where those are bounded.
    pub(crate) fn seat_of_address(
        &self,
        address: Option<IpAddr>,
    ) -> Result<Option<Seat<IpAddr>>, Failure> {
        let Some((address, most)) = address.map(network).zip(self.config().sessions_per_address)
        else {
            return Ok(None);
        };
        self.shared.addresses.take(address, most).map(Some).ok_or_else(|| {
            add(&self.counters().addresses_limited, 1);
            Failure::TooManySessionsOfAddress
        })
    }

    /// Adds a session that may begin.
    pub(crate) fn add_session(&self, cell: Cell, now: Instant) -> Result<Arc<Cell>, Failure> {
        if self.shared.sessions.len() >= self.config().sessions {
            return Err(Failure::TooManySessions);
        }
        let cell = Arc::new(cell);
        let user = cell.user.as_ref();
        if let Some(user) = user {
            let mut cells = self.shared.users.entry(user.clone()).or_default();
            if self.config().sessions_per_user.is_some_and(|most| cells.len() >= most) {
                return Err(Failure::TooManySessions);
            }
            cells.push(Arc::clone(&cell));
        }
        let arm = {
            let mut session = cell.lock();
            session.note(Notice::Added, self.config());
            session.arm()
        };
        self.shared.sessions.insert(cell.id, Arc::clone(&cell));
        self.arm(cell.id, arm, now);
        add(&self.counters().handshakes, 1);
        tracing::debug!(client = ?cell.id, user = user.map(UserId::as_str), "session added");
        self.tell(&cell);
        Ok(cell)
    }

    /// Ends a session and removes every trace of it but what a held connect still has to say.
    ///
    /// False if it had ended already.
    pub(crate) fn remove(&self, cell: &Arc<Cell>, because: RemovedBecause) -> bool {
        let Some(Ended { subscriptions, held, owed, link }) =
            cell.lock().end(because, self.config())
        else {
            return false;
        };
        self.shared.sessions.remove(&cell.id);
        if let Some(user) = &cell.user {
            self.shared.users.remove_if_mut(user, |_, cells| {
                if let Some(place) = cells.iter().position(|other| Arc::ptr_eq(other, cell)) {
                    cells.swap_remove(place);
                }
                cells.is_empty()
            });
        }
        for pattern in &subscriptions {
            self.unindex(cell, pattern);
        }
        // The last response of a session takes its queue along: the held connect's, the link's or that
        // of the request upon which it ends. Where there is none, or its client is too slow, the queue
        // is lost.
        let asked = matches!(because, RemovedBecause::Disconnected | RemovedBecause::Inactive);
        let last_response = owed || link.is_some() || asked;
        if because == RemovedBecause::Overflow || !last_response {
            self.drop_queue(cell);
        }
        tracing::debug!(client = ?cell.id, ?because, "session removed");
        self.wake(cell, held);
        if let Some(link) = link {
            link.wake();
        }
        self.tell(cell);
        true
    }

    /// Subscribes; the session's own list is the truth, the index follows it.
    pub(crate) fn subscribe(
        &self,
        cell: &Arc<Cell>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        self.add_subscription(cell, pattern)?;
        self.tell(cell);
        Ok(())
    }

    /// Adds a subscription, of which listeners are still to be told.
    pub(crate) fn add_subscription(
        &self,
        cell: &Arc<Cell>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        let added = cell.lock().subscribe(pattern, self.config());
        if !added.ok_or(Failure::TooManySubscriptions)? {
            return Ok(());
        }
        if !self.lies_in_private(pattern) {
            self.shared.index.subscribe(pattern, Subscriber(Arc::clone(cell)));
            // Whoever removed the subscription meanwhile found nothing in the index to remove.
            if !cell.lock().has(pattern) {
                self.unindex(cell, pattern);
            }
        }
        Ok(())
    }

    /// Unsubscribes; whether there was a subscription does not matter.
    pub(crate) fn unsubscribe(&self, cell: &Arc<Cell>, pattern: &ChannelPattern) {
        let unsubscribed = cell.lock().unsubscribe(pattern, self.config());
        if unsubscribed {
            self.unindex(cell, pattern);
            self.tell(cell);
        }
    }

    /// Whether anybody is subscribed to this very pattern, private ones left out.
    pub(crate) fn is_subscribed(&self, pattern: &ChannelPattern) -> bool {
        self.shared.index.contains(pattern)
    }

    /// Whether a pattern can match nothing but private channels.
    pub(crate) fn lies_in_private(&self, pattern: &ChannelPattern) -> bool {
        self.config().private.iter().any(|private| private.contains(pattern))
    }

    fn unindex(&self, cell: &Arc<Cell>, pattern: &ChannelPattern) {
        if !self.lies_in_private(pattern) {
            self.shared.index.unsubscribe(pattern, &Subscriber(Arc::clone(cell)));
        }
    }
}
