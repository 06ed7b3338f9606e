//! One party's view of a call.
//!
//! Each party sees its own state, device, capabilities and duration, and the others as
//! participants; what belongs to the call is the same for all.

use std::borrow::Cow;

use encke_calls::{Call, CallType, Dn, Number, Operation, Party, Role};
use serde::Serialize;
use serde_json::value::RawValue;

use super::all_user_data;
use crate::config::GatewayConfig;
use crate::directory::Directory;
use crate::features::Feature;

/// The `call` member.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallView<'a> {
    id: &'a str,
    state: &'static str,
    call_uuid: &'a str,
    conn_id: &'a str,
    device_uri: String,
    participants: Vec<Participant<'a>>,
    dnis: &'a str,
    /// Only where one side is outside: the samples of internal calls do not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ani: Option<&'a str>,
    call_type: &'static str,
    capabilities: Vec<&'static str>,
    /// Absent when there is none, as `DeleteUserData` stresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<Cow<'a, RawValue>>,
    /// Whole seconds since the call appeared at this device, as text.
    duration: String,
    /// Absent where the call was never recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording_state: Option<&'static str>,
    mute: &'static str,
    supervisor_listening_in: bool,
    monitored_user_muted: bool,
    monitoring: bool,
    uri: String,
    path: String,
    /// The call this one was made from, for who made it; nobody else need be on that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_call_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_call_path: Option<String>,
}

impl<'a> CallView<'a> {
    /// How `party`, whose line is `dn`, sees `call` at `now_ms`.
    ///
    /// `rendered` is the user data of the call as JSON, where it is at hand.
    pub(crate) fn new(
        call: &'a Call,
        party: &'a Party,
        dn: &Dn,
        now_ms: u64,
        directory: &Directory,
        config: &GatewayConfig,
        rendered: Option<&'a RawValue>,
    ) -> Self {
        let seen = call.user_data_of(party);
        let user_data = match rendered {
            _ if seen.is_empty() => None,
            Some(json) if std::ptr::eq(seen, &raw const call.user_data) => {
                Some(Cow::Borrowed(json))
            }
            _ => Some(Cow::Owned(all_user_data(seen, config.duplicates))),
        };
        let until_ms = party.left.as_ref().map_or(now_ms, |left| left.at_ms);
        let path = format!("/calls/{}", call.id);
        let parent = call.consult.as_ref().filter(|consult| consult.by == *dn);
        let parent = parent.map(|consult| format!("/calls/{}", consult.parent));
        let profile = config.capabilities;
        let owner = directory.owner(dn);
        let has = |feature| owner.is_none_or(|owner| owner.features().has(feature));
        let recording = config.recording && has(Feature::VoiceRecording);
        Self {
            id: call.id.as_str(),
            state: party.state.as_str(),
            call_uuid: call.call_uuid().as_str(),
            conn_id: call.conn_id.as_str(),
            device_uri: config.device_uri(directory.device_id(dn)),
            participants: call.others(party).map(|p| Participant::new(p.number.as_str())).collect(),
            dnis: call.dnis.as_ref().map_or("", Number::as_str),
            ani: ani(call),
            call_type: call.call_type.as_str(),
            capabilities: call
                .situation(party)
                .shown(profile, recording)
                .filter(|_| has(Feature::Voice))
                .map(Operation::as_str)
                .collect(),
            user_data,
            duration: (until_ms.saturating_sub(party.since_ms) / 1000).to_string(),
            recording_state: call.recording_of(party).as_str(),
            mute: if party.muted { "On" } else { "Off" },
            supervisor_listening_in: false,
            monitored_user_muted: false,
            monitoring: false,
            uri: config.address(&format!("/me{path}")),
            path,
            parent_call_uri: parent.as_ref().map(|parent| config.address(&format!("/me{parent}"))),
            parent_call_path: parent,
        }
    }
}

/// Another party of the call. Every member is text, empty where nothing is known.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Participant<'a> {
    e164_number: &'a str,
    formatted_phone_number: &'a str,
    phone_number: &'a str,
    digits: &'a str,
}

impl<'a> Participant<'a> {
    /// A number that begins with `+` is in E.164 form; an internal one has none.
    fn new(number: &'a str) -> Self {
        let e164_number = if number.starts_with('+') { number } else { "" };
        Self { e164_number, formatted_phone_number: number, phone_number: number, digits: number }
    }
}

/// The caller's number, where one side is outside.
fn ani(call: &Call) -> Option<&str> {
    let inside = match call.call_type {
        CallType::Internal => true,
        CallType::Consult => call.outside_party().is_none(),
        _ => false,
    };
    if inside {
        return None;
    }
    let origin = || call.parties.iter().find(|party| party.role == Role::Origin).map(|p| &p.number);
    call.ani.as_ref().or_else(origin).map(Number::as_str)
}
