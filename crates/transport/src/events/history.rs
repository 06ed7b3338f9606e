//! What the log has of one channel or pattern, page by page.
//!
//! `after` is a position, or `-2` for the oldest that is kept, which is the default; `limit` is at
//! most [`MAX_MESSAGES`]. The answer says `more` if there is more, and `reached` is where to go on.

use encke_bayeux::ReplayFrom;
use encke_broker::Broker;
use http::{Response, request};

use super::Query;
use crate::body::ReplyBody;
use crate::clock;
use crate::refusal::{Refusal, set_json};
use crate::who::Who;

/// Messages of a page where nothing is said, and most of one.
const MESSAGES: usize = 100;
const MAX_MESSAGES: usize = 1000;

pub(super) fn answer(
    broker: &Broker,
    parts: &request::Parts,
) -> Result<Response<ReplyBody>, Refusal> {
    let query = Query::read(&parts.uri)?;
    let [pattern] = query.channels.as_slice() else {
        return Err(Refusal::Query("one parameter channel has to name the channel".to_owned()));
    };
    let limit = match query.limit.as_deref().map(str::parse) {
        None => MESSAGES,
        Some(Ok(limit)) if (1..=MAX_MESSAGES).contains(&limit) => limit,
        Some(_) => return Err(Refusal::Query(format!("limit is 1 to {MAX_MESSAGES}"))),
    };
    let from = query.after.as_deref().map_or(ReplayFrom::Kept, ReplayFrom::of);
    let who = Who::of(&parts.extensions, None).local();
    let user = broker.may_read(&who, pattern, clock::now()).map_err(Refusal::Failure)?;
    let history = broker
        .history(user.as_ref(), pattern, &from, limit)
        .map_err(|(failure, _)| Refusal::Failure(failure))?;
    let answer = history.answer.to_string();
    // Both are objects; the answer's members become ours.
    let members = answer.strip_prefix('{').and_then(|a| a.strip_suffix('}')).unwrap_or_default();
    let (channel, reached, more) = (pattern.as_str(), history.reached, history.more);
    let mut text = format!(
        r#"{{"channel":"{channel}",{members},"reached":{reached},"more":{more},"messages":["#
    )
    .into_bytes();
    for (place, (_, message)) in history.messages.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        text.extend_from_slice(message);
    }
    text.extend_from_slice(b"]}");
    let mut response = Response::new(ReplyBody::plain(text));
    set_json(response.headers_mut());
    Ok(response)
}
