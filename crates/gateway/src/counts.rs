//! How many requests of which operation ended with which code.
//!
//! The label set is closed: an operation is one of [`Operation::ALL`], whatever a client wrote,
//! and a code one of [`ReturnCode::ALL`]. Counting is one relaxed addition and never blocks.
//!
//! Ownership: a [`RequestCounts`] is written by the gateway alone; whoever exports it reads
//! [`RequestCounts::snapshot`] at a time of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::status::ReturnCode;

/// What a request asked for, as a label.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant is the operation or resource it is named after")]
pub enum Operation {
    Dial,
    Answer,
    Hold,
    Retrieve,
    Hangup,
    ClearCall,
    SwapCalls,
    SendDtmf,
    MuteCall,
    UnmuteCall,
    SingleStepTransfer,
    InitiateTransfer,
    CompleteTransfer,
    SingleStepConference,
    InitiateConference,
    CompleteConference,
    RemoveParticipantFromConference,
    StartCallRecording,
    StopCallRecording,
    PauseCallRecording,
    ResumeCallRecording,
    AttachUserData,
    UpdateUserData,
    DeleteUserData,
    DeleteUserDataPair,
    Accept,
    Reject,
    SendMessage,
    Leave,
    Complete,
    Transfer,
    Invite,
    Consult,
    LeaveAndComplete,
    SendUrl,
    SendStartTypingNotification,
    SendStopTypingNotification,
    SetDisposition,
    SetInFocus,
    PlaceInWorkbin,
    PullFromWorkbin,
    StartContactCenterSession,
    EndContactCenterSession,
    Ready,
    NotReady,
    AfterCallWork,
    AuxWork,
    DoNotDisturbOn,
    DoNotDisturbOff,
    ForwardCallsOn,
    ForwardCallsOff,
    GetMe,
    GetCalls,
    GetDevices,
    GetInteractions,
    GetMessages,
    GetVersion,
    /// A path, a method or an operation name that does not exist.
    Unknown,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 58] = [
        Self::Dial,
        Self::Answer,
        Self::Hold,
        Self::Retrieve,
        Self::Hangup,
        Self::ClearCall,
        Self::SwapCalls,
        Self::SendDtmf,
        Self::MuteCall,
        Self::UnmuteCall,
        Self::SingleStepTransfer,
        Self::InitiateTransfer,
        Self::CompleteTransfer,
        Self::SingleStepConference,
        Self::InitiateConference,
        Self::CompleteConference,
        Self::RemoveParticipantFromConference,
        Self::StartCallRecording,
        Self::StopCallRecording,
        Self::PauseCallRecording,
        Self::ResumeCallRecording,
        Self::AttachUserData,
        Self::UpdateUserData,
        Self::DeleteUserData,
        Self::DeleteUserDataPair,
        Self::Accept,
        Self::Reject,
        Self::SendMessage,
        Self::Leave,
        Self::Complete,
        Self::Transfer,
        Self::Invite,
        Self::Consult,
        Self::LeaveAndComplete,
        Self::SendUrl,
        Self::SendStartTypingNotification,
        Self::SendStopTypingNotification,
        Self::SetDisposition,
        Self::SetInFocus,
        Self::PlaceInWorkbin,
        Self::PullFromWorkbin,
        Self::StartContactCenterSession,
        Self::EndContactCenterSession,
        Self::Ready,
        Self::NotReady,
        Self::AfterCallWork,
        Self::AuxWork,
        Self::DoNotDisturbOn,
        Self::DoNotDisturbOff,
        Self::ForwardCallsOn,
        Self::ForwardCallsOff,
        Self::GetMe,
        Self::GetCalls,
        Self::GetDevices,
        Self::GetInteractions,
        Self::GetMessages,
        Self::GetVersion,
        Self::Unknown,
    ];

    /// The operation as a metric label: the wire's `operationName`, or `Get...` for a read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dial => "Dial",
            Self::Answer => "Answer",
            Self::Hold => "Hold",
            Self::Retrieve => "Retrieve",
            Self::Hangup => "Hangup",
            Self::SendDtmf => "SendDtmf",
            Self::ClearCall => "ClearCall",
            Self::SwapCalls => "SwapCalls",
            Self::MuteCall => "MuteCall",
            Self::UnmuteCall => "UnmuteCall",
            Self::SingleStepTransfer => "SingleStepTransfer",
            Self::InitiateTransfer => "InitiateTransfer",
            Self::CompleteTransfer => "CompleteTransfer",
            Self::SingleStepConference => "SingleStepConference",
            Self::InitiateConference => "InitiateConference",
            Self::CompleteConference => "CompleteConference",
            Self::RemoveParticipantFromConference => "RemoveParticipantFromConference",
            Self::StartCallRecording => "StartCallRecording",
            Self::StopCallRecording => "StopCallRecording",
            Self::PauseCallRecording => "PauseCallRecording",
            Self::ResumeCallRecording => "ResumeCallRecording",
            Self::AttachUserData => "AttachUserData",
            Self::UpdateUserData => "UpdateUserData",
            Self::DeleteUserData => "DeleteUserData",
            Self::DeleteUserDataPair => "DeleteUserDataPair",
            Self::Accept => "Accept",
            Self::Reject => "Reject",
            Self::SendMessage => "SendMessage",
            Self::Leave => "Leave",
            Self::Complete => "Complete",
            Self::Transfer => "Transfer",
            Self::Invite => "Invite",
            Self::Consult => "Consult",
            Self::LeaveAndComplete => "LeaveAndComplete",
            Self::SendUrl => "SendUrl",
            Self::SendStartTypingNotification => "SendStartTypingNotification",
            Self::SendStopTypingNotification => "SendStopTypingNotification",
            Self::SetDisposition => "SetDisposition",
            Self::SetInFocus => "SetInFocus",
            Self::PlaceInWorkbin => "PlaceInWorkbin",
            Self::PullFromWorkbin => "PullFromWorkbin",
            Self::StartContactCenterSession => "StartContactCenterSession",
            Self::EndContactCenterSession => "EndContactCenterSession",
            Self::Ready => "Ready",
            Self::NotReady => "NotReady",
            Self::AfterCallWork => "AfterCallWork",
            Self::AuxWork => "AuxWork",
            Self::DoNotDisturbOn => "DoNotDisturbOn",
            Self::DoNotDisturbOff => "DoNotDisturbOff",
            Self::ForwardCallsOn => "ForwardCallsOn",
            Self::ForwardCallsOff => "ForwardCallsOff",
            Self::GetMe => "GetMe",
            Self::GetCalls => "GetCalls",
            Self::GetDevices => "GetDevices",
            Self::GetInteractions => "GetInteractions",
            Self::GetMessages => "GetMessages",
            Self::GetVersion => "GetVersion",
            Self::Unknown => "Unknown",
        }
    }

    /// The operation a body names; whatever else stands there is [`Operation::Unknown`].
    pub(crate) fn named(operation_name: &str) -> Self {
        Self::ALL
            .into_iter()
            .filter(|operation| !operation.name().starts_with("Get"))
            .find(|operation| operation.name() == operation_name)
            .unwrap_or(Self::Unknown)
    }
}

