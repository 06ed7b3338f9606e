//! The operations that exist.
//!
//! What is allowed on a call is in [`Situation`](crate::Situation), and in an interaction in
//! [`interaction_capabilities`](crate::interaction_capabilities). The tables are all there is to
//! know about that: [`decide`](crate::decide()) refuses what they do not have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One operation of a party on its call, or of somebody in an interaction.
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
    /// Appends user data; in an interaction as [`Operation::UpdateUserData`].
    AttachUserData,
    /// Replaces or appends user data.
    UpdateUserData,
    /// Removes all user data of a call, the given keys of an interaction.
    DeleteUserData,
    /// Removes all pairs of one key.
    DeleteUserDataPair,
    /// Takes part in an interaction one is asked to.
    Accept,
    /// Does not take part.
    Reject,
    /// Gives the interaction away.
    Transfer,
    /// Asks another agent to join.
    Invite,
    /// Asks another agent to join without the customer's knowing.
    Consult,
    /// Leaves an interaction without completing it.
    Leave,
    /// Leaves and completes.
    LeaveAndComplete,
    /// Ends one's part in an interaction.
    Complete,
    /// Sends a text.
    SendMessage,
    /// Sends a URL.
    SendUrl,
    /// Begins to write.
    SendStartTypingNotification,
    /// Stops writing.
    SendStopTypingNotification,
    /// Notes what came of it.
    SetDisposition,
    /// Looks at this interaction now.
    SetInFocus,
    /// Puts a work item by.
    PlaceInWorkbin,
    /// Goes on with a work item.
    PullFromWorkbin,
    /// Takes back what nobody has accepted. No agent asks for it.
    Revoke,
}

impl Operation {
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
            Self::Transfer => "Transfer",
            Self::Invite => "Invite",
            Self::Consult => "Consult",
            Self::Leave => "Leave",
            Self::LeaveAndComplete => "LeaveAndComplete",
            Self::Complete => "Complete",
            Self::SendMessage => "SendMessage",
            Self::SendUrl => "SendUrl",
            Self::SendStartTypingNotification => "SendStartTypingNotification",
            Self::SendStopTypingNotification => "SendStopTypingNotification",
            Self::SetDisposition => "SetDisposition",
            Self::SetInFocus => "SetInFocus",
            Self::PlaceInWorkbin => "PlaceInWorkbin",
            Self::PullFromWorkbin => "PullFromWorkbin",
            Self::Revoke => "Revoke",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
