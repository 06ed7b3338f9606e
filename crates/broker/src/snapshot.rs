//! What is there right now: for operators, back ends and people who debug.
//!
//! Everything here is bounded: lists come in pages of at most [`MAX_PAGE`] entries, in a stable
//! order, and the next page begins after the last entry of the one before. Sessions are ordered by
//! their [`number`](SessionView::number), channels and users by name. What comes and goes between
//! two pages may be missed or be stale; what stays is shown once.
//!
//! A page costs one walk over all sessions or patterns, each locked for a moment; queues are
//! counted, never copied. Client ids are shortened, since a whole one opens the session.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::ChannelPattern;
use serde::Serialize;

use crate::broker::{Broker, Cell};
use crate::stats::Stats;
use crate::user::UserId;

/// Most entries of one page.
pub const MAX_PAGE: usize = 1000;

/// Most subscriptions that a [`SessionView`] names.
pub const MAX_SUBSCRIPTIONS: usize = 100;

/// A broker at one moment: its counters, and the first page of sessions and channels.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether the broker is about to stop.
    pub draining: bool,
    /// The counters.
    pub stats: Stats,
    /// Users that have a session.
    pub users: usize,
    /// Patterns that somebody is subscribed to, private ones left out.
    pub patterns: usize,
    /// The oldest sessions.
    pub sessions: Vec<SessionView>,
    /// The first channels and patterns by name.
    pub channels: Vec<ChannelView>,
}

/// One session at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SessionView {
    /// Counts the broker's sessions from 1. No secret, and never given twice.
    pub number: u64,
    /// The first characters of the client id.
    pub client: String,
    /// The authenticated user.
    pub user: Option<UserId>,
    /// How long ago its handshake was.
    pub age_ms: u64,
    /// How its messages travel.
    pub via: Via,
    /// Messages that wait, those that are not acknowledged included.
    pub queue_messages: usize,
    /// Bytes of these.
    pub queue_bytes: usize,
    /// How long a connect has been held; `None` if none is.
    pub held_ms: Option<u64>,
    /// When the session ends unless its client speaks; `None` while a connect is held.
    pub expires_in_ms: Option<u64>,
    /// The first [`MAX_SUBSCRIPTIONS`] of its subscriptions.
    pub subscriptions: Vec<ChannelPattern>,
    /// How many subscriptions it has.
    pub subscription_count: usize,
}

/// How the messages of a session travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Via {
    /// With the responses to its requests.
    Polling,
    /// Over a connection that takes them at any time, such as a WebSocket.
    Pushing,
    /// To code inside the process.
    Local,
    /// As server-sent events.
    EventStream,
}

/// One channel or pattern at one moment.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChannelView {
    /// What is subscribed to.
    pub pattern: Arc<str>,
    /// Sessions that subscribed to this very pattern.
    pub subscribers: usize,
}

/// Who is subscribed to a pattern.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Presence {
    /// Users by name, each once, whatever the number of their sessions.
    pub users: Vec<UserId>,
    /// Sessions of all users, those of other pages included.
    pub sessions: usize,
    /// Sessions of nobody in particular.
    pub anonymous: usize,
}

/// What a session says about itself.
pub(crate) struct Described {
    pub(crate) begun: Instant,
    pub(crate) via: Via,
    pub(crate) queue_messages: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) held_since: Option<Instant>,
    pub(crate) expires: Option<Instant>,
    pub(crate) subscriptions: Vec<ChannelPattern>,
    pub(crate) subscription_count: usize,
}

impl Broker {
    /// The broker at `now`, with at most `limit` sessions and channels.
    pub fn snapshot(&self, limit: usize, now: Instant) -> Snapshot {
        Snapshot {
            draining: self.is_draining(),
            stats: self.stats(),
            users: self.shared.users.len(),
            patterns: self.patterns(),
            sessions: self.sessions_after(0, limit, now),
            channels: self.channels_after("", limit),
        }
    }

    /// At most `limit` sessions whose number is beyond `after`, oldest first.
    ///
    /// Fewer than asked for means that there are no more.
    pub fn sessions_after(&self, after: u64, limit: usize, now: Instant) -> Vec<SessionView> {
        let mut page = First::new(limit);
        for entry in &self.shared.sessions {
            if entry.number > after {
                page.offer(entry.number, || Arc::clone(&entry));
            }
        }
        page.into_values().filter_map(|cell| view(&cell, now)).collect()
    }

