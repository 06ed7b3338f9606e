//! Every bound and every time of a broker.
//!
//! Setters take the value and give the configuration back; [`Config::default`] is what CometD does
//! where CometD has an option, and a bound where it has none. Cross-checks happen once, in
//! [`crate::Broker::new`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use encke_bayeux::batch::Limits;
use encke_bayeux::{
    Advice, ChannelKind, ChannelName, ChannelPattern, Dialect, Reconnect, Timestamp,
};

use crate::activity::Activity;
use crate::authorizer::{Authorizer, Authorizers};
use crate::binding::CookieBinding;
use crate::channel_rule::{ChannelRule, ChannelSettings};
use crate::extension::{Extension, Extensions};
use crate::filter::{DataFilter, Filters};
use crate::listener::Listener;
use crate::policy::{Policy, Rules};
use crate::rate::Rate;
use crate::service::{Service, Services};
use crate::wall::WallClock;

/// The configuration of one broker.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) max_interval: Duration,
    pub(crate) advise_max_interval: bool,
    pub(crate) max_hold: Duration,
    pub(crate) max_lazy: Duration,
    pub(crate) broadcast_to_publisher: bool,
    pub(crate) meta_connect_delivery_only: bool,
    pub(crate) acknowledge: bool,
    pub(crate) dialect: Dialect,
    pub(crate) batch: Limits,
    pub(crate) queue_messages: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) response_bytes: usize,
    pub(crate) subscriptions_per_session: usize,
    pub(crate) sessions: usize,
    pub(crate) sessions_per_user: Option<usize>,
    pub(crate) sessions_per_address: Option<usize>,
    pub(crate) handshake_rate: Option<Rate>,
    pub(crate) publish_rate: Option<Rate>,
    pub(crate) sessions_per_browser: Option<usize>,
    pub(crate) multiplexed_sessions_per_browser: Option<usize>,
    pub(crate) multi_session_interval: Duration,
    pub(crate) cookie_binding: CookieBinding,
    pub(crate) connection_types: Vec<&'static str>,
    pub(crate) private: Vec<ChannelPattern>,
    pub(crate) named_only: Vec<ChannelName>,
    pub(crate) channels: Vec<ChannelRule>,
    pub(crate) activity: Option<Activity>,
    pub(crate) timestamps: bool,
    pub(crate) wall: Option<WallClock>,
    pub(crate) policy: Arc<dyn Policy>,
    pub(crate) extensions: Extensions,
    pub(crate) filters: Filters,
    pub(crate) authorizers: Authorizers,
    pub(crate) services: Services,
    pub(crate) listeners: Vec<Arc<dyn Listener>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            interval: Duration::ZERO,
            max_interval: Duration::from_secs(10),
            advise_max_interval: true,
            max_hold: Duration::from_secs(24 * 60 * 60),
            max_lazy: Duration::from_secs(5),
            broadcast_to_publisher: true,
            meta_connect_delivery_only: true,
            acknowledge: true,
            dialect: Dialect::V5,
            batch: Limits::default(),
            queue_messages: 10_000,
            queue_bytes: 8 << 20,
            response_bytes: 1 << 20,
            subscriptions_per_session: 4096,
            sessions: 200_000,
            sessions_per_user: None,
            sessions_per_address: None,
            handshake_rate: None,
            publish_rate: None,
            sessions_per_browser: Some(5),
            multiplexed_sessions_per_browser: None,
            multi_session_interval: Duration::from_secs(2),
            cookie_binding: CookieBinding::Learnt,
            connection_types: vec!["long-polling"],
            private: Vec::new(),
            named_only: Vec::new(),
            channels: Vec::new(),
            activity: None,
            timestamps: false,
            wall: None,
            policy: Arc::new(Rules::default()),
            extensions: Extensions::default(),
            filters: Filters::default(),
            authorizers: Authorizers::default(),
            services: Services::default(),
            listeners: Vec::new(),
        }
    }
}

impl Config {
    /// Longest time a `/meta/connect` is held while there is nothing to deliver.
    ///
    /// Default 30 s. Keep it below the idle limit of every proxy on the way. CometD: `timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Pause that clients are told to leave between two connects.
    ///
    /// Default 0. CometD: `interval`.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long a session outlives its last connect, beyond the interval.
    ///
    /// Default 10 s. CometD: `maxInterval`.
    #[must_use]
    pub fn max_interval(mut self, max_interval: Duration) -> Self {
        self.max_interval = max_interval;
        self
    }

    /// Whether clients are told `maxInterval` with every advice to retry. Default true.
    ///
    /// A client that cannot connect then knows when its session must be gone, and shakes hands
    /// without asking for it once more in vain. CometD: `handshakeReconnect`, default false.
    #[must_use]
    pub fn advise_max_interval(mut self, advised: bool) -> Self {
        self.advise_max_interval = advised;
        self
    }

