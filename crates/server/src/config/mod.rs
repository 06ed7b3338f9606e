//! Settings made into what the parts want: durations, limits, users, origins.
//!
//! Converted and cross-checked once, before anything is bound. What is wrong is named by its key.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use encke::broker;
use encke::calls::{self, ConsultUserData, CoreConfig, Duplicates, Profile};
use encke::gateway::{self, Directory, GatewayConfig};
use encke::transport::HttpConfig;
use http::Uri;
use ipnet::IpNet;

use crate::cors::Origins;
use crate::handshakes::HandshakeRate;
use crate::listener::ConnectionLimits;
use crate::logging;
use crate::login::token::TokenConfig;
use crate::login::{Account, CheckBounds, CookieForm, SessionBounds, Throttle};
use crate::proxies::{self, Proxies};
use crate::settings::{
    Capabilities, ConsultData, DuplicateKeys, LimitSettings, SameSite, Settings, SmsSpelling,
};

mod api;
mod bayeux;
mod channels;
mod people;
mod rules;
mod token;

pub(crate) use api::ApiConfig;
use api::api;
use bayeux::{bayeux_http, brokers};
use people::{accounts, directory};
use token::tokens;

/// Largest packed user data that may be allowed, in bytes.
///
/// # Sources
///
/// Documented: T-Server's `user-data-limit` goes to 65,535.
const MAX_USER_DATA: usize = 65_535;

/// Everything that a server needs, checked.
#[derive(Debug)]
pub struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) operations_listen: Option<SocketAddr>,
    pub(crate) external_url: Option<String>,
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) max_connections: usize,
    pub(crate) connection: ConnectionLimits,
    pub(crate) body_timeout: Duration,
    pub(crate) body_bytes: usize,
    pub(crate) write_timeout: Duration,
    pub(crate) drain_delay: Duration,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    pub(crate) limits: LimitSettings,
    pub(crate) handshakes: Arc<HandshakeRate>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) checks: CheckBounds,
    pub(crate) throttle: Throttle,
    pub(crate) sessions: SessionBounds,
    pub(crate) cookie: CookieForm,
    pub(crate) csrf: bool,
    pub(crate) tokens: Option<TokenConfig>,
    pub(crate) api: Option<ApiConfig>,
    pub(crate) directory: Directory,
    pub(crate) notifications: broker::Config,
    pub(crate) cometd: Option<CometdConfig>,
    pub(crate) bayeux_http: HttpConfig,
    pub(crate) gateway: GatewayConfig,
    pub(crate) calls: CoreConfig,
    pub(crate) data: Option<PathBuf>,
    pub(crate) simulator: bool,
    pub(crate) desk: bool,
}

/// The generic Bayeux endpoint.
#[derive(Debug)]
pub(crate) struct CometdConfig {
    pub(crate) broker: broker::Config,
    /// Whether clients without a login go on to it.
    pub(crate) anonymous: bool,
}

/// A setting that makes no sense, by itself or with another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    key: String,
    reason: String,
}

impl ConfigError {
    fn new(key: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self { key: key.into(), reason: reason.to_string() }
    }

    /// The path of the key, such as `tls.key`.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.reason)
    }
}

impl Error for ConfigError {}

