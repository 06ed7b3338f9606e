//! `/api/v2/me/calls`: the caller's calls and what he does on them; `/api/v2/calls/{id}`: what a
//! third party may change.
//!
//! A call belongs to the caller while one of his lines is or was a party of it. Other calls do not
//! exist for him, so a guessed id tells nothing.

use std::sync::Arc;

use axum::extract::State;
use encke_calls::{Actor, Call, CallAction, CallId, Command, Dn, Party, Requester};

use super::features::{needs, needs_of};
use super::outcome::outcome;
use super::{By, Id, Payload, me};
use crate::caller::{Caller, Role};
use crate::counts::Operation;
use crate::directory::{Device, User};
use crate::features::Feature;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{
    Body, CALL_OPERATIONS, CallRequest, Fields, Query, THIRD_PARTY_CALL_OPERATIONS, shortened,
};
use crate::status::{Failure, ReturnCode};
use crate::view::{CallView, render};

/// `GET /api/v2/me/calls`: the calls on which one of the caller's lines is live.
pub(super) async fn list(State(gateway): State<Gateway>, By(caller): By, query: Query) -> Reply {
    let answer = || {
        let user = me::user(&gateway, &caller)?;
        Ok(match query.fields()? {
            Fields::Uris => {
                let uris: Vec<_> = live(&gateway, user)
                    .iter()
                    .map(|(_, call)| gateway.config().address(&format!("/me/calls/{}", call.id)))
                    .collect();
                Reply::with("uris", &render(&uris))
            }
            fields => Reply::with("calls", &shown(&gateway, user, &fields)),
        })
    };
    Reply::from(answer()).counted_as(Operation::GetCalls)
}

/// `GET /api/v2/me/calls/{id}`, also for a while after the call has ended.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let (call, dn) = own_call(&gateway, me::user(&gateway, &caller)?, &id)?;
        let party = call.party(&dn).ok_or_else(|| no_call(&id))?;
        let view = view(&gateway, &call, party, &dn);
        Ok(Reply::with("call", &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetCalls)
}

/// `POST /api/v2/me/calls/{id}`.
pub(super) async fn operate(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    Payload(payload): Payload,
) -> Reply {
    let asked = CALL_OPERATIONS.ask(payload, gateway.config().body_depth, |request, _| {
        let user = me::user(&gateway, &caller)?;
        let (call, dn) = own_call(&gateway, user, &id)?;
        let call = call.id.clone();
        needs(user, Feature::Voice)?;
        if matches!(request, CallRequest::Act(CallAction::Record(_))) {
            needs(user, Feature::VoiceRecording)?;
        }
        Ok(match request {
            CallRequest::Act(action) => Command::Operate { call, by: Actor::Dn(dn), action },
            CallRequest::Change(change) => {
                gateway.count_change(call.as_str(), &caller)?;
                Command::ChangeUserData { call, requester: Requester::Party(dn), change }
            }
        })
    });
    outcome(asked, |command| gateway.core().submit(command)).await
}

/// `POST /api/v2/calls/{id}`: a supervisor or a service changes the user data of any call.
pub(super) async fn operate_as_third_party(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    Payload(payload): Payload,
) -> Reply {
    let payload = may_act_for_others(&caller).and(payload);
    let depth = gateway.config().body_depth;
    let asked = THIRD_PARTY_CALL_OPERATIONS.ask(payload, depth, |change, body| {
        needs_of(&gateway, &caller, Feature::Voice)?;
        let call = CallId::new(id.as_str()).map_err(|_| no_call(&id))?;
        let requester = Requester::ThirdParty(third_party(&gateway, &caller, body)?);
        if gateway.core().call(&id).is_some() {
            gateway.count_change(&id, &caller)?;
        }
        Ok(Command::ChangeUserData { call, requester, change })
    });
    outcome(asked, |command| gateway.core().submit(command)).await
}

/// The caller's live calls for `subresources`.
pub(super) fn all(gateway: &Gateway, user: &User) -> String {
    shown(gateway, user, &Fields::All)
}

/// Refuses who is neither supervisor nor service.
pub(super) fn may_act_for_others(caller: &Caller) -> Result<(), Failure> {
    if caller.roles.has(Role::Supervisor) || caller.roles.has(Role::Service) {
        return Ok(());
    }
    Err(Failure::new(
        ReturnCode::NoPermission,
        "only a supervisor or a service may act for others; own calls and sessions are below \
         /api/v2/me",
    ))
}

/// The line a third party acts from: for a service the parameter `thirdPartyDn` if it is given,
/// otherwise the first line of the user.
fn third_party(gateway: &Gateway, caller: &Caller, body: &Body<'_>) -> Result<Dn, Failure> {
    if let Some(dn) = third_party_or_none(gateway, caller, body)? {
        return Ok(dn);
    }
    me::user(gateway, caller)?;
    Err(Failure::missing(
        "the user has no line of his own; a service names one in parameter 'thirdPartyDn' (a \
         string)",
    ))
}

/// The same, where it need not be known.
pub(super) fn third_party_or_none(
    gateway: &Gateway,
    caller: &Caller,
    body: &Body<'_>,
) -> Result<Option<Dn>, Failure> {
    if caller.roles.has(Role::Service)
        && let Some(dn) = body.optional_string("thirdPartyDn")?
    {
        return Dn::new(dn).map(Some).map_err(|error| body.bad("thirdPartyDn", &error));
    }
    Ok(first_line(gateway, caller))
}

/// The first line of a user who has one.
pub(super) fn first_line(gateway: &Gateway, caller: &Caller) -> Option<Dn> {
    let user = gateway.directory().user(&caller.user)?;
    user.devices().first().map(|device| device.dn().clone())
}

/// The call and the line by which it is the user's; a line that is still on the call comes first.
fn own_call(gateway: &Gateway, user: &User, id: &str) -> Result<(Arc<Call>, Dn), Failure> {
    let call = gateway.core().call(id).ok_or_else(|| no_call(id))?;
    let own = |live: bool| {
        user.devices()
            .iter()
            .map(Device::dn)
            .find(|dn| call.party(dn).is_some_and(|party| party.is_live() || !live))
            .cloned()
    };
    let dn = own(true).or_else(|| own(false)).ok_or_else(|| no_call(id))?;
    Ok((call, dn))
}

/// The user's live calls, line by line.
fn live(gateway: &Gateway, user: &User) -> Vec<(Dn, Arc<Call>)> {
    user.devices()
        .iter()
        .map(Device::dn)
        .flat_map(|dn| gateway.core().calls_of(dn).into_iter().map(move |call| (dn.clone(), call)))
        .collect()
}

fn shown(gateway: &Gateway, user: &User, fields: &Fields) -> String {
    let calls = live(gateway, user);
    fields.of_all(
        calls
            .iter()
            .filter_map(|(dn, call)| call.party(dn).map(|party| view(gateway, call, party, dn))),
    )
}

fn view<'a>(gateway: &Gateway, call: &'a Call, party: &'a Party, dn: &Dn) -> CallView<'a> {
    CallView::new(call, party, dn, gateway.now_ms(), gateway.directory(), gateway.config(), None)
}

fn no_call(id: &str) -> Failure {
    Failure::not_found(format!("call '{}' does not exist or is not the user's", shortened(id)))
}
