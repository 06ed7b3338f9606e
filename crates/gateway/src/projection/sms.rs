//! Notifications on `/v2/me/smsessions`, to the agent the session was offered to.
//!
//! # Sources
//!
//! - Documented: SMS Session API "Accept" for the three notifications of an acceptance, `SendUrl`
//!   for the members of `NewMessages`, `AttachUserData` for `PropertiesUpdated` and `referenceId`.
//! - Ours: `referenceId` is on every `SMSsessionStateChangeMessage` that a request of the agent
//!   caused, and on nothing else.

use std::slice;
use std::sync::Arc;

use encke_broker::UserId;
use encke_calls::{
    ParticipantKind, SmsChange, SmsHappening, SmsSession, SmsState, TranscriptEntry,
};

use super::{Began, Projection};
use crate::json::Object;
use crate::view::{MessageView, SmsView, render};

impl Projection {
    pub(super) fn sms_changed(&self, change: &SmsChange, began: &Began) {
        let session = &*change.after;
        let Some(agent) = self.directory.user(&UserId::new(session.agent.as_str())) else { return };
        let agent = agent.name();
        let state = |kind| self.sms_state(agent, session, kind, change.reference, None, began);
        let messages = |entries: &[_]| self.sms_messages(agent, session, entries, began);
        let latest = session.transcript.last();
        match &change.event.what {
            SmsHappening::Offered { .. } | SmsHappening::Rejected | SmsHappening::Completed => {
                state("StatusChange");
            }
            SmsHappening::Accepted { .. } => {
                state("StatusChange");
                state("ParticipantsUpdated");
                messages(&session.transcript);
            }
            SmsHappening::UserDataChanged { .. } => {
                let (kind, origin) = ("PropertiesUpdated", self.origin_of_sms(change));
                self.sms_state(agent, session, kind, change.reference, origin.as_deref(), began);
            }
            SmsHappening::Left { .. } => {
                match latest.map(|entry| entry.from.kind) {
                    Some(ParticipantKind::Agent) => state("StatusChange"),
                    _ => state("ParticipantsUpdated"),
                }
                if session.state != SmsState::Invited {
                    messages(latest.map_or(&[], slice::from_ref));
                }
            }
            // What is written before the agent accepts, he reads when he does.
            SmsHappening::MessageSent { .. } if session.state == SmsState::Invited => {}
            SmsHappening::MessageSent { .. } => messages(latest.map_or(&[], slice::from_ref)),
        }
    }

    fn sms_state(
        &self,
        agent: &UserId,
        session: &SmsSession,
        kind: &str,
        reference: Option<u64>,
        origin: Option<&str>,
        began: &Began,
    ) {
        let Some(place) = began.next_place() else { return };
        let view = render(&SmsView::new(session, &self.config));
        let message = match reference {
            Some(number) => Object::new().with("referenceId", &number.to_string()),
            None => Object::new(),
        };
        let message = message
            .with(self.config.sms_spelling.resource(), &view)
            .with_text("notificationType", kind)
            .with_text("messageType", "SMSsessionStateChangeMessage")
            .with_some("origin", origin);
        self.deliver(agent, &self.channels.sms, &self.finish(message, began), place);
    }

    fn sms_messages(
        &self,
        agent: &UserId,
        session: &SmsSession,
        entries: &[Arc<TranscriptEntry>],
        began: &Began,
    ) {
        let Some(place) = began.next_place() else { return };
        let views: Vec<_> = entries.iter().map(|entry| MessageView::new(entry)).collect();
        let resource = self.config.sms_spelling.resource();
        let path = self.config.sms_path(&session.id);
        let message = Object::new()
            .with("messages", &render(&views))
            .with_text(&format!("{resource}Path"), &path)
            .with_text(&format!("{resource}Uri"), &self.config.address(&path))
            .with_text("notificationType", "NewMessages")
            .with_text("messageType", "MessageLogUpdated");
        self.deliver(agent, &self.channels.sms, &self.finish(message, began), place);
    }
}
