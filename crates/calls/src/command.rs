//! What can be asked of the core.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    CallId, CallType, ConnId, Digits, Dn, InteractionAction, InteractionActor, InteractionKey,
    InteractionOffer, LineAction, LineId, Number, Operation, PartyState, Purpose, Role, Subject,
    UserData, UserName,
};

/// One request to the core. It is accepted whole or refused with a [`Refusal`](crate::Refusal).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// A line of ours calls a number. When the number is a line of ours, that one rings;
    /// otherwise the call goes outside.
    Dial {
        /// The calling line.
        from: Dn,
        /// The number that is dialled.
        to: Number,
        /// Data attached from the start.
        user_data: UserData,
    },
    /// Someone outside calls a line of ours, which rings.
    Inbound {
        /// The line that rings.
        to: Dn,
        /// The number of the caller.
        from: Number,
        /// Data attached from the start.
        user_data: UserData,
    },
    /// A call that another call-state core knows appears here as it is.
    Import(ImportedCall),
    /// A party does something on its call.
    Operate {
        /// The call.
        call: CallId,
        /// Who acts.
        by: Actor,
        /// What he does.
        action: CallAction,
    },
    /// A line that rings has not answered in time, and stops ringing.
    GiveUp {
        /// The call.
        call: CallId,
        /// The line.
        dn: Dn,
    },
    /// Somebody changes the user data of a call.
    ChangeUserData {
        /// The call.
        call: CallId,
        /// Who asks for it.
        requester: Requester,
        /// What changes.
        change: UserDataChange,
    },
    /// Something is done at all lines of an agent, or at none.
    OperateLines {
        /// The lines.
        lines: Vec<Dn>,
        /// What is done.
        action: LineAction,
    },
    /// A customer's message, or a piece of work, is offered to an agent as a new interaction.
    OfferInteraction(InteractionOffer),
    /// Somebody does something in an interaction.
    OperateInteraction {
        /// The interaction.
        interaction: InteractionKey,
        /// Who acts.
        by: InteractionActor,
        /// What he does.
        action: InteractionAction,
    },
    /// Somebody changes the user data of an interaction.
    ChangeInteractionUserData {
        /// The interaction.
        interaction: InteractionKey,
        /// The agent who asks for it, who must have a part in it; `None` is somebody else.
        agent: Option<UserName>,
        /// What changes. In an interaction an attach replaces existing keys.
        change: UserDataChange,
    },
}

impl Command {
    /// The call, interaction or line the command is about; `None` for commands that begin one. Of
    /// several lines it is the first, in whatever era.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Self::Dial { .. } | Self::Inbound { .. } | Self::OfferInteraction(_) => None,
            Self::Import(imported) => Some(Subject::Call(imported.id.clone())),
            Self::Operate { call, .. }
            | Self::GiveUp { call, .. }
            | Self::ChangeUserData { call, .. } => Some(Subject::Call(call.clone())),
            Self::OperateLines { lines, .. } => {
                lines.first().map(|dn| Subject::Line(LineId { dn: dn.clone(), era: 0 }))
            }
            Self::OperateInteraction { interaction, .. }
            | Self::ChangeInteractionUserData { interaction, .. } => {
                Some(Subject::Interaction(interaction.clone()))
            }
        }
    }
}

/// Who acts on a call.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Actor {
    /// The party on this line.
    Dn(Dn),
    /// The first party from outside.
    Outside,
}

/// What a party does.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CallAction {
    /// Takes the ringing call.
    Answer,
    /// Puts the other side on hold.
    Hold,
    /// Comes back from hold.
    Retrieve,
    /// Leaves. When fewer than two parties are left, the call ends for them too.
    Hangup,
    /// Ends the call for everybody.
    Clear,
    /// Sends tones.
    SendDtmf(Digits),
    /// Is no longer heard.
    Mute,
    /// Is heard again.
    Unmute,
    /// Begins, pauses, resumes or ends the recording.
    Record(RecordAction),
    /// Leaves; the destination rings in its place.
    SingleStepTransfer(Destination),
    /// The destination rings and will be one more on the call.
    SingleStepConference(Destination),
    /// Holds the call and calls the destination, to ask before a transfer or a conference.
    Consult(Purpose, Destination),
    /// Ends the consultation by what it was for, or by the other of the two. The consultation
    /// call may be named, and is then the only one meant.
    Complete(Purpose, Option<CallId>),
    /// Changes between the call and its consultation.
    Swap,
    /// Takes a party off a conference.
    Remove(Number),
}