/// One counter that is not zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RequestCount {
    /// What was asked for.
    pub operation: Operation,
    /// How it ended.
    pub code: ReturnCode,
    /// Requests since the gateway was made.
    pub requests: u64,
}

/// The counters of one gateway.
#[derive(Debug)]
pub struct RequestCounts {
    cells: Vec<(Operation, ReturnCode, AtomicU64)>,
}

impl RequestCounts {
    pub(crate) fn new() -> Self {
        let cells = Operation::ALL
            .iter()
            .flat_map(|operation| {
                ReturnCode::ALL.iter().map(|code| (*operation, *code, AtomicU64::new(0)))
            })
            .collect();
        Self { cells }
    }

    pub(crate) fn count(&self, operation: Operation, code: ReturnCode) {
        let cell = self.cells.iter().find(|(o, c, _)| *o == operation && *c == code);
        if let Some((_, _, requests)) = cell {
            requests.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every counter above zero, in the order of [`Operation::ALL`] and [`ReturnCode::ALL`].
    pub fn snapshot(&self) -> Vec<RequestCount> {
        self.cells
            .iter()
            .map(|(operation, code, requests)| RequestCount {
                operation: *operation,
                code: *code,
                requests: requests.load(Ordering::Relaxed),
            })
            .filter(|count| count.requests > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_cannot_name_a_read() {
        assert_eq!(Operation::named("Dial"), Operation::Dial);
        for name in ["GetMe", "dial", "", "Fly"] {
            assert_eq!(Operation::named(name), Operation::Unknown, "{name}");
        }
    }

    #[test]
    fn every_pair_of_labels_has_a_counter_of_its_own() {
        let counts = RequestCounts::new();
        for operation in Operation::ALL {
            for code in ReturnCode::ALL {
                counts.count(operation, code);
            }
        }
        let snapshot = counts.snapshot();
        assert_eq!(snapshot.len(), Operation::ALL.len() * ReturnCode::ALL.len());
        assert!(snapshot.iter().all(|count| count.requests == 1));
    }
}
