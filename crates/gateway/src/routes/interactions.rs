//! `/api/v2/me/{collection}`: the caller's interactions of a medium, what he does in them and what was
//! said; `/api/v2/{collection}/{id}`: what a third party may change.
//!
//! The medium stands in the path, so the handlers are the same for all; open media have their media type
//! in it as well. An interaction belongs to the agents who have or had a part in it. For anybody else it
//! does not exist.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use encke_calls::{
    Command, CommandError, Interaction, InteractionAction, InteractionActor, InteractionKey,
    Medium, Note, Outcome, Seat, UserName,
};

use super::calls::{first_line, may_act_for_others, third_party_or_none};
use super::features::{needs, needs_of};
use super::outcome::failure;
use super::{By, Payload, me};
use crate::caller::{Caller, Role};
use crate::counts::Operation;
use crate::directory::User;
use crate::gateway::Gateway;
use crate::media::{Reference, Wire};
use crate::reply::Reply;
use crate::request::{Asked, Fields, InteractionRequest, Query, ask_interaction, shortened};
use crate::status::Failure;
use crate::view::{self, MessageView, raw};

/// Which interaction a path names.
pub(super) struct Named {
    id: String,
    media_type: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let bad = || Reply::from(Failure::not_found("the id in the path is not text"));
        let given = RawPathParams::from_request_parts(parts, state).await.map_err(|_| bad())?;
        let value = |name: &str| {
            given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.to_owned())
        };
        let id = value("id").ok_or_else(bad)?;
        Ok(Self { id, media_type: value("mediaType") })
    }
}

/// `GET /api/v2/me/{collection}`: the interactions with which the caller still has something to do.
pub(super) async fn list(
    State(gateway): State<Gateway>,
    Extension(medium): Extension<Medium>,
    By(caller): By,
    query: Query,
) -> Reply {
    let answer = || {
        let user = me::user(&gateway, &caller)?;
        let wire = gateway.config().wire(medium);
        Ok(match query.fields()? {
            Fields::Uris => {
                let open = open(&gateway, user, medium);
                let one = open.iter().map(|one| &**one);
                Reply::with("uris", &view::addresses(one, wire, gateway.config()))
            }
            fields => Reply::with(wire.list, &shown(&gateway, user, medium, &fields)),
        })
    };
    Reply::from(answer()).counted_as(Operation::GetInteractions)
}

