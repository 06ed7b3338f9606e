//! Customers who write, and work that is handed out.

use axum::extract::{Path, State};
use encke::broker::UserId;
use encke::calls::{
    Command, Contact, Details, InteractionAction, InteractionActor, InteractionKey,
    InteractionOffer, Label, MediaType, Medium, Nickname, UserName,
};
use http::StatusCode;
use serde::Serialize;

use super::body::Members;
use super::failure::Failure;
use super::{World, id_of};
use crate::answer::{self, Answer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offered {
    status_code: u8,
    id: String,
}

/// `POST /sim/v1/smssessions`: a customer's message is offered to an agent.
pub(super) async fn offer_sms(
    State(world): State<World>,
    members: Members,
) -> Result<Answer, Failure> {
    offered(&world, &members, Medium::Sms).await
}

/// `POST /sim/v1/interactions`: a message or a piece of work of some medium is offered to an agent.
pub(super) async fn offer(State(world): State<World>, members: Members) -> Result<Answer, Failure> {
    let medium = Medium::named(&members.need_text("medium")?).ok_or_else(|| {
        let known = Medium::ALL.map(Medium::name).join(", ");
        Failure::invalid(format!("medium must be one of {known}"))
    })?;
    offered(&world, &members, medium).await
}

async fn offered(world: &World, members: &Members, medium: Medium) -> Result<Answer, Failure> {
    let to = members.need_text("to")?;
    if world.directory.user(&UserId::new(to.as_str())).is_none() {
        return Err(Failure::not_found("there is no such user"));
    }
    let details = Details {
        subject: members.parsed("subject", Label::new)?,
        to: members.parsed("address", Label::new)?,
        media_type: members.parsed("mediaType", MediaType::new)?,
        openmedia_type: members.parsed("openmediaType", Label::new)?,
        comment: members.parsed("comment", Label::new)?,
        twitter_type: members.parsed("twitterType", Label::new)?,
    };
    let command = Command::OfferInteraction(InteractionOffer {
        medium,
        to: UserName::new(to).map_err(|error| Failure::invalid(error.to_string()))?,
        from: members.need("from", Contact::new)?,
        nickname: members.parsed("nickname", Nickname::new)?,
        text: members.text("text")?,
        user_data: members.user_data()?.unwrap_or_default(),
        details,
    });
    let outcome = world.core.submit(command).await?;
    Ok(answer::json(
        StatusCode::OK,
        &Offered { status_code: 0, id: id_of(&outcome.subject).to_owned() },
    ))
}

/// `POST /sim/v1/smssessions/{id}`: the customer writes or leaves.
pub(super) async fn operate_sms(
    State(world): State<World>,
    Path(id): Path<String>,
    members: Members,
) -> Result<Answer, Failure> {
    let found = world.core.interaction(&id).filter(|found| found.medium == Medium::Sms);
    let key = found.ok_or_else(|| Failure::not_found("there is no such SMS session"))?.key();
    operated(&world, key, &members).await
}

/// `POST /sim/v1/interactions/{id}`: the customer acts, or what nobody has accepted is taken back.
pub(super) async fn operate(
    State(world): State<World>,
    Path(id): Path<String>,
    members: Members,
) -> Result<Answer, Failure> {
    let found = world.core.interaction(&id);
    let key = found.ok_or_else(|| Failure::not_found("there is no such interaction"))?.key();
    operated(&world, key, &members).await
}

async fn operated(
    world: &World,
    interaction: InteractionKey,
    members: &Members,
) -> Result<Answer, Failure> {
    let action = match members.need_text("operationName")?.as_str() {
        "SendMessage" => InteractionAction::SendMessage { text: members.need_text("text")? },
        "SendUrl" => InteractionAction::SendUrl { url: members.need_text("url")? },
        "SendStartTypingNotification" => InteractionAction::Type { started: true },
        "SendStopTypingNotification" => InteractionAction::Type { started: false },
        "Leave" => InteractionAction::Leave,
        "Revoke" => InteractionAction::Revoke,
        _ => {
            return Err(Failure::invalid(
                "operationName must be SendMessage, SendUrl, SendStartTypingNotification, \
                 SendStopTypingNotification, Leave or Revoke",
            ));
        }
    };
    let by = InteractionActor::Outside;
    world.core.submit(Command::OperateInteraction { interaction, by, action }).await?;
    Ok(answer::accepted())
}
