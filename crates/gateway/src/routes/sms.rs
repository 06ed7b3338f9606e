//! `/api/v2/me/smsessions`: the caller's SMS sessions, what he does in them and what was said;
//! `/api/v2/smsessions/{id}`: what a third party may change.
//!
//! A session belongs to the agent it was offered to. For anybody else it does not exist.

use std::sync::Arc;

use axum::extract::State;
use encke_calls::{Command, Note, SmsActor, SmsSession, UserName};

use super::calls::{first_line, may_act_for_others, third_party_or_none};
use super::features::needs;
use super::outcome::outcome;
use super::{By, Id, Payload, me};
use crate::caller::Caller;
use crate::counts::Operation;
use crate::directory::User;
use crate::features::Feature;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{
    Fields, Query, SMS_OPERATIONS, SmsRequest, THIRD_PARTY_SMS_OPERATIONS, shortened,
};
use crate::status::Failure;
use crate::view::{MessageView, SmsView, render};

/// `GET /api/v2/me/smsessions`: the sessions that are not completed.
pub(super) async fn list(State(gateway): State<Gateway>, By(caller): By, query: Query) -> Reply {
    let answer = || {
        let sessions = open(&gateway, me::user(&gateway, &caller)?);
        let views = sessions.iter().map(|session| SmsView::new(session, gateway.config()));
        Ok(match query.fields()? {
            Fields::Uris => {
                let config = gateway.config();
                let uris: Vec<_> =
                    sessions.iter().map(|s| config.address(&config.sms_path(&s.id))).collect();
                Reply::with("uris", &render(&uris))
            }
            fields => {
                let member = gateway.config().sms_spelling.collection();
                Reply::with(member, &fields.of_all(views))
            }
        })
    };
    Reply::from(answer()).counted_as(Operation::GetSmsSessions)
}

/// `GET /api/v2/me/smsessions/{id}`, also without `/me`, where `uri` points; also for a while
/// after the session was completed.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let session = own_session(&gateway, &caller, &id)?;
        let view = SmsView::new(&session, gateway.config());
        let member = gateway.config().sms_spelling.resource();
        Ok(Reply::with(member, &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetSmsSessions)
}

/// `GET /api/v2/me/smsessions/{id}/messages`, from `startIndex` and at most `count`.
pub(super) async fn messages(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let session = own_session(&gateway, &caller, &id)?;
        let page = query.page()?;
        let views: Vec<_> = session
            .transcript
            .iter()
            .filter(|entry| MessageView::index(entry) >= page.start)
            .take(page.count.unwrap_or(usize::MAX))
            .map(|entry| MessageView::new(entry))
            .collect();
        Ok(Reply::with("messages", &render(&views)))
    };
    Reply::from(answer()).counted_as(Operation::GetMessages)
}

/// `POST /api/v2/me/smsessions/{id}`.
pub(super) async fn operate(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    Payload(payload): Payload,
) -> Reply {
    let asked = SMS_OPERATIONS.ask(payload, gateway.config().body_depth, |request, _| {
        let found = own_session(&gateway, &caller, &id)?;
        let (session, agent) = (found.id.clone(), found.agent.clone());
        needs(me::user(&gateway, &caller)?, Feature::Multimedia)?;
        Ok(match request {
            SmsRequest::Act(action) => {
                Command::OperateSms { session, by: SmsActor::Agent(agent), action }
            }
            SmsRequest::Change(change) => {
                gateway.count_change(session.as_str(), &caller)?;
                Command::ChangeSmsUserData { session, agent, change }
            }
        })
    });
    outcome(asked, |command| {
        let reference = gateway.next_reference(&caller.user);
        let note = Note::new().reference(reference).by(first_line(&gateway, &caller));
        gateway.core().submit_noted(command, note)
    })
    .await
}

/// `POST /api/v2/smsessions/{id}`: a supervisor or a service changes the user data of any session.
///
/// The agent is told without a `referenceId`, since the request was none of his.
pub(super) async fn operate_as_third_party(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    Payload(payload): Payload,
) -> Reply {
    let payload = may_act_for_others(&caller).and(payload);
    let depth = gateway.config().body_depth;
    let mut note = Note::new();
    let asked = THIRD_PARTY_SMS_OPERATIONS.ask(payload, depth, |change, body| {
        let found = gateway.core().sms(&id).ok_or_else(|| no_session(&id))?;
        note = Note::new().by(third_party_or_none(&gateway, &caller, body)?);
        gateway.count_change(found.id.as_str(), &caller)?;
        let (session, agent) = (found.id.clone(), found.agent.clone());
        Ok(Command::ChangeSmsUserData { session, agent, change })
    });
    outcome(asked, |command| gateway.core().submit_noted(command, note)).await
}

/// The user's open sessions for `subresources`.
pub(super) fn all(gateway: &Gateway, user: &User) -> String {
    let sessions = open(gateway, user);
    Fields::All.of_all(sessions.iter().map(|session| SmsView::new(session, gateway.config())))
}

/// A user whose name no agent can have has no sessions.
fn open(gateway: &Gateway, user: &User) -> Vec<Arc<SmsSession>> {
    UserName::new(user.name().as_str())
        .map_or_else(|_| Vec::new(), |agent| gateway.core().sms_of(&agent))
}

fn own_session(gateway: &Gateway, caller: &Caller, id: &str) -> Result<Arc<SmsSession>, Failure> {
    gateway
        .core()
        .sms(id)
        .filter(|session| session.agent.as_str() == caller.user.as_str())
        .ok_or_else(|| no_session(id))
}

fn no_session(id: &str) -> Failure {
    Failure::not_found(format!(
        "SMS session '{}' does not exist or is not the user's",
        shortened(id)
    ))
}
