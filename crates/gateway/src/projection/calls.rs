//! Notifications on `/v2/me/calls`, and of late failures on `/v2/me/devices`.
//!
//! # Sources
//!
//! - Documented: Web Services API, `InitiateTransfer` for the first call that is held before the
//!   consultation dials, `CompleteTransfer` for the release of both, `CompleteConference` and
//!   `RemoveParticipantFromConference` for `ParticipantsUpdated`, `StartCallRecording` for
//!   `CallRecordingStateChange`.
//! - Observed: GWS 8.5.202 for `ErrorMessage` with `devicePath` and `deviceUri`; clients read
//!   `errorMessage` in it.
//! - Ours: who stays when others come or go is told with `ParticipantsUpdated`; `mute` and a
//!   consultation that is over are told with `StatusChange`; that nobody answered is a late failure.

use encke_calls::{Call, CallChange, CallHappening, Dn, Operation, Party, PartyState};

use super::{Began, Projection, Rendered};
use crate::json::Object;
use crate::view::{CallView, render};

const STATUS: &str = "StatusChange";
const PARTICIPANTS: &str = "ParticipantsUpdated";
const DATA: &str = "AttachedDataChanged";
const RECORDING: &str = "CallRecordingStateChange";

impl Projection {
    pub(super) fn call_changed(&self, change: &CallChange, began: &Began) {
        let call = &*change.after;
        let rendered = Rendered { origin: self.origin_of_call(change), ..Rendered::default() };
        for (place, party) in call.parties.iter().enumerate() {
            if let Some(kind) = told(change, place, party) {
                self.call_message(call, party, kind, &rendered, began);
            }
        }
        match &change.event.what {
            CallHappening::UserDataChanged { requester, .. } => {
                self.attached_data_changed(call, requester.dn(), &rendered, began);
            }
            CallHappening::Recorded { party, .. } => {
                self.data_set_by(call, *party, &rendered, began);
            }
            CallHappening::Joined { party, user_data, .. }
            | CallHappening::ConsultBegan { party, user_data, .. }
                if !user_data.is_empty() =>
            {
                self.data_set_by(call, *party, &rendered, began);
            }
            CallHappening::Moved { party, operation: Operation::NoAnswer, .. } => {
                if let Some(silent) = call.parties.get(*party) {
                    self.nobody_answered(change, silent, began);
                }
            }
            CallHappening::Restated { .. } => self.data_restated(change, &rendered, began),
            _ => {}
        }
    }

    /// User data that is another after a source said how all of a call is.
    fn data_restated(&self, change: &CallChange, rendered: &Rendered, began: &Began) {
        let source = change.after.fed.as_ref().map(|fed| fed.source.as_str());
        let changed = change.before.as_deref().map(|before| &before.user_data)
            != Some(&change.after.user_data);
        if let Some(source) = source.and_then(|source| Dn::new(source).ok()).filter(|_| changed) {
            self.attached_data_changed(&change.after, &source, rendered, began);
        }
    }

    /// Sends the copies of a change that a party made by doing something else.
    fn data_set_by(&self, call: &Call, party: usize, rendered: &Rendered, began: &Began) {
        if let Some(dn) = call.parties.get(party).and_then(|party| party.dn.as_ref()) {
            self.attached_data_changed(call, dn, rendered, began);
        }
    }

    /// Tells one party, if it is inside and its line has an owner.
    fn call_message(
        &self,
        call: &Call,
        party: &Party,
        kind: &str,
        rendered: &Rendered,
        began: &Began,
    ) {
        let Some(place) = began.next_place() else { return };
        let Some(dn) = &party.dn else { return };
        let Some(owner) = self.directory.owner(dn) else { return };
        let data = self.call_payload(call, party, dn, kind, rendered, began);
        self.deliver(owner.name(), &self.channels.calls, &data, place);
    }