    /// At most `limit` channels and patterns with subscribers that sort behind `after`, by name.
    ///
    /// Private subscriptions are not among them; see [`Broker::presence`].
    pub fn channels_after(&self, after: &str, limit: usize) -> Vec<ChannelView> {
        let mut page = First::new(limit);
        self.shared.index.each(|pattern, subscribers| {
            if **pattern > *after {
                page.offer(Arc::clone(pattern), || subscribers);
            }
        });
        let view = |(pattern, subscribers)| ChannelView { pattern, subscribers };
        page.0.into_iter().map(view).collect()
    }

    /// The sessions of `user`, at most `limit`, oldest first.
    pub fn sessions_of(&self, user: &UserId, limit: usize, now: Instant) -> Vec<SessionView> {
        let mut page = First::new(limit);
        if let Some(cells) = self.shared.users.get(user) {
            for cell in cells.iter() {
                page.offer(cell.number, || Arc::clone(cell));
            }
        }
        page.into_values().filter_map(|cell| view(&cell, now)).collect()
    }

    /// At most `limit` users that sort behind `after` and have a session, by name.
    pub fn users_after(&self, after: &str, limit: usize) -> Vec<UserId> {
        let mut page = First::new(limit);
        for entry in &self.shared.users {
            if entry.key().as_str() > after {
                page.offer(entry.key().clone(), || ());
            }
        }
        page.0.into_keys().collect()
    }

    /// Who is subscribed to this very `pattern`: at most `limit` users that sort behind `after`.
    ///
    /// Patterns that cover it do not count. A private pattern costs a walk over all users, since
    /// nobody but their sessions knows about it.
    pub fn presence(&self, pattern: &ChannelPattern, after: &str, limit: usize) -> Presence {
        let mut presence = Presence::default();
        let mut page = First::new(limit);
        let mut count = |cell: &Cell| match &cell.user {
            None => presence.anonymous += 1,
            Some(user) => {
                presence.sessions += 1;
                if user.as_str() > after {
                    page.offer(user.clone(), || ());
                }
            }
        };
        if self.lies_in_private(pattern) {
            for entry in &self.shared.users {
                entry.value().iter().filter(|cell| cell.lock().has(pattern)).for_each(|c| count(c));
            }
        } else {
            self.shared.index.visit_one(pattern, |subscriber| count(&subscriber.0));
        }
        presence.users = page.0.into_keys().collect();
        presence
    }
}

/// The first entries by key of whatever is offered, in memory for these alone.
struct First<K, V>(BTreeMap<K, V>, usize);

impl<K: Ord, V> First<K, V> {
    fn new(limit: usize) -> Self {
        Self(BTreeMap::new(), limit.min(MAX_PAGE))
    }

    fn offer(&mut self, key: K, value: impl FnOnce() -> V) {
        if self.0.len() < self.1 {
            self.0.entry(key).or_insert_with(value);
        } else if self.0.last_key_value().is_some_and(|(last, _)| key < *last)
            && !self.0.contains_key(&key)
        {
            self.0.pop_last();
            self.0.insert(key, value());
        }
    }

    fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_values()
    }
}

/// `None` if the session has ended meanwhile.
fn view(cell: &Cell, now: Instant) -> Option<SessionView> {
    let described = cell.lock().describe()?;
    let millis = |from: Instant, to: Instant| {
        u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
    };
    Some(SessionView {
        number: cell.number,
        client: format!("{:?}", cell.id),
        user: cell.user.clone(),
        age_ms: millis(described.begun, now),
        via: cell.within.unwrap_or(described.via),
        queue_messages: described.queue_messages,
        queue_bytes: described.queue_bytes,
        held_ms: described.held_since.map(|since| millis(since, now)),
        expires_in_ms: described.expires.map(|at| millis(now, at)),
        subscriptions: described.subscriptions,
        subscription_count: described.subscription_count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entries_are_kept_whatever_the_order_they_come_in() {
        for keys in [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [3, 5, 1, 4, 2]] {
            let mut first = First::new(3);
            for key in keys.into_iter().chain(keys) {
                first.offer(key, || ());
            }
            assert_eq!(first.0.into_keys().collect::<Vec<_>>(), [1, 2, 3]);
        }
        let mut none = First::new(0);
        none.offer(1, || ());
        assert!(none.0.is_empty());
    }
}
