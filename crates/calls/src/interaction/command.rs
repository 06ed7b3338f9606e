//! What can be asked in an interaction.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Contact, Details, Medium, Nickname, Operation, UserData, UserName};

/// A message of a customer, or a piece of work, that begins an interaction. `Debug` does not show the
/// text.
#[derive(Clone, Eq, PartialEq)]
pub struct InteractionOffer {
    /// What carries it.
    pub medium: Medium,
    /// The user it is offered to.
    pub to: UserName,
    /// The number or address the customer writes from.
    pub from: Contact,
    /// The name the customer is shown under; without one it is the number or address.
    pub nickname: Option<Nickname>,
    /// What the customer wrote.
    pub text: Option<String>,
    /// Data attached from the start. Of a repeated key the last value counts.
    pub user_data: UserData,
    /// What only some media show.
    pub details: Details,
}

impl fmt::Debug for InteractionOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InteractionOffer")
            .field("medium", &self.medium)
            .field("to", &self.to)
            .field("user_data", &self.user_data)
            .finish_non_exhaustive()
    }
}

/// Who acts in an interaction.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InteractionActor {
    /// An agent; who has no part in the interaction does not find it.
    Agent(UserName),
    /// The customer, and who distributes work.
    Outside,
}

/// For what another agent is asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asking {
    /// To take it over; who asks has left.
    Transfer,
    /// To join.
    Invite,
    /// To join without the customer's knowing.
    Consult,
}

/// What somebody does in an interaction. `Debug` does not show texts.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum InteractionAction {
    /// The agent takes part, shown under this name or else under the user's name.
    Accept {
        /// The name to show.
        nickname: Option<Nickname>,
    },
    /// The agent does not take part.
    Reject,
    /// Somebody writes.
    SendMessage {
        /// What is written.
        text: String,
    },
    /// Somebody sends a URL.
    SendUrl {
        /// It begins with `http://` or `https://`.
        url: String,
    },
    /// Somebody begins to write, or stops.
    Type {
        /// Whether he begins.
        started: bool,
    },
    /// Another agent is asked.
    Ask {
        /// For what.
        asking: Asking,
        /// Whom.
        agent: UserName,
    },
    /// Somebody leaves. The last agent's work stays open.
    Leave,
    /// The agent leaves, and has nothing to do with it any more.
    LeaveAndComplete,
    /// The agent has nothing to do with it any more.
    Complete,
    /// The agent notes what came of it, in the user data.
    SetDisposition {
        /// What came of it.
        disposition: String,
    },
    /// The agent looks at this interaction now.
    SetInFocus,
    /// The agent puts it by.
    PlaceInWorkbin,
    /// The agent goes on with what he had put by.
    PullFromWorkbin,
    /// What nobody has accepted is taken back.
    Revoke,
}

impl InteractionAction {
    /// The operation that must be among the capabilities.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Accept { .. } => Operation::Accept,
            Self::Reject => Operation::Reject,
            Self::SendMessage { .. } => Operation::SendMessage,
            Self::SendUrl { .. } => Operation::SendUrl,
            Self::Type { started: true } => Operation::SendStartTypingNotification,
            Self::Type { started: false } => Operation::SendStopTypingNotification,
            Self::Ask { asking: Asking::Transfer, .. } => Operation::Transfer,
            Self::Ask { asking: Asking::Invite, .. } => Operation::Invite,
            Self::Ask { asking: Asking::Consult, .. } => Operation::Consult,
            Self::Leave => Operation::Leave,
            Self::LeaveAndComplete => Operation::LeaveAndComplete,
            Self::Complete => Operation::Complete,
            Self::SetDisposition { .. } => Operation::SetDisposition,
            Self::SetInFocus => Operation::SetInFocus,
            Self::PlaceInWorkbin => Operation::PlaceInWorkbin,
            Self::PullFromWorkbin => Operation::PullFromWorkbin,
            Self::Revoke => Operation::Revoke,
        }
    }
}

impl fmt::Debug for InteractionAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InteractionAction").field(&self.operation()).finish()
    }
}
