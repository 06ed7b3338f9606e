//! What was said in an interaction, and who came and went.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Nickname, ParticipantId};

/// Someone who takes part in an interaction.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Participant {
    /// Distinguishes participants within the interaction.
    pub id: ParticipantId,
    /// The name to show.
    pub nickname: Nickname,
    /// Which side it is.
    pub kind: ParticipantKind,
    /// Whether the customer knows nothing of it: an agent who is only asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// The two sides of an interaction.
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

/// One line of a transcript. `Debug` does not show what was said.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct TranscriptEntry {
    /// Place in the transcript, counted from 0.
    pub index: usize,
    /// Whose line it is.
    pub from: Participant,
    /// What happened.
    pub kind: EntryKind,
    /// What was said, or the URL that was pushed; only these two have it.
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
///
/// # Sources
///
/// Documented: "Resources" of the SMS Session API. It names a `Notice` besides, which nothing here
/// gives rise to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A text was sent.
    Text,
    /// A URL was sent.
    PushUrl,
    /// The participant joined.
    ParticipantJoined,
    /// The participant joined who had been there before.
    ParticipantRejoined,
    /// The participant left.
    ParticipantLeft,
    /// The participant writes. Told and not kept.
    TypingStarted,
    /// The participant does not write any more. Told and not kept.
    TypingStopped,
}

impl EntryKind {
    /// The spelling of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::PushUrl => "PushUrl",
            Self::ParticipantJoined => "ParticipantJoined",
            Self::ParticipantRejoined => "ParticipantRejoined",
            Self::ParticipantLeft => "ParticipantLeft",
            Self::TypingStarted => "TypingStarted",
            Self::TypingStopped => "TypingStopped",
        }
    }
}
