//! Patterns: what a subscription names.
//!
//! A pattern is a channel, or ends in `/*` (exactly one segment more) or `/**` (one or more).
//! Neither wildcard matches the channel in front of it, and no wildcard matches a meta or a
//! service channel.
//!
//! An index of subscriptions need not be scanned: a channel is covered by its own name and by at
//! most `segments + 1` wildcard patterns, which [`covering`] names one after the other.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Channel Globbing". Observed: CometD 3.1 to 8, Faye 1.4 agree.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::channel::{self, ChannelError, ChannelKind, ChannelName};

/// A valid subscription pattern. Cheap to clone.
///
/// # Examples
///
/// ```
/// use encke_bayeux::{ChannelName, ChannelPattern};
///
/// let pattern = ChannelPattern::new("/v2/me/*").unwrap();
/// assert!(pattern.matches(&ChannelName::new("/v2/me/calls").unwrap()));
/// assert!(!pattern.matches(&ChannelName::new("/v2/me").unwrap()));
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ChannelPattern(Arc<str>);

impl ChannelPattern {
    /// Checks `text` and drops one trailing slash.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] names the rule that was broken.
    pub fn new(text: &str) -> Result<Self, ChannelError> {
        channel::check(text).map(|text| Self(text.into()))
    }

    /// The pattern as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pattern's text, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// What the channels are for that the pattern begins like.
    ///
    /// `/meta/*` is [`ChannelKind::Meta`]; `/**` is [`ChannelKind::Broadcast`].
    pub fn kind(&self) -> ChannelKind {
        channel::kind_of(&self.0)
    }

    /// Whether a message on `name` reaches a subscriber of this pattern.
    pub fn matches(&self, name: &ChannelName) -> bool {
        let name_text = name.as_str();
        let Some((parent, rest)) = self.split() else {
            return *self.0 == *name_text;
        };
        if name.kind() != ChannelKind::Broadcast {
            return false;
        }
        let below = name_text.strip_prefix(parent).and_then(|text| text.strip_prefix('/'));
        match (below, rest) {
            (None, _) => false,
            (Some(_), Wildcard::Deep) => true,
            (Some(below), Wildcard::Segment) => !below.contains('/'),
        }
    }

    /// Whether every channel that `other` can match is matched by this pattern too.
    ///
    /// Used to tell whether a whole subscription lies inside a reserved part of the channel tree.
    pub fn contains(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        if other.kind() != ChannelKind::Broadcast {
            return false;
        }
        let Some((parent, wildcard)) = self.split() else {
            return false;
        };
        let below = other.0.strip_prefix(parent).and_then(|text| text.strip_prefix('/'));
        match (below, wildcard) {
            (None, _) => false,
            (Some(_), Wildcard::Deep) => true,
            (Some(below), Wildcard::Segment) => !below.contains('/') && below != "**",
        }
    }

    fn split(&self) -> Option<(&str, Wildcard)> {
        if let Some(parent) = self.0.strip_suffix("/**") {
            Some((parent, Wildcard::Deep))
        } else {
            self.0.strip_suffix("/*").map(|parent| (parent, Wildcard::Segment))
        }
    }
}

impl fmt::Debug for ChannelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ChannelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy)]
enum Wildcard {
    Segment,
    Deep,
}

/// Calls `visit` with the text of every pattern that covers `name`.
///
/// The exact name comes first, then `/parent/*`, then `/ancestor/**` from the nearest ancestor to
/// the root. Channels that are not broadcast are covered by their own name alone.
pub fn covering(name: &ChannelName, mut visit: impl FnMut(&str)) {
    let text = name.as_str();
    visit(text);
    if name.kind() != ChannelKind::Broadcast {
        return;
    }
    let mut key = String::with_capacity(text.len() + 2);
    let mut end = text.len();
    let mut nearest = true;
    while let Some(slash) = text.get(..end).and_then(|head| head.rfind('/')) {
        key.clear();
        key.push_str(text.get(..=slash).unwrap_or_default());
        key.push('*');
        if nearest {
            visit(&key);
            nearest = false;
        }
        key.push('*');
        visit(&key);
        end = slash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ChannelName {
        ChannelName::new(text).unwrap()
    }

    fn pattern(text: &str) -> ChannelPattern {
        ChannelPattern::new(text).unwrap()
    }

    #[test]
    fn a_channel_is_covered_by_itself_and_its_wildcards() {
        let mut keys = Vec::new();
        covering(&name("/a/b"), |key| keys.push(key.to_owned()));
        assert_eq!(keys, ["/a/b", "/a/*", "/a/**", "/**"]);
    }

    #[test]
    fn service_channels_are_covered_by_nothing_else() {
        let mut keys = Vec::new();
        covering(&name("/service/a/b"), |key| keys.push(key.to_owned()));
        assert_eq!(keys, ["/service/a/b"]);
    }

    #[test]
    fn wildcards_do_not_match_the_channel_in_front_of_them() {
        assert!(!pattern("/a/*").matches(&name("/a")));
        assert!(!pattern("/a/**").matches(&name("/a")));
        assert!(pattern("/a/*").matches(&name("/a/b")));
        assert!(!pattern("/a/*").matches(&name("/a/b/c")));
        assert!(pattern("/a/**").matches(&name("/a/b/c")));
        assert!(!pattern("/a/**").matches(&name("/ab/c")));
        assert!(pattern("/**").matches(&name("/a")));
        assert!(!pattern("/**").matches(&name("/meta/connect")));
        assert!(!pattern("/service/*").matches(&name("/service/x")));
    }

    #[test]
    fn a_reserved_tree_contains_what_lies_below_it() {
        let reserved = pattern("/v2/me/**");
        for inside in ["/v2/me/calls", "/v2/me/*", "/v2/me/**", "/v2/me/calls/**"] {
            assert!(reserved.contains(&pattern(inside)), "{inside}");
        }
        for outside in ["/**", "/v2/**", "/v2/me", "/v2/*", "/v2/mean/x"] {
            assert!(!reserved.contains(&pattern(outside)), "{outside}");
        }
        assert!(!pattern("/a/*").contains(&pattern("/a/**")));
        // No wildcard matches what is not broadcast.
        assert!(!pattern("/**").contains(&pattern("/meta/x")));
        assert!(!pattern("/service/**").contains(&pattern("/service/x")));
    }

    #[test]
    fn a_wildcard_stands_last_and_alone() {
        assert_eq!(ChannelPattern::new("/a/*/b"), Err(ChannelError::Wildcard));
        assert_eq!(ChannelPattern::new("/**/b"), Err(ChannelError::Wildcard));
        assert!(ChannelPattern::new("/a/*b").is_ok());
    }
}
