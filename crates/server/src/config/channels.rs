//! `[[channels]]` tables made into the rules of the two brokers.

use std::time::Duration;

use encke::bayeux::{ChannelKind, ChannelPattern};
use encke::broker::{ChannelRule, ChannelSettings, Overflow, Retention};

use super::ConfigError;
use crate::settings::{ChannelTable, Endpoint, OverflowPolicy, Settings};

/// What is kept of a channel where only the age is given.
const REPLAY_MESSAGES: usize = 1_000;
const REPLAY_BYTES: usize = 64 << 20;

/// The rules of one endpoint, in the order of the file.
pub(super) fn rules(
    settings: &Settings,
    endpoint: Endpoint,
) -> Result<Vec<ChannelRule>, ConfigError> {
    let mut rules: Vec<ChannelRule> = Vec::new();
    for (place, table) in settings.channels.iter().enumerate() {
        if table.endpoint != endpoint {
            continue;
        }
        let wrong =
            |key: &str, why: String| ConfigError::new(format!("channels.{place}.{key}"), why);
        let pattern = ChannelPattern::new(&table.pattern)
            .map_err(|error| wrong("pattern", format!("is `{}`: {error}", table.pattern)))?;
        if pattern.kind() != ChannelKind::Broadcast {
            return Err(wrong("pattern", format!("is `{pattern}`, and not for broadcasts")));
        }
        if let Some(earlier) = rules.iter().find(|earlier| earlier.pattern.contains(&pattern)) {
            let why = format!("is `{pattern}`, and `{}` before it counts instead", earlier.pattern);
            return Err(wrong("pattern", why));
        }
        let most = settings.bayeux.max_lazy_ms;
        if table.lazy_ms > most {
            return Err(wrong("lazy_ms", format!("is above `bayeux.max_lazy_ms`, {most}")));
        }
        let replay = retention(table).map_err(|(key, why)| wrong(key, why.to_owned()))?;
        rules.push(ChannelRule::new(pattern, channel_settings(table, replay)));
    }
    Ok(rules)
}

fn channel_settings(table: &ChannelTable, replay: Option<Retention>) -> ChannelSettings {
    let mut settings = ChannelSettings::default();
    settings.lazy = (table.lazy_ms > 0).then(|| Duration::from_millis(table.lazy_ms));
    settings.broadcast_to_publisher = table.broadcast_to_publisher;
    settings.overflow = match table.overflow {
        OverflowPolicy::Cut => Overflow::Cut,
        OverflowPolicy::DropOldest => Overflow::DropOldest,
        OverflowPolicy::Refuse => Overflow::Refuse,
    };
    settings.replay = replay;
    settings.stamp_data = table.stamp_data;
    settings
}

fn retention(table: &ChannelTable) -> Result<Option<Retention>, (&'static str, &'static str)> {
    let bounds = [
        ("replay_messages", table.replay_messages.map(|most| most as u64)),
        ("replay_bytes", table.replay_bytes.map(|most| most as u64)),
    ];
    let Some(age_ms) = table.replay_age_ms else {
        if let Some((key, _)) = bounds.into_iter().find(|(_, bound)| bound.is_some()) {
            return Err((key, "is set, but `replay_age_ms` is not"));
        }
        if table.stamp_data {
            return Err(("stamp_data", "is set, but nothing is kept: `replay_age_ms` is not"));
        }
        return Ok(None);
    };
    let times = [("replay_age_ms", Some(age_ms))];
    if let Some((key, _)) = times.into_iter().chain(bounds).find(|(_, bound)| *bound == Some(0)) {
        return Err((key, "is 0, which would keep nothing"));
    }
    Ok(Some(Retention {
        age: Duration::from_millis(age_ms),
        messages: table.replay_messages.unwrap_or(REPLAY_MESSAGES),
        bytes: table.replay_bytes.unwrap_or(REPLAY_BYTES),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(tables: Vec<ChannelTable>) -> Result<Vec<ChannelRule>, ConfigError> {
        let settings = Settings { channels: tables, ..Settings::default() };
        rules(&settings, Endpoint::Cometd)
    }

    fn key(table: ChannelTable) -> String {
        rules_of(vec![table]).unwrap_err().key().to_owned()
    }

    #[test]
    fn tables_become_rules_in_their_order_and_endpoint() {
        let lazy = ChannelTable {
            lazy_ms: 500,
            overflow: OverflowPolicy::DropOldest,
            broadcast_to_publisher: false,
            ..ChannelTable::new("/prices/*")
        };
        let kept = ChannelTable {
            replay_age_ms: Some(60_000),
            replay_messages: Some(10),
            stamp_data: true,
            ..ChannelTable::new("/**")
        };
        let other =
            ChannelTable { endpoint: Endpoint::Notifications, ..ChannelTable::new("/v2/me/calls") };
        let rules = rules_of(vec![other, lazy, kept]).unwrap();
        let patterns: Vec<_> = rules.iter().map(|rule| rule.pattern.as_str()).collect();
        assert_eq!(patterns, ["/prices/*", "/**"]);
        let [prices, all] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!(prices.settings.lazy, Some(Duration::from_millis(500)));
        assert_eq!(prices.settings.overflow, Overflow::DropOldest);
        assert!(!prices.settings.broadcast_to_publisher);
        let kept = Retention { age: Duration::from_secs(60), messages: 10, bytes: REPLAY_BYTES };
        assert_eq!((all.settings.replay, all.settings.stamp_data), (Some(kept), true));
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_place_and_key() {
        assert_eq!(key(ChannelTable::new("news")), "channels.0.pattern");
        assert_eq!(key(ChannelTable::new("/service/x")), "channels.0.pattern");
        assert_eq!(key(ChannelTable::new("/meta/*")), "channels.0.pattern");
        let table = || ChannelTable::new("/a");
        assert_eq!(key(ChannelTable { lazy_ms: 5_001, ..table() }), "channels.0.lazy_ms");
        assert_eq!(key(ChannelTable { stamp_data: true, ..table() }), "channels.0.stamp_data");
        let bytes = ChannelTable { replay_bytes: Some(1), ..table() };
        assert_eq!(key(bytes), "channels.0.replay_bytes");
        let age = ChannelTable { replay_age_ms: Some(0), ..table() };
        assert_eq!(key(age.clone()), "channels.0.replay_age_ms");
        let messages = ChannelTable { replay_age_ms: Some(1), replay_messages: Some(0), ..age };
        assert_eq!(key(messages), "channels.0.replay_messages");
    }

    #[test]
    fn a_table_that_could_never_count_is_refused() {
        let tables = ["/a/**", "/b", "/a/b/*"].map(ChannelTable::new);
        let error = rules_of(tables.into()).unwrap_err();
        assert_eq!(error.key(), "channels.2.pattern");
        assert!(error.to_string().contains("/a/**"), "{error}");
        assert!(rules_of(["/a/b/*", "/a/**"].map(ChannelTable::new).into()).is_ok());
    }
}