impl Config {
    /// Converts and checks.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the first key that makes no sense.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let Settings { server, login, session, .. } = settings;
        check_bounds(settings)?;
        logging::parse_filter(&settings.log.filter)
            .map_err(|error| ConfigError::new("log.filter", error))?;
        let tls = match (&settings.tls.certificate, &settings.tls.key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            (Some(_), None) => return Err(ConfigError::new("tls.key", "is missing")),
            (None, Some(_)) => return Err(ConfigError::new("tls.certificate", "is missing")),
        };
        let secure = session.secure.unwrap_or(tls.is_some());
        if session.same_site == SameSite::None && !secure {
            let reason = "is \"none\", which browsers take with `secure` only: use [tls], or set \
                          `session.secure` where a proxy speaks TLS";
            return Err(ConfigError::new("session.same_site", reason));
        }
        if session.cookie.is_empty() || !session.cookie.bytes().all(is_token) {
            return Err(ConfigError::new("session.cookie", "is no cookie name"));
        }
        let external_url = match &server.external_url {
            Some(url) => Some(check_external_url(url)?),
            None => None,
        };
        let limits = &settings.limits;
        let handshakes = Arc::new(HandshakeRate::new(
            limits.address_handshakes_per_second,
            limits.address_handshake_burst,
        ));
        let (cometd, notifications) = brokers(settings, &handshakes)?;
        rules::check_roles(settings)?;
        // Before the directory, which names users in less detail.
        let accounts = accounts(settings)?;
        let directory = directory(settings)?;
        Ok(Self {
            listen: server.listen,
            operations_listen: settings.operations.listen,
            tls,
            max_connections: server.max_connections,
            connection: ConnectionLimits {
                header_timeout: Duration::from_millis(server.header_timeout_ms),
                max_header_bytes: server.max_header_bytes,
            },
            body_timeout: Duration::from_millis(server.body_timeout_ms),
            body_bytes: server.max_body_bytes,
            write_timeout: Duration::from_millis(server.write_timeout_ms),
            drain_delay: Duration::from_millis(server.drain_delay_ms),
            shutdown_timeout: Duration::from_millis(server.shutdown_timeout_ms),
            origins: Origins {
                allowed: check_origins(&settings.cors.allowed_origins)?,
                own: external_url.iter().map(|url| origin_of(url).to_owned()).collect(),
                loopback: settings.cors.loopback,
            },
            external_url,
            proxies: Proxies {
                trusted: check_proxies(&server.trusted_proxies)?,
                header: server.forwarded_header,
            },
            limits: settings.limits.clone(),
            handshakes,
            accounts,
            checks: CheckBounds {
                parallel: login.parallel_checks,
                waiting: login.waiting_checks,
                ttl: Duration::from_millis(login.cache_ttl_ms),
                entries: login.cache_entries,
            },
            throttle: Throttle::new(
                login.user_failures,
                login.address_failures,
                Duration::from_millis(login.failure_forgotten_ms),
            ),
            sessions: SessionBounds {
                max_inactive: Duration::from_millis(session.max_inactive_ms),
                unconfirmed: Duration::from_millis(session.unconfirmed_ms),
                max_sessions: session.max_sessions,
                max_per_user: session.max_sessions_per_user,
            },
            cookie: CookieForm {
                name: session.cookie.clone(),
                same_site: session.same_site,
                secure,
                partitioned: session.partitioned,
            },
            csrf: login.csrf,
            tokens: tokens(settings)?,
            api: api(settings)?,
            calls: calls(settings, &directory),
            directory,
            notifications,
            cometd: settings
                .cometd
                .enabled
                .then_some(CometdConfig { broker: cometd, anonymous: settings.cometd.anonymous }),
            bayeux_http: bayeux_http(settings, secure)?,
            gateway: gateway(settings),
            data: settings.journal.data.clone(),
            simulator: settings.simulator.enabled,
            desk: settings.desk.enabled,
        })
    }
}

