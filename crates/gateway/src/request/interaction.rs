//! What can be asked in an interaction: the request body as a command's part.
//!
//! Which operations a medium has is the core's to say; how the parameters of one are read is the same
//! for all media but for the parameter of `DeleteUserData`.
//!
//! # Sources
//!
//! - Documented: the operation pages of the SMS Session API for `nickname`, `text` and `url`; the
//!   user-data pages of each medium for `keys` and `key`.
//! - Ours: `targetUser` of `Transfer`, `Invite` and `Consult`, and `disposition` of `SetDisposition`,
//!   whose pages are not available.

use encke_calls::{
    Asking, InteractionAction, Medium, Nickname, UserDataChange, interaction_operations,
};

use super::operations::{Row, ask};
use super::{Asked, Body, user_data};
use crate::counts::Operation as Op;
use crate::media::{Delete, Wire};
use crate::status::Failure;
use bytes::Bytes;

/// One request in an interaction.
#[derive(Debug)]
pub(crate) enum InteractionRequest {
    /// The agent does something.
    Act(InteractionAction),
    /// Another agent is asked, who is named as the client did.
    Ask(Asking, String),
    /// The user data changes.
    Change(UserDataChange),
}

/// What is read for all media alike.
enum Read {
    Ready(InteractionRequest),
    /// Which parameter is needed depends on the medium.
    Delete,
}

static ROWS: &[Row<Read>] = &[
    Row(Op::Accept, |body| act(InteractionAction::Accept { nickname: nickname(body)? })),
    Row(Op::Reject, |_| act(InteractionAction::Reject)),
    Row(Op::SendMessage, |body| act(InteractionAction::SendMessage { text: body.string("text")? })),
    Row(Op::SendUrl, |body| act(InteractionAction::SendUrl { url: body.string("url")? })),
    Row(Op::SendStartTypingNotification, |_| act(InteractionAction::Type { started: true })),
    Row(Op::SendStopTypingNotification, |_| act(InteractionAction::Type { started: false })),
    Row(Op::Transfer, |body| target(Asking::Transfer, body)),
    Row(Op::Invite, |body| target(Asking::Invite, body)),
    Row(Op::Consult, |body| target(Asking::Consult, body)),
    Row(Op::Leave, |_| act(InteractionAction::Leave)),
    Row(Op::LeaveAndComplete, |_| act(InteractionAction::LeaveAndComplete)),
    Row(Op::Complete, |_| act(InteractionAction::Complete)),
    Row(Op::SetDisposition, |body| {
        act(InteractionAction::SetDisposition { disposition: body.string("disposition")? })
    }),
    Row(Op::SetInFocus, |_| act(InteractionAction::SetInFocus)),
    Row(Op::PlaceInWorkbin, |_| act(InteractionAction::PlaceInWorkbin)),
    Row(Op::PullFromWorkbin, |_| act(InteractionAction::PullFromWorkbin)),
    Row(Op::AttachUserData, attach),
    Row(Op::UpdateUserData, update),
    Row(Op::DeleteUserData, |_| Ok(Read::Delete)),
];

/// The operations of a medium; those on user data alone, if `others` are asking.
fn rows(medium: Medium, others: bool) -> Vec<&'static Row<Read>> {
    let there = interaction_operations(medium);
    let data = [Op::AttachUserData, Op::UpdateUserData, Op::DeleteUserData];
    ROWS.iter()
        .filter(|row| there.iter().any(|operation| operation.as_str() == row.0.name()))
        .filter(|row| !others || data.contains(&row.0))
        .collect()
}

/// Reads a request in an interaction, as [`Operations::ask`](super::operations::Operations::ask) does;
/// `others` may change user data only.
pub(crate) fn ask_interaction<C>(
    wire: &Wire,
    others: bool,
    payload: Result<Bytes, Failure>,
    depth: usize,
    command: impl FnOnce(InteractionRequest) -> Result<C, Failure>,
) -> Asked<C> {
    let resource =
        if others { format!("{} of others", wire.article) } else { wire.article.to_owned() };
    let no_pairs = format!(
        "{} has no DeleteUserDataPair; use DeleteUserData with parameter {}",
        wire.article,
        parameter(wire.delete)
    );
    let elsewhere = [(Op::DeleteUserDataPair, no_pairs.as_str())];
    ask(&resource, &rows(wire.medium, others), &elsewhere, payload, depth, |read, body| {
        command(match read {
            Read::Ready(request) => request,
            Read::Delete => InteractionRequest::Change(delete(wire, body)?),
        })
    })
}

#[expect(clippy::unnecessary_wraps, reason = "rows of a table have one type")]
fn act(action: InteractionAction) -> Result<Read, Failure> {
    Ok(Read::Ready(InteractionRequest::Act(action)))
}

fn target(asking: Asking, body: &Body<'_>) -> Result<Read, Failure> {
    Ok(Read::Ready(InteractionRequest::Ask(asking, body.string("targetUser")?)))
}

fn attach(body: &Body<'_>) -> Result<Read, Failure> {
    let change = UserDataChange::Attach(user_data(body)?);
    Ok(Read::Ready(InteractionRequest::Change(change)))
}

fn update(body: &Body<'_>) -> Result<Read, Failure> {
    let change = UserDataChange::Update(user_data(body)?);
    Ok(Read::Ready(InteractionRequest::Change(change)))
}

fn delete(wire: &Wire, body: &Body<'_>) -> Result<UserDataChange, Failure> {
    let keys = match wire.delete {
        Delete::Keys if body.has("key") && !body.has("keys") => {
            return Err(Failure::missing(format!(
                "on {} DeleteUserData takes the parameter {}, not 'key'",
                wire.article,
                parameter(wire.delete)
            )));
        }
        Delete::Key if !body.has("keys") => vec![body.string("key")?],
        Delete::Keys | Delete::Key => body.strings("keys")?,
    };
    Ok(UserDataChange::DeleteKeys(keys))
}

fn parameter(delete: Delete) -> &'static str {
    match delete {
        Delete::Keys => "'keys' (an array of strings)",
        Delete::Key => "'key' (a string)",
    }
}

/// The name the agent is shown under. Documented as required; without it the user's name is shown.
fn nickname(body: &Body<'_>) -> Result<Option<Nickname>, Failure> {
    let name = body.optional_string("nickname")?;
    name.map(|name| Nickname::new(name).map_err(|error| body.bad("nickname", &error))).transpose()
}

/// Every operation that can be read.
#[cfg(test)]
pub(super) fn named() -> Vec<Op> {
    ROWS.iter().map(|row| row.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_of_each_medium_can_be_read_and_each_row_is_some_mediums() {
        let mut used = Vec::new();
        for medium in Medium::ALL {
            let rows = rows(medium, false);
            for operation in interaction_operations(medium) {
                let found = rows.iter().filter(|row| row.0.name() == operation.as_str()).count();
                assert_eq!(found, 1, "{medium} {operation}");
            }
            used.extend(rows.iter().map(|row| row.0));
            let others = super::rows(medium, true);
            let others: Vec<_> = others.iter().map(|row| row.0.name()).collect();
            assert_eq!(others, ["AttachUserData", "UpdateUserData", "DeleteUserData"]);
        }
        assert!(ROWS.iter().all(|row| used.contains(&row.0)));
    }
}
