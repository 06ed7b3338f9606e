//! Channels and sessions, page by page.

use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::extract::{Extension, State};
use encke::broker::{ChannelView, SessionView};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::request::Asked;
use super::{Api, BackEnd, Operation, page};
use crate::answer::Answer;
use crate::clock;
use crate::settings::Endpoint;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfChannels {
    #[serde(default)]
    endpoint: Endpoint,
    #[serde(default)]
    after: String,
    limit: Option<NonZeroUsize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfSessions {
    #[serde(default)]
    endpoint: Endpoint,
    #[serde(default)]
    after: u64,
    limit: Option<NonZeroUsize>,
}

#[derive(Serialize)]
struct Channels {
    channels: Vec<ChannelView>,
    next: Option<Arc<str>>,
}

#[derive(Serialize)]
struct Sessions {
    sessions: Vec<SessionView>,
    next: Option<u64>,
}

/// `GET /channels`
pub(super) async fn channels(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    asked: Result<Asked<OfChannels>, Problem>,
) -> Answer {
    let walk = move |api: &Api| {
        back_end.may(Operation::Channels)?;
        let Asked(asked) = asked?;
        let limit = page::limit(asked.limit)?;
        let channels = api.broker(asked.endpoint)?.channels_after(&asked.after, limit);
        let next = page::next(&channels, limit, |last| Arc::clone(&last.pattern));
        Ok(Channels { channels, next })
    };
    api.walk(Operation::Channels, walk).await
}

/// `GET /sessions`
pub(super) async fn sessions(
    State(api): State<Api>,
    Extension(back_end): Extension<BackEnd>,
    asked: Result<Asked<OfSessions>, Problem>,
) -> Answer {
    let walk = move |api: &Api| {
        back_end.may(Operation::Sessions)?;
        let Asked(asked) = asked?;
        let limit = page::limit(asked.limit)?;
        let broker = api.broker(asked.endpoint)?;
        let sessions = broker.sessions_after(asked.after, limit, clock::now());
        let next = page::next(&sessions, limit, |last| last.number);
        Ok(Sessions { sessions, next })
    };
    api.walk(Operation::Sessions, walk).await
}
