//! Who subscribed to what.
//!
//! A map from pattern to subscribers. A publish looks up the patterns that cover its channel, at
//! most `segments + 2` of them, and never scans. A subscriber of several covering patterns is met
//! several times; whoever walks tells doubles apart by the publish's sequence number.
//!
//! Patterns without subscribers are removed at once, so names that strangers invent leave nothing
//! behind.

use std::sync::Arc;

use dashmap::DashMap;
use encke_bayeux::{ChannelName, ChannelPattern, pattern};

/// Subscribers by pattern. `S` is a cheap handle that compares by identity.
#[derive(Debug)]
pub struct Index<S> {
    subscribers: DashMap<Arc<str>, Vec<S>>,
}

impl<S: PartialEq> Default for Index<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: PartialEq> Index<S> {
    /// An empty index.
    pub fn new() -> Self {
        Self { subscribers: DashMap::new() }
    }

    /// Adds a subscriber; the caller has made sure that it is not there yet.
    pub fn subscribe(&self, pattern: &ChannelPattern, subscriber: S) {
        self.subscribers.entry(pattern.shared()).or_default().push(subscriber);
    }

    /// Removes a subscriber, and the pattern with its last one.
    pub fn unsubscribe(&self, pattern: &ChannelPattern, subscriber: &S) {
        self.subscribers.remove_if_mut(pattern.as_str(), |_, subscribers| {
            if let Some(place) = subscribers.iter().position(|other| other == subscriber) {
                subscribers.swap_remove(place);
            }
            subscribers.is_empty()
        });
    }

    /// Calls `visit` for the subscribers of every pattern that covers `channel`.
    ///
    /// A shard of the index is locked for reading meanwhile: `visit` must be short and must not
    /// come back to the index.
    pub fn visit(&self, channel: &ChannelName, mut visit: impl FnMut(&S)) {
        pattern::covering(channel, |key| {
            if let Some(subscribers) = self.subscribers.get(key) {
                subscribers.iter().for_each(&mut visit);
            }
        });
    }

    /// Calls `visit` for the subscribers of this very pattern, under the same conditions.
    pub fn visit_one(&self, pattern: &ChannelPattern, visit: impl FnMut(&S)) {
        if let Some(subscribers) = self.subscribers.get(pattern.as_str()) {
            subscribers.iter().for_each(visit);
        }
    }

    /// Calls `visit` with every pattern and the number of its subscribers, in no order.
    ///
    /// One shard after the other is locked for reading: `visit` must not come back to the index.
    pub fn each(&self, mut visit: impl FnMut(&Arc<str>, usize)) {
        for entry in &self.subscribers {
            visit(entry.key(), entry.value().len());
        }
    }

    /// Patterns that have a subscriber.
    pub fn patterns(&self) -> usize {
        self.subscribers.len()
    }
}
