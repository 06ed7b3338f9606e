//! What one session is subscribed to.
//!
//! Owns the patterns of a session, each once and no more than the configuration allows. This list is
//! the truth; the index of the broker follows it ([`crate::membership`]). Patterns are looked at one
//! by one: a session has few of them, and only what is delivered to a user looks here.

use encke_bayeux::{ChannelName, ChannelPattern};

use super::Session;
use crate::config::Config;
use crate::notice::Notice;

/// Patterns, each once.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(Vec<ChannelPattern>);

impl Subscriptions {
    fn has_room_for(&self, patterns: &[&ChannelPattern], limit: usize) -> bool {
        let new = patterns.iter().filter(|pattern| !self.contains(pattern));
        // More than the bound cannot fit, and need not be looked at one by one.
        patterns.len() <= limit && self.len() + new.count() <= limit
    }

    /// `None` if there are `most` already, else whether it is new.
    fn add(&mut self, pattern: &ChannelPattern, most: usize) -> Option<bool> {
        if self.contains(pattern) {
            return Some(false);
        }
        if self.len() >= most {
            return None;
        }
        self.0.push(pattern.clone());
        Some(true)
    }

    fn remove(&mut self, pattern: &ChannelPattern) -> Option<ChannelPattern> {
        let place = self.0.iter().position(|other| other == pattern);
        place.map(|place| self.0.swap_remove(place))
    }

    fn contains(&self, pattern: &ChannelPattern) -> bool {
        self.0.contains(pattern)
    }

    fn matches(&self, channel: &ChannelName, named_only: bool) -> bool {
        let mut subscriptions = self.iter();
        if named_only {
            return subscriptions.any(|pattern| pattern.as_str() == channel.as_str());
        }
        subscriptions.any(|pattern| pattern.matches(channel))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ChannelPattern> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, of a session that ends.
    pub(super) fn take(&mut self) -> Vec<ChannelPattern> {
        std::mem::take(&mut self.0)
    }
}

impl Session {
    /// Whether these distinct patterns, of which some may be subscribed already, fit the bound.
    pub(crate) fn has_room_for(&self, patterns: &[&ChannelPattern], limit: usize) -> bool {
        self.subscriptions.has_room_for(patterns, limit)
    }

    /// Adds a subscription. `None` if the bound is reached, else whether it is new.
    pub(crate) fn subscribe(&mut self, pattern: &ChannelPattern, config: &Config) -> Option<bool> {
        let most = if self.is_gone() { 0 } else { config.subscriptions_per_session };
        let added = self.subscriptions.add(pattern, most)?;
        if added {
            self.note(Notice::Subscribed(pattern.clone()), config);
        }
        Some(added)
    }

    /// Removes a subscription; whether it was there.
    pub(crate) fn unsubscribe(&mut self, pattern: &ChannelPattern, config: &Config) -> bool {
        if let Some(catch_up) = self.catch_up_mut() {
            catch_up.remove(pattern);
        }
        let removed = self.subscriptions.remove(pattern);
        let was_there = removed.is_some();
        if let Some(pattern) = removed {
            self.note(Notice::Unsubscribed(pattern), config);
        }
        was_there
    }

    /// Whether this very pattern is subscribed.
    pub(crate) fn has(&self, pattern: &ChannelPattern) -> bool {
        self.subscriptions.contains(pattern)
    }

    /// Whether any subscription matches `channel`; with `named_only` it has to be that very name.
    pub(crate) fn listens_to(&self, channel: &ChannelName, named_only: bool) -> bool {
        self.subscriptions.matches(channel, named_only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ChannelPattern {
        ChannelPattern::new(text).unwrap()
    }

    #[test]
    fn a_pattern_is_there_once_and_the_bound_holds() {
        let [a, b, c] = ["/a", "/b/*", "/c/**"].map(pattern);
        let mut subscriptions = Subscriptions::default();
        assert_eq!(subscriptions.add(&a, 2), Some(true));
        assert_eq!(subscriptions.add(&b, 2), Some(true));
        assert_eq!(subscriptions.add(&a, 2), Some(false), "known, though there is no room");
        assert_eq!(subscriptions.add(&c, 2), None);
        assert!(subscriptions.has_room_for(&[&a, &b], 2), "they are there already");
        assert!(!subscriptions.has_room_for(&[&c], 2));
        assert!(subscriptions.has_room_for(&[&a, &c], 3));
        assert_eq!(subscriptions.remove(&a), Some(a.clone()));
        assert_eq!(subscriptions.remove(&a), None);
        assert_eq!(subscriptions.add(&c, 2), Some(true));
        assert_eq!(subscriptions.take(), [b, c]);
        assert_eq!(subscriptions.len(), 0);
    }

    #[test]
    fn where_only_names_count_a_pattern_matches_nothing() {
        let mut subscriptions = Subscriptions::default();
        let name = ChannelName::new("/calls/one").unwrap();
        subscriptions.add(&pattern("/calls/**"), 2);
        assert!(subscriptions.matches(&name, false));
        assert!(!subscriptions.matches(&name, true));
        subscriptions.add(&pattern("/calls/one"), 2);
        assert!(subscriptions.matches(&name, true));
    }
}
