//! From committed changes to notifications.
//!
//! The core calls [`Projection`] once per change, in the order of the commits, on its writer. Each
//! party of a call is told with its own view, rendered once, whatever number of sessions its user
//! has; nobody else is told anything.
//!
//! | What happened                      | To whom                      | On                            | What                                |
//! |------------------------------------|------------------------------|-------------------------------|-------------------------------------|
//! | a call begins                      | every party                  | `/v2/me/calls`                | `StatusChange`                      |
//! | parties change their states        | those parties                | `/v2/me/calls`                | `StatusChange`                      |
//! | a call's user data changes         | every party still on it      | `/v2/me/calls`                | `AttachedDataChanged`               |
//! |                                    | the same                     | `/v2/me/tevents`              | `EventAttachedDataChanged`          |
//! |                                    | a requester who is no party  | `/v2/me/tevents`              | the same without `thisDN`           |
//! | an SMS session is offered          | its agent                    | `/v2/me/smsessions`           | `StatusChange`                      |
//! | the agent accepts                  | he                           | the same                      | `StatusChange`, `ParticipantsUpdated`, `NewMessages` with all so far |
//! | he rejects, leaves or completes    | he                           | the same                      | `StatusChange`                      |
//! | the customer leaves                | the agent                    | the same                      | `ParticipantsUpdated`               |
//! | either writes, joins or leaves     | the agent, once he accepted  | the same                      | `NewMessages`                       |
//! | a session's user data changes      | the agent                    | the same                      | `PropertiesUpdated`                 |
//!
//! Tones tell nobody. `DeviceStateChangeMessage` is not sent: there is no agent state yet.
//!
//! # Ownership
//!
//! A projection has no state. It runs on the core's writer between two commits, so it must be
//! quick: it renders and hands over, and [`Notify`] must not block.
//!
//! # Sources
//!
//! - Documented: Voice Microservices "Handling user data" for who is told of a call's user data;
//!   the operation pages of the Web Services API for which notification follows what.
//! - Observed: GWS 8.5.202 sends the initiator the notification too, and `metrics` with every one.
//! - Ours: `/v2/me/tevents`; that messages before the acceptance wait for it.

use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::ChannelName;
use encke_broker::UserId;
use encke_calls::{Change, Clock, Observer};
use serde::Serialize;

use crate::config::GatewayConfig;
use crate::directory::Directory;
use crate::json::Object;
use crate::notify::Notify;
use crate::time;
use crate::view::render;

mod calls;
mod sms;
mod tevents;

/// Tells users what happened to their calls and sessions. An observer of the core.
#[derive(Debug)]
pub struct Projection {
    directory: Directory,
    notify: Arc<dyn Notify>,
    config: GatewayConfig,
    clock: Arc<dyn Clock>,
    channels: Channels,
}

#[derive(Debug)]
struct Channels {
    calls: ChannelName,
    sms: ChannelName,
    tevents: ChannelName,
}

impl Projection {
    /// A projection for the users of `directory`.
    ///
    /// `config` is the gateway's. `clock` is the core's; only `metrics` reads it.
    pub fn new(
        directory: Directory,
        notify: Arc<dyn Notify>,
        config: &GatewayConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let channel = |name: &str| {
            ChannelName::new(&format!("/v2/me/{name}")).expect("a fixed name is a channel")
        };
        let channels = Channels {
            calls: channel("calls"),
            sms: channel(config.sms_spelling.collection()),
            tevents: channel("tevents"),
        };
        Self { directory, notify, config: config.clone(), clock, channels }
    }

    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str) {
        let sessions = self.notify.deliver(user, channel, data);
        tracing::trace!(channel = channel.as_str(), sessions, bytes = data.len(), "notified");
    }

    /// Ends a notification: with `metrics` if they are wanted.
    fn finish(&self, message: Object, began: &Began) -> String {
        if !self.config.metrics {
            return message.finish();
        }
        let processing = EventProcessing {
            node_processing_time_nanos: time::now().duration_since(began.here).as_nanos(),
            server_generation_timestamp: began.at_ms,
            server_processing_time_total_ms: self.clock.now_ms().saturating_sub(began.at_ms),
        };
        message.with("metrics", &render(&Metrics { event_processing: processing })).finish()
    }
}

impl Observer for Projection {
    fn committed(&self, change: &Change) {
        let here = time::now();
        match change {
            Change::Call(change) => {
                self.call_changed(change, &Began { here, at_ms: change.event.at_ms });
            }
            Change::Sms(change) => {
                self.sms_changed(change, &Began { here, at_ms: change.event.at_ms });
            }
        }
    }
}

/// When the handling of a change began: here, and at its command.
struct Began {
    here: Instant,
    at_ms: u64,
}

/// The `metrics` member.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    event_processing: EventProcessing,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventProcessing {
    /// From the commit until this notification was rendered.
    node_processing_time_nanos: u128,
    /// When the change was decided, in milliseconds since 1970.
    server_generation_timestamp: u64,
    /// From then until this notification was rendered, the journal included.
    server_processing_time_total_ms: u64,
}