    /// Longest hold that a client may ask for with the `advice.timeout` of a connect.
    ///
    /// Default one day, which is also the most. Longer wishes are cut to it. Takes the place of
    /// CometD's `maxProcessing`, which ends sessions whose connect is held for too long.
    #[must_use]
    pub fn max_hold(mut self, max_hold: Duration) -> Self {
        self.max_hold = max_hold;
        self
    }

    /// Longest time that a lazy message waits for others to leave with.
    ///
    /// Default 5 s. Longer times of channels and of code are cut to it; zero makes nothing lazy.
    /// CometD: `maxLazyTimeout`.
    #[must_use]
    pub fn max_lazy(mut self, max_lazy: Duration) -> Self {
        self.max_lazy = max_lazy;
        self
    }

    /// Whether publishers that are subscribed get their own messages. Default true.
    ///
    /// Where a channel says otherwise ([`ChannelSettings::broadcast_to_publisher`]), both have to be
    /// true. CometD: `broadcastToPublisher`.
    #[must_use]
    pub fn broadcast_to_publisher(mut self, broadcast: bool) -> Self {
        self.broadcast_to_publisher = broadcast;
        self
    }

    /// Whether messages travel on connect replies only.
    ///
    /// Default true: one path keeps the order of messages even where a client has two connections
    /// open. With false they ride on any reply of the session, as CometD does unless told
    /// otherwise. CometD: `metaConnectDeliverOnly`.
    #[must_use]
    pub fn meta_connect_delivery_only(mut self, only: bool) -> Self {
        self.meta_connect_delivery_only = only;
        self
    }

    /// Whether clients may ask for the acknowledge extension. Default true.
    ///
    /// With it nothing is lost between server and client while the session lives, whatever happens
    /// to its connections. Unacknowledged messages count against the bounds of the queue.
    #[must_use]
    pub fn acknowledge(mut self, offered: bool) -> Self {
        self.acknowledge = offered;
        self
    }

    /// Spelling of error texts. Default: CometD 5 and later.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Bounds of one request body. Default 1,000 messages, 512 levels; beyond: HTTP 413, 400.
    #[must_use]
    pub fn batch(mut self, limits: Limits) -> Self {
        self.batch = limits;
        self
    }

    /// Connection types that handshakes name, in order of preference. Default `long-polling`.
    ///
    /// Name only what the transports around the broker serve. CometD: `allowedTransports`.
    #[must_use]
    pub fn connection_types(mut self, types: Vec<&'static str>) -> Self {
        self.connection_types = types;
        self
    }

    /// Most undelivered messages of one session, and most bytes of them.
    ///
    /// Default 10,000 messages and 8 MiB. A session that is beyond either is cut: it is removed,
    /// counted and logged, and its client is told with `402` to shake hands again.
    ///
    /// A response that was not written comes back in front of what was queued meanwhile, be it beyond
    /// the bounds: nothing is lost for a broken connection. There are as many of them as connections
    /// break while they are written, each of at most [`Config::response_bytes`].
    #[must_use]
    pub fn queue(mut self, messages: usize, bytes: usize) -> Self {
        self.queue_messages = messages;
        self.queue_bytes = bytes;
        self
    }

    /// Size at which a response is closed and the rest left for the next connect.
    ///
    /// Default 1 MiB. A single larger message still goes out whole.
    #[must_use]
    pub fn response_bytes(mut self, bytes: usize) -> Self {
        self.response_bytes = bytes;
        self
    }

    /// Most subscriptions of one session. Default 4,096; beyond: `403::too_many_subscriptions`.
    #[must_use]
    pub fn subscriptions_per_session(mut self, count: usize) -> Self {
        self.subscriptions_per_session = count;
        self
    }

    /// Most sessions altogether. Default 200,000; beyond: `503::too_many_sessions`.
    #[must_use]
    pub fn sessions(mut self, count: usize) -> Self {
        self.sessions = count;
        self
    }

    /// Most sessions of one user; `None`, the default, is no bound of its own.
    #[must_use]
    pub fn sessions_per_user(mut self, count: Option<usize>) -> Self {
        self.sessions_per_user = count;
        self
    }

    /// Most sessions from one address, or one /64 of IPv6; `None`, the default, is no bound.
    ///
    /// Beyond: `429::too_many_sessions_of_address`, with the advice to shake hands after a pause of
    /// some seconds. Asks for [`Request::peer`](crate::Request::peer), and says nothing about
    /// clients without one. Sessions inside the process count where they name a peer.
    #[must_use]
    pub fn sessions_per_address(mut self, count: Option<usize>) -> Self {
        self.sessions_per_address = count;
        self
    }

