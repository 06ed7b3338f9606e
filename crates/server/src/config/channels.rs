//! `[[channels]]` tables made into the rules of the two brokers.
//!
//! Notifications are kept for desks that come back unless a table says otherwise: whatever tables
//! there are, some rule of that endpoint covers `/v2/me/**`. Nothing else is kept there, since its
//! log takes its positions from the journal of calls, which is where everything on those channels,
//! and nothing on others, comes from.

use std::time::Duration;

use encke::bayeux::{ChannelKind, ChannelPattern};
use encke::broker::{ChannelRule, ChannelSettings, Overflow, Retention};

use super::ConfigError;
use crate::settings::{ChannelTable, Endpoint, OverflowPolicy, Settings};

/// What is kept of a channel where only the age is given.
const REPLAY_MESSAGES: usize = 1_000;
const REPLAY_BYTES: usize = 64 << 20;

/// How long notifications are kept where no table says: as long as a login outlives its last
/// request. Who stays away longer has to log in anyway.
const NOTIFICATIONS_AGE_MS: u64 = 1_800_000;

/// The channels of notifications.
const ME: &str = "/v2/me/**";

/// The rules of one endpoint, in the order of the file.
pub(super) fn rules(
    settings: &Settings,
    endpoint: Endpoint,
) -> Result<Vec<ChannelRule>, ConfigError> {
    let me = ChannelPattern::new(ME).map_err(|error| ConfigError::new("channels", error))?;
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
        let parts = match endpoint {
            Endpoint::Cometd => retention(table).map(|replay| vec![(pattern, replay)]),
            Endpoint::Notifications => of_notifications(table, pattern, &me),
        };
        let parts = parts.map_err(|(key, why)| wrong(key, why.to_owned()))?;
        for (pattern, replay) in parts {
            if !rules.iter().any(|earlier| earlier.pattern.contains(&pattern)) {
                rules.push(ChannelRule::new(pattern, channel_settings(table, replay)));
            }
        }
    }
    if endpoint == Endpoint::Notifications && !rules.iter().any(|rule| rule.pattern.contains(&me)) {
        let mut rule = ChannelRule::new(me, ChannelSettings::default());
        rule.settings.replay = Some(Retention {
            age: Duration::from_millis(NOTIFICATIONS_AGE_MS),
            messages: REPLAY_MESSAGES,
            bytes: REPLAY_BYTES,
        });
        rules.push(rule);
    }
    Ok(rules)
}

/// What a table of the notifications endpoint keeps of which channels, in the order that counts.
fn of_notifications(
    table: &ChannelTable,
    pattern: ChannelPattern,
    me: &ChannelPattern,
) -> Result<Vec<(ChannelPattern, Option<Retention>)>, Wrong> {
    let with_age = |age| ChannelTable { replay_age_ms: age, ..table.clone() };
    let bounds = [
        ("replay_age_ms", table.replay_age_ms.is_some_and(|age| age > 0)),
        ("replay_messages", table.replay_messages.is_some()),
        ("replay_bytes", table.replay_bytes.is_some()),
        ("stamp_data", table.stamp_data),
    ];
    let kept = bounds.into_iter().find_map(|(key, is_set)| is_set.then_some(key));
    let of_me = match table.replay_age_ms {
        None => with_age(Some(NOTIFICATIONS_AGE_MS)),
        Some(0) => with_age(None),
        Some(age) => with_age(Some(age)),
    };
    if let Some(key) = kept.filter(|_| table.replay_age_ms == Some(0)) {
        return Err((key, "is set, but `replay_age_ms` is 0, which keeps nothing"));
    }
    if me.contains(&pattern) {
        return Ok(vec![(pattern, retention(&of_me)?)]);
    }
    if let Some(key) = kept {
        return Err((key, "is set, but nothing outside of `/v2/me/**` is kept there"));
    }
    let others = (pattern.clone(), retention(&with_age(None))?);
    if pattern.contains(me) {
        return Ok(vec![(me.clone(), retention(&of_me)?), others]);
    }
    Ok(vec![others])
}

