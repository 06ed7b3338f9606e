//! One message of a session inside the process: through the same door as all others.

use std::sync::Arc;

use encke_bayeux::{ChannelPattern, Failure, Message, ReplayAnswer};

use super::hooks::Room;
use super::{Conversation, Request};
use crate::broker::Broker;
use crate::cell::Cell;
use crate::stats::add;

/// What came of it.
pub(crate) struct Spoken {
    pub(crate) outcome: Result<(), Failure>,
    /// What the subscriptions that said where to begin were told.
    pub(crate) answers: Vec<(ChannelPattern, ReplayAnswer)>,
}

impl Broker {
    /// Whether a subscription would be allowed to whoever asks.
    pub(crate) fn may_listen(
        &self,
        request: &Request<'_>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        Conversation::new(self, request).may_listen(&Message::default(), pattern)
    }

    pub(crate) fn speak(
        &self,
        cell: &Arc<Cell>,
        request: &Request<'_>,
        message: &Message<'_>,
    ) -> Spoken {
        add(&self.counters().messages_in, 1);
        let room = Room::new();
        let mut conversation = Conversation::new(self, request);
        conversation.cell = Some(Arc::clone(cell));
        let room = (!self.config().extensions.is_empty()).then_some(&room);
        // Only a connect can be held, and none is sent.
        drop(conversation.message(message, room, false));
        let outcome = conversation.refused.take().map_or(Ok(()), Err);
        Spoken { outcome, answers: std::mem::take(&mut conversation.answers) }
    }
}
