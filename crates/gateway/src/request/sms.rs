//! What can be asked on an SMS session: the request body as a command's part.

use encke_calls::{Nickname, SmsAction, UserDataChange};

use super::operations::{Operations, Row};
use super::{Body, user_data};
use crate::counts::Operation as Op;
use crate::status::Failure;

/// One request on an SMS session.
#[derive(Debug)]
pub(crate) enum SmsRequest {
    /// The agent does something.
    Act(SmsAction),
    /// The user data changes.
    Change(UserDataChange),
}

/// What its agent may ask on a session.
pub(crate) static SMS_OPERATIONS: Operations<SmsRequest> = Operations {
    resource: "an SMS session",
    rows: &[
        Row(Op::Accept, |body| act(SmsAction::Accept { nickname: nickname(body)? })),
        Row(Op::Reject, |_| act(SmsAction::Reject)),
        Row(Op::SendMessage, |body| act(SmsAction::SendMessage { text: body.string("text")? })),
        Row(Op::Leave, |_| act(SmsAction::Leave)),
        Row(Op::Complete, |_| act(SmsAction::Complete)),
        Row(Op::AttachUserData, |body| attach(body).map(SmsRequest::Change)),
        Row(Op::UpdateUserData, |body| update(body).map(SmsRequest::Change)),
        Row(Op::DeleteUserData, |body| delete(body).map(SmsRequest::Change)),
    ],
    elsewhere: NO_PAIRS,
};

/// What a third party may ask on a session.
pub(crate) static THIRD_PARTY_SMS_OPERATIONS: Operations<UserDataChange> = Operations {
    resource: "an SMS session of others",
    rows: &[
        Row(Op::AttachUserData, attach),
        Row(Op::UpdateUserData, update),
        Row(Op::DeleteUserData, delete),
    ],
    elsewhere: NO_PAIRS,
};

const NO_PAIRS: &[(Op, &str)] = &[(
    Op::DeleteUserDataPair,
    "an SMS session has no DeleteUserDataPair; use DeleteUserData with parameter 'keys' (an array \
     of strings)",
)];

#[expect(clippy::unnecessary_wraps, reason = "rows of a table have one type")]
fn act(action: SmsAction) -> Result<SmsRequest, Failure> {
    Ok(SmsRequest::Act(action))
}

fn attach(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    user_data(body).map(UserDataChange::Attach)
}

fn update(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    user_data(body).map(UserDataChange::Update)
}

fn delete(body: &Body<'_>) -> Result<UserDataChange, Failure> {
    if body.has("key") && !body.has("keys") {
        return Err(Failure::missing(
            "on an SMS session DeleteUserData takes the parameter 'keys' (an array of strings), \
             not 'key'",
        ));
    }
    body.strings("keys").map(UserDataChange::DeleteKeys)
}

/// The name the agent is shown under. Documented as required; without it the user's name is shown.
fn nickname(body: &Body<'_>) -> Result<Option<Nickname>, Failure> {
    let name = body.optional_string("nickname")?;
    name.map(|name| Nickname::new(name).map_err(|error| body.bad("nickname", &error))).transpose()
}