/// What is done about a recording.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordAction {
    /// Begins.
    Start,
    /// Pauses.
    Pause,
    /// Goes on.
    Resume,
    /// Ends.
    Stop,
}

/// Where a call is to go, or who is to join it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    /// The number. When it is a line of ours, that one rings; otherwise it is outside.
    pub number: Number,
    /// Data attached on the way.
    pub user_data: UserData,
}

impl CallAction {
    /// The operation that must be among the party's capabilities.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Answer => Operation::Answer,
            Self::Hold => Operation::Hold,
            Self::Retrieve => Operation::Retrieve,
            Self::Hangup => Operation::Hangup,
            Self::Clear => Operation::ClearCall,
            Self::SendDtmf(_) => Operation::SendDtmf,
            Self::Mute => Operation::MuteCall,
            Self::Unmute => Operation::UnmuteCall,
            Self::Record(RecordAction::Start) => Operation::StartCallRecording,
            Self::Record(RecordAction::Pause) => Operation::PauseCallRecording,
            Self::Record(RecordAction::Resume) => Operation::ResumeCallRecording,
            Self::Record(RecordAction::Stop) => Operation::StopCallRecording,
            Self::SingleStepTransfer(_) => Operation::SingleStepTransfer,
            Self::SingleStepConference(_) => Operation::SingleStepConference,
            Self::Consult(Purpose::Transfer, _) => Operation::InitiateTransfer,
            Self::Consult(Purpose::Conference, _) => Operation::InitiateConference,
            Self::Complete(Purpose::Transfer, _) => Operation::CompleteTransfer,
            Self::Complete(Purpose::Conference, _) => Operation::CompleteConference,
            Self::Swap => Operation::SwapCalls,
            Self::Remove(_) => Operation::RemoveParticipantFromConference,
        }
    }
}

/// Who asks for a change of a call's user data.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// A party of the call.
    Party(Dn),
    /// Somebody who is not on the call. A party that calls itself so is treated as a party.
    ThirdParty(Dn),
}

impl Requester {
    /// The line the request came from.
    pub fn dn(&self) -> &Dn {
        match self {
            Self::Party(dn) | Self::ThirdParty(dn) => dn,
        }
    }
}

/// One change of user data.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserDataChange {
    /// Appends pairs; in an interaction the same as an update.
    Attach(UserData),
    /// Replaces the values of existing keys and appends new keys.
    Update(UserData),
    /// Removes all pairs of one key.
    DeletePair(String),
    /// Removes all pairs of the given keys.
    DeleteKeys(Vec<String>),
    /// Removes all pairs.
    Clear,
}

impl UserDataChange {
    /// The operation that must be among the capabilities.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Attach(_) => Operation::AttachUserData,
            Self::Update(_) => Operation::UpdateUserData,
            Self::DeletePair(_) => Operation::DeleteUserDataPair,
            Self::DeleteKeys(_) | Self::Clear => Operation::DeleteUserData,
        }
    }
}

impl fmt::Debug for UserDataChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and values are customer data.
        f.debug_tuple("UserDataChange").field(&self.operation()).finish()
    }
}

/// A call as another call-state core has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedCall {
    /// The id, which must not be in use here.
    pub id: CallId,
    /// The connection id.
    pub conn_id: ConnId,
    /// Where the call comes from and goes to.
    pub call_type: CallType,
    /// The number that was dialled.
    pub dnis: Option<Number>,
    /// The number of the caller.
    pub ani: Option<Number>,
    /// Who takes part. At least one must not be released, and a line occurs once.
    pub parties: Vec<NewParty>,
    /// The data attached to the call.
    pub user_data: UserData,
}

/// A party with which a call begins.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NewParty {
    /// The line of a party inside; `None` is a party outside.
    pub dn: Option<Dn>,
    /// The number that the others see.
    pub number: Number,
    /// What the party is doing.
    pub state: PartyState,
    /// Which end of the call it is.
    pub role: Role,
}
