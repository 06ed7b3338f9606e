//! Notifications on `/v2/me/tevents`: `EventAttachedDataChanged`, one copy per recipient.
//!
//! # Sources
//!
//! - Documented: Voice Microservices "Handling user data" for the copies: a party's names its DN in
//!   `thisDN`, that of a requester who is not on the call has none, and every copy names in
//!   `thirdPartyDN` who asked. The same page for `connId` with the `@` and what follows it.
//!   Genesys Events and Models: the event carries the whole user data, so an empty one is `{}`.
//! - Ours: the channel, the JSON form, and `time` as a number of milliseconds since 1970.

use encke_calls::{Call, Dn, Party};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Began, Projection, Rendered};
use crate::view::{all_user_data, render};

/// One copy of the event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventAttachedDataChanged<'a> {
    event: &'static str,
    conn_id: &'a str,
    #[serde(rename = "thisDN", skip_serializing_if = "Option::is_none")]
    this_dn: Option<&'a str>,
    #[serde(rename = "thirdPartyDN")]
    third_party_dn: &'a str,
    call_uuid: &'a str,
    user_data: &'a RawValue,
    time: u64,
}

impl Projection {
    /// Sends the parties' copies in the order of the parties, then that of an outside requester.
    pub(super) fn attached_data_changed(
        &self,
        call: &Call,
        requester: &Dn,
        rendered: &Rendered,
        began: &Began,
    ) {
        let conn_id = format!("{}@{}", call.conn_id, self.config.site);
        let user_data = self.user_data(call, rendered);
        let copy = |this_dn| EventAttachedDataChanged {
            event: "EventAttachedDataChanged",
            conn_id: &conn_id,
            this_dn,
            third_party_dn: requester.as_str(),
            call_uuid: call.call_uuid().as_str(),
            user_data,
            time: began.at_ms,
        };
        let parties = call.parties.iter().filter(|party| party.is_live());
        for dn in parties.filter_map(|party| party.dn.as_ref()) {
            self.tevent(dn, &copy(Some(dn.as_str())), began);
        }
        if !call.party(requester).is_some_and(Party::is_live) {
            self.tevent(requester, &copy(None), began);
        }
    }

    /// The user data of the call, rendered and checked to be JSON once for all who are told of it.
    pub(super) fn user_data<'r>(&self, call: &Call, rendered: &'r Rendered) -> &'r RawValue {
        let render = || all_user_data(&call.user_data, self.config.duplicates);
        rendered.user_data.get_or_init(render)
    }

    /// To the owner of the line, if it has one, and to the trace, if somebody reads it.
    fn tevent(&self, dn: &Dn, copy: &EventAttachedDataChanged<'_>, began: &Began) {
        let Some(place) = began.next_place() else { return };
        let (owner, traced) = (self.directory.owner(dn), self.trace.is_read());
        if owner.is_none() && !traced {
            return;
        }
        let json = render(copy);
        if let Some(owner) = owner {
            self.deliver(owner.name(), &self.channels.tevents, &json, place);
        }
        if traced {
            self.trace.write(copy.event, place, &json);
        }
    }
}
