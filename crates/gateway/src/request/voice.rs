//! What can be asked on a call and on a device: the request body as a command's part.
//!
//! # Sources
//!
//! - Documented: Web Services API, Voice API, for names and parameters. `location`, `extensions`
//!   and `outboundCallerId` mean nothing here and are passed over.
//! - Documented for 8.5.0: `MuteCall`. Ours: that its reverse is `UnmuteCall`.
//! - Ours: `consultCallUri` is any address that ends with the id of the consultation call.

use encke_calls::{
    CallAction, CallId, Destination, Digits, Number, Purpose, RecordAction, UserData,
    UserDataChange,
};

use super::operations::{Operations, Row};
use super::{Body, user_data, user_data_or_none};
use crate::counts::Operation as Op;
use crate::status::Failure;

/// One request on a call.
#[derive(Debug)]
pub(crate) enum CallRequest {
    /// The party does something.
    Act(CallAction),
    /// The user data changes.
    Change(UserDataChange),
}

/// What a party may ask on its call.
pub(crate) static CALL_OPERATIONS: Operations<CallRequest> = Operations {
    resource: "a call",
    rows: &[
        Row(Op::Answer, |_| act(CallAction::Answer)),
        Row(Op::Hold, |_| act(CallAction::Hold)),
        Row(Op::Retrieve, |_| act(CallAction::Retrieve)),
        Row(Op::Hangup, |_| act(CallAction::Hangup)),
        Row(Op::ClearCall, |_| act(CallAction::Clear)),
        Row(Op::SwapCalls, |_| act(CallAction::Swap)),
        Row(Op::SendDtmf, |body| act(CallAction::SendDtmf(digits(body)?))),
        Row(Op::MuteCall, |_| act(CallAction::Mute)),
        Row(Op::UnmuteCall, |_| act(CallAction::Unmute)),
        Row(Op::SingleStepTransfer, |body| act(CallAction::SingleStepTransfer(destination(body)?))),
        Row(Op::InitiateTransfer, |body| {
            act(CallAction::Consult(Purpose::Transfer, destination(body)?))
        }),
        Row(Op::CompleteTransfer, |body| {
            act(CallAction::Complete(Purpose::Transfer, consultation(body)?))
        }),
        Row(Op::SingleStepConference, |body| {
            act(CallAction::SingleStepConference(destination(body)?))
        }),
        Row(Op::InitiateConference, |body| {
            act(CallAction::Consult(Purpose::Conference, destination(body)?))
        }),
        Row(Op::CompleteConference, |body| {
            act(CallAction::Complete(Purpose::Conference, consultation(body)?))
        }),
        Row(Op::RemoveParticipantFromConference, |body| {
            act(CallAction::Remove(number(body, "participant")?))
        }),
        Row(Op::StartCallRecording, |_| act(CallAction::Record(RecordAction::Start))),
        Row(Op::StopCallRecording, |_| act(CallAction::Record(RecordAction::Stop))),
        Row(Op::PauseCallRecording, |_| act(CallAction::Record(RecordAction::Pause))),
        Row(Op::ResumeCallRecording, |_| act(CallAction::Record(RecordAction::Resume))),
        Row(Op::AttachUserData, |body| attach(body).map(CallRequest::Change)),
        Row(Op::UpdateUserData, |body| update(body).map(CallRequest::Change)),
        Row(Op::DeleteUserData, |body| delete_all(body).map(CallRequest::Change)),
        Row(Op::DeleteUserDataPair, |body| delete_pair(body).map(CallRequest::Change)),
    ],
    elsewhere: &[],
};

/// What a third party may ask on a call.
pub(crate) static THIRD_PARTY_CALL_OPERATIONS: Operations<UserDataChange> = Operations {
    resource: "a call of others",
    rows: &[
        Row(Op::AttachUserData, attach),
        Row(Op::UpdateUserData, update),
        Row(Op::DeleteUserData, delete_all),
        Row(Op::DeleteUserDataPair, delete_pair),
    ],
    elsewhere: &[],
};

/// What can be asked on a device: a call to a number, with the data attached from the start.
pub(crate) static DEVICE_OPERATIONS: Operations<(Number, UserData)> = Operations {
    resource: "a device",
    rows: &[Row(Op::Dial, |body| Ok((called(body)?, user_data_or_none(body)?)))],
    elsewhere: &[],
};

#[expect(clippy::unnecessary_wraps, reason = "rows of a table have one type")]
fn act(action: CallAction) -> Result<CallRequest, Failure> {
    Ok(CallRequest::Act(action))
}

fn attach(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    user_data(body).map(UserDataChange::Attach)
}

fn update(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    user_data(body).map(UserDataChange::Update)
}

/// Deleting differs between media, so the parameter of another medium is refused by name: on a
/// call it would otherwise delete everything.
fn delete_all(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    match ["key", "keys"].into_iter().find(|name| body.has(name)) {
        Some(name) => Err(Failure::missing(format!(
            "on a call DeleteUserData removes all user data and takes no '{name}'; to remove one \
             key use DeleteUserDataPair with parameter 'key' (a string)"
        ))),
        None => Ok(UserDataChange::Clear),
    }
}

fn delete_pair(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    if body.has("keys") && !body.has("key") {
        return Err(Failure::missing(
            "DeleteUserDataPair takes the parameter 'key' (a string), not 'keys'",
        ));
    }
    body.string("key").map(UserDataChange::DeletePair)
}

fn destination(body: &Body<'_>) -> Result<Destination, Failure> {
    Ok(Destination { number: called(body)?, user_data: user_data_or_none(body)? })
}

/// The number in `destination.phoneNumber`.
fn called(body: &Body<'_>) -> Result<Number, Failure> {
    number(&body.within("destination")?, "phoneNumber")
}

fn number(body: &Body<'_>, name: &str) -> Result<Number, Failure> {
    Number::new(body.string(name)?).map_err(|error| body.bad(name, &error))
}

fn digits(body: &Body<'_>) -> Result<Digits, Failure> {
    Digits::new(body.string("digits")?).map_err(|error| body.bad("digits", &error))
}

/// The id at the end of `consultCallUri`, if that is given.
fn consultation(body: &Body<'_>) -> Result<Option<CallId>, Failure> {
    const NAME: &str = "consultCallUri";
    let Some(uri) = body.optional_string(NAME)? else { return Ok(None) };
    let id = uri.rsplit('/').next().unwrap_or_default();
    CallId::new(id).map(Some).map_err(|error| body.bad(NAME, &error))
}
