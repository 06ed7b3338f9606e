//! The link of a session, as its machine knows it.
//!
//! A session has one link at most, the one that was attached last. Links are numbered, so what an
//! older one asks is answered with its end and what it says changes nothing. What a connection does
//! with its link is in [`crate::link`].
//!
//! Wakes nobody: wakers are given back, to be woken when the lock of the session is free.

use std::task::Waker;

use super::Session;
use crate::effect::{LinkState, Unlinked};

/// The link there is, and how many there have been.
#[derive(Debug, Default)]
pub(super) struct Links {
    attached: Option<Attached>,
    /// The generation of the one that was attached last.
    newest: u64,
}

/// A connection that takes messages whenever there are some.
#[derive(Debug)]
struct Attached {
    waker: Option<Waker>,
}

impl Links {
    /// A new link and its generation; an earlier one is over.
    fn attach(&mut self) -> (u64, Option<Unlinked>) {
        let over = self.detach_any();
        self.newest += 1;
        self.attached = Some(Attached { waker: None });
        (self.newest, over)
    }

    fn detach(&mut self, generation: u64) {
        if self.newest == generation {
            self.attached = None;
        }
    }

    fn detach_any(&mut self) -> Option<Unlinked> {
        self.attached.take().map(|link| Unlinked(link.waker))
    }

    fn nudge(&mut self) -> Option<Waker> {
        self.attached.as_mut().and_then(|link| link.waker.take())
    }

    /// What the link of `generation` finds where there are `messages` for it, or none.
    fn poll(&mut self, generation: u64, waker: &Waker, messages: bool) -> LinkState {
        match self.attached.as_mut().filter(|_| self.newest == generation) {
            None => LinkState::Over,
            Some(_) if messages => LinkState::Messages,
            Some(link) => {
                if !link.waker.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                    link.waker = Some(waker.clone());
                }
                LinkState::Waiting
            }
        }
    }
}

impl Session {
    /// Attaches a connection that takes messages at any time; an earlier one is over.
    pub(crate) fn attach(&mut self) -> (u64, Option<Unlinked>) {
        self.links.attach()
    }

    /// The connection of the link of `generation` ended.
    pub(crate) fn detach(&mut self, generation: u64) {
        self.links.detach(generation);
    }

    /// The client has come back another way: whatever link there was is over.
    pub(crate) fn detach_any(&mut self) -> Option<Unlinked> {
        self.links.detach_any()
    }

    /// Something has changed that the link should look at.
    pub(crate) fn nudge_link(&mut self) -> Option<Waker> {
        self.links.nudge()
    }

    /// Asks, for the link of `generation`, what there is; if nothing, remembers the waker.
    pub(crate) fn poll_link(&mut self, generation: u64, waker: &Waker) -> LinkState {
        if self.is_gone() && generation == self.links.newest && !self.outbox.is_empty() {
            return LinkState::Messages;
        }
        let urgent = self.is_urgent() && !self.outbox.is_acknowledged();
        self.links.poll(generation, waker, urgent)
    }

    pub(super) fn is_linked(&self) -> bool {
        self.links.attached.is_some()
    }

    /// Whether messages leave through a link, and not with connects.
    pub(super) fn is_pushed_to(&self) -> bool {
        self.is_linked() && !self.outbox.is_acknowledged()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_link_says_changes_nothing() {
        let mut links = Links::default();
        let (first, none) = links.attach();
        assert!(none.is_none());
        assert_eq!(links.poll(first, Waker::noop(), false), LinkState::Waiting);
        let (second, over) = links.attach();
        assert!(over.is_some_and(|over| over.0.is_some()), "the first waits to be told");
        assert_eq!(links.poll(first, Waker::noop(), true), LinkState::Over);
        links.detach(first);
        assert_eq!(links.poll(second, Waker::noop(), true), LinkState::Messages);
        links.detach(second);
        assert_eq!(links.poll(second, Waker::noop(), true), LinkState::Over);
    }

    #[test]
    fn a_link_is_woken_once_for_each_time_it_waits() {
        let mut links = Links::default();
        let (link, _) = links.attach();
        assert!(links.nudge().is_none());
        assert_eq!(links.poll(link, Waker::noop(), false), LinkState::Waiting);
        assert!(links.nudge().is_some());
        assert!(links.nudge().is_none());
        assert_eq!(links.poll(link, Waker::noop(), true), LinkState::Messages);
        assert!(links.nudge().is_none(), "nobody waits who has messages to take");
    }
}