    /// How many handshakes are served, of all clients together. Default: as many as come.
    ///
    /// Beyond: `503::too_many_handshakes`, with the advice to shake hands after a pause that grows
    /// with the excess and is spread by chance, so that a crowd that comes back at once is served at
    /// this rate. A client whose session is gone is advised likewise while that lasts.
    #[must_use]
    pub fn handshake_rate(mut self, rate: Option<Rate>) -> Self {
        self.handshake_rate = rate;
        self
    }

    /// How often one session may publish, on service channels too. Default: as it likes.
    ///
    /// Beyond: `429::too_many_publishes`, and the message reaches nobody.
    #[must_use]
    pub fn publish_rate(mut self, rate: Option<Rate>) -> Self {
        self.publish_rate = rate;
        self
    }

    /// Most connects of one browser that are held at a time, told by its cookie.
    ///
    /// Default 5: browsers open six connections to a host, and a sixth held poll would leave none
    /// for anything else. Further sessions are answered at once and advised to poll, see
    /// [`Config::multi_session_interval`], until there is room again. `None` is no bound, 0 holds
    /// nobody. `WebSocket`s do not count, nor do clients that keep no cookies.
    ///
    /// CometD: `maxSessionsPerBrowser`, default 1.
    #[must_use]
    pub fn sessions_per_browser(mut self, count: Option<usize>) -> Self {
        self.sessions_per_browser = count;
        self
    }

    /// The same where many requests share one connection, as in HTTP/2. Default no bound.
    ///
    /// CometD: `http2MaxSessionsPerBrowser`.
    #[must_use]
    pub fn multiplexed_sessions_per_browser(mut self, count: Option<usize>) -> Self {
        self.multiplexed_sessions_per_browser = count;
        self
    }

    /// Pause between the polls of a session whose browser has enough connects held.
    ///
    /// Default 2 s. Zero turns such sessions away: their connect fails with
    /// `429::multiple_clients` and the advice `none`. CometD: `multiSessionInterval`.
    #[must_use]
    pub fn multi_session_interval(mut self, interval: Duration) -> Self {
        self.multi_session_interval = interval;
        self
    }

    /// Whether anonymous clients have to show the browser cookie. Default: those that keep it.
    ///
    /// CometD: `trustClientSession`, and otherwise all of them.
    #[must_use]
    pub fn cookie_binding(mut self, binding: CookieBinding) -> Self {
        self.cookie_binding = binding;
        self
    }

    /// Patterns whose channels are private to each user.
    ///
    /// Default none. See the crate's page, "Private channels".
    #[must_use]
    pub fn private(mut self, patterns: Vec<ChannelPattern>) -> Self {
        self.private = patterns;
        self
    }

    /// Private channels that wildcards pass over: only a subscription of that very name receives.
    ///
    /// Default none. For channels that clients which subscribe to everything do not expect.
    #[must_use]
    pub fn named_only(mut self, channels: Vec<ChannelName>) -> Self {
        self.named_only = channels;
        self
    }

    /// Settings by channel: the first rule that matches counts. Default none.
    #[must_use]
    pub fn channels(mut self, rules: Vec<ChannelRule>) -> Self {
        self.channels = rules;
        self
    }

    /// How long sessions may be inactive before they are ended. Default: for ever.
    ///
    /// CometD: the activity extension.
    #[must_use]
    pub fn activity(mut self, activity: Option<Activity>) -> Self {
        self.activity = activity;
        self
    }

    /// Whether events and replies carry the time of day as `timestamp`. Default false.
    ///
    /// A publisher's own is kept. Needs [`Config::wall`]. CometD: the timestamp extension.
    #[must_use]
    pub fn timestamps(mut self, stamped: bool) -> Self {
        self.timestamps = stamped;
        self
    }

    /// What time of day it is. Default unknown.
    ///
    /// Whatever tells clients the time of day needs it, and so does a rule that keeps channels:
    /// positions begin at the time of day when the log was begun.
    #[must_use]
    pub fn wall(mut self, wall: WallClock) -> Self {
        self.wall = Some(wall);
        self
    }

    /// Who may do what. Default: [`Rules::default`].
    #[must_use]
    pub fn policy(mut self, policy: Arc<dyn Policy>) -> Self {
        self.policy = policy;
        self
    }