fn check_bounds(settings: &Settings) -> Result<(), ConfigError> {
    let Settings { server, login, session, bayeux, .. } = settings;
    let at_least_one = [
        ("server.max_connections", server.max_connections),
        ("server.max_body_bytes", server.max_body_bytes),
        ("login.parallel_checks", login.parallel_checks),
        ("login.cache_entries", login.cache_entries),
        ("session.max_sessions", session.max_sessions),
        ("session.max_sessions_per_user", session.max_sessions_per_user),
        ("bayeux.max_body_bytes", bayeux.max_body_bytes),
        ("bayeux.max_depth", bayeux.max_depth),
        ("bayeux.max_response_bytes", bayeux.max_response_bytes),
        ("bayeux.max_sessions", bayeux.max_sessions),
        ("bayeux.max_sessions_per_user", bayeux.max_sessions_per_user),
        ("cometd.callback_max_bytes", settings.cometd.callback_max_bytes),
        ("websocket.max_message_bytes", settings.websocket.max_message_bytes),
        ("calls.max_calls", settings.calls.max_calls),
        ("calls.max_calls_per_dn", settings.calls.max_calls_per_dn),
        ("calls.max_waiting", settings.calls.max_waiting),
        ("gws.max_depth", settings.gws.max_depth),
        ("user_data.max_bytes", settings.user_data.max_bytes),
    ];
    let times = [
        ("server.header_timeout_ms", server.header_timeout_ms),
        ("server.body_timeout_ms", server.body_timeout_ms),
        ("server.write_timeout_ms", server.write_timeout_ms),
        ("server.shutdown_timeout_ms", server.shutdown_timeout_ms),
        ("login.cache_ttl_ms", login.cache_ttl_ms),
        ("login.failure_forgotten_ms", login.failure_forgotten_ms),
        ("session.max_inactive_ms", session.max_inactive_ms),
        ("session.unconfirmed_ms", session.unconfirmed_ms),
        ("websocket.ping_interval_ms", settings.websocket.ping_interval_ms),
        ("websocket.write_timeout_ms", settings.websocket.write_timeout_ms),
    ];
    let zero_bound = at_least_one.iter().find(|(_, value)| *value == 0).map(|(key, _)| *key);
    let zero_time = times.iter().find(|(_, value)| *value == 0).map(|(key, _)| *key);
    if let Some(key) = zero_bound.or(zero_time) {
        return Err(ConfigError::new(key, "is 0, which would refuse everything"));
    }
    // hyper takes no smaller buffer.
    if server.max_header_bytes < 8_192 {
        return Err(ConfigError::new("server.max_header_bytes", "is below 8192"));
    }
    if bayeux.max_hold_ms < bayeux.timeout_ms {
        return Err(ConfigError::new("bayeux.max_hold_ms", "is below `bayeux.timeout_ms`"));
    }
    if settings.user_data.max_bytes > MAX_USER_DATA {
        return Err(ConfigError::new("user_data.max_bytes", "is above 65535"));
    }
    Ok(())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

fn check_external_url(url: &str) -> Result<String, ConfigError> {
    let key = "server.external_url";
    let parsed: Uri = url.parse().map_err(|error| ConfigError::new(key, error))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.query().is_some() {
        return Err(ConfigError::new(key, "is not of the form https://host[:port][/path]"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// The part of a checked URL before its path.
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}

fn check_origins(origins: &[String]) -> Result<Vec<String>, ConfigError> {
    for origin in origins {
        let plain = origin.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && origin_of(origin) == origin
        });
        if !plain {
            let reason = format!("has `{origin}`, which is not of the form https://host[:port]");
            return Err(ConfigError::new("cors.allowed_origins", reason));
        }
    }
    Ok(origins.to_vec())
}

fn check_proxies(proxies: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    proxies
        .iter()
        .map(|text| {
            proxies::network(text).ok_or_else(|| {
                let reason = format!("has `{text}`, which is neither an address nor a network");
                ConfigError::new("server.trusted_proxies", reason)
            })
        })
        .collect()
}

fn calls(settings: &Settings, directory: &Directory) -> CoreConfig {
    let Settings { calls, user_data, .. } = settings;
    let limits = calls::Limits::default()
        .user_data_bytes(user_data.max_bytes)
        .user_data_depth(user_data.max_depth)
        .key_bytes(user_data.max_key_bytes)
        .calls(calls.max_calls)
        .calls_per_dn(calls.max_calls_per_dn)
        .interactions(calls.max_interactions)
        .interactions_per_user(calls.max_interactions_per_user)
        .transcript_entries(calls.max_transcript_entries)
        .text_bytes(calls.max_text_bytes)
        .no_answer_ms(Some(calls.no_answer_ms).filter(|ms| *ms > 0))
        .consult_user_data(match calls.consult_user_data {
            ConsultData::Separate => ConsultUserData::Separate,
            ConsultData::Inherited => ConsultUserData::Inherited,
            ConsultData::Joint => ConsultUserData::Joint,
        });
    CoreConfig::default()
        .dns(directory.dns().cloned())
        .limits(limits)
        .queue(calls.max_waiting)
        .retention(Duration::from_millis(calls.retention_ms))
        .retained(calls.max_retained)
}

fn gateway(settings: &Settings) -> GatewayConfig {
    GatewayConfig::default()
        .site(&settings.gws.site)
        .version(env!("CARGO_PKG_VERSION"))
        .metrics(settings.gws.metrics)
        .capabilities(match settings.gws.capabilities {
            Capabilities::Docs => Profile::Documented,
            Capabilities::Live => Profile::Live,
            Capabilities::All => Profile::Everything,
        })
        .recording(settings.gws.recording)
        .sms_spelling(match settings.gws.sms_spelling {
            SmsSpelling::Smsession => gateway::SmsSpelling::Smsession,
            SmsSpelling::Smssession => gateway::SmsSpelling::Smssession,
        })
        .duplicates(match settings.user_data.duplicates {
            DuplicateKeys::All => Duplicates::All,
            DuplicateKeys::Last => Duplicates::Last,
        })
        .body_limit_bytes(settings.server.max_body_bytes)
        .body_depth(settings.gws.max_depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DemoOptions;
    use crate::settings::{Secret, Transport, UserSettings};

    fn error_key(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::demo(&DemoOptions::default()).unwrap();
        change(&mut settings);
        Config::from_settings(&settings).unwrap_err().key().to_owned()
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_key() {
        assert_eq!(error_key(|s| s.tls.key = Some("key.pem".into())), "tls.certificate");
        assert_eq!(error_key(|s| s.session.same_site = SameSite::None), "session.same_site");
        assert_eq!(error_key(|s| s.session.cookie = "a b".to_owned()), "session.cookie");
        assert_eq!(error_key(|s| s.cometd.transports.clear()), "cometd.transports");
        assert_eq!(
            error_key(|s| s.gws.transports.push(Transport::CallbackPolling)),
            "gws.transports"
        );
        assert_eq!(error_key(|s| s.server.max_header_bytes = 100), "server.max_header_bytes");
        for status in [200, 302, 408, 600, 9] {
            let key = error_key(|s| s.bayeux.superseded_status = status);
            assert_eq!(key, "bayeux.superseded_status", "{status}");
        }
        assert_eq!(error_key(|s| s.bayeux.max_hold_ms = 1), "bayeux.max_hold_ms");
        let parameter = |s: &mut Settings| s.cometd.callback_parameter = "message".to_owned();
        assert_eq!(error_key(parameter), "cometd.callback_parameter");
        let protocol = |s: &mut Settings| s.websocket.protocol = Some("a b".to_owned());
        assert_eq!(error_key(protocol), "websocket.protocol");
        assert_eq!(
            error_key(|s| s.bayeux.max_sessions_per_browser = -2),
            "bayeux.max_sessions_per_browser"
        );
        assert_eq!(error_key(|s| s.user_data.max_bytes = 70_000), "user_data.max_bytes");
        assert_eq!(error_key(|s| s.log.filter = "a=b=c".to_owned()), "log.filter");
        assert_eq!(error_key(|s| s.server.max_connections = 0), "server.max_connections");
        let url = |s: &mut Settings| s.server.external_url = Some("ftp://x".to_owned());
        assert_eq!(error_key(url), "server.external_url");
        let proxy = |s: &mut Settings| s.server.trusted_proxies = vec!["proxy".to_owned()];
        assert_eq!(error_key(proxy), "server.trusted_proxies");
        let origin = |s: &mut Settings| s.cors.allowed_origins = vec!["*".to_owned()];
        assert_eq!(error_key(origin), "cors.allowed_origins");
    }

    #[test]
    fn the_browser_cookie_is_checked() {
        let name = |s: &mut Settings| s.browser_cookie.name = "a=b".to_owned();
        assert_eq!(error_key(name), "browser_cookie.name");
        let same = |s: &mut Settings| s.browser_cookie.name.clone_from(&s.session.cookie);
        assert_eq!(error_key(same), "browser_cookie.name");
        for path in ["", "cometd", "/a;b", "/a b"] {
            let path = |s: &mut Settings| s.browser_cookie.path = path.to_owned();
            assert_eq!(error_key(path), "browser_cookie.path");
        }
        let domain = |s: &mut Settings| s.browser_cookie.domain = Some("a;b".to_owned());
        assert_eq!(error_key(domain), "browser_cookie.domain");
    }

    #[test]
    fn users_are_checked() {
        let bob = |s: &mut Settings, change: fn(&mut UserSettings)| {
            change(s.users.get_mut("bob").unwrap());
        };
        let hash = |s: &mut Settings| {
            bob(s, |bob| bob.password_hash = Secret::new("demo"));
        };
        assert_eq!(error_key(hash), "users.bob.password_hash");
        assert_eq!(error_key(|s| bob(s, |bob| bob.dns = vec![String::new()])), "users.bob.dns");
        assert_eq!(error_key(|s| bob(s, |bob| bob.dns = vec!["15000".to_owned()])), "users");
        let colon = |s: &mut Settings| {
            let bob = s.users["bob"].clone();
            s.users.insert("b:ob".to_owned(), bob);
        };
        assert_eq!(error_key(colon), "users.b:ob");
    }

    #[test]
    fn external_url_is_an_origin_of_our_own() {
        let mut settings = Settings::default();
        settings.server.external_url = Some("https://gws.example.com:8443/base/".to_owned());
        let config = Config::from_settings(&settings).unwrap();
        assert_eq!(config.external_url.unwrap(), "https://gws.example.com:8443/base");
        assert_eq!(config.origins.own, ["https://gws.example.com:8443"]);
    }
}
