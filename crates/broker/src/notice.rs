//! What listeners have still to be told of one session.
//!
//! Listeners are called under no lock, and yet in the order of what happened. So what happens is
//! noted where it happens, under the session's lock, and told afterwards; while one thread tells,
//! others that have something to tell leave it to that thread. A listener that comes back to the
//! broker only adds to what is told next.
//!
//! Sessions without news hold a null pointer. A client whose news pile up, since a listener is
//! slower than it, is refused further messages with `503::server_busy` until they are told.

use std::collections::VecDeque;

use encke_bayeux::ChannelPattern;

use crate::broker::Broker;
use crate::cell::Cell;
use crate::channel_rule::Overflow;
use crate::effect::Release;
use crate::listener::{Listener, RemovedBecause};

/// Most news of one session that wait to be told before its client has to wait.
const MAX_UNTOLD: usize = 1024;

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Notice {
    Added,
    Subscribed(ChannelPattern),
    Unsubscribed(ChannelPattern),
    Held,
    Released(Release),
    Full(Overflow),
    Removed(RemovedBecause),
}

impl Notice {
    fn tell(&self, listener: &dyn Listener, cell: &Cell) {
        let (client, user) = (cell.id, cell.user.as_ref());
        match self {
            Self::Added => listener.session_added(client, user),
            Self::Subscribed(pattern) => listener.subscribed(client, user, pattern),
            Self::Unsubscribed(pattern) => listener.unsubscribed(client, user, pattern),
            Self::Held => listener.connect_held(client, user),
            Self::Released(because) => listener.connect_released(client, user, *because),
            Self::Full(overflow) => listener.queue_full(client, user, *overflow),
            Self::Removed(because) => listener.session_removed(client, user, *because),
        }
    }
}

/// What is still to be told, and whether a thread is at it.
#[derive(Debug, Default)]
pub(crate) struct Notices(Option<Box<Untold>>);

#[derive(Debug, Default)]
struct Untold {
    queue: VecDeque<Notice>,
    telling: bool,
}

impl Notices {
    pub(crate) fn push(&mut self, notice: Notice) {
        self.0.get_or_insert_default().queue.push_back(notice);
    }

    /// Whether the client has to wait.
    pub(crate) fn is_behind(&self) -> bool {
        self.0.as_ref().is_some_and(|untold| untold.queue.len() >= MAX_UNTOLD)
    }

    /// The first to tell, unless another thread is at it.
    fn begin(&mut self) -> Option<Notice> {
        let untold = self.0.as_mut().filter(|untold| !untold.telling)?;
        untold.telling = true;
        self.next()
    }

    /// The next to tell for the thread that is at it, or the end of its work.
    fn next(&mut self) -> Option<Notice> {
        let next = self.0.as_mut().and_then(|untold| untold.queue.pop_front());
        if next.is_none() {
            self.0 = None;
        }
        next
    }
}

impl Broker {
    pub(crate) fn has_listeners(&self) -> bool {
        !self.config().listeners.is_empty()
    }

    /// Tells what was noted about a session. No lock may be held.
    pub(crate) fn tell(&self, cell: &Cell) {
        if !self.has_listeners() {
            return;
        }
        let mut next = cell.lock().notices().begin();
        while let Some(notice) = next {
            for listener in &self.config().listeners {
                self.guarded("listener", || notice.tell(&**listener, cell));
            }
            next = cell.lock().notices().next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_tells_and_others_leave_it_to_that_one() {
        let mut notices = Notices::default();
        assert!(notices.begin().is_none());
        notices.push(Notice::Held);
        assert!(matches!(notices.begin(), Some(Notice::Held)));
        notices.push(Notice::Added);
        assert!(notices.begin().is_none(), "somebody is at it");
        assert!(matches!(notices.next(), Some(Notice::Added)));
        assert!(notices.next().is_none() && notices.0.is_none(), "nothing is kept");
        notices.push(Notice::Held);
        assert!(matches!(notices.begin(), Some(Notice::Held)));
    }

    #[test]
    fn a_client_has_to_wait_when_its_news_pile_up() {
        let mut notices = Notices::default();
        (0..MAX_UNTOLD).for_each(|_| notices.push(Notice::Held));
        assert!(notices.is_behind());
        notices.begin();
        assert!(!notices.is_behind());
    }
}
