//! Sessions and subscriptions coming and going.
//!
//! A session stands in the map of sessions, in the entry of its user, and with each subscription in
//! the index. Its own list of subscriptions is the truth; the index follows it, and whoever adds to
//! the index looks back whether the session still wants it.

use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::{BrowserId, ChannelPattern, ClientId, Failure};

use crate::broker::{Broker, Cell, Subscriber};
use crate::effect::Ended;
use crate::listener::RemovedBecause;
use crate::session::Session;
use crate::stats::add;
use crate::user::UserId;

impl Broker {
    /// Finds the session that a request may use.
    pub(crate) fn find(
        &self,
        client: Option<&str>,
        user: Option<&UserId>,
        browser: Option<&BrowserId>,
    ) -> Option<Arc<Cell>> {
        let id = ClientId::parse(client?)?;
        let cell = self.shared.sessions.get(&id).map(|cell| Arc::clone(&cell))?;
        let admitted =
            cell.user.as_ref() == user && (user.is_some() || cell.lock().admits(browser));
        admitted.then_some(cell)
    }

    /// Adds a session after a handshake.
    pub(crate) fn add_session(
        &self,
        id: ClientId,
        user: Option<&UserId>,
        session: Session,
        now: Instant,
    ) -> Result<(), Failure> {
        if self.shared.sessions.len() >= self.config().sessions {
            return Err(Failure::TooManySessions);
        }
        let cell = Arc::new(Cell::new(id, self.next_number(), user.cloned(), session));
        if let Some(user) = user {
            let mut cells = self.shared.users.entry(user.clone()).or_default();
            if self.config().sessions_per_user.is_some_and(|most| cells.len() >= most) {
                return Err(Failure::TooManySessions);
            }
            cells.push(Arc::clone(&cell));
        }
        let arm = cell.lock().arm();
        self.shared.sessions.insert(id, cell);
        self.arm(id, arm, now);
        add(&self.counters().handshakes, 1);
        tracing::debug!(client = ?id, user = user.map(UserId::as_str), "session added");
        if let Some(listener) = &self.config().listener {
            listener.session_added(id, user);
        }
        Ok(())
    }

    /// Ends a session and removes every trace of it but what a held connect still has to say.
    pub(crate) fn remove(&self, cell: &Arc<Cell>, because: RemovedBecause) {
        let Some(Ended { subscriptions, held, link }) = cell.lock().end(because) else {
            return;
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
        // of the disconnect. Where there is none, or its client is too slow, the queue is lost.
        let last_response =
            held.is_some() || link.is_some() || because == RemovedBecause::Disconnected;
        if because == RemovedBecause::Overflow || !last_response {
            self.drop_queue(cell);
        }
        tracing::debug!(client = ?cell.id, ?because, "session removed");
        self.wake(held);
        if let Some(link) = link {
            link.wake();
        }
        if let Some(listener) = &self.config().listener {
            listener.session_removed(cell.id, cell.user.as_ref(), because);
        }
    }

    /// Subscribes; the session's own list is the truth, the index follows it.
    pub(crate) fn subscribe(
        &self,
        cell: &Arc<Cell>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        if self.add_subscription(cell, pattern)? {
            self.tell_subscribed(cell, std::slice::from_ref(pattern));
        }
        Ok(())
    }

    /// Adds a subscription and tells nobody; whether it is new.
    pub(crate) fn add_subscription(
        &self,
        cell: &Arc<Cell>,
        pattern: &ChannelPattern,
    ) -> Result<bool, Failure> {
        let limit = self.config().subscriptions_per_session;
        let added = cell.lock().subscribe(pattern, limit).ok_or(Failure::TooManySubscriptions)?;
        if !added {
            return Ok(false);
        }
        if !self.lies_in_private(pattern) {
            self.shared.index.subscribe(pattern, Subscriber(Arc::clone(cell)));
            // Whoever removed the subscription meanwhile found nothing in the index to remove.
            if !cell.lock().has(pattern) {
                self.unindex(cell, pattern);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells of new subscriptions. No lock may be held.
    pub(crate) fn tell_subscribed(&self, cell: &Cell, patterns: &[ChannelPattern]) {
        if let Some(listener) = &self.config().listener {
            for pattern in patterns {
                listener.subscribed(cell.id, cell.user.as_ref(), pattern);
            }
        }
    }

    /// Unsubscribes; whether there was a subscription does not matter.
    pub(crate) fn unsubscribe(&self, cell: &Arc<Cell>, pattern: &ChannelPattern) {
        if cell.lock().unsubscribe(pattern) {
            self.unindex(cell, pattern);
            if let Some(listener) = &self.config().listener {
                listener.unsubscribed(cell.id, cell.user.as_ref(), pattern);
            }
        }
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
