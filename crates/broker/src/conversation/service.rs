//! `/service/...`: a client talks to the server.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Service channels". Observed: the publish is answered with success
//! whatever the service does, and where there is none.

use std::sync::Arc;

use encke_bayeux::{ChannelName, Message};

use super::Conversation;
use crate::broker::Cell;
use crate::service::{Call, Responder};

impl Conversation<'_> {
    pub(super) fn call_service(
        &mut self,
        message: &Message<'_>,
        cell: &Arc<Cell>,
        channel: &ChannelName,
    ) {
        let broker = self.broker;
        let service = broker.config().services.of(channel);
        if let Err(failure) = self.may_call(message, channel, service.is_some()) {
            self.refuse(message, None, &failure);
            return;
        }
        if let Some(service) = service {
            let call = Call {
                broker,
                channel,
                from: self.asking(message),
                id: message.id.get(),
                data: message.data,
                now: self.request.now,
            };
            let responder = Responder::new(broker, cell, &call);
            broker.guarded("service", || service.call(&call, responder));
        }
        self.accept(message);
    }
}
