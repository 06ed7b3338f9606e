//! The HTTP API for back ends, its keys checked.

use std::sync::Arc;

use super::{ConfigError, feed};
use crate::api::{ApiBounds, BackEnd};
use crate::feed::{FeedBounds, Feeder};
use crate::hex;
use crate::login::ApiKeys;
use crate::settings::Settings;

/// The API as the server makes it.
#[derive(Debug)]
pub(crate) struct ApiConfig {
    pub(crate) bounds: ApiBounds,
    pub(crate) keys: ApiKeys,
    /// Bounds of the feed, where there is one.
    pub(crate) feed: Option<FeedBounds>,
}

pub(super) fn api(settings: &Settings) -> Result<Option<ApiConfig>, ConfigError> {
    let api = &settings.api;
    for (key, value) in
        [("max_body_bytes", api.max_body_bytes), ("max_batch_messages", api.max_batch_messages)]
    {
        if value == 0 {
            let reason = "is 0, which would refuse everything";
            return Err(ConfigError::new(format!("api.{key}"), reason));
        }
    }
    let mut keys = Vec::new();
    for (name, key) in &api.keys {
        let error =
            |of: &str, reason: &str| ConfigError::new(format!("api.keys.{name}.{of}"), reason);
        let reason = "is no SHA-256 in hexadecimal digits; see `encke make-api-key`";
        let hash = hex::bytes(key.sha256.expose()).ok_or_else(|| error("sha256", reason))?;
        let sources = feed::sources(name, key)?;
        if key.operations.is_empty() && sources.is_empty() {
            return Err(error("operations", "is empty, and the key is for nothing"));
        }
        if keys.iter().any(|(known, _)| *known == hash) {
            return Err(error("sha256", "is that of another key, too"));
        }
        let back_end = BackEnd::limited(Arc::from(key.operations.as_slice()));
        keys.push((hash, back_end.feeding(Feeder::new(name, sources))));
    }
    let feed = feed::feed(settings)?;
    Ok(api.enabled.then(|| ApiConfig {
        feed,
        bounds: ApiBounds {
            body_bytes: api.max_body_bytes,
            messages: api.max_batch_messages,
            depth: settings.bayeux.max_depth,
        },
        keys: keys.into_iter().collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ApiKeySettings, Secret};

    fn settings(keys: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        settings.api.enabled = true;
        for (name, hash) in keys {
            let key = ApiKeySettings::new(Secret::new(*hash));
            settings.api.keys.insert((*name).to_owned(), key);
        }
        settings
    }

    #[test]
    fn api_is_absent_unless_it_is_asked_for() {
        assert!(api(&Settings::default()).unwrap().is_none());
        assert!(api(&settings(&[("a", &"ab".repeat(32))])).unwrap().is_some());
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_key() {
        let key = |settings: &Settings| api(settings).unwrap_err().key().to_owned();
        assert_eq!(key(&settings(&[("a", "demo")])), "api.keys.a.sha256");
        let hash = "ab".repeat(32);
        assert_eq!(key(&settings(&[("a", &hash), ("b", &hash)])), "api.keys.b.sha256");
        let mut idle = settings(&[("a", &hash)]);
        idle.api.keys.get_mut("a").unwrap().operations.clear();
        assert_eq!(key(&idle), "api.keys.a.operations");
        let mut none = settings(&[]);
        none.api.max_batch_messages = 0;
        assert_eq!(key(&none), "api.max_batch_messages");
    }
}
