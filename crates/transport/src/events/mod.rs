//! Views on channels for pages and programs without a Bayeux library.
//!
//! | Request                                        | Answer                                     |
//! |------------------------------------------------|--------------------------------------------|
//! | `GET .../events?channel=/a/b&channel=/c/**`    | a stream of server-sent events             |
//! | `GET .../history?channel=/a/b&after=7`         | what the log has after a position, as JSON |
//!
//! Both read and never write, and both are judged like a subscription of the same user: handshake,
//! policy, authorizers, private channels, bounds. Where the policy names the user, they are that
//! user's.
//!
//! # A stream
//!
//! Each message is an event whose data is the message as a Bayeux client gets it; where the channel
//! is kept, its `id` is the position, so a browser that reconnects goes on where it was by its
//! `Last-Event-ID`. Where something is kept, an event `replay` comes first and says what follows on
//! each channel. Comments keep the connection alive. A stream never fails for its position: what
//! cannot be resumed begins anew and says `refused`.
//!
//! # Bounds
//!
//! A stream is a session of the broker and counts as one; its queue has the same bounds, and a
//! reader that is too slow is cut by the end of the stream. It names at most [`MAX_CHANNELS`]
//! channels.
//!
//! # Sources
//!
//! Specified: HTML, "Server-sent events". Ours: everything else; no peer has such a view.

mod history;
mod stream;

use std::collections::BTreeSet;

use encke_bayeux::ChannelPattern;
use encke_broker::Broker;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, Response, Uri, request};

use crate::body::ReplyBody;
use crate::config::HttpConfig;
use crate::refusal::Refusal;
use crate::who::Who;

pub(crate) use stream::EventStream;

/// Most channels of one stream.
pub(crate) const MAX_CHANNELS: usize = 64;

/// Whether a request opens a stream of events wherever a [`BayeuxService`](crate::BayeuxService)
/// with [views](HttpConfig::views) answers it.
///
/// For servers around the service: a stream is held, so it may not be opened by a page that may
/// not read it.
pub fn opens_stream(method: &Method, uri: &Uri) -> bool {
    View::of(method, uri) == Some(View::Events)
}

/// Which view a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum View {
    Events,
    History,
}

impl View {
    /// Told by the method and the last segment of the path.
    pub(crate) fn of(method: &Method, uri: &Uri) -> Option<Self> {
        if method != Method::GET {
            return None;
        }
        let path = uri.path();
        match path.strip_suffix('/').unwrap_or(path).rsplit('/').next() {
            Some("events") => Some(Self::Events),
            Some("history") => Some(Self::History),
            _ => None,
        }
    }

    pub(crate) fn answer(
        self,
        broker: &Broker,
        config: &HttpConfig,
        parts: &request::Parts,
    ) -> Result<Response<ReplyBody>, Refusal> {
        match self {
            Self::Events => open(broker, config, parts),
            Self::History => history::answer(broker, parts),
        }
    }
}

fn open(
    broker: &Broker,
    config: &HttpConfig,
    parts: &request::Parts,
) -> Result<Response<ReplyBody>, Refusal> {
    if !takes_events(&parts.headers) {
        return Err(Refusal::NotEvents);
    }
    let query = Query::read(&parts.uri)?;
    // The header is the newer one: a browser reconnects to the address it was given.
    let header = parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = header.filter(|id| !id.is_empty()).or(query.last_event_id.as_deref());
    let who = Who::of(&parts.extensions, None);
    let stream = EventStream::open(broker, &who, &query.channels, after, config.ping_interval)?;
    let mut response = Response::new(ReplyBody::events(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream;charset=UTF-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Proxies that collect responses would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn takes_events(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(ACCEPT).iter().peekable();
    accepts.peek().is_none()
        || accepts.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
            |range| {
                let range = range.split(';').next().unwrap_or_default().trim();
                ["text/event-stream", "text/*", "*/*"]
                    .iter()
                    .any(|known| range.eq_ignore_ascii_case(known))
            },
        )
}

/// The parameters of both views; unknown ones are ignored, of repeated ones the last counts.
#[derive(Debug, Default)]
struct Query {
    channels: Vec<ChannelPattern>,
    last_event_id: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Query {
    fn read(uri: &Uri) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let mut channels = BTreeSet::new();
        for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*key {
                "channel" => {
                    let pattern = ChannelPattern::new(&value)
                        .map_err(|error| Refusal::Query(error.to_string()))?;
                    channels.insert(pattern);
                }
                "last-event-id" => query.last_event_id = Some(value.into_owned()),
                "after" => query.after = Some(value.into_owned()),
                "limit" => query.limit = Some(value.into_owned()),
                _ => {}
            }
        }
        if channels.is_empty() {
            return Err(Refusal::Query("parameter channel is missing".to_owned()));
        }
        if channels.len() > MAX_CHANNELS {
            return Err(Refusal::Query(format!("at most {MAX_CHANNELS} channels at a time")));
        }
        query.channels = channels.into_iter().collect();
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_of_a_get_tells_the_view() {
        for (method, uri, view) in [
            (Method::GET, "/cometd/events?channel=/a", Some(View::Events)),
            (Method::GET, "/cometd/events/", Some(View::Events)),
            (Method::GET, "/events", Some(View::Events)),
            (Method::GET, "/cometd/history", Some(View::History)),
            (Method::POST, "/cometd/events", None),
            (Method::GET, "/cometd", None),
            (Method::GET, "/cometd/eventsx", None),
        ] {
            assert_eq!(View::of(&method, &uri.parse().unwrap()), view, "{method} {uri}");
        }
    }

    #[test]
    fn events_are_taken_where_nothing_else_is_asked_for() {
        for (accept, taken) in [
            (None, true),
            (Some("text/event-stream"), true),
            (Some("text/html, Text/Event-Stream;q=0.5"), true),
            (Some("*/*"), true),
            (Some("application/json"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|value| (ACCEPT, HeaderValue::from_static(value))));
            assert_eq!(takes_events(&headers), taken, "{accept:?}");
        }
    }

    #[test]
    fn channels_are_read_once_each_and_bounded() {
        let read = |query: &str| Query::read(&format!("/e?{query}").parse().unwrap());
        let query = read("channel=/a/b&channel=%2Fc%2F**&channel=/a/b/&x=1").unwrap();
        let channels: Vec<_> = query.channels.iter().map(ChannelPattern::as_str).collect();
        assert_eq!(channels, ["/a/b", "/c/**"]);
        let many: Vec<_> = (0..=MAX_CHANNELS).map(|n| format!("channel=/{n}")).collect();
        for refused in ["", "channel=", "channel=a", "channel=/a//b", &many.join("&")] {
            assert!(matches!(read(refused), Err(Refusal::Query(_))), "{refused}");
        }
    }
}
