//! The media an interaction can be of, and what each medium is like.
//!
//! Which operations a medium has in which state is a table of its own, see
//! [`operations`](crate::interaction_operations).
//!
//! # Sources
//!
//! - Documented: Web Services API, the `MessageType` and operation pages of each medium, for the states and
//!   for which media have messages and participants.
//! - Observed: clients take `Revoked` of a chat as its end.
//! - Ours: `Alerting` of an IM session, which its resource page maps from `EventRinging`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InteractionState;

/// What an interaction is carried by.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Medium {
    /// Text messages of a phone.
    #[default]
    Sms,
    /// Chat on a web site.
    Chat,
    /// E-mail.
    Email,
    /// Work items.
    Workitem,
    /// Whatever else a contact centre defines.
    Openmedia,
    /// Instant messages.
    Im,
    /// Private messages of Facebook.
    Facebook,
    /// Twitter.
    Twitter,
}

impl Medium {
    /// Every medium.
    pub const ALL: [Self; 8] = [
        Self::Sms,
        Self::Chat,
        Self::Email,
        Self::Workitem,
        Self::Openmedia,
        Self::Im,
        Self::Facebook,
        Self::Twitter,
    ];

    /// The name of the medium, which is also that of its records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Workitem => "workitem",
            Self::Openmedia => "openmedia",
            Self::Im => "im",
            Self::Facebook => "facebook",
            Self::Twitter => "twitter",
        }
    }

    /// The medium of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|medium| medium.name() == name)
    }

    /// What an agent's part is in while he is asked.
    pub const fn asked(self) -> InteractionState {
        match self {
            Self::Im => InteractionState::Alerting,
            _ => InteractionState::Invited,
        }
    }

    /// What an agent's part is in while he works.
    pub const fn working(self) -> InteractionState {
        match self {
            Self::Sms | Self::Chat | Self::Facebook => InteractionState::Chatting,
            Self::Im => InteractionState::Talking,
            Self::Email | Self::Workitem | Self::Openmedia | Self::Twitter => {
                InteractionState::Processing
            }
        }
    }

    /// Whether an agent's part in an interaction can be in this state and is not over.
    pub const fn has(self, state: InteractionState) -> bool {
        match state {
            InteractionState::Invited => !matches!(self, Self::Im),
            InteractionState::Alerting | InteractionState::Talking => matches!(self, Self::Im),
            InteractionState::Chatting | InteractionState::LeftChat => {
                matches!(self, Self::Sms | Self::Chat | Self::Facebook)
            }
            InteractionState::Processing => {
                matches!(self, Self::Email | Self::Workitem | Self::Openmedia | Self::Twitter)
            }
            InteractionState::InWorkbin => matches!(self, Self::Workitem),
            InteractionState::Revoked | InteractionState::Completed => false,
        }
    }

    /// Whether people write to each other, so that there is a transcript to read.
    pub const fn has_messages(self) -> bool {
        matches!(self, Self::Sms | Self::Chat | Self::Im | Self::Facebook)
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
