//! What code does to one session: deliver, configure, end.
//!
//! The session is named by its client id, which code has from a [`Listener`](crate::Listener), a
//! policy or a service. All of it may be done from any thread; a session that has ended is no
//! mistake, and is told by the return value.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use encke_bayeux::{ChannelName, ClientId};

use crate::broker::{Broker, Cell};
use crate::config::ConfigError;
use crate::event::{Draft, Event};
use crate::listener::RemovedBecause;
use crate::round::Round;
use crate::session_settings::SessionSettings;
use crate::user::UserId;

/// What a client is sent when the server ends its session.
const DISCONNECT: &[u8] = b"{\"channel\":\"/meta/disconnect\",\"successful\":true}";

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
        self.session(client).is_some_and(|cell| self.disconnect(&cell, now))
    }

    /// Ends every session of `user`; held connects are told to stay away. Returns how many.
    pub fn disconnect_user(&self, user: &UserId, now: Instant) -> usize {
        let cells = self.shared.users.get(user).map(|cells| cells.clone()).unwrap_or_default();
        cells.iter().filter(|cell| self.disconnect(cell, now)).count()
    }

    fn disconnect(&self, cell: &Arc<Cell>, now: Instant) -> bool {
        // Code inside the process is told by the end of the stream.
        if cell.within.is_none() {
            self.append(cell, Event::new(Bytes::from_static(DISCONNECT), now).queued(false));
        }
        self.remove(cell, RemovedBecause::Server)
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
            let text = rewritten.apply(&draft).render(channel);
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
