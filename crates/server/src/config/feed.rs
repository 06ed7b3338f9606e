//! The feed for outside call-state cores, its bounds and sources checked.

use std::time::Duration;

use encke::calls::SourceName;

use super::ConfigError;
use crate::feed::FeedBounds;
use crate::settings::{ApiKeySettings, Settings};

/// The bounds of the feed; `None` where no key names a source.
pub(super) fn feed(settings: &Settings) -> Result<Option<FeedBounds>, ConfigError> {
    let feed = &settings.feed;
    let bounds = [
        ("max_line_bytes", feed.max_line_bytes),
        ("max_depth", feed.max_depth),
        ("max_in_flight", feed.max_in_flight),
        ("max_streams_per_key", feed.max_streams_per_key),
        ("idle_timeout_ms", usize::try_from(feed.idle_timeout_ms).unwrap_or(usize::MAX)),
        ("heartbeat_ms", usize::try_from(feed.heartbeat_ms).unwrap_or(usize::MAX)),
    ];
    if let Some((key, _)) = bounds.iter().find(|(_, value)| *value == 0) {
        let reason = "is 0, which would refuse everything";
        return Err(ConfigError::new(format!("feed.{key}"), reason));
    }
    let is_used =
        settings.api.enabled && settings.api.keys.values().any(|key| !key.feed.is_empty());
    Ok(is_used.then(|| FeedBounds {
        line_bytes: feed.max_line_bytes,
        depth: feed.max_depth,
        in_flight: feed.max_in_flight,
        // Half of the places, so that agents find one, unless there is but one altogether.
        in_flight_altogether: (settings.calls.max_waiting / 2).max(1),
        streams: feed.max_streams_per_key,
        idle: Duration::from_millis(feed.idle_timeout_ms),
        heartbeat: Duration::from_millis(feed.heartbeat_ms),
    }))
}

/// The sources that a key may feed.
pub(super) fn sources(name: &str, key: &ApiKeySettings) -> Result<Vec<SourceName>, ConfigError> {
    key.feed
        .iter()
        .map(|source| {
            SourceName::new(source.as_str()).map_err(|error| {
                ConfigError::new(
                    format!("api.keys.{name}.feed"),
                    format!("has `{source}`: {error}"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Secret;

    #[test]
    fn feed_is_absent_unless_a_key_names_a_source() {
        let mut settings = Settings::default();
        settings.api.enabled = true;
        assert!(feed(&settings).unwrap().is_none());
        let mut key = ApiKeySettings::new(Secret::new("ab".repeat(32)));
        key.feed = vec!["pbx".to_owned()];
        settings.api.keys.insert("core".to_owned(), key.clone());
        assert!(feed(&settings).unwrap().is_some());
        settings.feed.heartbeat_ms = 0;
        assert_eq!(feed(&settings).unwrap_err().key(), "feed.heartbeat_ms");
        key.feed = vec!["P B X".to_owned()];
        assert_eq!(sources("core", &key).unwrap_err().key(), "api.keys.core.feed");
    }
}
