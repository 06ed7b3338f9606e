//! Publishing on broadcast channels, and what clients say to services.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Publish", "Service channels". Observed: a service message is answered
//! with success whatever the service does, and where there is none.

use std::sync::Arc;

use encke_bayeux::{ChannelKind, ChannelName, Failure, Message};
use serde_json::value::RawValue;

use super::Conversation;
use crate::cell::Cell;
use crate::event::Draft;
use crate::service::{Call, Responder};

impl Conversation<'_> {
    /// Takes a message on a channel that is not the protocol's own.
    pub(super) fn publish(
        &mut self,
        message: &Message<'_>,
        cell: &Arc<Cell>,
        channel: &ChannelName,
    ) {
        let outcome = match channel.kind() {
            ChannelKind::Service => self.try_call(message, cell, channel),
            ChannelKind::Broadcast | ChannelKind::Meta => self.try_publish(message, cell, channel),
        };
        match outcome {
            Ok(()) => self.accept(message),
            Err(failure) => self.refuse(message, None, &failure),
        }
    }

    fn try_publish(
        &self,
        message: &Message<'_>,
        cell: &Arc<Cell>,
        channel: &ChannelName,
    ) -> Result<(), Failure> {
        let broker = self.broker;
        self.may_publish(message, channel)?;
        let filtered = self.pass_filters(message, channel)?;
        let draft = Draft {
            data: filtered.as_deref().or(message.data).map(RawValue::get),
            ext: message.ext.map(RawValue::get),
            timestamp: message.timestamp.map(RawValue::get),
            within: None,
            from: Some(cell),
        };
        let config = broker.config();
        let hears_itself =
            config.channel(channel).broadcast_to_publisher && cell.lock().hears_itself(config);
        let not_to = (!hears_itself).then_some(cell.id);
        let reached = broker.broadcast(channel, &draft, not_to, self.request.now);
        reached.map(drop).ok_or(Failure::MessageDeleted)
    }

    fn try_call(
        &self,
        message: &Message<'_>,
        cell: &Arc<Cell>,
        channel: &ChannelName,
    ) -> Result<(), Failure> {
        let broker = self.broker;
        let service = broker.config().services.of(channel);
        self.may_call(message, channel, service.is_some())?;
        let Some(service) = service else {
            return Ok(());
        };
        let filtered = self.pass_filters(message, channel)?;
        let call = Call {
            broker,
            channel,
            from: self.asking(message),
            id: message.id.get(),
            data: filtered.as_deref().or(message.data),
            now: self.request.now,
        };
        let responder = Responder::new(broker, cell, &call);
        broker.guarded("service", || service.call(&call, responder));
        Ok(())
    }
}
