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
//! | somebody comes, or leaves others   | who comes or leaves          | `/v2/me/calls`                | `StatusChange`                      |
//! |                                    | who stays                    | `/v2/me/calls`                | `ParticipantsUpdated`               |
//! | a consultation ends, or outlives its first call | who asked       | `/v2/me/calls`                | `StatusChange`                      |
//! | a party is muted, or is not any more | that party                 | `/v2/me/calls`                | `StatusChange`                      |
//! | a recording begins, pauses, ends   | every party still on it      | `/v2/me/calls`                | `CallRecordingStateChange`; on `/v2/me/tevents` as a change of user data, which it is too |
//! | nobody answers in time             | who waited, besides          | `/v2/me/devices`              | `ErrorMessage`                      |
//! | a call's user data changes         | every party still on it      | `/v2/me/calls`                | `AttachedDataChanged`               |
//! |                                    | the same                     | `/v2/me/tevents`              | `EventAttachedDataChanged`          |
//! |                                    | a requester who is no party  | `/v2/me/tevents`              | the same without `thisDN`           |
//! | an agent comes, goes, is ready or not, sets something at a phone | he | `/v2/me/devices`          | `DeviceStateChangeMessage`          |
//! | an interaction is offered, or an agent is asked | that agent | its medium's             | `StatusChange`                      |
//! | an agent accepts                   | he                           | the same                      | `StatusChange`, `ParticipantsUpdated`, `NewMessages` with all so far |
//! | he rejects, leaves, gives away, puts by or completes | he         | the same                      | `StatusChange`                      |
//! | others are asked, come, decline or go | who stays                 | the same                      | `ParticipantsUpdated`               |
//! | somebody writes, joins, leaves     | who has accepted             | the same                      | `NewMessages`                       |
//! | somebody begins to write, or stops | the others who have accepted | the same                      | `NewMessages`                       |
//! | an interaction's user data changes | who has to do with it        | the same                      | `PropertiesUpdated`                 |
//!
//! Each notification has a [`Place`]: the position of its change in the journal, and a number that
//! counts whom a change may concern, whether or not they are ours. Told again of a change, a
//! projection sends the same again under the same places.
//!
//! Tones and focus tell nobody.
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

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::ChannelName;
use encke_broker::UserId;
use encke_calls::{Change, Clock, Medium, Observer, Position};
use serde::Serialize;

use crate::config::GatewayConfig;
use crate::directory::Directory;
use crate::json::Object;
use crate::notify::{Notify, Place};
use crate::time;
use crate::view::render;

mod calls;
mod interactions;
mod lines;
mod tevents;

/// Tells users what happened to their calls and interactions. An observer of the core.
#[derive(Debug)]
pub struct Projection {
    directory: Directory,
    notify: Arc<dyn Notify>,
    config: GatewayConfig,
    clock: Arc<dyn Clock>,
    channels: Channels,
    again_after: Option<Position>,
}

#[derive(Debug)]
struct Channels {
    calls: ChannelName,
    devices: ChannelName,
    /// In the order of [`Medium::ALL`].
    interactions: [ChannelName; Medium::ALL.len()],
    tevents: ChannelName,
}

impl Channels {
    /// Those of a server with these settings.
    fn new(config: &GatewayConfig) -> Self {
        let channel = |name: &str| {
            ChannelName::new(&format!("/v2/me/{name}")).expect("a fixed name is a channel")
        };
        Self {
            calls: channel("calls"),
            devices: channel("devices"),
            interactions: Medium::ALL.map(|medium| channel(config.wire(medium).channel)),
            tevents: channel("tevents"),
        }
    }

    /// That of a medium.
    fn interactions(&self, medium: Medium) -> &ChannelName {
        let place = Medium::ALL.iter().position(|other| *other == medium);
        place.and_then(|place| self.interactions.get(place)).expect("each medium has a channel")
    }
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
        let channels = Channels::new(config);
        Self { directory, notify, config: config.clone(), clock, channels, again_after: None }
    }

    /// Sends again what follows from changes behind this place in the journal, when the core is
    /// opened. Default: what was committed before is not sent.
    ///
    /// For a broker whose log of messages was restored: the place up to which the log is complete.
    #[must_use]
    pub fn again_after(mut self, place: Option<Position>) -> Self {
        self.again_after = place;
        self
    }

    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str, place: Place) {
        let sessions = self.notify.deliver(user, channel, data, place);
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
        let began = |at_ms| Began { here, at_ms, place: change.position(), numbers: Cell::new(0) };
        match change {
            Change::Call(change) => self.call_changed(change, &began(change.event.at_ms)),
            Change::Interaction(change) => {
                self.interaction_changed(change, &began(change.event.at_ms));
            }
            Change::Line(change) => self.line_changed(change, &began(change.event.at_ms)),
        }
    }

    fn again_after(&self) -> Option<Position> {
        self.again_after
    }

    fn forgotten(&self, until: Position) {
        self.notify.missing(until);
    }
}

/// A change that is being told: when that began, here and at its command, and how far it is.
struct Began {
    here: Instant,
    at_ms: u64,
    place: Position,
    numbers: Cell<u64>,
}

impl Began {
    /// The place for whom the change concerns next.
    ///
    /// `None` beyond what one change can have, which no call has the parties for.
    fn next_place(&self) -> Option<Place> {
        let place = Place::new(self.place, self.numbers.get());
        self.numbers.set(self.numbers.get() + 1);
        if place.is_none() {
            tracing::error!(change = %self.place, "a change concerns more people than it can");
        }
        place
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::config::SmsSpelling;

    #[test]
    fn each_channel_is_described_and_no_other() {
        let mut ours = BTreeSet::new();
        for spelling in [SmsSpelling::Smsession, SmsSpelling::Smssession] {
            let Channels { calls, devices, interactions, tevents } =
                Channels::new(&GatewayConfig::default().sms_spelling(spelling));
            let ours_now = [calls, devices, tevents].into_iter().chain(interactions);
            ours.extend(ours_now.map(|name| name.as_str().to_owned()));
        }
        let document: Value = serde_json::from_str(crate::ASYNCAPI).unwrap();
        let described: BTreeSet<_> = document["channels"]
            .as_object()
            .unwrap()
            .values()
            .map(|channel| channel["address"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(described, ours);
    }
}