/// A key of a table, and what is wrong with it.
type Wrong = (&'static str, &'static str);

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

fn retention(table: &ChannelTable) -> Result<Option<Retention>, Wrong> {
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
    use std::slice;

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

    fn notifications(tables: Vec<ChannelTable>) -> Result<Vec<ChannelRule>, ConfigError> {
        let of = |table| ChannelTable { endpoint: Endpoint::Notifications, ..table };
        let channels = tables.into_iter().map(of).collect();
        rules(&Settings { channels, ..Settings::default() }, Endpoint::Notifications)
    }

    /// The patterns of the rules, each with the age of what is kept in milliseconds.
    fn ages(tables: Vec<ChannelTable>) -> Vec<(String, Option<u128>)> {
        let age = |rule: &ChannelRule| rule.settings.replay.map(|kept| kept.age.as_millis());
        let rules = notifications(tables).unwrap();
        rules.iter().map(|rule| (rule.pattern.to_string(), age(rule))).collect()
    }

    #[test]
    fn notifications_are_kept_unless_a_table_says_otherwise() {
        let pair = |pattern: &str, age: Option<u128>| (pattern.to_owned(), age);
        let all = pair(ME, Some(1_800_000));
        assert_eq!(ages(vec![]), slice::from_ref(&all));
        let table =
            |pattern: &str, age| ChannelTable { replay_age_ms: age, ..ChannelTable::new(pattern) };
        let calls = ages(vec![table("/v2/me/calls", None)]);
        assert_eq!(calls, [pair("/v2/me/calls", Some(1_800_000)), all.clone()]);
        let calls = ages(vec![table("/v2/me/calls", Some(7)), table("/v2/me/tevents", Some(0))]);
        let own = [pair("/v2/me/calls", Some(7)), pair("/v2/me/tevents", None)];
        assert_eq!(calls, [&own[..], slice::from_ref(&all)].concat());
        assert_eq!(ages(vec![table(ME, Some(0))]), [pair(ME, None)]);
        // Whatever else a wide table is about, nothing outside is kept.
        assert_eq!(ages(vec![table("/**", None)]), [all.clone(), pair("/**", None)]);
        let both = ages(vec![table(ME, Some(7)), table("/**", None)]);
        assert_eq!(both, [pair(ME, Some(7)), pair("/**", None)], "what never counts has no share");
        assert_eq!(ages(vec![table("/v2/**", Some(0))]), [pair(ME, None), pair("/v2/**", None)]);
        assert_eq!(ages(vec![table("/other", None)]), [pair("/other", None), all]);
        for pattern in ["/**", "/v2/**", "/other"] {
            let error = notifications(vec![table(pattern, Some(1))]).unwrap_err();
            assert_eq!(error.key(), "channels.0.replay_age_ms");
        }
    }

    #[test]
    fn bounds_without_anything_kept_are_refused_with_the_reason() {
        let reason = |pattern: &str, age, stamp_data: bool| {
            let messages = (!stamp_data).then_some(10);
            let bounded =
                ChannelTable { replay_age_ms: age, stamp_data, ..ChannelTable::new(pattern) };
            let table = ChannelTable { replay_messages: messages, ..bounded };
            notifications(vec![table]).unwrap_err().to_string()
        };
        for pattern in ["/v2/**", "/**", "/other"] {
            for stamp_data in [false, true] {
                let why = reason(pattern, None, stamp_data);
                assert!(why.contains("nothing outside of `/v2/me/**` is kept"), "{pattern}: {why}");
            }
        }
        for pattern in [ME, "/v2/**"] {
            let why = reason(pattern, Some(0), false);
            assert!(why.contains("`replay_age_ms` is 0"), "{pattern}: {why}");
        }
        let kept = ChannelTable { replay_messages: Some(10), ..ChannelTable::new(ME) };
        assert!(notifications(vec![kept]).is_ok(), "notifications have an age anyway");
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
