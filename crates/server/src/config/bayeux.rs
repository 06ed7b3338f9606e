//! The two brokers and how they are served.
//!
//! The generic one at `/cometd` takes broadcasts from everybody, except in `/v2/**`, where the
//! names of the other one live. The GWS one is for users, who only listen: what happens is told by
//! the gateway. Rules say more.

use std::sync::Arc;
use std::time::Duration;

use encke::bayeux::batch::Limits;
use encke::bayeux::{ChannelName, ChannelPattern};
use encke::broker;
use encke::transport::{self, CookieConfig, HttpConfig};

use super::ConfigError;
use super::channels;
use super::rules::with_rules;
use crate::handshakes::HandshakeRate;
use crate::policy::ChannelRules;
use crate::settings::{BayeuxSettings, Endpoint, SameSite, Settings, Transport};

pub(super) fn brokers(
    settings: &Settings,
    handshakes: &Arc<HandshakeRate>,
) -> Result<(broker::Config, broker::Config), ConfigError> {
    let pattern =
        |text: &str| ChannelPattern::new(text).map_err(|error| ConfigError::new("bayeux", error));
    let me = pattern("/v2/me/**")?;
    let gws = pattern("/v2/**")?;
    for (key, transports) in [
        ("cometd.transports", &settings.cometd.transports),
        ("gws.transports", &settings.gws.transports),
    ] {
        if transports.is_empty() {
            return Err(ConfigError::new(key, "is empty, and no client could connect"));
        }
    }
    if settings.gws.transports.contains(&Transport::CallbackPolling) {
        let reason = "names callback-polling, which would show users' notifications to any page";
        return Err(ConfigError::new("gws.transports", reason));
    }
    let open = ChannelRules {
        anonymous: settings.cometd.anonymous,
        publish: true,
        reserved: vec![gws],
        rules: Vec::new(),
        handshakes: Arc::clone(handshakes),
    };
    let closed = ChannelRules {
        anonymous: false,
        publish: false,
        reserved: Vec::new(),
        rules: Vec::new(),
        handshakes: Arc::clone(handshakes),
    };
    let open = with_rules(settings, Endpoint::Cometd, open)?;
    let closed = with_rules(settings, Endpoint::Notifications, closed)?;
    // Clients that subscribe to everything expect what live servers send, and no more.
    let tevents =
        ChannelName::new("/v2/me/tevents").map_err(|error| ConfigError::new("bayeux", error))?;
    let cometd = bounded(&settings.bayeux)?
        .policy(Arc::new(open))
        .channels(channels::rules(settings, Endpoint::Cometd)?)
        .connection_types(offered(&settings.cometd.transports));
    let notifications = bounded(&settings.bayeux)?
        .policy(Arc::new(closed))
        .channels(channels::rules(settings, Endpoint::Notifications)?)
        .private(vec![me])
        .named_only(vec![tevents])
        .connection_types(offered(&settings.gws.transports));
    Ok((cometd, notifications))
}

fn offered(transports: &[Transport]) -> Vec<&'static str> {
    transports.iter().map(|transport| transport.as_str()).collect()
}

fn bounded(bayeux: &BayeuxSettings) -> Result<broker::Config, ConfigError> {
    let BayeuxSettings { max_sessions_per_browser, http2_max_sessions_per_browser, .. } = *bayeux;
    let per_browser = bound_or_none("bayeux.max_sessions_per_browser", max_sessions_per_browser)?;
    let per_http2_browser =
        bound_or_none("bayeux.http2_max_sessions_per_browser", http2_max_sessions_per_browser)?;
    Ok(broker::Config::default()
        .timeout(Duration::from_millis(bayeux.timeout_ms))
        .interval(Duration::from_millis(bayeux.interval_ms))
        .max_interval(Duration::from_millis(bayeux.max_interval_ms))
        .max_lazy(Duration::from_millis(bayeux.max_lazy_ms))
        .meta_connect_delivery_only(bayeux.meta_connect_deliver_only)
        .batch(Limits { messages: bayeux.max_batch_messages, depth: bayeux.max_depth })
        .queue(bayeux.max_queue_messages, bayeux.max_queue_bytes)
        .response_bytes(bayeux.max_response_bytes)
        .subscriptions_per_session(bayeux.max_subscriptions)
        .sessions(bayeux.max_sessions)
        .sessions_per_user(Some(bayeux.max_sessions_per_user))
        .sessions_per_browser(per_browser)
        .multiplexed_sessions_per_browser(per_http2_browser)
        .multi_session_interval(Duration::from_millis(bayeux.multi_session_interval_ms)))
}

/// -1 is no bound, as CometD has it.
fn bound_or_none(key: &str, count: i64) -> Result<Option<usize>, ConfigError> {
    match count {
        -1 => Ok(None),
        count => usize::try_from(count)
            .map(Some)
            .map_err(|_| ConfigError::new(key, "is below -1, which is no bound")),
    }
}

pub(super) fn bayeux_http(settings: &Settings, secure: bool) -> HttpConfig {
    let same_site = match settings.session.same_site {
        SameSite::Lax => transport::SameSite::Lax,
        SameSite::Strict => transport::SameSite::Strict,
        SameSite::None => transport::SameSite::None,
    };
    let mut cookie = CookieConfig::default();
    cookie.secure = secure;
    cookie.same_site = Some(same_site);
    cookie.partitioned = settings.session.partitioned;
    HttpConfig::default()
        .body_bytes(settings.bayeux.max_body_bytes)
        .compress_above(Some(settings.bayeux.compress_above_bytes).filter(|bytes| *bytes > 0))
        .body_timeout(Duration::from_millis(settings.server.body_timeout_ms))
        .cookie(cookie)
}
