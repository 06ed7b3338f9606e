//! `/api/v2/me`: the user himself, and the start and end of a contact-centre session.

use axum::extract::State;
use encke_calls::LineAction;
use serde::Serialize;

use super::{By, Payload, calls, channels, devices, interactions};
use crate::caller::Caller;
use crate::counts::Operation;
use crate::directory::User;
use crate::gateway::Gateway;
use crate::json::quoted;
use crate::media::Wire;
use crate::reply::Reply;
use crate::request::{Query, USER_OPERATIONS, UserRequest};
use crate::status::{Failure, ReturnCode};
use crate::view::{UserView, raw, render};

/// `GET /api/v2/me`, with `subresources=*` or a list of `devices`, `calls` and the lists of
/// interactions: `smsessions`, `chats`, `emails`, ...
///
/// Sub-resources this server does not have (`channels`, `interactions`, ...) are left out, as a GWS
/// does for services the user lacks.
pub(super) async fn read(State(gateway): State<Gateway>, By(caller): By, query: Query) -> Reply {
    let answer = || {
        let user = user(&gateway, &caller)?;
        let wanted = query.subresources()?;
        let wants = |name: &str| wanted.iter().any(|given| given == "*" || given == name);
        let mut view = UserView::new(user, gateway.config());
        if wants("devices") {
            view.devices = Some(raw(devices::all(&gateway, user)));
        }
        if wants("calls") {
            view.calls = Some(raw(calls::all(&gateway, user)));
        }
        for wire in gateway.config().media() {
            if wants(wire.list) || wire.paths.iter().any(|path| wants(path)) {
                let all = raw(interactions::all(&gateway, user, wire.medium));
                view.interactions.insert(wire.list, all);
            }
        }
        Ok(Reply::with("user", &render(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetMe)
}

/// `POST /api/v2/me`.
pub(super) async fn operate(
    State(gateway): State<Gateway>,
    By(caller): By,
    Payload(payload): Payload,
) -> Reply {
    let depth = gateway.config().body_depth;
    let asked = USER_OPERATIONS.ask(payload, depth, |request, _| Ok(request));
    let reply = match asked.command {
        Ok(request) => Reply::from(answer(&gateway, &caller, request).await),
        Err(failure) => failure.into(),
    };
    reply.counted_as(asked.operation)
}

async fn answer(
    gateway: &Gateway,
    caller: &Caller,
    request: UserRequest,
) -> Result<Reply, Failure> {
    match request {
        UserRequest::Start(channels) => {
            start_session(gateway, user(gateway, caller)?, &channels).await
        }
        // Who is not in the directory may log out, and so may who has nowhere to be logged in.
        UserRequest::End => match user(gateway, caller) {
            Ok(user) if !user.devices().is_empty() => {
                channels::set(gateway, user, LineAction::LogOut).await
            }
            _ => Ok(Reply::accepted()),
        },
        UserRequest::Be(action) => channels::set(gateway, user(gateway, caller)?, action).await,
    }
}

/// `GET /api/v2/diagnostics/version`.
pub(super) async fn version(State(gateway): State<Gateway>, _: By) -> Reply {
    Reply::with("version", &quoted(&gateway.config().version)).counted_as(Operation::GetVersion)
}

/// The caller as the directory knows him.
pub(super) fn user<'a>(gateway: &'a Gateway, caller: &Caller) -> Result<&'a User, Failure> {
    gateway.directory().user(&caller.user).ok_or_else(|| {
        Failure::new(
            ReturnCode::NoPermission,
            format!("user '{}' is not in the directory", caller.user.as_str()),
        )
    })
}

/// Logs in on `voice`, for who has a phone. Of other media no state is kept.
async fn start_session(
    gateway: &Gateway,
    user: &User,
    channels: &[String],
) -> Result<Reply, Failure> {
    let voice = |channel: &String| channels::has(user, channel);
    if channels.iter().any(voice) {
        channels::set(gateway, user, LineAction::LogIn).await?;
    }
    let (succeeded, failed): (Vec<_>, Vec<_>) = channels.iter().partition(|channel| {
        let medium = |wire: &Wire| wire.sessions.contains(&channel.as_str());
        voice(channel) || gateway.config().media().any(medium)
    });
    if failed.is_empty() {
        return Ok(Reply::accepted());
    }
    let failure = Failure::not_found("the user has no such channel");
    if succeeded.is_empty() {
        return Err(failure);
    }
    let part = |channel, failure: Option<&Failure>| ChannelOutcome {
        status_code: failure.map_or(ReturnCode::Success, |failure| failure.code).number(),
        status_message: failure.map(|failure| failure.message.clone()),
        channel,
    };
    let outcome = Outcome {
        failed: failed.into_iter().map(|channel| part(channel, Some(&failure))).collect(),
        succeeded: succeeded.into_iter().map(|channel| part(channel, None)).collect(),
    };
    Ok(Reply::new(ReturnCode::Partial, &render(&outcome)))
}

/// What a partial success lists.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    failed: Vec<ChannelOutcome<'a>>,
    succeeded: Vec<ChannelOutcome<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelOutcome<'a> {
    status_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<String>,
    channel: &'a str,
}