/// `GET /api/v2/me/{collection}/{id}`, also without `/me`, where `uri` points; also for a while
/// after the interaction was completed.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    Extension(medium): Extension<Medium>,
    By(caller): By,
    named: Named,
    query: Query,
) -> Reply {
    let answer = || {
        let wire = gateway.config().wire(medium);
        let interaction = found(&gateway, wire, &named)?;
        let seat = own_seat(&interaction, &caller, wire, &named)?;
        let view =
            raw(view::interaction(&interaction, seat, gateway.directory(), gateway.config()));
        Ok(Reply::with(wire.resource, &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetInteractions)
}

/// `GET /api/v2/me/{collection}/{id}/messages`, from `startIndex` and at most `count`.
pub(super) async fn messages(
    State(gateway): State<Gateway>,
    Extension(medium): Extension<Medium>,
    By(caller): By,
    named: Named,
    query: Query,
) -> Reply {
    let answer = || {
        let wire = gateway.config().wire(medium);
        let interaction = found(&gateway, wire, &named)?;
        let seat = own_seat(&interaction, &caller, wire, &named)?;
        let page = query.page()?;
        let lines = interaction
            .transcript_of(seat)
            .iter()
            .filter(|entry| MessageView::index(entry) >= page.start)
            .take(page.count.unwrap_or(usize::MAX))
            .map(|entry| MessageView::new(entry));
        Ok(Reply::with("messages", &MessageView::all(lines)))
    };
    Reply::from(answer()).counted_as(Operation::GetMessages)
}

/// `POST /api/v2/me/{collection}/{id}`.
pub(super) async fn operate(
    State(gateway): State<Gateway>,
    Extension(medium): Extension<Medium>,
    By(caller): By,
    named: Named,
    Payload(payload): Payload,
) -> Reply {
    let wire = gateway.config().wire(medium);
    let depth = gateway.config().body_depth;
    let asked = ask_interaction(wire, false, payload, depth, |request, _| {
        let found = found(&gateway, wire, &named)?;
        let agent = own_seat(&found, &caller, wire, &named)?.agent.clone();
        let interaction = found.key();
        // What is offered to anybody can be turned down by anybody.
        if !matches!(request, InteractionRequest::Act(InteractionAction::Reject)) {
            needs(me::user(&gateway, &caller)?, wire.feature())?;
        }
        Ok(match request {
            InteractionRequest::Act(action) => {
                // It stands in the user data.
                if matches!(action, InteractionAction::SetDisposition { .. }) {
                    gateway.count_change(interaction.id.as_str(), &caller)?;
                }
                act(interaction, agent, action)
            }
            InteractionRequest::Ask(asking, target) => {
                let target = target_user(&gateway, wire, &target)?;
                act(interaction, agent, InteractionAction::Ask { asking, agent: target })
            }
            InteractionRequest::Change(change) => {
                gateway.count_change(interaction.id.as_str(), &caller)?;
                let agent = Some(agent);
                Command::ChangeInteractionUserData { interaction, agent, change }
            }
        })
    });
    let Asked { operation, command } = asked;
    let reply = match command {
        Err(failure) => failure.into(),
        Ok(command) => {
            let numbered = wire.reference != Reference::Nowhere;
            let number = numbered.then(|| gateway.next_reference(&caller.user));
            let mut note = Note::new().by(first_line(&gateway, &caller));
            note.reference = number;
            let done = gateway.core().submit_noted(command, note).await;
            answered(done, number.filter(|_| wire.reference == Reference::Answered))
        }
    };
    reply.counted_as(operation)
}

/// `POST /api/v2/{collection}/{id}`: a supervisor or a service changes the user data of any interaction.
///
/// Its agents are told without a `referenceId`, since the request was none of theirs.
pub(super) async fn operate_as_third_party(
    State(gateway): State<Gateway>,
    Extension(medium): Extension<Medium>,
    By(caller): By,
    named: Named,
    Payload(payload): Payload,
) -> Reply {
    let wire = gateway.config().wire(medium);
    let payload = may_act_for_others(&caller).and(payload);
    let depth = gateway.config().body_depth;
    let mut note = Note::new();
    let asked = ask_interaction(wire, true, payload, depth, |request, body| {
        let interaction = found(&gateway, wire, &named)?.key();
        needs_of(&gateway, &caller, wire.feature())?;
        note = Note::new().by(third_party_or_none(&gateway, &caller, body)?);
        gateway.count_change(interaction.id.as_str(), &caller)?;
        match request {
            InteractionRequest::Change(change) => {
                Ok(Command::ChangeInteractionUserData { interaction, agent: None, change })
            }
            // The table of third parties has nothing else.
            InteractionRequest::Act(_) | InteractionRequest::Ask(..) => Err(none(wire, &named)),
        }
    });
    super::outcome::outcome(asked, |command| gateway.core().submit_noted(command, note)).await
}

/// The user's open interactions of a medium for `subresources`.
pub(super) fn all(gateway: &Gateway, user: &User, medium: Medium) -> String {
    shown(gateway, user, medium, &Fields::All)
}

fn shown(gateway: &Gateway, user: &User, medium: Medium, fields: &Fields) -> String {
    let open = open(gateway, user, medium);
    fields.of_all(open.iter().filter_map(|one| {
        let seat = one.seat(user.name().as_str())?;
        Some(raw(view::interaction(one, seat, gateway.directory(), gateway.config())))
    }))
}

/// A user whose name no agent can have has no interactions.
fn open(gateway: &Gateway, user: &User, medium: Medium) -> Vec<Arc<Interaction>> {
    let Ok(agent) = UserName::new(user.name().as_str()) else { return Vec::new() };
    let mut open = gateway.core().interactions_of(&agent);
    open.retain(|one| one.medium == medium);
    open
}

fn act(interaction: InteractionKey, agent: UserName, action: InteractionAction) -> Command {
    let by = InteractionActor::Agent(agent);
    Command::OperateInteraction { interaction, by, action }
}

fn answered(done: Result<Outcome, CommandError>, number: Option<u64>) -> Reply {
    match (done, number) {
        (Ok(_), None) => Reply::accepted(),
        (Ok(_), Some(number)) => Reply::with("referenceId", &number.to_string()),
        (Err(error), _) => failure(&error).into(),
    }
}

/// An agent, as a client names him: by name, by id, or by an address that ends in one of them. Who
/// could not work on the medium is none.
fn target_user(gateway: &Gateway, wire: &Wire, target: &str) -> Result<UserName, Failure> {
    let last = target.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let can = |user: &&User| user.granted().has(Role::Agent) && user.features().has(wire.feature());
    let user = gateway.directory().named(last).filter(can);
    let user = user.ok_or_else(|| {
        Failure::not_found(format!("agent '{}' does not exist", shortened(target)))
    })?;
    UserName::new(user.name().as_str())
        .map_err(|error| Failure::invalid(format!("parameter 'targetUser': {error}")))
}

fn found(gateway: &Gateway, wire: &Wire, named: &Named) -> Result<Arc<Interaction>, Failure> {
    let of_type = |one: &Interaction| match &named.media_type {
        None => true,
        Some(given) => {
            let own = view::media_type(one);
            given == own || given.strip_suffix('s') == Some(own)
        }
    };
    gateway
        .core()
        .interaction(&named.id)
        .filter(|one| one.medium == wire.medium && of_type(one))
        .ok_or_else(|| none(wire, named))
}

fn own_seat<'a>(
    interaction: &'a Interaction,
    caller: &Caller,
    wire: &Wire,
    named: &Named,
) -> Result<&'a Seat, Failure> {
    interaction.seat(caller.user.as_str()).ok_or_else(|| none(wire, named))
}

fn none(wire: &Wire, named: &Named) -> Failure {
    let id = shortened(&named.id);
    Failure::not_found(format!("{} '{id}' does not exist or is not the user's", wire.noun))
}
