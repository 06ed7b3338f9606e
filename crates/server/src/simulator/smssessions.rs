//! Customers who write text messages.

use axum::extract::{Path, State};
use encke::broker::UserId;
use encke::calls::{Command, Nickname, Number, SmsAction, SmsActor, SmsId, SmsOffer, UserName};
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
pub(super) async fn offer(State(world): State<World>, members: Members) -> Result<Answer, Failure> {
    let to = members.need_text("to")?;
    if world.directory.user(&UserId::new(to.as_str())).is_none() {
        return Err(Failure::not_found("there is no such user"));
    }
    let command = Command::OfferSms(SmsOffer {
        to: UserName::new(to).map_err(|error| Failure::invalid(error.to_string()))?,
        from: members.need("from", Number::new)?,
        nickname: members.parsed("nickname", Nickname::new)?,
        text: members.text("text")?,
        user_data: members.user_data()?.unwrap_or_default(),
    });
    let outcome = world.core.submit(command).await?;
    Ok(answer::json(
        StatusCode::OK,
        &Offered { status_code: 0, id: id_of(&outcome.subject).to_owned() },
    ))
}

/// `POST /sim/v1/smssessions/{id}`: the customer writes or leaves.
pub(super) async fn operate(
    State(world): State<World>,
    Path(id): Path<String>,
    members: Members,
) -> Result<Answer, Failure> {
    let session = SmsId::new(id).map_err(|_| Failure::not_found("there is no such SMS session"))?;
    let action = match members.need_text("operationName")?.as_str() {
        "SendMessage" => SmsAction::SendMessage { text: members.need_text("text")? },
        "Leave" => SmsAction::Leave,
        _ => return Err(Failure::invalid("operationName must be SendMessage or Leave")),
    };
    let by = SmsActor::Customer;
    world.core.submit(Command::OperateSms { session, by, action }).await?;
    Ok(answer::accepted())
}
