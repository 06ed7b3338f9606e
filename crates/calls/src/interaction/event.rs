//! What happens to interactions.
//!
//! Records of SMS sessions are what they were before there were other media: what is new is left out
//! where it says nothing, or is a happening of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Asking, Contact, Details, InteractionId, InteractionKey, Medium, Participant, ParticipantId,
    UserData, UserDataChange, UserName,
};

/// One thing that happened to an interaction.
///
/// The medium is the name of its record, so it is not in its text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InteractionEvent {
    /// What carries the interaction.
    #[serde(skip)]
    pub medium: Medium,
    /// The interaction.
    #[serde(rename = "session")]
    pub interaction: InteractionId,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    pub what: InteractionHappening,
    /// The agent who did it; `None` where somebody outside did, and in records from when an
    /// interaction had one agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
}

impl InteractionEvent {
    /// The interaction by its medium and its id.
    pub fn key(&self) -> InteractionKey {
        InteractionKey { medium: self.medium, id: self.interaction.clone() }
    }
}

/// What can happen to an interaction. `Debug` does not show texts.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionHappening {
    /// It was offered to an agent.
    Offered {
        /// The user it is offered to.
        agent: UserName,
        /// The number or address the customer writes from.
        number: Contact,
        /// The customer.
        customer: Participant,
        /// What the customer wrote.
        text: Option<String>,
        /// The data attached from the start.
        user_data: UserData,
        /// What only some media show.
        #[serde(default, skip_serializing_if = "Details::is_empty")]
        details: Details,
    },
    /// An agent took part.
    Accepted {
        /// The agent.
        agent: Participant,
    },
    /// An agent turned it down. What was given away goes back.
    Rejected,
    /// A participant wrote.
    MessageSent {
        /// Who.
        from: ParticipantId,
        /// What.
        text: String,
    },
    /// A participant sent a URL.
    UrlSent {
        /// Who.
        from: ParticipantId,
        /// What.
        url: String,
    },
    /// A participant began to write, or stopped.
    Typed {
        /// Who.
        from: ParticipantId,
        /// Whether he began.
        started: bool,
    },
    /// An agent asked another.
    Asked {
        /// Whom.
        agent: UserName,
        /// For what.
        asking: Asking,
    },
    /// A participant left.
    Left {
        /// Who.
        participant: ParticipantId,
    },
    /// An agent left, and has nothing to do with it any more.
    LeftAndCompleted {
        /// Who.
        participant: ParticipantId,
    },
    /// An agent has nothing to do with it any more.
    Completed,
    /// An agent looked at it. Nothing changes but the version.
    Focused,
    /// An agent put it by.
    PlacedInWorkbin,
    /// An agent goes on with what he had put by.
    PulledFromWorkbin,
    /// What nobody had accepted was taken back.
    Revoked,
    /// The user data changed, or was set to what it was.
    UserDataChanged {
        /// What was asked.
        change: UserDataChange,
    },
}

impl fmt::Debug for InteractionHappening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offered { agent, .. } => {
                f.debug_struct("Offered").field("agent", agent).finish_non_exhaustive()
            }
            Self::Accepted { agent } => f.debug_tuple("Accepted").field(&agent.id).finish(),
            Self::Rejected => f.write_str("Rejected"),
            Self::MessageSent { from, .. } => {
                f.debug_struct("MessageSent").field("from", from).finish_non_exhaustive()
            }
            Self::UrlSent { from, .. } => {
                f.debug_struct("UrlSent").field("from", from).finish_non_exhaustive()
            }
            Self::Typed { from, started } => {
                f.debug_struct("Typed").field("from", from).field("started", started).finish()
            }
            Self::Asked { agent, asking } => {
                f.debug_struct("Asked").field("agent", agent).field("asking", asking).finish()
            }
            Self::Left { participant } => f.debug_tuple("Left").field(participant).finish(),
            Self::LeftAndCompleted { participant } => {
                f.debug_tuple("LeftAndCompleted").field(participant).finish()
            }
            Self::Completed => f.write_str("Completed"),
            Self::Focused => f.write_str("Focused"),
            Self::PlacedInWorkbin => f.write_str("PlacedInWorkbin"),
            Self::PulledFromWorkbin => f.write_str("PulledFromWorkbin"),
            Self::Revoked => f.write_str("Revoked"),
            Self::UserDataChanged { change } => {
                f.debug_tuple("UserDataChanged").field(change).finish()
            }
        }
    }
}
