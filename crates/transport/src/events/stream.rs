//! One stream of server-sent events, from its first byte to its end.
//!
//! A local session of the broker, a timer for comments, and a little text: boxed, since responses of
//! other kinds are many and small. What waits for a slow reader waits in the session's queue.
//!
//! | What happens                                 | The reader sees                             |
//! |----------------------------------------------|---------------------------------------------|
//! | a message                                    | an event, with its position as `id`         |
//! | messages were lost where channels allow that | an event `missed` with their number         |
//! | nothing for an interval                      | a comment                                   |
//! | the reader was too slow                      | the end; a browser reconnects               |
//! | the login that opened it has ended           | the end; a browser reconnects, and is asked |
//! |                                              | who it is                                   |
//! | the server drains, or has no room, or its    | `retry` with a pause, then the end          |
//! | address opens too many                       |                                             |

use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use encke_bayeux::ext::Members;
use encke_bayeux::{ChannelPattern, Failure, ReplayAnswer, ReplayFrom, ReplayStatus};
use encke_broker::{Broker, LocalMessage, LocalSession, Via};
use futures::Stream as _;
use tokio::time::{Interval, MissedTickBehavior, Sleep, sleep_until};

use crate::clock;
use crate::refusal::Refusal;
use crate::who::Who;

/// Size at which events are handed to the engine, however many more wait.
const PIECE_BYTES: usize = 32 << 10;

/// Pause before a browser comes back to a server that had no room or was stopping.
const RETRY_MS: u64 = 3_000;

/// Where a stream is.
#[derive(Debug)]
pub(crate) struct EventStream {
    /// What is to be written first.
    head: Bytes,
    /// `None` if there is nothing to come.
    live: Option<Box<Live>>,
}

#[derive(Debug)]
struct Live {
    broker: Broker,
    session: LocalSession,
    comment: Interval,
    /// The end of the login that opened it.
    over: Option<Pin<Box<Sleep>>>,
}

impl EventStream {
    /// Opens a stream. One that cannot be opened now, but may be later, is told so by its end.
    pub(crate) fn open(
        broker: &Broker,
        who: &Who,
        channels: &[ChannelPattern],
        after: Option<&str>,
        interval: Duration,
    ) -> Result<Self, Refusal> {
        let now = clock::now();
        let session = match broker.open_local(who.local().via(Via::EventStream), now) {
            Ok(session) => session,
            Err(Failure::Draining | Failure::TooManySessions) => {
                return Ok(Self { head: retry(RETRY_MS).into(), live: None });
            }
            Err(Failure::TooManyHandshakesOfAddress(wait)) => {
                let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                return Ok(Self { head: retry(wait.max(RETRY_MS)).into(), live: None });
            }
            Err(failure) => return Err(Refusal::Failure(failure)),
        };
        let from = after.map_or(ReplayFrom::New, ReplayFrom::of);
        let begin = |from: &ReplayFrom| {
            let wanted = |pattern: &ChannelPattern| (pattern.clone(), Some(from.clone()));
            session.subscribe_all(&channels.iter().map(wanted).collect::<Vec<_>>(), now)
        };
        let answers = match begin(&from) {
            (Ok(()), answers) => answers,
            (Err(Failure::ReplayIdInvalid(_)), _) => match begin(&ReplayFrom::New) {
                (Ok(()), answers) => answers.into_iter().map(refused).collect(),
                (Err(failure), _) => return Err(Refusal::Failure(failure)),
            },
            (Err(failure), _) => return Err(Refusal::Failure(failure)),
        };
        let mut comment = tokio::time::interval(interval);
        comment.set_missed_tick_behavior(MissedTickBehavior::Delay);
        comment.reset();
        let over = who.until.map(|until| Box::pin(sleep_until(until.into())));
        let live = Live { broker: broker.clone(), session, comment, over };
        Ok(Self { head: beginning(&answers), live: Some(Box::new(live)) })
    }

    /// The next piece; `None` is the end.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.head.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut self.head)));
        }
        let Some(live) = &mut self.live else {
            return Poll::Ready(None);
        };
        if live.over.as_mut().is_some_and(|over| over.as_mut().poll(cx).is_ready()) {
            self.live = None;
            return Poll::Ready(None);
        }
        let mut piece = String::new();
        let over = loop {
            match Pin::new(&mut live.session).poll_next(cx) {
                Poll::Ready(Some(message)) => {
                    write_event(&mut piece, live.session.position_of(&message), &message);
                    if piece.len() >= PIECE_BYTES {
                        break false;
                    }
                }
                Poll::Ready(None) => break true,
                Poll::Pending => break false,
            }
        };
        if over {
            if live.broker.is_draining() {
                piece.push_str(&retry(spread(&live.session)));
            }
            self.live = None;
            return Poll::Ready((!piece.is_empty()).then(|| piece.into()));
        }
        if piece.is_empty() {
            return live.comment.poll_tick(cx).map(|_| Some(Bytes::from_static(b":\n\n")));
        }
        // Whatever is written keeps the connection alive.
        live.comment.reset();
        Poll::Ready(Some(piece.into()))
    }

    /// Whether nothing is to come.
    pub(crate) fn is_over(&self) -> bool {
        self.head.is_empty() && self.live.is_none()
    }
}

/// Something to begin with, so that proxies and browsers see a response.
fn beginning(answers: &[(ChannelPattern, ReplayAnswer)]) -> Bytes {
    let mut members = Members::new();
    for (pattern, answer) in answers {
        members.push(pattern.as_str(), &answer.to_string());
    }
    match members.text() {
        Some(members) => format!("event: replay\ndata: {{{members}}}\n\n").into(),
        None => Bytes::from_static(b":\n\n"),
    }
}

/// The position was none of this log's: the channel begins anew, and that is said.
fn refused((pattern, answer): (ChannelPattern, ReplayAnswer)) -> (ChannelPattern, ReplayAnswer) {
    let status = match answer.status {
        ReplayStatus::None => ReplayStatus::None,
        _ => ReplayStatus::Refused,
    };
    (pattern, ReplayAnswer { status, ..answer })
}

fn retry(millis: u64) -> String {
    format!("retry: {millis}\n\n")
}

/// A pause that differs from stream to stream, so that not all come back at once.
fn spread(session: &LocalSession) -> u64 {
    let sum =
        session.client().as_str().bytes().fold(0, |sum, byte| sum * 31 % 2000 + u64::from(byte));
    RETRY_MS + sum % 2000
}

/// JSON may have line breaks between its values; an event has a line for each.
fn write_event(out: &mut String, id: Option<u64>, message: &LocalMessage) {
    if message.missed() > 0 {
        // Writing to a string cannot fail.
        let _ = write!(out, "event: missed\ndata: {}\n\n", message.missed());
    }
    if let Some(id) = id {
        let _ = writeln!(out, "id: {id}");
    }
    let text = String::from_utf8_lossy(message.text());
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        let _ = writeln!(out, "data: {line}");
    }
    out.push('\n');
}
