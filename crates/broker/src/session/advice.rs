//! What a client is told about its next connect, and what code has set for its session alone.
//!
//! Settings of a session go before the configuration. New times are said once, with the first connect
//! reply that can carry them; the pause of a session whose browser has enough connects held is said
//! as long as it lasts, and once more when it is over.

use encke_bayeux::{Advice, Reconnect};

use super::Session;
use crate::config::Config;
use crate::session_settings::SessionSettings;

impl Session {
    /// Replaces the settings that code has given this session.
    pub(crate) fn configure(&mut self, settings: SessionSettings, config: &Config) {
        if let Some(interval) = self.own.set(settings, config) {
            self.interval = interval;
        }
    }

    /// What this connect reply has to say about new times, if the client does not know them yet.
    pub(crate) fn unsaid_advice(&mut self, config: &Config) -> Option<Advice> {
        let unsaid = self.own.is_unsaid();
        self.own.said();
        unsaid.then(|| self.advice(config))
    }

    /// What the client is told about its next connect.
    pub(super) fn advice(&self, config: &Config) -> Advice {
        if self.crowded && config.multi_session_interval.is_zero() {
            return Advice { multiple_clients: true, ..Advice::only(Reconnect::None) };
        }
        Advice {
            multiple_clients: self.crowded,
            timeout: Some(self.own.timeout(config)),
            max_interval: config.advise_max_interval.then(|| self.own.max_interval(config)),
            ..config.retry(self.interval)
        }
    }

    /// Whether messages travel on connect replies only.
    pub(crate) fn delivers_on_connects_only(&self, config: &Config) -> bool {
        self.outbox.is_acknowledged() || self.own.meta_connect_delivery_only(config)
    }

    /// Whether the session gets its own messages, where the channel agrees.
    pub(crate) fn hears_itself(&self, config: &Config) -> bool {
        self.own.broadcast_to_publisher(config)
    }
}
