//! What an agent is doing in an interaction.

use std::fmt;

/// What an agent is doing in an interaction.
///
/// # States
///
/// | State        | Meaning                             | Of                                | Next                                |
/// |--------------|-------------------------------------|-----------------------------------|-------------------------------------|
/// | `Invited`    | the agent is asked                  | all but IM sessions               | the working state, `Completed`, `Revoked` |
/// | `Alerting`   | the same                            | IM sessions                       | `Talking`, `Completed`              |
/// | `Chatting`   | the agent takes part                | SMS, chat, Facebook               | `LeftChat`, `Completed`             |
/// | `Talking`    | the same                            | IM sessions                       | `Completed`                         |
/// | `Processing` | the agent works on it               | e-mail, work items, open media, Twitter | `Completed`, `InWorkbin`      |
/// | `LeftChat`   | he left as the last, work is open   | SMS, chat, Facebook               | `Completed`                         |
/// | `InWorkbin`  | he has put it by                    | work items                        | `Processing`                        |
/// | `Revoked`    | it was taken back                   | all but SMS and IM sessions       | -                                   |
/// | `Completed`  | he has nothing to do with it any more | all                             | `Invited`, when he is asked again   |
///
/// An interaction has ended when no agent has anything to do with it. The customer may leave before,
/// which ends nothing: agents decide when the work is complete.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum InteractionState {
    /// Waits for the agent.
    Invited,
    /// Waits for the agent, in an IM session.
    Alerting,
    /// The agent takes part.
    Chatting,
    /// The agent takes part, in an IM session.
    Talking,
    /// The agent works on it.
    Processing,
    /// The agent left, and the work is not complete.
    LeftChat,
    /// The agent has put it by.
    InWorkbin,
    /// Was taken back before the agent accepted.
    Revoked,
    /// The agent has nothing to do with it any more.
    Completed,
}

impl InteractionState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Invited,
        Self::Alerting,
        Self::Chatting,
        Self::Talking,
        Self::Processing,
        Self::LeftChat,
        Self::InWorkbin,
        Self::Revoked,
        Self::Completed,
    ];

    /// The spelling of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "Invited",
            Self::Alerting => "Alerting",
            Self::Chatting => "Chatting",
            Self::Talking => "Talking",
            Self::Processing => "Processing",
            Self::LeftChat => "LeftChat",
            Self::InWorkbin => "InWorkbin",
            Self::Revoked => "Revoked",
            Self::Completed => "Completed",
        }
    }

    /// Whether the agent has nothing to do with the interaction any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Completed)
    }
}

impl fmt::Display for InteractionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
