//! `GET /{source}/changes`: what agents changed on the calls of a source, out of the journal.
//!
//! A stream begins after a position of the journal, and every line of it names one to go on from.
//! Each change is told once, in the order of the journal. Where a snapshot has taken the place of a
//! call's events, the user data that they led to is told instead. Changes of calls that ended and
//! were forgotten before anybody asked are gone with them.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use encke::calls::{
    CallEvent, CallHappening, Duplicates, Event, Snapshot, SourceName, UserData, UserDataChange,
};
use encke::journal::{Entry, Position, ReadError};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::asked::Asked;
use super::places::Place;
use super::problem::Problem;
use super::said::{self, Code};
use super::source::Source;
use super::{Feed, LINES, drained};
use crate::answer::{self, Answer};

/// Under which keys of the journal the events of calls stand.
const CALLS: &str = "call/";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    after: Option<u64>,
}

/// One change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    position: u64,
    call: &'a str,
    /// How many events the call has had with it.
    version: u64,
    /// When, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<u64>,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<&'a [String]>,
}

/// A sign of life, and how far the journal was looked at.
#[derive(Serialize)]
struct Reached {
    position: u64,
}

#[derive(Serialize)]
struct Ended {
    position: u64,
    error: Code,
    end: bool,
}

pub(super) async fn get(
    State(feed): State<Feed>,
    source: Result<Source, Problem>,
    asked: Result<Asked<Wanted>, Problem>,
) -> Answer {
    match begin(&feed, source, asked) {
        Ok(lines) => answer::typed(StatusCode::OK, LINES, Body::from_stream(lines)),
        Err(problem) => problem.into_response(),
    }
}

fn begin(
    feed: &Feed,
    source: Result<Source, Problem>,
    asked: Result<Asked<Wanted>, Problem>,
) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + use<>, Problem> {
    let source = source?;
    let Asked(Wanted { after }) = asked?;
    let head = feed.0.journal.stats().head.get();
    let after = after.unwrap_or(head);
    if after > head {
        return Err(Problem::PositionAhead(head));
    }
    let place = feed.0.places.take(&source.key)?;
    // Its first tick is the line that begins the stream.
    let mut heartbeat = interval(feed.0.bounds.heartbeat);
    heartbeat.reset();
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let changes = Changes {
        source: source.name,
        tail: feed.0.journal.tail(Position::new(after)),
        heartbeat,
        draining: feed.0.draining.subscribe(),
        reached: after,
        over: false,
        _place: place,
    };
    let mut first = Vec::new();
    said::line(&mut first, &Reached { position: after });
    let first = stream::once(async { Ok(first.into()) });
    let rest = stream::unfold(changes, |mut changes| async {
        let lines = changes.next().await?;
        Some((Ok(lines.into()), changes))
    });
    Ok(first.chain(rest))
}

struct Changes {
    source: SourceName,
    tail: BoxStream<'static, Result<Entry, ReadError>>,
    heartbeat: Interval,
    draining: watch::Receiver<bool>,
    reached: u64,
    over: bool,
    _place: Place,
}

impl Changes {
    /// The next line; `None` after the last one.
    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        while !self.over {
            tokio::select! {
                entry = self.tail.next() => match entry {
                    Some(Ok(entry)) => {
                        self.reached = entry.position.get();
                        if told(&self.source, &entry, &mut out) {
                            self.heartbeat.reset();
                            return Some(out);
                        }
                    }
                    Some(Err(_)) | None => self.end(Code::Unavailable, &mut out),
                },
                _ = self.heartbeat.tick() => {
                    said::line(&mut out, &Reached { position: self.reached });
                    return Some(out);
                }
                () = drained(&mut self.draining) => self.end(Code::Draining, &mut out),
            }
        }
        (!out.is_empty()).then_some(out)
    }

    fn end(&mut self, error: Code, out: &mut Vec<u8>) {
        self.over = true;
        said::line(out, &Ended { position: self.reached, error, end: true });
    }
}

/// Appends the line of a change, if the record holds one that agents made on a call of the source, or
/// may stand for some.
fn told(source: &SourceName, entry: &Entry, out: &mut Vec<u8>) -> bool {
    let id = entry.key.as_str().strip_prefix(CALLS).and_then(|call| source.id_of(call));
    let Some(call) = id else { return false };
    let (position, version) = (entry.position.get(), entry.version.get());
    if entry.is_snapshot {
        let Ok(Snapshot::Call(whole)) = Snapshot::from_record(&entry.record) else { return false };
        let user_data = raw(&whole.user_data);
        let event = "whole";
        let told =
            Told { position, call, version, at_ms: None, event, by: None, user_data, keys: None };
        said::line(out, &told);
        return true;
    }
    let Ok(Event::Call(CallEvent { at_ms, what, feed: None, .. })) =
        Event::from_record(&entry.record)
    else {
        return false;
    };
    // All that agents can do on such a call.
    let CallHappening::UserDataChanged { requester, change } = &what else { return false };
    let (event, user_data, keys) = match change {
        UserDataChange::Attach(data) => ("attach", Some(data), None),
        UserDataChange::Update(data) => ("update", Some(data), None),
        UserDataChange::Replace(data) => ("replace", Some(data), None),
        UserDataChange::DeletePair(key) => ("delete", None, Some(std::slice::from_ref(key))),
        UserDataChange::DeleteKeys(keys) => ("delete", None, Some(keys.as_slice())),
        UserDataChange::Clear => ("clear", None, None),
        // A kind that is newer than this file.
        _ => return false,
    };
    let told = Told {
        position,
        call,
        version,
        at_ms: Some(at_ms),
        event,
        by: Some(requester.dn().as_str()),
        user_data: user_data.and_then(raw),
        keys,
    };
    said::line(out, &told);
    true
}

fn raw(data: &UserData) -> Option<Box<RawValue>> {
    let mut text = String::new();
    data.write_json(&mut text, Duplicates::All);
    RawValue::from_string(text).ok()
}
