//! What can be asked on a user: the start and the end of a contact-centre session.

use super::operations::{Operations, Row};
use crate::counts::Operation as Op;

/// One request on a user.
#[derive(Debug)]
pub(crate) enum UserRequest {
    /// Starts a session on these channels.
    Start(Vec<String>),
    /// Ends the session.
    End,
}

/// What a user may ask about himself.
pub(crate) static USER_OPERATIONS: Operations<UserRequest> = Operations {
    resource: "a user",
    rows: &[
        Row(Op::StartContactCenterSession, |body| body.strings("channels").map(UserRequest::Start)),
        Row(Op::EndContactCenterSession, |_| Ok(UserRequest::End)),
    ],
    elsewhere: &[],
};
