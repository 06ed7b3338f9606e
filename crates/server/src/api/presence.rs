//! Who is there, and who has to go.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use encke::bayeux::ChannelPattern;
use encke::broker::{SessionView, UserId};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::request::Asked;
use super::{Api, BackEnd, Operation, page};
use crate::answer::Answer;
use crate::clock;
use crate::settings::Endpoint;

type Name = Result<Path<String>, PathRejection>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfUser {
    limit: Option<NonZeroUsize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfUsers {
    #[serde(default)]
    endpoint: Endpoint,
    channel: Option<String>,
    #[serde(default)]
    after: String,
    limit: Option<NonZeroUsize>,
}

#[derive(Serialize)]
struct Present {
    user: UserId,
    connected: bool,
    /// By endpoint, where there are any.
    sessions: BTreeMap<&'static str, Vec<SessionView>>,
}

#[derive(Serialize)]
struct UserPage {
    users: Vec<UserId>,
    next: Option<UserId>,
    #[serde(flatten)]
    subscribed: Option<Subscribed>,
}

/// How many are subscribed to the channel that was asked for, other pages included.
#[derive(Serialize)]
struct Subscribed {
    sessions: usize,
    anonymous: usize,
}

#[derive(Serialize)]
struct Ended {
    sessions: usize,
}

/// `GET /users/{user}`
pub(super) async fn user(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    name: Name,
    asked: Result<Asked<OfUser>, Problem>,
) -> Answer {
    api.answer(Operation::Presence, || {
        back_end.may(Operation::Presence)?;
        let user = named(name)?;
        let limit = page::limit(asked?.0.limit)?;
        let now = clock::now();
        let sessions: BTreeMap<_, _> = api
            .brokers()
            .map(|(endpoint, broker)| (endpoint, broker.sessions_of(&user, limit, now)))
            .filter(|(_, sessions)| !sessions.is_empty())
            .collect();
        Ok(Present { user, connected: !sessions.is_empty(), sessions })
    })
}

/// `GET /users`
pub(super) async fn users(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    asked: Result<Asked<OfUsers>, Problem>,
) -> Answer {
    let walk = move |api: &Api| {
        back_end.may(Operation::Presence)?;
        let Asked(asked) = asked?;
        let limit = page::limit(asked.limit)?;
        let broker = api.broker(asked.endpoint)?;
        let (users, subscribed) = match asked.channel {
            None => (broker.users_after(&asked.after, limit), None),
            Some(channel) => {
                let pattern = ChannelPattern::new(&channel).map_err(Problem::Channel)?;
                let presence = broker.presence(&pattern, &asked.after, limit);
                let (sessions, anonymous) = (presence.sessions, presence.anonymous);
                (presence.users, Some(Subscribed { sessions, anonymous }))
            }
        };
        let next = page::next(&users, limit, Clone::clone);
        Ok(UserPage { users, next, subscribed })
    };
    api.walk(Operation::Presence, walk).await
}

/// `POST /users/{user}/disconnect`
pub(super) async fn disconnect(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    name: Name,
) -> Answer {
    api.answer(Operation::Disconnect, || {
        back_end.may(Operation::Disconnect)?;
        let user = named(name)?;
        let now = clock::now();
        let ended = |(_, broker): (_, &encke::broker::Broker)| broker.disconnect_user(&user, now);
        Ok(Ended { sessions: api.brokers().map(ended).sum() })
    })
}

fn named(name: Name) -> Result<UserId, Problem> {
    match name {
        Ok(Path(name)) => Ok(UserId::new(name)),
        Err(rejection) => Err(Problem::Path(rejection.body_text())),
    }
}
