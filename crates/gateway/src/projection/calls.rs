//! Notifications on `/v2/me/calls`.

use encke_calls::{Call, CallChange, CallHappening, Dn, Party};

use super::{Began, Projection};
use crate::json::Object;
use crate::view::{CallView, render};

impl Projection {
    pub(super) fn call_changed(&self, change: &CallChange, began: &Began) {
        let call = &*change.after;
        match &change.event.what {
            CallHappening::Started { .. } => {
                for party in &call.parties {
                    self.call_message(call, party, "StatusChange", began);
                }
            }
            CallHappening::Moved { moves, .. } => {
                for party in moves.iter().filter_map(|(place, _)| call.parties.get(*place)) {
                    self.call_message(call, party, "StatusChange", began);
                }
            }
            CallHappening::UserDataChanged { requester, .. } => {
                for party in call.parties.iter().filter(|party| party.is_live()) {
                    self.call_message(call, party, "AttachedDataChanged", began);
                }
                self.attached_data_changed(call, requester.dn(), began);
            }
            _ => {}
        }
    }

    /// Tells one party, if it is inside and its line has an owner.
    fn call_message(&self, call: &Call, party: &Party, kind: &str, began: &Began) {
        let Some(place) = began.next_place() else { return };
        let Some(dn) = &party.dn else { return };
        let Some(owner) = self.directory.owner(dn) else { return };
        let data = self.call_payload(call, party, dn, kind, began);
        self.deliver(owner.name(), &self.channels.calls, &data, place);
    }

    fn call_payload(
        &self,
        call: &Call,
        party: &Party,
        dn: &Dn,
        kind: &str,
        began: &Began,
    ) -> String {
        let view = CallView::new(call, party, dn, began.at_ms, &self.directory, &self.config);
        let message = Object::new()
            .with_text("notificationType", kind)
            .with("call", &render(&view))
            .with_text("phoneNumber", dn.as_str())
            .with_text("messageType", "CallStateChangeMessage");
        self.finish(message, began)
    }
}
