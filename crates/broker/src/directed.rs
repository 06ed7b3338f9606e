//! What code does to one session: deliver, configure, end.
//!
//! The session is named by its client id, which code has from a [`Listener`](crate::Listener), a
//! policy or a service. All of it may be done from any thread; a session that has ended is no
//! mistake, and is told by the return value.

use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::reply::Reply;
use encke_bayeux::{ChannelName, ClientId};

use crate::broker::Broker;
use crate::cell::Cell;
use crate::config::ConfigError;
use crate::event::{Draft, Event};
use crate::listener::RemovedBecause;
use crate::outbox::Admitted;
use crate::round::Round;
use crate::session_settings::SessionSettings;
use crate::stats::add;
use crate::user::UserId;

impl Broker {
    /// Delivers to one session, whatever it is subscribed to. False if it has ended or is full, or if
    /// an extension dropped the message.
    ///
    /// `channel` may be any, private and service channels included; `data` is JSON text and goes
    /// out as it is. A session whose queue is full is cut, as with a publish.
    pub fn deliver(
        &self,
        client: ClientId,
        channel: &ChannelName,
        data: &str,
        now: Instant,
    ) -> bool {
        self.session(client).is_some_and(|cell| self.deliver_to(&cell, channel, data, now))
    }

    /// Changes settings of one session; whatever is not set is the broker's configuration again.
    ///
    /// They hold from the next message of the client on; new times go out as advice with the next
    /// connect reply, that of a held connect included. False if the session has ended.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for times that [`Config`](crate::Config) would not take.
    pub fn configure(
        &self,
        client: ClientId,
        settings: SessionSettings,
    ) -> Result<bool, ConfigError> {
        settings.check()?;
        let Some(cell) = self.session(client) else {
            return Ok(false);
        };
        let mut session = cell.lock();
        session.configure(settings, self.config());
        Ok(!session.is_gone())
    }

    /// Ends one session; a held connect is told to stay away. False if it had ended already.
    ///
    /// What waits for the client goes out before, where a connect is held.
    pub fn disconnect_session(&self, client: ClientId, now: Instant) -> bool {
        self.session(client).is_some_and(|cell| self.dismiss(&cell, RemovedBecause::Server, now))
    }

    /// Ends every session of `user`; held connects are told to stay away. Returns how many.
    pub fn disconnect_user(&self, user: &UserId, now: Instant) -> usize {
        let cells = self.shared.users.get(user).map(|cells| cells.clone()).unwrap_or_default();
        cells.iter().filter(|cell| self.dismiss(cell, RemovedBecause::Server, now)).count()
    }

    /// Ends a session and tells its client to stay away, behind all that it still has to get. False
    /// if it had ended already.
    pub(crate) fn dismiss(&self, cell: &Arc<Cell>, because: RemovedBecause, now: Instant) -> bool {
        // Code inside the process is told by the end of the stream.
        if cell.within.is_none() {
            self.bid_farewell(cell, now);
        }
        self.remove(cell, because)
    }

    /// Queues a disconnect, and releases nothing for it.
    fn bid_farewell(&self, cell: &Cell, now: Instant) {
        let mut text = Vec::new();
        let success = Reply::success(Some("/meta/disconnect"), None);
        let farewell = Reply { timestamp: self.config().timestamp(now), ..success };
        farewell.render(self.config().dialect, &mut text);
        let message = Event::new(text.into(), now).queued(false);
        let bytes = message.text.len();
        // A queue that is full has no room for it; the connect that is held says it as well.
        let admitted = cell.lock().append(message, self.config());
        if let Admitted::Waits(given_up) = admitted {
            self.count_queued(1, bytes);
            self.count_gone(given_up);
            add(&self.counters().overflow_dropped, given_up.messages);
        }
    }

    pub(crate) fn deliver_to(
        &self,
        cell: &Arc<Cell>,
        channel: &ChannelName,
        data: &str,
        now: Instant,
    ) -> bool {
        let draft = Draft { data: Some(data), ..Draft::default() };
        self.pass_outgoing(channel, cell.user.as_ref(), &draft).is_some_and(|rewritten| {
            let text = rewritten.apply(&draft).render(channel, self.config(), now);
            self.offer_to(cell, Event::new(text, now))
        })
    }

    /// Offers an event to one session whatever it is subscribed to; whether it was queued.
    pub(crate) fn offer_to(&self, cell: &Arc<Cell>, event: Event) -> bool {
        let mut round = Round::new(self, event);
        round.offer(cell, 0, |_| true);
        round.finish() == 1
    }

    fn session(&self, client: ClientId) -> Option<Arc<Cell>> {
        self.shared.sessions.get(&client).map(|cell| Arc::clone(&cell))
    }
}
