//! Settings of one session, set from code.
//!
//! What is not set is what the broker's configuration says. Most sessions have none of their own,
//! and pay a pointer for that.
//!
//! # Sources
//!
//! Documented: CometD's `ServerSession.setTimeout`, `setInterval`, `setMaxInterval`,
//! `setMetaConnectDeliveryOnly`, `setBroadcastToPublisher`. Observed: a held connect ends at its old
//! time, and its reply tells the new one.

use std::time::Duration;

use crate::config::{self, Config, ConfigError};

/// What holds for one session instead of the broker's configuration. Default: nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SessionSettings {
    timeout: Option<Duration>,
    interval: Option<Duration>,
    max_interval: Option<Duration>,
    meta_connect_delivery_only: Option<bool>,
    broadcast_to_publisher: Option<bool>,
}

impl SessionSettings {
    /// Longest time that a connect is held, as [`Config::timeout`]. A connect that is held already
    /// ends at its old time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Pause between two connects, as [`Config::interval`].
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How long the session outlives its last connect, as [`Config::max_interval`]. Counted anew
    /// from the next message of the client.
    #[must_use]
    pub fn max_interval(mut self, max_interval: Duration) -> Self {
        self.max_interval = Some(max_interval);
        self
    }

    /// Whether messages travel on connect replies only, as [`Config::meta_connect_delivery_only`].
    #[must_use]
    pub fn meta_connect_delivery_only(mut self, only: bool) -> Self {
        self.meta_connect_delivery_only = Some(only);
        self
    }

    /// Whether the session gets its own messages where it is subscribed, as
    /// [`Config::broadcast_to_publisher`].
    ///
    /// It does if this and the channel's
    /// [`broadcast_to_publisher`](crate::ChannelSettings::broadcast_to_publisher) both say so.
    #[must_use]
    pub fn broadcast_to_publisher(mut self, broadcast: bool) -> Self {
        self.broadcast_to_publisher = Some(broadcast);
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.timeout.map_or(Ok(()), config::check_timeout)?;
        self.max_interval.map_or(Ok(()), config::check_max_interval)
    }
}

/// The settings of a session that has some, and whether its client still has to be told.
#[derive(Debug, Default)]
pub(crate) struct Own(Option<Box<(SessionSettings, bool)>>);

impl Own {
    /// Replaces the settings. Returns the interval if it is another one than before.
    pub(crate) fn set(&mut self, settings: SessionSettings, config: &Config) -> Option<Duration> {
        let told = config.advise_max_interval;
        let times = |own: &Self| {
            let max_interval = told.then(|| own.max_interval(config));
            (own.timeout(config), own.interval(config), max_interval)
        };
        let before = times(self);
        let unsaid = self.is_unsaid();
        self.0 = Some(Box::new((settings, unsaid)));
        let now = times(self);
        if let Some(own) = &mut self.0 {
            own.1 |= now != before;
        }
        (now.1 != before.1).then_some(now.1)
    }

    /// Whether the client has to be told new times.
    pub(crate) fn is_unsaid(&self) -> bool {
        self.0.as_ref().is_some_and(|own| own.1)
    }

    /// The client is being told.
    pub(crate) fn said(&mut self) {
        if let Some(own) = &mut self.0 {
            own.1 = false;
        }
    }

    pub(crate) fn timeout(&self, config: &Config) -> Duration {
        self.get(|own| own.timeout).unwrap_or(config.timeout)
    }

    pub(crate) fn interval(&self, config: &Config) -> Duration {
        self.get(|own| own.interval).unwrap_or(config.interval)
    }

    pub(crate) fn max_interval(&self, config: &Config) -> Duration {
        self.get(|own| own.max_interval).unwrap_or(config.max_interval)
    }

    pub(crate) fn meta_connect_delivery_only(&self, config: &Config) -> bool {
        self.get(|own| own.meta_connect_delivery_only).unwrap_or(config.meta_connect_delivery_only)
    }

    pub(crate) fn broadcast_to_publisher(&self, config: &Config) -> bool {
        self.get(|own| own.broadcast_to_publisher).unwrap_or(config.broadcast_to_publisher)
    }

    fn get<T>(&self, setting: impl FnOnce(&SessionSettings) -> Option<T>) -> Option<T> {
        self.0.as_ref().and_then(|own| setting(&own.0))
    }
}
