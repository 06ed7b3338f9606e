//! Messages from back ends.
//!
//! No rule is asked: who may use the API may publish everywhere but in `/v2/**`, where the names of
//! the notifications endpoint live: what is told there has its position from the journal of calls,
//! and nothing else may look like it. A message goes out as it came, its data byte for byte. A message
//! of a batch that is refused leaves the others alone; they are published in their order.

use axum::extract::{Extension, State};
use encke::bayeux::{ChannelKind, ChannelName};
use encke::broker::{Broker, PublishError, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::problem::{Problem, Said};
use super::request::{Body, parse};
use super::{Api, BackEnd, Operation};
use crate::answer::Answer;
use crate::clock;

/// Where the names of the notifications endpoint begin.
const NOTIFICATIONS: &str = "/v2/";

/// A message to publish.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    channel: String,
    data: Box<RawValue>,
    /// For this user's sessions alone.
    user: Option<String>,
}

/// Messages to publish.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    messages: Vec<Box<RawValue>>,
}

/// What came of a message.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    Published { sessions: usize },
    Refused { error: Said },
}

#[derive(Debug, Serialize)]
struct Results {
    results: Vec<Outcome>,
}

/// `POST /publish`
pub(super) async fn one(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    body: Result<Body<Message>, Problem>,
) -> Answer {
    api.answer(Operation::Publish, || {
        let Body(message) = body?;
        let sessions = publish(&api, &back_end, &message)?;
        Ok(Outcome::Published { sessions })
    })
}

/// `POST /publish/batch`
pub(super) async fn batch(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    body: Result<Body<Batch>, Problem>,
) -> Answer {
    let batch = move |api: &Api| {
        let Body(Batch { messages }) = body?;
        let limit = api.0.bounds.messages;
        if messages.len() > limit {
            return Err(Problem::TooManyMessages(limit));
        }
        let each = |message: Box<RawValue>| {
            let published = parse(message.get().as_bytes())
                .and_then(|message| publish(api, &back_end, &message));
            match published {
                Ok(sessions) => Outcome::Published { sessions },
                Err(problem) => Outcome::Refused { error: problem.said() },
            }
        };
        Ok(Results { results: messages.into_iter().map(each).collect() })
    };
    api.walk(Operation::Publish, batch).await
}

/// How many sessions it went to.
fn publish(api: &Api, back_end: &BackEnd, message: &Message) -> Result<usize, Problem> {
    let broker = api.generic()?;
    let channel = ChannelName::new(&message.channel).map_err(Problem::Channel)?;
    if channel.as_str().starts_with(NOTIFICATIONS) {
        return Err(Problem::Reserved);
    }
    let data = message.data.get();
    match &message.user {
        None => {
            back_end.may(Operation::Publish)?;
            broker.publish(&channel, data, clock::now()).map_err(Problem::Publish)
        }
        Some(user) => {
            back_end.may(Operation::Deliver)?;
            deliver(broker, &UserId::new(user.as_str()), &channel, data)
        }
    }
}

fn deliver(
    broker: &Broker,
    user: &UserId,
    channel: &ChannelName,
    data: &str,
) -> Result<usize, Problem> {
    if channel.kind() != ChannelKind::Broadcast {
        return Err(Problem::Publish(PublishError::NotBroadcast));
    }
    Ok(broker.deliver_to_user(user, channel, data, clock::now()))
}
