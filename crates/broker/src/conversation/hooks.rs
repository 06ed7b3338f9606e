//! Extensions and filters at work on one message.

use std::borrow::Cow;
use std::cell::OnceCell;

use encke_bayeux::{ChannelName, Extensions, Failure, Message};
use serde_json::value::RawValue;

use super::Conversation;
use crate::extension::{Incoming, Rewritten};
use crate::filter::Filtered;
use crate::verdict::Verdict;

/// Where the rewritten parts of one message are kept for as long as its body is in work.
pub(super) type Room = OnceCell<Rewritten>;

impl<'a> Conversation<'a> {
    /// Shows a message to the extensions. `None` if one refused it, which has been answered then.
    ///
    /// Without room for what they rewrite there are no extensions.
    pub(super) fn pass_incoming<'m>(
        &mut self,
        message: &'m Message<'a>,
        channel: &ChannelName,
        room: Option<&'a Room>,
    ) -> Option<Cow<'m, Message<'a>>> {
        let Some(room) = room else {
            return Some(Cow::Borrowed(message));
        };
        let broker = self.broker;
        let mut members = Vec::new();
        let asking = self.asking(message);
        let mut incoming = Incoming::new(channel, message, asking, self.request.now);
        let refused = broker.config().extensions.inward().find_map(|extension| {
            let verdict = broker.guarded("extension", || extension.incoming(&mut incoming));
            let verdict = verdict.unwrap_or_else(Verdict::deny);
            members.extend(verdict.members().map(str::to_owned));
            (!verdict.is_granted()).then_some(verdict)
        });
        let rewritten = incoming.into_rewritten();
        for members in members {
            self.ext.extend(&members);
        }
        if let Some(refused) = refused {
            let (failure, advice) = refused.into_refusal(Failure::MessageDeleted);
            self.refuse(message, advice, &failure);
            return None;
        }
        if rewritten.is_nothing() {
            return Some(Cow::Borrowed(message));
        }
        let kept = room.get_or_init(|| rewritten);
        let data = kept.data.as_deref().or(message.data);
        let ext = kept.ext.over(message.ext);
        let message = Message { data, ext, ..message.clone() };
        self.asked = asked_by(&message);
        Some(Cow::Owned(message))
    }

    /// Shows a payload to the filters of its channel. `Ok(None)` is as it came.
    pub(super) fn pass_filters(
        &self,
        message: &Message<'_>,
        channel: &ChannelName,
    ) -> Result<Option<Box<RawValue>>, Failure> {
        let Some(data) = message.data else {
            return Ok(None);
        };
        let asking = self.asking(message);
        let outcome = self.broker.config().filters.run(channel, data, |filter, data| {
            let filtered = || filter.filter(channel, data, &asking);
            self.broker.guarded("filter", filtered).unwrap_or(Filtered::Drop)
        });
        outcome.map_err(|_| Failure::MessageDeleted)
    }
}

/// What a message asks for in its `ext`; what a publish says there is for its subscribers.
pub(super) fn asked_by<'a>(message: &Message<'a>) -> Extensions<'a> {
    let is_meta = message.channel.get().is_some_and(|name| name.starts_with("/meta/"));
    Extensions::read(message.ext.filter(|_| is_meta))
}
