//! Notifications about interactions, on the channel of their medium, to each agent who has something to
//! do with them.
//!
//! An agent whose state changes is told with `StatusChange`, in the end with `Completed` or `Revoked`;
//! who stays is told of what others do and of new lines, once he has accepted.
//!
//! # Sources
//!
//! - Documented: SMS Session API "Accept" for the three notifications of an acceptance, `SendUrl`
//!   for the members of `NewMessages`, `AttachUserData` for `PropertiesUpdated` and `referenceId`.
//! - Ours: `referenceId` is on every state message that a request of the agent caused, and on nothing
//!   else; who stays when others are asked, come, decline or go is told with `ParticipantsUpdated`,
//!   where the medium has it, as on calls.

use encke_broker::UserId;
use encke_calls::{Interaction, InteractionChange, InteractionHappening, Seat};

use super::{Began, Projection};
use crate::json::Object;
use crate::media::{Order, Reference, Wire};
use crate::notify::Place;
use crate::view::{self, MessageView};

const STATUS: &str = "StatusChange";

/// What a state message says besides the interaction.
struct Told<'a> {
    kind: &'a str,
    reference: Option<u64>,
    origin: Option<&'a str>,
}

impl Projection {
    pub(super) fn interaction_changed(&self, change: &InteractionChange, began: &Began) {
        let after = &*change.after;
        let wire = self.config.wire(after.medium);
        let changed = matches!(change.event.what, InteractionHappening::UserDataChanged { .. });
        let origin = changed.then(|| self.origin_of_interaction(change)).flatten();
        for seat in &after.seats {
            let mine = change.event.by.as_ref().is_none_or(|by| *by == seat.agent);
            let reference = change.reference.filter(|_| mine);
            for kind in states_told(change, seat, wire) {
                let Some(place) = began.next_place() else { return };
                let told = Told { kind, reference, origin: origin.as_deref() };
                let data = self.interaction_state(after, seat, &told, began);
                self.tell(seat, wire, &data, place);
            }
            if let (Some(log), Some(lines)) = (wire.log, lines_told(change, seat)) {
                let Some(place) = began.next_place() else { return };
                let path = view::path(after, wire);
                let message = Object::new()
                    .with("messages", &lines)
                    .with_text(&format!("{}Path", wire.resource), &path);
                let message = if log.uri {
                    let name = format!("{}Uri", wire.resource);
                    message.with_text(&name, &self.config.address(&path))
                } else {
                    message
                };
                let message = message
                    .with_text("notificationType", log.notification_type)
                    .with_text("messageType", log.message_type);
                self.tell(seat, wire, &self.finish(message, began), place);
            }
        }
    }

    fn interaction_state(
        &self,
        interaction: &Interaction,
        seat: &Seat,
        told: &Told<'_>,
        began: &Began,
    ) -> String {
        let kind = told.kind;
        let wire = self.config.wire(interaction.medium);
        let resource = view::interaction(interaction, seat, &self.directory, &self.config);
        let number = told.reference.filter(|_| wire.reference != Reference::Nowhere);
        let numbered = |object: Object| match number {
            Some(number) => object.with("referenceId", &number.to_string()),
            None => object,
        };
        let message = match wire.order {
            Order::Reference => numbered(Object::new())
                .with(wire.resource, &resource)
                .with_text("notificationType", kind)
                .with_text("messageType", wire.message_type),
            Order::Resource => numbered(Object::new().with(wire.resource, &resource))
                .with_text("notificationType", kind)
                .with_text("messageType", wire.message_type),
            Order::Types => Object::new()
                .with_text("messageType", wire.message_type)
                .with_text("notificationType", kind)
                .with(wire.resource, &resource),
        };
        self.finish(message.with_some("origin", told.origin), began)
    }

    /// Tells an agent, if we know him.
    fn tell(&self, seat: &Seat, wire: &Wire, data: &str, place: Place) {
        let Some(agent) = self.directory.user(&UserId::new(seat.agent.as_str())) else { return };
        self.deliver(agent.name(), self.channels.interactions(wire.medium), data, place);
    }
}

/// With which state messages an agent is told of a change.
fn states_told(change: &InteractionChange, seat: &Seat, wire: &Wire) -> Vec<&'static str> {
    use InteractionHappening as Has;
    let before = change.before.as_ref().and_then(|before| before.seat(seat.agent.as_str()));
    let stays = before.is_some_and(|before| before.state == seat.state);
    if !stays {
        let accepted = matches!(change.event.what, Has::Accepted { .. });
        let participants = wire.participants_changed.filter(|_| accepted);
        return [STATUS].into_iter().chain(participants).collect();
    }
    if !seat.is_live() {
        return Vec::new();
    }
    let kind = match &change.event.what {
        Has::Accepted { .. }
        | Has::Rejected
        | Has::Asked { .. }
        | Has::Left { .. }
        | Has::LeftAndCompleted { .. }
        | Has::Completed => Some(wire.participants_changed.unwrap_or(STATUS)),
        Has::UserDataChanged { .. } => Some(wire.data_changed),
        Has::Offered { .. }
        | Has::MessageSent { .. }
        | Has::UrlSent { .. }
        | Has::Typed { .. }
        | Has::Focused
        | Has::PlacedInWorkbin
        | Has::PulledFromWorkbin
        | Has::Revoked => None,
    };
    kind.into_iter().collect()
}

/// Which lines an agent is told of, as JSON text: all so far when he accepts, then the new ones. What is
/// said before he accepts he reads when he does.
fn lines_told(change: &InteractionChange, seat: &Seat) -> Option<String> {
    let after = &*change.after;
    if !seat.is_live() || seat.state == after.medium.asked() {
        return None;
    }
    let there = change.before.as_ref().filter(|before| {
        let before = before.seat(seat.agent.as_str());
        before.is_some_and(|seat| seat.is_live() && seat.state != after.medium.asked())
    });
    if let (Some(_), InteractionHappening::Typed { from, started }) = (there, &change.event.what) {
        let from = after.participant(from).filter(|_| seat.participant.as_ref() != Some(from))?;
        let lines = after.transcript.len();
        let view = MessageView::typing(from, *started, lines, change.event.at_ms);
        return Some(MessageView::all([view]));
    }
    let known = there.map_or(0, |before| before.transcript.len());
    let new = after.transcript.get(known..).filter(|new| !new.is_empty())?;
    Some(MessageView::all(new.iter().map(|line| MessageView::new(line))))
}
