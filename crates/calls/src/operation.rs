//! The operations that exist, and in which state of an SMS session each of them is allowed.
//!
//! What is allowed on a call is in [`Situation`](crate::Situation). The tables are all there is to
//! know about that: [`decide`](crate::decide()) refuses what they do not list, and what they list is
//! what clients are shown as `capabilities`. The order is that of the samples and means nothing.
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, the sample of `AttachUserData` on SMS sessions in
//!   `Chatting`.
//! - Ours: the lists of `Invited` and `LeftChat`. Operations of the originals that do not exist
//!   here, such as transfers of sessions, are in no list.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::SmsState;

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
    /// Ends the call for everybody.
    ClearCall,
    /// Changes between a call and its consultation.
    SwapCalls,
    /// Is no longer heard.
    MuteCall,
    /// Is heard again.
    UnmuteCall,
    /// Leaves; somebody else rings in its place.
    SingleStepTransfer,
    /// Lets somebody else ring, to join.
    SingleStepConference,
    /// Begins a consultation before a transfer.
    InitiateTransfer,
    /// Transfers to who was asked.
    CompleteTransfer,
    /// Begins a consultation before a conference.
    InitiateConference,
    /// Lets who was asked join.
    CompleteConference,
    /// Takes a party off a conference.
    RemoveParticipantFromConference,
    /// Begins to record.
    StartCallRecording,
    /// Ends the recording.
    StopCallRecording,
    /// Pauses the recording.
    PauseCallRecording,
    /// Goes on with the recording.
    ResumeCallRecording,
    /// Rang for too long. Nobody asks for it.
    NoAnswer,
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
    /// Whether it changes user data and nothing else.
    pub const fn is_of_user_data(self) -> bool {
        matches!(
            self,
            Self::AttachUserData
                | Self::UpdateUserData
                | Self::DeleteUserData
                | Self::DeleteUserDataPair
        )
    }

    /// The spelling of the operation in requests and in `capabilities`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "Answer",
            Self::Hold => "Hold",
            Self::Retrieve => "Retrieve",
            Self::Hangup => "Hangup",
            Self::ClearCall => "ClearCall",
            Self::SwapCalls => "SwapCalls",
            Self::MuteCall => "MuteCall",
            Self::UnmuteCall => "UnmuteCall",
            Self::SingleStepTransfer => "SingleStepTransfer",
            Self::SingleStepConference => "SingleStepConference",
            Self::InitiateTransfer => "InitiateTransfer",
            Self::CompleteTransfer => "CompleteTransfer",
            Self::InitiateConference => "InitiateConference",
            Self::CompleteConference => "CompleteConference",
            Self::RemoveParticipantFromConference => "RemoveParticipantFromConference",
            Self::StartCallRecording => "StartCallRecording",
            Self::StopCallRecording => "StopCallRecording",
            Self::PauseCallRecording => "PauseCallRecording",
            Self::ResumeCallRecording => "ResumeCallRecording",
            Self::NoAnswer => "NoAnswer",
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

/// What the customer may do with an SMS session whose state is `state`. Nobody reads what is
/// written after the agent left, so it is not taken.
pub(crate) const fn customer_capabilities(state: SmsState) -> &'static [Operation] {
    match state {
        SmsState::Invited | SmsState::Chatting => &[Operation::SendMessage, Operation::Leave],
        SmsState::LeftChat => &[Operation::Leave],
        SmsState::Completed => &[],
    }
}
