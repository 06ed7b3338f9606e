//! Calls from outside, and what is done to them there.

use axum::extract::{Path, State};
use encke::calls::{Actor, CallAction, CallId, Command, Dn, Number, Requester, UserDataChange};
use http::StatusCode;
use serde::Serialize;

use super::body::Members;
use super::failure::Failure;
use super::{World, id_of};
use crate::answer::{self, Answer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    status_code: u8,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_id: Option<String>,
}

/// `POST /sim/v1/calls`: somebody outside calls a DN.
pub(super) async fn begin(State(world): State<World>, members: Members) -> Result<Answer, Failure> {
    let command = Command::Inbound {
        to: members.need("to", Dn::new)?,
        from: members.need("from", Number::new)?,
        user_data: members.user_data()?.unwrap_or_default(),
    };
    let outcome = world.core.submit(command).await?;
    let begun = Begun {
        status_code: 0,
        id: id_of(&outcome.subject).to_owned(),
        conn_id: outcome.conn_id.map(|id| id.as_str().to_owned()),
    };
    Ok(answer::json(StatusCode::OK, &begun))
}

/// `POST /sim/v1/calls/{id}`: the outside party, a DN or a third party does something.
pub(super) async fn operate(
    State(world): State<World>,
    Path(id): Path<String>,
    members: Members,
) -> Result<Answer, Failure> {
    let call = CallId::new(id).map_err(|_| Failure::not_found("there is no such call"))?;
    let name = members.need_text("operationName")?;
    let act = |action| -> Result<Command, Failure> {
        let by = members.parsed("dn", Dn::new)?.map_or(Actor::Outside, Actor::Dn);
        Ok(Command::Operate { call: call.clone(), by, action })
    };
    let change = |change| -> Result<Command, Failure> {
        let requester = Requester::ThirdParty(members.need("thirdPartyDn", Dn::new)?);
        Ok(Command::ChangeUserData { call: call.clone(), requester, change })
    };
    let data = || members.user_data()?.ok_or_else(|| Failure::missing("userData"));
    let command = match name.as_str() {
        "Answer" => act(CallAction::Answer),
        "Hangup" => act(CallAction::Hangup),
        "AttachUserData" => change(UserDataChange::Attach(data()?)),
        "UpdateUserData" => change(UserDataChange::Update(data()?)),
        "DeleteUserDataPair" => change(UserDataChange::DeletePair(members.need_text("key")?)),
        "DeleteUserData" => change(UserDataChange::Clear),
        _ => Err(Failure::invalid(
            "operationName must be Answer, Hangup, AttachUserData, UpdateUserData, \
             DeleteUserDataPair or DeleteUserData",
        )),
    }?;
    world.core.submit(command).await?;
    Ok(answer::accepted())
}
