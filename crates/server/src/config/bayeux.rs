//! The two brokers and how they are served.
//!
//! The generic one at `/cometd` takes broadcasts from everybody, except in `/v2/**`, where the
//! names of the other one live. The GWS one is for users, who only listen: what happens is told by
//! the gateway. Rules say more.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use encke::bayeux::batch::Limits;
use encke::bayeux::{ChannelName, ChannelPattern, Dialect};
use encke::broker::{self, Activity, Rate};
use encke::transport::{self, CallbackConfig, CookieConfig, HttpConfig, SocketConfig};
use http::StatusCode;

use super::channels;
use super::rules::with_rules;
use super::{ConfigError, is_token};
use crate::handshakes::HandshakeRate;
use crate::policy::ChannelRules;
use crate::settings::{
    ActiveBy, BayeuxSettings, CookieBinding, Endpoint, ErrorTexts, SameSite, Settings, Transport,
};

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
    let cometd = bounded(settings)?
        .policy(Arc::new(open))
        .channels(channels::rules(settings, Endpoint::Cometd)?)
        .connection_types(offered(&settings.cometd.transports));
    let notifications = bounded(settings)?
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

fn bounded(settings: &Settings) -> Result<broker::Config, ConfigError> {
    let Settings { bayeux, limits, .. } = settings;
    let BayeuxSettings { max_sessions_per_browser, http2_max_sessions_per_browser, .. } = *bayeux;
    let per_browser = bound_or_none("bayeux.max_sessions_per_browser", max_sessions_per_browser)?;
    let per_http2_browser =
        bound_or_none("bayeux.http2_max_sessions_per_browser", http2_max_sessions_per_browser)?;
    Ok(broker::Config::default()
        .timeout(Duration::from_millis(bayeux.timeout_ms))
        .interval(Duration::from_millis(bayeux.interval_ms))
        .max_interval(Duration::from_millis(bayeux.max_interval_ms))
        .advise_max_interval(bayeux.advise_max_interval)
        .max_hold(Duration::from_millis(bayeux.max_hold_ms))
        .dialect(match bayeux.error_texts {
            ErrorTexts::V31 => Dialect::V31,
            ErrorTexts::V4 => Dialect::V4,
            ErrorTexts::V5 => Dialect::V5,
        })
        .broadcast_to_publisher(bayeux.broadcast_to_publisher)
        .cookie_binding(match settings.browser_cookie.binding {
            CookieBinding::Learnt => broker::CookieBinding::Learnt,
            CookieBinding::Required => broker::CookieBinding::Required,
            CookieBinding::Ignored => broker::CookieBinding::Ignored,
        })
        .activity((bayeux.max_inactive_ms > 0).then(|| Activity {
            by: match bayeux.active_by {
                ActiveBy::Client => broker::ActiveBy::Client,
                ActiveBy::ClientOrServer => broker::ActiveBy::ClientOrServer,
            },
            max_inactive: Duration::from_millis(bayeux.max_inactive_ms),
        }))
        .timestamps(bayeux.timestamps)
        .max_lazy(Duration::from_millis(bayeux.max_lazy_ms))
        .meta_connect_delivery_only(bayeux.meta_connect_deliver_only)
        .batch(Limits { messages: bayeux.max_batch_messages, depth: bayeux.max_depth })
        .queue(bayeux.max_queue_messages, bayeux.max_queue_bytes)
        .response_bytes(bayeux.max_response_bytes)
        .subscriptions_per_session(bayeux.max_subscriptions)
        .sessions(bayeux.max_sessions)
        .sessions_per_user(Some(bayeux.max_sessions_per_user))
        .sessions_per_address(Some(bayeux.max_sessions_per_address).filter(|most| *most > 0))
        .handshake_rate(Rate::new(limits.handshakes_per_second, limits.handshake_burst.max(1)))
        .publish_rate(Rate::new(
            limits.session_publishes_per_second,
            limits.session_publish_burst.max(1),
        ))
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

pub(super) fn bayeux_http(settings: &Settings, secure: bool) -> Result<HttpConfig, ConfigError> {
    let Settings { bayeux, cometd, websocket, server, .. } = settings;
    let key = "bayeux.superseded_status";
    let status = StatusCode::from_u16(bayeux.superseded_status)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
        .ok_or_else(|| ConfigError::new(key, "is no status from 400 to 599"))?;
    if status == StatusCode::REQUEST_TIMEOUT {
        let reason = "is 408, upon which browsers repeat the poll by themselves";
        return Err(ConfigError::new(key, reason));
    }
    if cometd.callback_parameter.is_empty() || cometd.callback_parameter == "message" {
        return Err(ConfigError::new("cometd.callback_parameter", "is no name for a callback"));
    }
    let mut callback = CallbackConfig::default();
    callback.parameter.clone_from(&cometd.callback_parameter);
    callback.max_bytes = cometd.callback_max_bytes;
    if websocket
        .protocol
        .as_ref()
        .is_some_and(|name| name.is_empty() || !name.bytes().all(is_token))
    {
        return Err(ConfigError::new("websocket.protocol", "is no name of a subprotocol"));
    }
    let mut socket = SocketConfig::default();
    socket.message_bytes = Some(websocket.max_message_bytes);
    socket.messages_per_frame = NonZeroUsize::new(websocket.messages_per_frame);
    socket.handshake_required = websocket.require_handshake;
    socket.protocol.clone_from(&websocket.protocol);
    Ok(HttpConfig::default()
        .body_bytes(bayeux.max_body_bytes)
        .compress_above(Some(bayeux.compress_above_bytes).filter(|bytes| *bytes > 0))
        .body_timeout(Duration::from_millis(server.body_timeout_ms))
        .superseded_status(status)
        .callback(callback)
        .socket(socket)
        .ping_interval(Duration::from_millis(websocket.ping_interval_ms))
        .write_timeout(Duration::from_millis(websocket.write_timeout_ms))
        .views(bayeux.views)
        .cookie(browser_cookie(settings, secure)?))
}

fn browser_cookie(settings: &Settings, secure: bool) -> Result<CookieConfig, ConfigError> {
    let Settings { session, browser_cookie, .. } = settings;
    let attribute = |text: &str| !text.is_empty() && text.bytes().all(is_attribute);
    if browser_cookie.name.is_empty() || !browser_cookie.name.bytes().all(is_token) {
        return Err(ConfigError::new("browser_cookie.name", "is no cookie name"));
    }
    if browser_cookie.name == session.cookie {
        return Err(ConfigError::new("browser_cookie.name", "is `session.cookie` too"));
    }
    if !attribute(&browser_cookie.path) || !browser_cookie.path.starts_with('/') {
        return Err(ConfigError::new("browser_cookie.path", "is no path of a cookie"));
    }
    if browser_cookie.domain.as_deref().is_some_and(|domain| !attribute(domain)) {
        return Err(ConfigError::new("browser_cookie.domain", "is no domain of a cookie"));
    }
    let max_age = Duration::from_millis(browser_cookie.max_age_ms);
    let mut cookie = CookieConfig::default();
    cookie.name.clone_from(&browser_cookie.name);
    cookie.domain.clone_from(&browser_cookie.domain);
    cookie.path.clone_from(&browser_cookie.path);
    cookie.max_age = (!max_age.is_zero()).then_some(max_age);
    cookie.http_only = browser_cookie.http_only;
    cookie.secure = secure;
    cookie.same_site = Some(match session.same_site {
        SameSite::Lax => transport::SameSite::Lax,
        SameSite::Strict => transport::SameSite::Strict,
        SameSite::None => transport::SameSite::None,
    });
    cookie.partitioned = session.partitioned;
    Ok(cookie)
}

/// What may stand in an attribute of a cookie.
fn is_attribute(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';'
}