    /// Who is told about sessions, subscriptions and messages. Default nobody; any number may be
    /// added, and are told in the order of their registration.
    #[must_use]
    pub fn listener(mut self, listener: Arc<dyn Listener>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Who may do what on the channels that `pattern` contains. Default: nobody is asked.
    ///
    /// Any number may be added, to the same pattern too; see [`crate::authorizer`] for what comes of
    /// several opinions.
    #[must_use]
    pub fn authorizer(mut self, pattern: ChannelPattern, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizers.add(pattern, authorizer);
        self
    }

    /// Who sees every message on its way in and out. Default nobody; any number may be added.
    #[must_use]
    pub fn extension(mut self, extension: Arc<dyn Extension>) -> Self {
        self.extensions.add(extension);
        self
    }

    /// What looks at the payloads that clients send on the channels that `pattern` covers, service
    /// channels included. Default nothing; any number may be added, to the same pattern too.
    #[must_use]
    pub fn filter(mut self, pattern: ChannelPattern, filter: Arc<dyn DataFilter>) -> Self {
        self.filters.add(pattern, filter);
        self
    }

    /// What answers on the service channels that `pattern` covers. Default nothing.
    ///
    /// An exact channel such as `/service/sum`, or a wildcard below `/service`. The first
    /// registration that covers a channel counts, so name the exact ones first.
    #[must_use]
    pub fn service(mut self, pattern: ChannelPattern, service: Arc<dyn Service>) -> Self {
        self.services.add(pattern, service);
        self
    }

    pub(crate) fn channel(&self, channel: &ChannelName) -> &ChannelSettings {
        ChannelSettings::of(&self.channels, channel)
    }

    /// What messages made at `now` carry as their time of day, if they do.
    pub(crate) fn timestamp(&self, now: Instant) -> Option<Timestamp> {
        self.wall.filter(|_| self.timestamps).map(|wall| Timestamp(wall.unix_ms(now)))
    }

    /// The advice to connect again after `interval`.
    pub(crate) fn retry(&self, interval: Duration) -> Advice {
        Advice {
            interval: Some(interval),
            timeout: Some(self.timeout),
            max_interval: self.advise_max_interval.then_some(self.max_interval),
            ..Advice::only(Reconnect::Retry)
        }
    }

    /// How long a message may really wait that would wait this long.
    pub(crate) fn laziness(&self, lazy: Option<Duration>) -> Option<Duration> {
        lazy.map(|within| within.min(self.max_lazy)).filter(|within| !within.is_zero())
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        check_timeout(self.timeout)?;
        if self.max_hold < self.timeout {
            return Err(ConfigError::MaxHold(self.max_hold));
        }
        if self.timestamps && self.wall.is_none() {
            return Err(ConfigError::Timestamps);
        }
        let kept = self.channels.iter().find(|rule| rule.settings.replay.is_some());
        if let Some(rule) = kept.filter(|_| self.wall.is_none()) {
            return Err(ConfigError::NoWallClock(rule.pattern.clone()));
        }
        check_max_interval(self.max_interval)?;
        if self.queue_messages == 0 || self.queue_bytes == 0 || self.batch.messages == 0 {
            return Err(ConfigError::ZeroBound);
        }
        if let Some(pattern) = self.services.patterns().find(|p| p.kind() != ChannelKind::Service) {
            return Err(ConfigError::NoServiceChannel(pattern.clone()));
        }
        Ok(())
    }
}

pub(crate) fn check_timeout(timeout: Duration) -> Result<(), ConfigError> {
    if timeout > Duration::from_secs(3600) {
        return Err(ConfigError::Timeout(timeout));
    }
    Ok(())
}

pub(crate) fn check_max_interval(max_interval: Duration) -> Result<(), ConfigError> {
    if max_interval.is_zero() { Err(ConfigError::MaxInterval) } else { Ok(()) }
}

/// Why a configuration makes no sense. The caller's mistake.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// More than one hour.
    Timeout(Duration),
    /// Less than the timeout, which clients are told to expect.
    MaxHold(Duration),
    /// Timestamps are wanted, but the time of day is not known.
    Timestamps,
    /// These channels are to be kept, but the time of day is not known. The log could not be told
    /// from an earlier one, and a client that comes back would miss messages without a gap.
    NoWallClock(ChannelPattern),
    /// Zero: every session would end as soon as its connect is answered.
    MaxInterval,
    /// A bound of zero would refuse everything.
    ZeroBound,
    /// Services answer below `/service/` and nowhere else.
    NoServiceChannel(ChannelPattern),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(timeout) => write!(f, "timeout of {timeout:?} is beyond one hour"),
            Self::MaxHold(hold) => write!(f, "max_hold of {hold:?} is below the timeout"),
            Self::Timestamps => f.write_str("timestamps without the time of day"),
            Self::NoWallClock(pattern) => {
                write!(f, "{pattern} cannot be kept without the time of day")
            }
            Self::MaxInterval => f.write_str("max_interval is zero"),
            Self::NoServiceChannel(pattern) => write!(f, "{pattern} is no service channel"),
            Self::ZeroBound => f.write_str("a bound of zero refuses everything"),
        }
    }
}

impl std::error::Error for ConfigError {}
