//! Settings that differ by channel.
//!
//! A list of rules, each a pattern and what holds for the channels it matches; the first rule that
//! matches a channel counts, and the defaults where none does. Looked up once per publish.

use std::time::Duration;

use encke_bayeux::{ChannelName, ChannelPattern};

/// What holds for the channels that a pattern matches.
#[derive(Clone, Debug)]
pub struct ChannelRule {
    /// Which channels.
    pub pattern: ChannelPattern,
    /// What holds for them.
    pub settings: ChannelSettings,
}

impl ChannelRule {
    /// A rule for the channels that `pattern` matches.
    pub fn new(pattern: ChannelPattern, settings: ChannelSettings) -> Self {
        Self { pattern, settings }
    }
}

/// The settings of one channel.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChannelSettings {
    /// How long a message may wait for others before it leaves. Default none: at once.
    ///
    /// CometD: `ServerChannel.setLazy`, `lazyTimeout`, `maxLazyTimeout`.
    pub lazy: Option<Duration>,
    /// Whether a publisher that is subscribed gets its own messages. Default true.
    ///
    /// It is the channel published to that counts, whatever the publisher is subscribed to.
    /// CometD: `ServerChannel.setBroadcastToPublisher`, where it is the channel subscribed to.
    pub broadcast_to_publisher: bool,
    /// What happens when a message does not fit into a session's queue. Default: cut.
    pub overflow: Overflow,
    /// What is kept for sessions that come back. Default nothing. Needs
    /// [`Config::wall`](crate::Config::wall).
    pub replay: Option<Retention>,
    /// Whether positions are written into the payload too, as `data.event.replayId`. Default false.
    ///
    /// Observed: clients of Salesforce's streaming endpoint look there. Only objects get it.
    pub stamp_data: bool,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl ChannelSettings {
    /// What holds where no rule matches.
    pub const DEFAULT: Self = Self {
        lazy: None,
        broadcast_to_publisher: true,
        overflow: Overflow::Cut,
        replay: None,
        stamp_data: false,
    };

    /// The settings of `channel` by the first of `rules` that matches it.
    pub(crate) fn of<'a>(rules: &'a [ChannelRule], channel: &ChannelName) -> &'a Self {
        const DEFAULT: &ChannelSettings = &ChannelSettings::DEFAULT;
        rules
            .iter()
            .find(|rule| rule.pattern.matches(channel))
            .map_or(DEFAULT, |rule| &rule.settings)
    }
}

/// What happens when a message does not fit into a session's queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overflow {
    /// The session is removed, counted and logged, and its client told with 402 to shake hands.
    #[default]
    Cut,
    /// The oldest waiting messages of such channels make room, for other channels too; where they
    /// are not enough, the message itself is lost. The client is told how many it missed.
    DropOldest,
    /// The message does not reach this session; the client is told how many it missed.
    Refuse,
}

/// How much of a channel is kept for sessions that come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retention {
    /// How long a message is kept.
    pub age: Duration,
    /// Most messages kept of one channel, or of one channel of one user where it is private.
    pub messages: usize,
    /// Most bytes kept of all channels of the rule together.
    pub bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_counts() {
        let rule = |pattern: &str, stamp_data| {
            let settings = ChannelSettings { stamp_data, ..ChannelSettings::default() };
            ChannelRule::new(ChannelPattern::new(pattern).unwrap(), settings)
        };
        let rules = [rule("/a/b", true), rule("/a/*", false), rule("/**", true)];
        for (channel, stamp_data) in [("/a/b", true), ("/a/c", false), ("/c", true)] {
            let channel = ChannelName::new(channel).unwrap();
            assert_eq!(ChannelSettings::of(&rules, &channel).stamp_data, stamp_data);
            assert_eq!(ChannelSettings::of(&[], &channel), &ChannelSettings::DEFAULT);
        }
    }
}
