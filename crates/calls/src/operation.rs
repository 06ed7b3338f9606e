//! The operations that exist, and in which state each of them is allowed.
//!
//! The tables here are all there is to know about that: [`decide`](crate::decide()) refuses what they
//! do not list, and what they list is what clients are shown as `capabilities`. The order is that
//! of the samples and means nothing.
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, the samples of `AttachUserData` (calls in `Dialing`,
//!   SMS sessions in `Chatting`), `Hold`, `Retrieve` and `Hangup`.
//! - Observed: a ringing call of GWS 8.5.202.96, which lists neither `Hangup` nor a rejection.
//! - Ours: the lists of `Invited` and `LeftChat`. Operations of the originals that do not exist
//!   here, such as transfers, are in no list.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{PartyState, SmsState};

/// One operation of a party on its call, or of an agent on an SMS session.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Operation {
    /// Takes a ringing call.
    Answer,
    /// Puts the other side on hold.
    Hold,
    /// Comes back from hold.
    Retrieve,
    /// Leaves the call.
    Hangup,
    /// Sends tones.
    SendDtmf,
    /// Appends user data; on an SMS session as [`Operation::UpdateUserData`].
    AttachUserData,
    /// Replaces or appends user data.
    UpdateUserData,
    /// Removes all user data of a call, the given keys of an SMS session.
    DeleteUserData,
    /// Removes all pairs of one key.
    DeleteUserDataPair,
    /// Takes an offered SMS session.
    Accept,
    /// Turns an offered SMS session down.
    Reject,
    /// Leaves an SMS session without completing it.
    Leave,
    /// Ends an SMS session.
    Complete,
    /// Sends a text to the SMS session.
    SendMessage,
}

impl Operation {
    /// The spelling of the operation in requests and in `capabilities`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "Answer",
            Self::Hold => "Hold",
            Self::Retrieve => "Retrieve",
            Self::Hangup => "Hangup",
            Self::SendDtmf => "SendDtmf",
            Self::AttachUserData => "AttachUserData",
            Self::UpdateUserData => "UpdateUserData",
            Self::DeleteUserData => "DeleteUserData",
            Self::DeleteUserDataPair => "DeleteUserDataPair",
            Self::Accept => "Accept",
            Self::Reject => "Reject",
            Self::Leave => "Leave",
            Self::Complete => "Complete",
            Self::SendMessage => "SendMessage",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a party may do whose state is `state`.
pub const fn call_capabilities(state: PartyState) -> &'static [Operation] {
    use Operation as Op;
    match state {
        PartyState::Dialing => &[
            Op::UpdateUserData,
            Op::SendDtmf,
            Op::AttachUserData,
            Op::DeleteUserDataPair,
            Op::DeleteUserData,
            Op::Hangup,
        ],
        PartyState::Ringing => &[
            Op::Answer,
            Op::UpdateUserData,
            Op::DeleteUserData,
            Op::DeleteUserDataPair,
            Op::AttachUserData,
        ],
        PartyState::Established => &[
            Op::Hold,
            Op::Hangup,
            Op::SendDtmf,
            Op::UpdateUserData,
            Op::DeleteUserData,
            Op::DeleteUserDataPair,
            Op::AttachUserData,
        ],
        PartyState::Held => &[
            Op::Retrieve,
            Op::Hangup,
            Op::UpdateUserData,
            Op::DeleteUserData,
            Op::DeleteUserDataPair,
            Op::AttachUserData,
        ],
        PartyState::Released => &[],
    }
}

/// What the agent may do with an SMS session whose state is `state`.
pub const fn sms_capabilities(state: SmsState) -> &'static [Operation] {
    use Operation as Op;
    match state {
        SmsState::Invited => {
            &[Op::Accept, Op::Reject, Op::AttachUserData, Op::DeleteUserData, Op::UpdateUserData]
        }
        SmsState::Chatting => &[
            Op::Leave,
            Op::AttachUserData,
            Op::DeleteUserData,
            Op::UpdateUserData,
            Op::Complete,
            Op::SendMessage,
        ],
        SmsState::LeftChat => {
            &[Op::Complete, Op::AttachUserData, Op::DeleteUserData, Op::UpdateUserData]
        }
        SmsState::Completed => &[],
    }
}

/// What a party outside may do whose state is `state`: it answers and it hangs up, and unlike an
/// agent it may also turn a ringing call down.
pub(crate) const fn outside_capabilities(state: PartyState) -> &'static [Operation] {
    match state {
        PartyState::Ringing => &[Operation::Answer, Operation::Hangup],
        PartyState::Dialing | PartyState::Established | PartyState::Held => &[Operation::Hangup],
        PartyState::Released => &[],
    }
}

/// What the customer may do with an SMS session whose state is `state`. Nobody reads what is
/// written after the agent left, so it is not taken.
pub(crate) const fn customer_capabilities(state: SmsState) -> &'static [Operation] {
    match state {
        SmsState::Invited | SmsState::Chatting => &[Operation::SendMessage, Operation::Leave],
        SmsState::LeftChat => &[Operation::Leave],
        SmsState::Completed => &[],
    }
}
