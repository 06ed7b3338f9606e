//! `origin`: who changed user data and which of its keys, on messages that tell of a change.
//!
//! Off unless [`GatewayConfig::origin`](crate::GatewayConfig::origin) says otherwise. Who is told, and
//! what else, does not depend on it. On a call that has its data jointly with another, the one who is
//! named is the line that is on both.
//!
//! # Sources
//!
//! - Documented: T-Library's `EventAttachedDataChanged` names who asked in `ThirdPartyDN`; no message
//!   of a GWS does, and none names keys.
//! - Ours: the member, its form, and that a key counts as changed when its pairs differ.

use encke_calls::{CallChange, CallHappening, Dn, InteractionChange};
use serde::Serialize;

use super::Projection;
use crate::view::render;

/// The `origin` member.
#[derive(Debug, Serialize)]
struct Origin<'a> {
    /// The party or third party that asked; absent where nobody's line is known.
    #[serde(rename = "thirdPartyDN", skip_serializing_if = "Option::is_none")]
    third_party_dn: Option<&'a str>,
    /// The keys whose pairs are not what they were.
    keys: Vec<&'a str>,
}

impl Projection {
    /// The member for a change of a call, as JSON, if it is wanted.
    pub(super) fn origin_of_call(&self, change: &CallChange) -> Option<String> {
        let before = change.before.as_ref().filter(|_| self.config.origin)?;
        let by = match &change.event.what {
            CallHappening::UserDataChanged { requester, .. } => Some(requester.dn()),
            CallHappening::ConsultBegan { party, .. } => {
                change.after.parties.get(*party).and_then(|party| party.dn.as_ref())
            }
            _ => None,
        };
        let keys = change.after.user_data.changed_since(&before.user_data);
        Some(member(by, keys))
    }

    /// The member for a change of an interaction, as JSON, if it is wanted.
    pub(super) fn origin_of_interaction(&self, change: &InteractionChange) -> Option<String> {
        let before = change.before.as_ref().filter(|_| self.config.origin)?;
        let keys = change.after.user_data.changed_since(&before.user_data);
        Some(member(change.by.as_ref(), keys))
    }
}

fn member(by: Option<&Dn>, keys: Vec<&str>) -> String {
    render(&Origin { third_party_dn: by.map(Dn::as_str), keys })
}
