//! What can be asked on a call: the request body as a command's part.

use encke_calls::{CallAction, Digits, Number, UserData, UserDataChange};

use super::{Body, user_data, user_data_or_none};
use crate::counts::Operation;
use crate::status::Failure;

/// One request on a call.
#[derive(Debug)]
pub(crate) enum CallRequest {
    /// The party does something.
    Act(CallAction),
    /// The user data changes.
    Change(UserDataChange),
}

/// Reads the parameters of `operation`; `None` when it is none of a call's operations.
pub(crate) fn call_request(
    operation: Operation,
    body: &Body<'_>,
) -> Option<Result<CallRequest, Failure>> {
    let action = match operation {
        Operation::Answer => Ok(CallAction::Answer),
        Operation::Hold => Ok(CallAction::Hold),
        Operation::Retrieve => Ok(CallAction::Retrieve),
        Operation::Hangup => Ok(CallAction::Hangup),
        Operation::SendDtmf => digits(body).map(CallAction::SendDtmf),
        _ => return Some(change_request(operation, body)?.map(CallRequest::Change)),
    };
    Some(action.map(CallRequest::Act))
}

/// Reads the parameters of a change of a call's user data; `None` for any other operation.
///
/// Deleting differs between media, so the parameter of another medium is refused by name: on a
/// call it would otherwise delete everything.
pub(crate) fn change_request(
    operation: Operation,
    body: &Body<'_>,
) -> Option<Result<UserDataChange, Failure>> {
    Some(match operation {
        Operation::AttachUserData => user_data(body).map(UserDataChange::Attach),
        Operation::UpdateUserData => user_data(body).map(UserDataChange::Update),
        Operation::DeleteUserData => {
            match ["key", "keys"].into_iter().find(|name| body.has(name)) {
                Some(name) => Err(Failure::missing(format!(
                    "on a call DeleteUserData removes all user data and takes no '{name}'; to remove \
                 one key use DeleteUserDataPair with parameter 'key' (a string)"
                ))),
                None => Ok(UserDataChange::Clear),
            }
        }
        Operation::DeleteUserDataPair => {
            if body.has("keys") && !body.has("key") {
                Err(Failure::missing(
                    "DeleteUserDataPair takes the parameter 'key' (a string), not 'keys'",
                ))
            } else {
                body.string("key").map(UserDataChange::DeletePair)
            }
        }
        _ => return None,
    })
}

/// What a Dial asks for: the number, and the data attached from the start.
pub(crate) fn dial_request(body: &Body<'_>) -> Result<(Number, UserData), Failure> {
    let number = body.within("destination")?.string("phoneNumber")?;
    let number = Number::new(number).map_err(|error| {
        Failure::invalid(format!("parameter 'destination.phoneNumber': {error}"))
    })?;
    Ok((number, user_data_or_none(body)?))
}

fn digits(body: &Body<'_>) -> Result<Digits, Failure> {
    Digits::new(body.string("digits")?)
        .map_err(|error| Failure::invalid(format!("parameter 'digits': {error}")))
}
