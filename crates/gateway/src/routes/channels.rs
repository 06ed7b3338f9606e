//! `/api/v2/me/channels/{channel}`: the state of the agent on a channel, which is `voice`.
//!
//! His state is that of all his phones.

use axum::extract::State;
use encke_calls::{Command, CommandError, LineAction};

use super::outcome::failure;
use super::{By, Id, Payload, me};
use crate::directory::{Device, User};
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{CHANNEL_OPERATIONS, shortened};
use crate::status::Failure;

const VOICE: &str = "voice";

/// `POST /api/v2/me/channels/{channel}`.
pub(super) async fn operate(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(channel): Id,
    Payload(payload): Payload,
) -> Reply {
    let asked = CHANNEL_OPERATIONS.ask(payload, gateway.config().body_depth, |action, _| {
        let user = me::user(&gateway, &caller)?;
        if !has(user, &channel) {
            return Err(Failure::not_found(format!(
                "channel '{}' does not exist or is not the user's",
                shortened(&channel)
            )));
        }
        Ok((user, action))
    });
    let reply = match asked.command {
        Ok((user, action)) => Reply::from(set(&gateway, user, action).await),
        Err(failure) => failure.into(),
    };
    reply.counted_as(asked.operation)
}

/// Whether the user has a state on this channel.
pub(super) fn has(user: &User, channel: &str) -> bool {
    channel == VOICE && !user.devices().is_empty()
}

/// Does it at all phones of the user, of which there has to be one.
pub(super) async fn set(
    gateway: &Gateway,
    user: &User,
    action: LineAction,
) -> Result<Reply, Failure> {
    if user.devices().is_empty() {
        return Err(Failure::not_found("the user has no phone"));
    }
    let lines = user.devices().iter().map(Device::dn).cloned().collect();
    let done = gateway.core().submit(Command::OperateLines { lines, action }).await;
    done.map(|_| Reply::accepted()).map_err(|error: CommandError| failure(&error))
}
