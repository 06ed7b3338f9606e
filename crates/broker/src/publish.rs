//! A message on its way from whoever publishes to everybody it is for.
//!
//! Whoever publishes, code or a client that was allowed to, a message passes the extensions, is
//! rendered once, gets its position where a rule keeps it, and is offered to the queues of those who
//! are to have it; listeners are told at the end. Who those are is the whole difference between a
//! broadcast and a delivery to a user. Messages to one session are in [`crate::directed`].
//!
//! Promises that messages of a channel that is kept reach every queue in the order of their
//! positions. Refuses meta, service and private channels to broadcasts from code; what a client may
//! publish was decided before.

use std::fmt;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::{Duration, Instant};

use encke_bayeux::{ChannelKind, ChannelName, ClientId, event};

use crate::broker::Broker;
use crate::cell::Subscriber;
use crate::event::{Draft, Event};
use crate::listener::Published;
use crate::round::Round;
use crate::stats::add;
use crate::user::UserId;

impl Broker {
    /// Publishes from code: no policy is asked, every subscriber receives. Returns how many.
    ///
    /// On a lazy channel the message may wait as long as the channel says.
    ///
    /// `data` is JSON text and goes out as it is.
    ///
    /// # Errors
    ///
    /// [`PublishError`] for channels that are not for broadcasts.
    pub fn publish(
        &self,
        channel: &ChannelName,
        data: &str,
        now: Instant,
    ) -> Result<usize, PublishError> {
        self.publish_within(channel, data, None, now)
    }

    /// Publishes from code what may wait for other messages up to `within` before it leaves.
    ///
    /// As [`Broker::publish`], whatever the settings of the channel say. `within` is cut to
    /// [`Config::max_lazy`](crate::Config::max_lazy); zero is at once.
    ///
    /// # Errors
    ///
    /// [`PublishError`] for channels that are not for broadcasts.
    pub fn publish_lazy(
        &self,
        channel: &ChannelName,
        data: &str,
        within: Duration,
        now: Instant,
    ) -> Result<usize, PublishError> {
        self.publish_within(channel, data, Some(within), now)
    }

    fn publish_within(
        &self,
        channel: &ChannelName,
        data: &str,
        within: Option<Duration>,
        now: Instant,
    ) -> Result<usize, PublishError> {
        if channel.kind() != ChannelKind::Broadcast {
            return Err(PublishError::NotBroadcast);
        }
        if self.is_private(channel) {
            return Err(PublishError::Private);
        }
        let draft = Draft { data: Some(data), within, ..Draft::default() };
        Ok(self.broadcast(channel, &draft, None, now).unwrap_or(0))
    }

    /// Delivers to every session of `user` with a subscription that matches `channel`.
    ///
    /// The channel may be private or not; other users never see the message. `data` is JSON text
    /// and goes out as it is. Returns how many sessions got it.
    pub fn deliver_to_user(
        &self,
        user: &UserId,
        channel: &ChannelName,
        data: &str,
        now: Instant,
    ) -> usize {
        self.deliver_at(user, channel, data, None, now)
    }

    /// The same with the message's position in the log, for messages that are told again.
    ///
    /// A position that is not greater than the newest one was told before: nothing happens then.
    /// Where no rule keeps the channel, the position does not matter.
    pub fn deliver_to_user_at(
        &self,
        user: &UserId,
        channel: &ChannelName,
        data: &str,
        position: u64,
        now: Instant,
    ) -> usize {
        self.deliver_at(user, channel, data, Some(position), now)
    }

    fn deliver_at(
        &self,
        user: &UserId,
        channel: &ChannelName,
        data: &str,
        position: Option<u64>,
        now: Instant,
    ) -> usize {
        let draft = Draft { data: Some(data), ..Draft::default() };
        let named_only = self.config().named_only.contains(channel);
        let sent = self.send(channel, Some(user), &draft, position, now, |round| {
            if let Some(cells) = self.shared.users.get(user) {
                for cell in cells.iter() {
                    round.offer(cell, 0, |session| session.listens_to(channel, named_only));
                }
            }
        });
        sent.unwrap_or(0)
    }

    pub(crate) fn is_private(&self, channel: &ChannelName) -> bool {
        self.config().private.iter().any(|private| private.matches(channel))
    }

    /// Hands an event to every subscriber of `channel` once. `None` if an extension dropped it.
    pub(crate) fn broadcast(
        &self,
        channel: &ChannelName,
        draft: &Draft<'_>,
        not_to: Option<ClientId>,
        now: Instant,
    ) -> Option<usize> {
        add(&self.counters().published, 1);
        let publish = self.next_publish();
        self.send(channel, None, draft, None, now, |round| {
            round.not_to(not_to);
            let index = &self.shared.index;
            index.visit(channel, |Subscriber(cell)| round.offer(cell, publish, |_| true));
        })
    }

    /// Renders a message, keeps it if a rule says so, and offers it. Returns how many got it, or
    /// `None` if an extension dropped it.
    ///
    /// What is kept is offered while the log is locked, so that everybody gets it in the order of
    /// positions.
    fn send(
        &self,
        channel: &ChannelName,
        user: Option<&UserId>,
        draft: &Draft<'_>,
        position: Option<u64>,
        now: Instant,
        offer: impl FnOnce(&mut Round<'_>),
    ) -> Option<usize> {
        let rewritten = self.pass_outgoing(channel, user, draft)?;
        let draft = rewritten.apply(draft);
        let settings = self.config().channel(channel);
        let log = if settings.replay.is_some() { self.log() } else { None };
        let Some(mut log) = log else {
            let event = Event::new(draft.render(channel, self.config(), now), now);
            let mut round = Round::new(self, event.on(settings, draft.within, self.config()));
            offer(&mut round);
            return Some(self.told(channel, user, &draft, round.finish()));
        };
        let place = position.unwrap_or(log.newest() + 1);
        let stamped = draft.data.filter(|_| settings.stamp_data);
        let stamped = stamped.and_then(|data| event::stamp(data, place));
        let draft = Draft { data: stamped.as_deref().or(draft.data), ..draft };
        let text = draft.render(channel, self.config(), now);
        let at_ms = log.unix_ms(now);
        let Some(entry) = log.append(channel, user, text, Some(place), at_ms) else {
            return Some(0);
        };
        let event = Event::kept(entry, now).on(settings, draft.within, self.config());
        let mut round = Round::new(self, event);
        offer(&mut round);
        self.shared.settled.store(place, Ordering::Release);
        let waiting = log.wakers();
        drop(log);
        waiting.into_iter().for_each(Waker::wake);
        Some(self.told(channel, user, &draft, round.finish()))
    }

    /// Tells listeners of a message that has reached so many sessions.
    fn told(
        &self,
        channel: &ChannelName,
        to: Option<&UserId>,
        draft: &Draft<'_>,
        reached: usize,
    ) -> usize {
        for listener in &self.config().listeners {
            let message = Published {
                channel,
                from: draft.from.map(|cell| cell.id),
                from_user: draft.from.and_then(|cell| cell.user.as_ref()),
                to,
                data: draft.data.unwrap_or("null"),
                reached,
            };
            self.guarded("listener", || listener.published(&message));
        }
        reached
    }
}

/// Why a publish from code was refused. The caller's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublishError {
    /// Meta and service channels are not broadcast.
    NotBroadcast,
    /// The channel is private to users; use [`Broker::deliver_to_user`].
    Private,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBroadcast => "meta and service channels are not broadcast",
            Self::Private => "the channel is private to users",
        })
    }
}

impl std::error::Error for PublishError {}
