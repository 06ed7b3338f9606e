//! An SMS session and the lines of its transcript.
//!
//! # Sources
//!
//! - Documented: `AttachUserData` of the SMS Session API for the session; HTCC "Message resource"
//!   for a line, whose sample counts `index` from 1 and gives `timestampSeconds` as milliseconds
//!   of a whole second; `SendUrl` for the order of its members.

use encke_calls::{Participant, SmsSession, TranscriptEntry};
use serde::Serialize;
use serde_json::value::RawValue;

use super::user_data;
use crate::config::GatewayConfig;
use crate::time::Timestamp;

/// The `smsession` member.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsView<'a> {
    /// Absent when there is none, as on calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<Box<RawValue>>,
    state: &'static str,
    capabilities: Vec<&'static str>,
    uri: String,
    participants: Vec<ParticipantView<'a>>,
    id: &'a str,
}

impl<'a> SmsView<'a> {
    pub(crate) fn new(session: &'a SmsSession, config: &GatewayConfig) -> Self {
        Self {
            user_data: user_data(&session.user_data, config.duplicates),
            state: session.state.as_str(),
            capabilities: session.capabilities().iter().map(|o| o.as_str()).collect(),
            uri: config.address(&config.sms_path(&session.id)),
            participants: session.participants.iter().map(ParticipantView::new).collect(),
            id: session.id.as_str(),
        }
    }
}

/// One side of the session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParticipantView<'a> {
    nickname: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    participant_id: &'a str,
}

impl<'a> ParticipantView<'a> {
    fn new(participant: &'a Participant) -> Self {
        Self {
            nickname: participant.nickname.as_str(),
            kind: participant.kind.as_str(),
            participant_id: participant.id.as_str(),
        }
    }
}

/// One element of `messages`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView<'a> {
    index: u64,
    from: ParticipantView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    timestamp: String,
    timestamp_seconds: u64,
    visibility: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> MessageView<'a> {
    pub(crate) fn new(entry: &'a TranscriptEntry) -> Self {
        Self {
            index: Self::index(entry),
            from: ParticipantView::new(&entry.from),
            text: entry.text.as_deref(),
            timestamp: Timestamp(entry.at_ms).to_string(),
            timestamp_seconds: entry.at_ms / 1000 * 1000,
            visibility: "All",
            kind: entry.kind.as_str(),
        }
    }

    /// The number of a line on the wire, from 1.
    pub(crate) fn index(entry: &TranscriptEntry) -> u64 {
        u64::try_from(entry.index).map_or(u64::MAX, |index| index.saturating_add(1))
    }
}
