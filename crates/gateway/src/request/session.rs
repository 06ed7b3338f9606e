//! What can be asked on a user: the start and the end of a contact-centre session, and his state
//! on all channels.

use encke_calls::LineAction;

use super::agent::not_ready;
use super::operations::{Operations, Row};
use crate::counts::Operation as Op;

/// One request on a user.
#[derive(Debug)]
pub(crate) enum UserRequest {
    /// Starts a session on these channels.
    Start(Vec<String>),
    /// Ends the session.
    End,
    /// Has another state.
    Be(LineAction),
}

/// What a user may ask about himself.
pub(crate) static USER_OPERATIONS: Operations<UserRequest> = Operations {
    resource: "a user",
    rows: &[
        Row(Op::StartContactCenterSession, |body| body.strings("channels").map(UserRequest::Start)),
        Row(Op::EndContactCenterSession, |_| Ok(UserRequest::End)),
        Row(Op::Ready, |_| Ok(UserRequest::Be(LineAction::Ready))),
        Row(Op::NotReady, |body| not_ready(body).map(UserRequest::Be)),
    ],
    elsewhere: &[],
};
