//! Decisions about interactions.

use std::sync::Arc;

use super::{check_change, check_data, new_interaction_id};
use crate::interaction::table;
use crate::{
    Asking, Bound, IdSource, Interaction, InteractionAction, InteractionActor, InteractionEvent,
    InteractionHappening, InteractionKey, InteractionOffer, Nickname, Participant, ParticipantId,
    ParticipantKind, Refusal, Seat, State, UserData, UserDataChange, UserName, ids,
};

/// Under which key of the user data a disposition stands.
///
/// # Sources
///
/// Documented: the sample of `AttachUserData` of the SMS Session API has `"DISP_KEY":"resolved"`.
const DISPOSITION: &str = "DISP_KEY";

pub(super) fn offer(
    state: &State,
    offer: &InteractionOffer,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<InteractionEvent, Refusal> {
    let limits = state.limits();
    if state.live_interactions() >= limits.interactions {
        return Err(Refusal::TooMany { what: Bound::Interactions, limit: limits.interactions });
    }
    if state.live_interactions_of(&offer.to) >= limits.interactions_per_user {
        let limit = limits.interactions_per_user;
        return Err(Refusal::TooMany { what: Bound::InteractionsOfUser, limit });
    }
    check_text(state, offer.text.as_deref().unwrap_or_default())?;
    let mut user_data = UserData::new();
    user_data.update(&offer.user_data);
    check_data(limits, &user_data)?;
    let nickname = offer.nickname.clone().unwrap_or_else(|| shown_as(offer.from.as_str()));
    let customer = Participant {
        id: ids::participant_id(ids),
        nickname,
        kind: ParticipantKind::Customer,
        hidden: false,
    };
    Ok(InteractionEvent {
        medium: offer.medium,
        interaction: new_interaction_id(state, ids),
        at_ms: now_ms,
        what: InteractionHappening::Offered {
            agent: offer.to.clone(),
            number: offer.from.clone(),
            customer,
            text: offer.text.clone(),
            user_data,
            details: offer.details.clone(),
        },
        by: None,
    })
}

pub(super) fn operate(
    state: &State,
    key: &InteractionKey,
    by: &InteractionActor,
    action: &InteractionAction,
    now_ms: u64,
    ids: &mut dyn IdSource,
) -> Result<Option<InteractionEvent>, Refusal> {
    let interaction = find(state, key)?;
    let operation = action.operation();
    let (seat, state_now, allowed) = match by {
        InteractionActor::Agent(agent) => {
            let seat = interaction.seat(agent.as_str()).ok_or(Refusal::NotFound)?;
            (Some(seat), seat.state, table::allows(key.medium, seat.state, operation))
        }
        InteractionActor::Outside => {
            let state = interaction.state();
            (None, state, table::outside_allows(key.medium, state, operation))
        }
    };
    let refused = || Refusal::InvalidState { operation, state: state_now.as_str() };
    if !allowed {
        return Err(refused());
    }
    let acting = || -> Result<ParticipantId, Refusal> {
        match seat {
            Some(seat) => seat.participant.clone(),
            None => interaction.customer().map(|customer| customer.id.clone()),
        }
        .ok_or_else(refused)
    };
    let agent = seat.map(|seat| &seat.agent);
    let what = match action {
        InteractionAction::Accept { nickname } => {
            let seat = seat.ok_or(Refusal::NotFound)?;
            InteractionHappening::Accepted {
                agent: Participant {
                    id: ids::participant_id(ids),
                    nickname: nickname.clone().unwrap_or_else(|| shown_as(seat.agent.as_str())),
                    kind: ParticipantKind::Agent,
                    hidden: seat.hidden,
                },
            }
        }
        InteractionAction::Reject => InteractionHappening::Rejected,
        InteractionAction::SendMessage { text } => {
            let from = acting()?;
            check_text(state, text)?;
            check_transcript(state, interaction)?;
            InteractionHappening::MessageSent { from, text: text.clone() }
        }
        InteractionAction::SendUrl { url } => {
            let from = acting()?;
            check_text(state, url)?;
            check_url(url)?;
            check_transcript(state, interaction)?;
            InteractionHappening::UrlSent { from, url: url.clone() }
        }
        InteractionAction::Type { started } => {
            let from = acting()?;
            if interaction.typing.contains(&from) == *started {
                return Ok(None);
            }
            InteractionHappening::Typed { from, started: *started }
        }
        InteractionAction::Ask { asking, agent } => ask(state, interaction, *asking, agent)?,
        InteractionAction::Leave => InteractionHappening::Left { participant: acting()? },
        InteractionAction::LeaveAndComplete => {
            InteractionHappening::LeftAndCompleted { participant: acting()? }
        }
        InteractionAction::Complete => InteractionHappening::Completed,
        InteractionAction::SetDisposition { disposition } => {
            let mut data = UserData::new();
            let value = serde_json::Value::from(disposition.as_str()).to_string();
            data.push(DISPOSITION, &value).expect("a quoted text is JSON");
            let change = UserDataChange::Update(data);
            return changed(state, interaction, agent, &change, now_ms);
        }
        InteractionAction::SetInFocus => InteractionHappening::Focused,
        InteractionAction::PlaceInWorkbin => InteractionHappening::PlacedInWorkbin,
        InteractionAction::PullFromWorkbin => InteractionHappening::PulledFromWorkbin,
        InteractionAction::Revoke => InteractionHappening::Revoked,
    };
    Ok(Some(InteractionEvent {
        medium: key.medium,
        interaction: key.id.clone(),
        at_ms: now_ms,
        what,
        by: agent.cloned(),
    }))
}

/// Asks another agent, who must not have a part in it already and must have room for it.
fn ask(
    state: &State,
    interaction: &Interaction,
    asking: Asking,
    agent: &UserName,
) -> Result<InteractionHappening, Refusal> {
    let limits = state.limits();
    let seat = interaction.seat(agent.as_str());
    if seat.is_some_and(Seat::is_live) {
        return Err(Refusal::TakesPart);
    }
    if seat.is_none() && interaction.seats.len() >= Interaction::MAX_AGENTS {
        let limit = Interaction::MAX_AGENTS;
        return Err(Refusal::TooMany { what: Bound::Agents, limit });
    }
    if state.live_interactions_of(agent) >= limits.interactions_per_user {
        return Err(Refusal::DestinationBusy);
    }
    // Whoever is asked may come and go, which is recorded.
    check_transcript(state, interaction)?;
    Ok(InteractionHappening::Asked { agent: agent.clone(), asking })
}

pub(super) fn change(
    state: &State,
    key: &InteractionKey,
    agent: Option<&UserName>,
    change: &UserDataChange,
    now_ms: u64,
) -> Result<Option<InteractionEvent>, Refusal> {
    let interaction = find(state, key)?;
    let own = match agent {
        Some(agent) => Some(interaction.seat(agent.as_str()).ok_or(Refusal::NotFound)?),
        None => None,
    };
    let state_now = own.map_or_else(|| interaction.state(), |seat| seat.state);
    let operation = change.operation();
    if !table::allows(key.medium, state_now, operation) {
        return Err(Refusal::InvalidState { operation, state: state_now.as_str() });
    }
    changed(state, interaction, own.map(|seat| &seat.agent), change, now_ms)
}

fn changed(
    state: &State,
    interaction: &Interaction,
    agent: Option<&UserName>,
    change: &UserDataChange,
    now_ms: u64,
) -> Result<Option<InteractionEvent>, Refusal> {
    let change = check_change(state.limits(), &interaction.user_data, change, UserData::update)?;
    Ok(change.map(|change| InteractionEvent {
        medium: interaction.medium,
        interaction: interaction.id.clone(),
        at_ms: now_ms,
        what: InteractionHappening::UserDataChanged { change },
        by: agent.cloned(),
    }))
}

fn find<'a>(state: &'a State, key: &InteractionKey) -> Result<&'a Arc<Interaction>, Refusal> {
    let found = state.interaction(key.id.as_str());
    found.filter(|found| found.medium == key.medium).ok_or(Refusal::NotFound)
}

fn check_text(state: &State, text: &str) -> Result<(), Refusal> {
    let limit = state.limits().text_bytes;
    if text.len() > limit {
        return Err(Refusal::TextTooLong { bytes: text.len(), limit });
    }
    Ok(())
}

/// A URL is for a browser to follow, and must not be something that it runs.
fn check_url(url: &str) -> Result<(), Refusal> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic()) => Ok(()),
        _ => Err(Refusal::NoUrl),
    }
}

fn check_transcript(state: &State, interaction: &Interaction) -> Result<(), Refusal> {
    let limit = state.limits().transcript_entries;
    if interaction.transcript.len() >= limit {
        return Err(Refusal::TooMany { what: Bound::TranscriptEntries, limit });
    }
    Ok(())
}

fn shown_as(name: &str) -> Nickname {
    Nickname::new(name).expect("addresses and user names are valid nicknames")
}