    fn call_payload(
        &self,
        call: &Call,
        party: &Party,
        dn: &Dn,
        kind: &str,
        rendered: &Rendered,
        began: &Began,
    ) -> String {
        let data = self.user_data(call, rendered);
        let (directory, config) = (&self.directory, &self.config);
        let view = CallView::new(call, party, dn, began.at_ms, directory, config, Some(data));
        let message = Object::new()
            .with_text("notificationType", kind)
            .with("call", &render(&view))
            .with_text("phoneNumber", dn.as_str())
            .with_text("messageType", "CallStateChangeMessage")
            .with_some("origin", rendered.origin.as_deref().filter(|_| kind == DATA));
        self.finish(message, began)
    }

    /// Tells who waited for an answer that its request, which was accepted, has failed.
    fn nobody_answered(&self, change: &CallChange, silent: &Party, began: &Began) {
        let before = change.before.iter().flat_map(|before| &before.parties);
        for party in before.filter(|party| party.state == PartyState::Dialing) {
            let Some(place) = began.next_place() else { return };
            let Some(dn) = &party.dn else { continue };
            let Some(owner) = self.directory.owner(dn) else { continue };
            let path = format!("/devices/{}", self.directory.device_id(dn));
            let message = Object::new()
                .with_text("messageType", "ErrorMessage")
                .with_text("devicePath", &path)
                .with_text("deviceUri", &self.config.address(&path))
                .with_text("errorMessage", &format!("{} did not answer", silent.number));
            let data = self.finish(message, began);
            self.deliver(owner.name(), &self.channels.devices, &data, place);
        }
    }
}

/// With which `notificationType` a party is told of a change, if it is.
///
/// Nobody is told who has left before, and nobody twice.
fn told(change: &CallChange, place: usize, party: &Party) -> Option<&'static str> {
    use CallHappening as Has;
    let here = party.is_live();
    match &change.event.what {
        Has::Started { .. } => Some(STATUS),
        Has::Moved { moves, .. } => {
            let moved = moves.iter().any(|(moved, _)| *moved == place);
            let left = moves.iter().any(|(_, state)| *state == PartyState::Released);
            if moved { Some(STATUS) } else { (here && left).then_some(PARTICIPANTS) }
        }
        Has::Joined { operation, moves, joined, .. } => {
            let moved = moves.iter().any(|(moved, _)| *moved == place);
            let came = joined.iter().any(|new| came(change, new.dn.as_ref(), place, party));
            // Who asked for a conference has it when it is complete: that is told, and that it talks
            // again is in the message.
            let confers = here && *operation == Operation::CompleteConference;
            match (came, moved) {
                (true, _) => Some(STATUS),
                (false, true) if !confers => Some(STATUS),
                _ => here.then_some(PARTICIPANTS),
            }
        }
        Has::ConsultBegan { party: asks, user_data, .. } => {
            let told = || (here && !user_data.is_empty()).then_some(DATA);
            if *asks == place { Some(STATUS) } else { told() }
        }
        Has::ConsultEnded { party: asked } => (*asked == place && here).then_some(STATUS),
        Has::ParentLeft => {
            let asks = change.after.consult.as_ref().map(|consult| &consult.by);
            (here && party.dn.as_ref() == asks).then_some(STATUS)
        }
        Has::Muted { party: muted, .. } => (*muted == place).then_some(STATUS),
        Has::Recorded { .. } => here.then_some(RECORDING),
        Has::UserDataChanged { .. } => here.then_some(DATA),
        Has::Reported { moves, joined } => {
            let moved = moves.iter().any(|(moved, _)| *moved == place);
            if moved || joined.iter().any(|new| came(change, new.dn.as_ref(), place, party)) {
                return Some(STATUS);
            }
            let left = moves.iter().any(|(_, state)| *state == PartyState::Released);
            (here && (left || !joined.is_empty())).then_some(PARTICIPANTS)
        }
        Has::Restated { moves, .. } => {
            let moved = moves.iter().any(|(moved, _)| *moved == place);
            (here || moved).then_some(STATUS)
        }
        // Tones tell nobody.
        Has::DtmfSent { .. } => None,
    }
}

/// Whether the party at this place is one that came with the change.
fn came(change: &CallChange, line: Option<&Dn>, place: usize, party: &Party) -> bool {
    let before = change.before.as_deref().and_then(|before| before.parties.get(place));
    party.is_live() && party.dn.as_ref() == line && !before.is_some_and(Party::is_live)
}
