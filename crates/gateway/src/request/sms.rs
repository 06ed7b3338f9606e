//! What can be asked on an SMS session: the request body as a command's part.

use encke_calls::{Nickname, SmsAction, UserDataChange};

use super::{Body, user_data};
use crate::counts::Operation;
use crate::status::Failure;

/// One request on an SMS session.
#[derive(Debug)]
pub(crate) enum SmsRequest {
    /// The agent does something.
    Act(SmsAction),
    /// The user data changes.
    Change(UserDataChange),
}

/// Reads the parameters of `operation`; `None` when it is none of a session's operations.
pub(crate) fn sms_request(
    operation: Operation,
    body: &Body<'_>,
) -> Option<Result<SmsRequest, Failure>> {
    let action = match operation {
        Operation::Accept => nickname(body).map(|nickname| SmsAction::Accept { nickname }),
        Operation::Reject => Ok(SmsAction::Reject),
        Operation::SendMessage => body.string("text").map(|text| SmsAction::SendMessage { text }),
        Operation::Leave => Ok(SmsAction::Leave),
        Operation::Complete => Ok(SmsAction::Complete),
        _ => return Some(sms_change_request(operation, body)?.map(SmsRequest::Change)),
    };
    Some(action.map(SmsRequest::Act))
}

/// Reads the parameters of a change of a session's user data; `None` for any other operation.
pub(crate) fn sms_change_request(
    operation: Operation,
    body: &Body<'_>,
) -> Option<Result<UserDataChange, Failure>> {
    Some(match operation {
        Operation::AttachUserData => user_data(body).map(UserDataChange::Attach),
        Operation::UpdateUserData => user_data(body).map(UserDataChange::Update),
        Operation::DeleteUserData => {
            if body.has("key") && !body.has("keys") {
                Err(Failure::missing(
                    "on an SMS session DeleteUserData takes the parameter 'keys' (an array of \
                     strings), not 'key'",
                ))
            } else {
                body.strings("keys").map(UserDataChange::DeleteKeys)
            }
        }
        Operation::DeleteUserDataPair => Err(Failure::invalid(
            "an SMS session has no DeleteUserDataPair; use DeleteUserData with parameter 'keys' \
             (an array of strings)",
        )),
        _ => return None,
    })
}

/// The name the agent is shown under. Documented as required; without it the user's name is shown.
fn nickname(body: &Body<'_>) -> Result<Option<Nickname>, Failure> {
    body.optional_string("nickname")?
        .map(|name| {
            Nickname::new(name)
                .map_err(|error| Failure::invalid(format!("parameter 'nickname': {error}")))
        })
        .transpose()
}
