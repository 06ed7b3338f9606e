//! `/api/v2/me/channels`: the channels of the agent and his state there; the channel is `voice`.
//!
//! His state is that of all his phones.

use axum::extract::State;
use encke_calls::{Command, CommandError, LineAction};

use super::features::needs;
use super::outcome::failure;
use super::{By, Id, Payload, me};
use crate::counts::Operation;
use crate::directory::{Device, User};
use crate::features::Feature;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{CHANNEL_OPERATIONS, Fields, Query, shortened};
use crate::status::Failure;
use crate::view::{ChannelView, render};

const VOICE: &str = "voice";

/// `GET /api/v2/me/channels`.
pub(super) async fn list(State(gateway): State<Gateway>, By(caller): By, query: Query) -> Reply {
    let answer = || {
        let user = me::user(&gateway, &caller)?;
        Ok(match query.fields()? {
            Fields::Uris => {
                let uri = |_| gateway.config().address(&format!("/me/channels/{VOICE}"));
                let uris: Vec<_> = user.devices().first().map(uri).into_iter().collect();
                Reply::with("uris", &render(&uris))
            }
            fields => Reply::with("channels", &shown(&gateway, user, &fields)),
        })
    };
    Reply::from(answer()).counted_as(Operation::GetChannels)
}

/// `GET /api/v2/me/channels/{channel}`.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(channel): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let devices = me::user(&gateway, &caller)?.devices();
        let device = devices.first().filter(|_| channel == VOICE);
        let device = device.ok_or_else(|| no_channel(&channel))?;
        let settings = gateway.core().line(device.dn());
        let view = ChannelView::voice(device, &settings, gateway.config());
        Ok(Reply::with("channel", &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetChannels)
}

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
            return Err(no_channel(&channel));
        }
        needs(user, Feature::Voice)?;
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

/// The caller's channels for `subresources`.
pub(super) fn all(gateway: &Gateway, user: &User) -> String {
    shown(gateway, user, &Fields::All)
}

fn shown(gateway: &Gateway, user: &User, fields: &Fields) -> String {
    let device = user.devices().first();
    let voice = device.map(|device| (device, gateway.core().line(device.dn())));
    fields
        .of_all(voice.iter().map(|(device, set)| ChannelView::voice(device, set, gateway.config())))
}

fn no_channel(id: &str) -> Failure {
    let id = shortened(id);
    Failure::not_found(format!("channel '{id}' does not exist or is not the user's"))
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
