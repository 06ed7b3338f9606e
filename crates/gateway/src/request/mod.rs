//! Reading what a client sent: bodies, parameters and query strings, each with precise refusals.

use encke_calls::UserData;

use crate::status::Failure;

mod agent;
mod body;
mod depth;
mod device;
mod interaction;
mod members;
mod operations;
mod query;
mod session;
mod voice;

pub(crate) use self::{
    agent::CHANNEL_OPERATIONS,
    body::Body,
    device::SETTING_OPERATIONS,
    interaction::{InteractionRequest, ask_interaction},
    operations::{Asked, shortened},
    query::{Fields, Query},
    session::{USER_OPERATIONS, UserRequest},
    voice::{CALL_OPERATIONS, CallRequest, DEVICE_OPERATIONS, THIRD_PARTY_CALL_OPERATIONS},
};

/// The required parameter `userData`. An empty object is accepted: it names no pair.
fn user_data(body: &Body<'_>) -> Result<UserData, Failure> {
    parse_user_data(body.object("userData")?)
}

/// The parameter `userData` where it may be left out.
fn user_data_or_none(body: &Body<'_>) -> Result<UserData, Failure> {
    body.optional_object("userData")?.map_or_else(|| Ok(UserData::new()), parse_user_data)
}

fn parse_user_data(object: &str) -> Result<UserData, Failure> {
    UserData::parse(object)
        .map_err(|error| Failure::invalid(format!("parameter 'userData': {error}")))
}
