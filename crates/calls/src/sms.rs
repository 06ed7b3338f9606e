//! An SMS session between one customer and one agent.
//!
//! Values only: [`evolve`](crate::evolve()) makes them and never changes one in place.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Nickname, Number, Operation, ParticipantId, SmsId, UserData, UserName, sms_capabilities,
};

/// One SMS session, at one moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SmsSession {
    /// The id.
    pub id: SmsId,
    /// What the session is doing.
    pub state: SmsState,
    /// The user it was offered to.
    pub agent: UserName,
    /// The number the customer writes from.
    pub customer: Number,
    /// Who takes part now, in order of appearance.
    pub participants: Vec<Participant>,
    /// The data attached to the session. Its keys never repeat.
    pub user_data: UserData,
    /// What was said and who came and went, in order; the index of an entry is its place here.
    pub transcript: Vec<Arc<TranscriptEntry>>,
    /// When the session was offered, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// When it was completed, in milliseconds since 1970.
    pub completed_at_ms: Option<u64>,
    /// How many events the session has had. It grows by one with each change.
    pub version: u64,
}

impl SmsSession {
    /// What the agent may do now.
    pub fn capabilities(&self) -> &'static [Operation] {
        sms_capabilities(self.state)
    }

    /// Whether the session has ended. Then nothing can be done with it.
    pub fn is_completed(&self) -> bool {
        self.state == SmsState::Completed
    }

    /// The participant of a kind, while there is one.
    pub fn participant(&self, kind: ParticipantKind) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.kind == kind)
    }
}

/// What an SMS session is doing.
///
/// # States
///
/// | State       | Meaning                       | Left when           | Next        |
/// |-------------|-------------------------------|---------------------|-------------|
/// | `Invited`   | waits for the agent           | the agent accepts   | `Chatting`  |
/// | `Invited`   |                               | the agent rejects   | `Completed` |
/// | `Chatting`  | the agent takes part          | the agent leaves    | `LeftChat`  |
/// | `Chatting`  |                               | the agent completes | `Completed` |
/// | `LeftChat`  | the agent left, work is open  | the agent completes | `Completed` |
///
/// `Completed` is final and has no participants. The customer may leave in any earlier state,
/// which ends nothing: the agent decides when the work is complete.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum SmsState {
    /// Waits for the agent.
    Invited,
    /// The agent takes part.
    Chatting,
    /// The agent left, and the work is not complete.
    LeftChat,
    /// Has ended, for good.
    Completed,
}

impl SmsState {
    /// The spelling of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "Invited",
            Self::Chatting => "Chatting",
            Self::LeftChat => "LeftChat",
            Self::Completed => "Completed",
        }
    }
}

impl fmt::Display for SmsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Someone who takes part in an SMS session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Participant {
    /// Distinguishes participants within the session.
    pub id: ParticipantId,
    /// The name to show.
    pub nickname: Nickname,
    /// Which side it is.
    pub kind: ParticipantKind,
}

/// The two sides of an SMS session.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ParticipantKind {
    /// Who wrote to us.
    Customer,
    /// Who answers.
    Agent,
}

impl ParticipantKind {
    /// The spelling of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Agent => "Agent",
        }
    }
}

/// One line of a transcript. `Debug` does not show the text.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TranscriptEntry {
    /// Place in the transcript, counted from 0.
    pub index: usize,
    /// Whose line it is.
    pub from: Participant,
    /// What happened.
    pub kind: EntryKind,
    /// What was said; only texts have it.
    pub text: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

impl fmt::Debug for TranscriptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TranscriptEntry")
            .field("index", &self.index)
            .field("from", &self.from.id)
            .field("kind", &self.kind)
            .field("at_ms", &self.at_ms)
            .finish_non_exhaustive()
    }
}

/// What a line of a transcript tells.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum EntryKind {
    /// A text was sent.
    Text,
    /// The participant joined.
    ParticipantJoined,
    /// The participant left.
    ParticipantLeft,
}

impl EntryKind {
    /// The spelling of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::ParticipantJoined => "ParticipantJoined",
            Self::ParticipantLeft => "ParticipantLeft",
        }
    }
}
